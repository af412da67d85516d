using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>A machine without memory cgroups: one lruvec for each node (kernel-reclaim 1.1).</summary>
public class NoMemcgTests
{
    [Test]
    public void DirectReclaimKswapdAndRequestsWork(
        [ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy, [Values] bool kswapd)
    {
        using var engine = new Engine(Options(policy) with { SwapPages = 3000 });
        AddressSpace space = engine.CreateAddressSpace("s", 2000, null, 1);
        engine.Map(space, 0, 500, engine.CreateFile(500));
        AccessTally tally = default;
        for (uint i = 0; i < 6000; i++)
        {
            engine.Access(space, [i * 7 % 2000 | (i % 3 == 0 ? Engine.WriteBit : 0)], ref tally);
            foreach (Node node in engine.Nodes)
            {
                if (kswapd && node.KswapdWanted)
                    engine.RunKswapd(node);
            }
        }

        Assert.That(tally.Refused, Is.Zero);
        Assert.That(tally.Refaults, Is.Positive);
        Assert.That(engine.ReadMachine(kswapd ? Counter.pgsteal_kswapd : Counter.pgsteal_direct), Is.Positive);
        Assert.That(engine.Reclaim(new ReclaimRequest(40, null, engine.Nodes[1])).Reclaimed, Is.GreaterThanOrEqualTo(40));
        Assert.That(engine.ReadMachine(Counter.pgsteal_proactive), Is.GreaterThanOrEqualTo(40));
        Assert.That((engine.Root.Usage, engine.Root.SwapUsage), Is.EqualTo((0ul, 0ul)), "nothing is charged");
        Assert.That(engine.SwapFree, Is.LessThan(3000ul), "swap itself runs out all the same");
        Assert.That(engine.Validate(), Is.Null);
        engine.Destroy(space);
        Assert.That(engine.SwapFree, Is.EqualTo(3000ul));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void NoCgroupCanBeCreatedAndTheRootHasNoLimits()
    {
        using var engine = new Engine(Options("fifo"));

        Assert.That(() => engine.CreateMemcg("m"), Throws.TypeOf<EngineException>().With.Message.Contains("without memory cgroups"));
        Assert.That(() => engine.SetMax(engine.Root, 10), Throws.TypeOf<EngineException>());
        Assert.That(engine.Memcgs, Has.Count.EqualTo(1));
        engine.SetSwappiness(engine.Root, 10);
        Assert.That(engine.Root.Swappiness, Is.EqualTo(10));
    }

    [Test]
    public void ShadowsHaveMoreRoomForTime()
    {
        using var with = new Engine(Options("fifo") with { NoMemcg = false });
        using var without = new Engine(Options("fifo"));

        Assert.That(without.Host.Shadows.StampBits - with.Host.Shadows.StampBits, Is.EqualTo(3), "8 cgroups are 3 bits");
    }

    private static EngineOptions Options(string policy) => SmallMachine.Options(SmallMachine.Policy(policy)) with
    {
        Nodes = [new NodeOptions(512), new NodeOptions(512)],
        NoMemcg = true,
    };
}
