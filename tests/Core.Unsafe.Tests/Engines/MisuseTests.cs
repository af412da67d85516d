using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>What the engine must refuse, because it would otherwise reach memory that is not the caller's.</summary>
public class MisuseTests
{
    [Test]
    public void ALengthThatOverflowsItsCountOfTablesIsRefused([Values(ulong.MaxValue, ulong.MaxValue - 400, 1ul << 63, 1ul << 41)] ulong pages)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));

        Assert.That(() => engine.CreateAddressSpace("s", pages), Throws.TypeOf<EngineException>().With.Message.Contain("leaf tables"));
        Assert.That(() => engine.CreateFile(pages), Throws.TypeOf<EngineException>().With.Message.Contain("leaf tables"));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void TablesAreTakenByTheWholeNumberAndGivenBack()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { LeafTables = 3 });
        AddressSpace space = engine.CreateAddressSpace("s", 513);
        engine.CreateFile(512);
        Assert.That(() => engine.CreateFile(1), Throws.TypeOf<EngineException>(), "513 pages take two tables, 512 take one");

        engine.Destroy(space);
        Assert.That(engine.CreateFile(1024).Pages, Is.EqualTo(1024));
    }

    [Test]
    public void ThingsOfAnotherEngineAreRefusedAndNothingChanges()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        using var other = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Nodes = [new NodeOptions(256), new NodeOptions(256)] });
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        PageFile foreignFile = other.CreateFile(100);
        AddressSpace foreignSpace = other.CreateAddressSpace("s", 100);
        MemoryCgroup foreignMemcg = other.CreateMemcg("m");
        var tally = new AccessTally();

        Refuses(() => engine.Map(space, 0, 50, foreignFile));
        Refuses(() => engine.AccessFile(foreignFile, 0, false, null, 0, ref tally));
        Refuses(() => engine.RunKswapd(other.Nodes[0]));
        Refuses(() => engine.RunKswapd(other.Nodes[1]));
        Refuses(() => engine.SizesOf(memcg, other.Nodes[1]));
        Refuses(() => engine.SizesOf(foreignMemcg, engine.Nodes[0]));
        Refuses(() => engine.Reclaim(new ReclaimRequest(1, foreignMemcg)));
        Refuses(() => engine.Access(foreignSpace, [0], ref tally));
        Refuses(() => engine.Discard(foreignSpace, 0, 1));
        Refuses(() => engine.SetMax(foreignMemcg, 1));
        Refuses(() => engine.CreateMemcg("x", foreignMemcg));
        Refuses(() => engine.CreateAddressSpace("x", 1, foreignMemcg));
        Refuses(() => engine.Read(foreignMemcg, Counter.oom));
        Assert.That(space.Vmas, Has.Count.EqualTo(1));
        Assert.That(engine.Validate(), Is.Null);
        Assert.That(other.Validate(), Is.Null);

        static void Refuses(Action act) => Assert.That(() => act(), Throws.TypeOf<EngineException>());
    }

    [Test]
    public void RangesAreCheckedFromBothSides()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        PageFile file = engine.CreateFile(50);
        var tally = new AccessTally();

        Refuses(() => engine.Discard(space, 50, 50));
        Refuses(() => engine.Discard(space, 51, 50));
        Refuses(() => engine.Discard(space, 0, 101));
        Refuses(() => engine.Map(space, 0, 51, file));
        Refuses(() => engine.Map(space, 0, 10, file, 41));
        Refuses(() => engine.Map(space, 0, 10, file, ulong.MaxValue));
        Refuses(() => engine.IsResident(space, 100));
        Refuses(() => engine.IsResident(space, ulong.MaxValue));
        Refuses(() => engine.SetPinned(space, 100, true));
        Refuses(() => engine.AccessFile(file, 50, false, null, 0, ref tally));
        Refuses(() => engine.AccessFile(file, 0, false, null, 1, ref tally));
        Refuses(() => engine.AccessFile(file, 0, false, null, -1, ref tally));
        Refuses(() => engine.CreateAddressSpace("x", 0));
        Refuses(() => engine.CreateAddressSpace("x", 1, null, 1));
        Refuses(() => engine.CreateFile(0));
        Refuses(() => engine.SetSwappiness(engine.Root, 201));
        Refuses(() => engine.SetMax(engine.Root, 5));
        Refuses(() => engine.SetProtection(engine.Root, 5, 5));
        Refuses(() => engine.Reclaim(new ReclaimRequest(0)));
        Refuses(() => engine.CreateMemcg(""));
        Refuses(() => engine.CreateMemcg("a/b"));
        Refuses(() => engine.CreateMemcg("a", null, "nosuch"));
        Assert.That(tally.Accesses, Is.Zero);
        Assert.That(engine.Memcgs, Has.Count.EqualTo(1));

        static void Refuses(Action act) => Assert.That(() => act(), Throws.TypeOf<EngineException>());
    }

    [Test]
    public void AccessesBeforeOneThatIsOutOfRangeAreDoneAndTallied()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        var tally = new AccessTally();

        Assert.That(() => engine.Access(space, [1, 1, 100, 2], ref tally), Throws.TypeOf<EngineException>());

        Assert.That((tally.ColdFaults, tally.Hits, tally.Accesses), Is.EqualTo((1L, 1L, 2L)));
        Assert.That(engine.IsResident(space, 2), Is.False);
    }

    [Test]
    public void NothingAnswersAfterDispose()
    {
        Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        PageFile file = engine.CreateFile(1);
        var tally = new AccessTally();
        engine.Dispose();
        engine.Dispose();

        Refuses(() => engine.Access(space, [0], ref tally));
        Refuses(() => engine.AccessFile(file, 0, false, null, 0, ref tally));
        Refuses(() => engine.Discard(space, 0, 1));
        Refuses(() => engine.Destroy(space));
        Refuses(() => engine.IsResident(space, 0));
        Refuses(() => engine.SetPinned(space, 0, true));
        Refuses(() => engine.Map(space, 0, 1, file));
        Refuses(() => engine.Reclaim(new ReclaimRequest(1)));
        Refuses(() => engine.RunKswapd(engine.Nodes[0]));
        Refuses(() => engine.Read(engine.Root, Counter.oom));
        Refuses(() => engine.ReadGlobal(Counter.oom));
        Refuses(() => engine.SizesOf(engine.Root, engine.Nodes[0]));
        Refuses(() => engine.Validate());

        static void Refuses(Action act) => Assert.That(() => act(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void ADestroyedSpaceIsRefusedEvenWhenItsNumberIsTakenAgain()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        AddressSpace old = engine.CreateAddressSpace("old", 10);
        engine.Destroy(old);
        AddressSpace fresh = engine.CreateAddressSpace("fresh", 10);
        var tally = new AccessTally();

        Assert.That(fresh.Id, Is.EqualTo(old.Id));
        Assert.That(() => engine.Access(old, [0], ref tally), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.Destroy(old), Throws.TypeOf<EngineException>());
    }

    [Test]
    public void ReservesThatAreUsedUpSaySo()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Memcgs = 2, AddressSpaces = 1 });
        engine.CreateMemcg("a");
        engine.CreateAddressSpace("s", 1);

        Assert.That(() => engine.CreateMemcg("b"), Throws.TypeOf<EngineException>().With.Message.Contain("2 cgroups"));
        Assert.That(() => engine.CreateMemcg("a"), Throws.TypeOf<EngineException>().With.Message.Contain("exists"));
        Assert.That(() => engine.CreateAddressSpace("t", 1), Throws.TypeOf<EngineException>().With.Message.Contain("1 address spaces"));
    }

    [Test]
    public void MoreAddressSpacesThanTheHashedWindowHoldsAreWalked()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru")) with { AddressSpaces = 140, LeafTables = 140 });
        var tally = new AccessTally();
        for (int i = 0; i < 140; i++)
            engine.Access(engine.CreateAddressSpace("s", 4), [0, 1, 2, 3], ref tally);

        PolicyView view = engine.Host.ViewOf(engine.Root, engine.Nodes[0]);
        Assert.That(view.WalkPageTables(new WalkOptions(Force: true)).Young, Is.EqualTo(560));
    }
}
