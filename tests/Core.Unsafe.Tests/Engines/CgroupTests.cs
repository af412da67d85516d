using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

public class CgroupTests
{
    [Test]
    public void ANewCgroupTakesSwappinessAndPolicyFromItsParent()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"), SmallMachine.Policy("mglru"));
        MemoryCgroup a = engine.CreateMemcg("a", null, "mglru");
        engine.SetSwappiness(a, 17);

        MemoryCgroup b = engine.CreateMemcg("b", a);

        Assert.That((b.Swappiness, engine.PolicyNameOf(b), b.Path), Is.EqualTo((17, "mglru", "/a/b")));
        Assert.That((engine.Root.Swappiness, engine.PolicyNameOf(engine.Root)), Is.EqualTo((60, "fifo")));
    }

    [Test]
    public void ALimitIsReachedAtOnceOrStandsForTheNextCharge([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { SwapPages = 130 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 200, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < 150; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(engine.SetMax(memcg, 100), Is.True);
        Assert.That(memcg.Usage, Is.LessThanOrEqualTo(100));
        Assert.That(engine.SetMax(memcg, 10), Is.False, "swap has no room for that, and mglru leaves the last 63 pages of it");
        Assert.That(memcg.Max, Is.EqualTo(10));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void SizesAndCountersAreThoseOfACgroupAndAllBelowIt()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("classic"), SmallMachine.Policy("mglru"));
        MemoryCgroup a = engine.CreateMemcg("a");
        MemoryCgroup b = engine.CreateMemcg("b", a, "mglru");
        MemoryCgroup beside = engine.CreateMemcg("beside");
        foreach ((MemoryCgroup memcg, uint pages) in new[] { (a, 3u), (b, 5u), (beside, 7u) })
        {
            AddressSpace space = engine.CreateAddressSpace("s", 10, memcg);
            AccessTally tally = default;
            for (uint page = 0; page < pages; page++)
                engine.Access(space, [page], ref tally);
        }

        LruSizes sizes = engine.SizesOf(a, engine.Nodes[0]);
        Assert.That((sizes.InactiveAnon, sizes.ActiveAnon), Is.EqualTo((3L, 5L)), "each counted by its own policy: a fault is young to mglru");
        Assert.That(engine.Read(a, Counter.pgfault), Is.EqualTo(8));
        Assert.That(engine.Read(engine.Root, Counter.pgfault), Is.EqualTo(15));
    }

    [Test]
    public void ALimitAboveReclaimsFromThoseBelow()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup left = engine.CreateMemcg("left", top);
        MemoryCgroup right = engine.CreateMemcg("right", top);
        engine.SetMax(top, 50);
        AddressSpace one = engine.CreateAddressSpace("one", 100, left);
        AddressSpace two = engine.CreateAddressSpace("two", 100, right);
        AccessTally tally = default;
        for (uint page = 0; page < 40; page++)
            engine.Access(one, [page], ref tally);
        for (uint page = 0; page < 40; page++)
            engine.Access(two, [page], ref tally);

        Assert.That(top.Usage, Is.EqualTo(50));
        Assert.That(left.Usage + right.Usage, Is.EqualTo(50));
        Assert.That(left.Usage, Is.LessThan(40), "the one that did not ask gives as well");
    }
}
