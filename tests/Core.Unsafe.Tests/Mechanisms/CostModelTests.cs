using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Mechanisms;

public unsafe class CostModelTests
{
    [TestCase(60, 0, 0, 60, 140)]
    [TestCase(100, 0, 0, 100, 100)]
    [TestCase(0, 0, 0, 0, 200)]
    [TestCase(200, 0, 0, 200, 0)]
    [TestCase(1, 0, 0, 1, 199)]
    [TestCase(60, 1000, 0, 89, 419)]
    [TestCase(60, 0, 1000, 179, 209)]
    [TestCase(60, 500, 500, 119, 279)]
    [TestCase(100, 900, 100, 157, 272)]
    public void WeightsAreTheKernels(int swappiness, long anonCost, long fileCost, int anon, int file) =>
        Assert.That(CostModel.Weights(swappiness, anonCost, fileCost), Is.EqualTo(((ulong)anon, (ulong)file)), "kernel-reclaim 13.1");

    [Test]
    public void CostIsAddedToALruvecAndToThoseAboveIt()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup parent = engine.CreateMemcg("p");
        MemoryCgroup child = engine.CreateMemcg("c", parent);
        MemoryCgroup other = engine.CreateMemcg("o", parent);
        Fill(engine, child, 1000);

        CostModel.Add(LruvecOf(engine, child), FolioType.File, 7);

        Assert.That(LruvecOf(engine, child).Cost[1], Is.EqualTo(7));
        Assert.That(LruvecOf(engine, parent).Cost[1], Is.EqualTo(7));
        Assert.That(LruvecOf(engine, engine.Root).Cost[1], Is.EqualTo(7));
        Assert.That(LruvecOf(engine, other).Cost[1], Is.Zero, "a sibling has nothing to do with it");
        Assert.That(LruvecOf(engine, child).Cost[0], Is.Zero);
    }

    [Test]
    public void ALevelWhoseCostsPassAQuarterOfItsPagesIsHalvedAloneAndInBothTypes()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup child = engine.CreateMemcg("c");
        Fill(engine, child, 400);
        Fill(engine, engine.Root, 100);
        Lruvec own = LruvecOf(engine, child);
        Lruvec root = LruvecOf(engine, engine.Root);
        CostModel.Add(own, FolioType.Anon, 60);
        CostModel.Add(own, FolioType.File, 40);
        Assert.That((own.Cost[0], own.Cost[1]), Is.EqualTo((60L, 40L)), "100 is a quarter of 400, not more");

        CostModel.Add(own, FolioType.File, 2);

        Assert.That((own.Cost[0], own.Cost[1]), Is.EqualTo((30L, 21L)));
        Assert.That((root.Cost[0], root.Cost[1]), Is.EqualTo((60L, 42L)), "the root has 500 pages below it");
    }

    private static Lruvec LruvecOf(Engine engine, MemoryCgroup memcg) => engine.Machine.LruvecOf(memcg, engine.Nodes[0]);

    private static void Fill(Engine engine, MemoryCgroup memcg, uint pages)
    {
        AddressSpace space = engine.CreateAddressSpace("s", pages, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < pages; page++)
            engine.Access(space, [page], ref tally);
    }
}
