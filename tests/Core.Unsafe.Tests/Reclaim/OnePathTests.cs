using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>Every eviction of every policy and every reclaimer goes through the node pass.</summary>
public class OnePathTests
{
    [Test]
    public void WithTheNodePassRemovedNoPolicyEvicts([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(300)] });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace limited = engine.CreateAddressSpace("limited", 100, memcg);
        AddressSpace open = engine.CreateAddressSpace("open", 400);
        PageFile file = engine.CreateFile(100);
        AccessTally tally = default;
        engine.SetMax(memcg, 20);
        engine.Pass.TestHookRemoved = true;

        for (uint page = 0; page < 100; page++)
            engine.Access(limited, [page], ref tally);
        Assert.That((tally.ColdFaults, tally.Refused), Is.EqualTo((20L, 80L)), "at the cgroup's limit");
        for (uint page = 0; page < 400; page++)
            engine.Access(open, [page], ref tally);
        long refused = tally.Refused;
        Assert.That(refused, Is.GreaterThan(200), "for want of free frames");
        Assert.That(engine.AccessFile(file, 0, false, null, 0, ref tally), Is.False);
        Assert.That(engine.RunKswapd(engine.Nodes[0]), Is.Zero);
        Assert.That(engine.Reclaim(new ReclaimRequest(10)).Reclaimed, Is.Zero);
        Assert.That(engine.SetMax(memcg, 10), Is.False);
        Assert.That(memcg.Usage, Is.EqualTo(20));
        Assert.That(engine.ReadGlobal(Counter.pgsteal_direct) + engine.Read(engine.Root, Counter.pgsteal_anon), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);

        engine.Pass.TestHookRemoved = false;
        engine.Access(limited, [99], ref tally);
        engine.Access(open, [399], ref tally);
        Assert.That(tally.Refused, Is.EqualTo(refused + 1), "with it, both go through");
        Assert.That(memcg.Usage, Is.LessThanOrEqualTo(20));
    }
}
