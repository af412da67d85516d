using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Stress;
using ReclaimNative.Lru;
using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Tests.Stress;

public sealed class StressMachineTests
{
    [TestCase(StressOptions.MinPages)]
    [TestCase(20_003UL)]
    [TestCase(1UL << 20)]
    [TestCase(1UL << 31)]
    [TestCase(StressOptions.MaxPages)]
    public void ThereIsRoomForJustThePagesAboveTheLowWatermarks(ulong pages)
    {
        using StressMachine machine = Build(pages, ListOrder.Unordered);

        ulong[] room = [.. machine.Engine.Nodes.Select(n => n.Pages - n.Watermarks.Low)];
        Assert.That(room[0] + room[1], Is.EqualTo(pages));
        foreach (Node node in machine.Engine.Nodes)
        {
            long own = machine.All.Where(s => ReferenceEquals(s.Node, node)).Sum(s => (long)s.Resident);
            Assert.That(own, Is.EqualTo((long)room[node.Id]), "the spaces of a node fill it");
        }
    }

    [TestCase(20_003UL)]
    [TestCase(1UL << 31)]
    public void VirtualPagesAreAFewPerCentMoreThanFit(ulong pages)
    {
        using StressMachine machine = Build(pages, ListOrder.Unordered);

        double length = machine.All.Sum(s => (double)s.Space.Pages);
        Assert.That(length, Is.GreaterThan(pages + pages / 50));
        Assert.That(length, Is.LessThan(1.05 * pages + 8 * 512));
    }

    [Test]
    public void TheLargestMachineHasAllSlotsThatThereAre()
    {
        using StressMachine machine = Build(StressOptions.MaxPages, ListOrder.Unordered);

        Assert.That(machine.All.Sum(s => (double)s.Space.Pages), Is.EqualTo(Math.Pow(2, 32)));
        Assert.That(machine.All, Has.All.Matches<StressSpace>(s => s!.Space.Pages > s.Resident));
    }

    [Test]
    public void EachNodeIsTheHomeOfHalfTheSpacesAndEachCgroupHasTwo()
    {
        using StressMachine machine = Build(1 << 20, ListOrder.Exact);

        Assert.That(machine.All.GroupBy(s => s.Node.Id).Select(g => g.Count()), Is.EqualTo((int[])[4, 4]));
        Assert.That(machine.All.GroupBy(s => s.Memcg.Path).Select(g => g.Count()), Is.EqualTo((int[])[2, 2, 2, 2]));
    }

    [TestCase(ListOrder.Unordered, 9.9063)]
    [TestCase(ListOrder.Exact, 15.9845)]
    public void ColumnsReservedAreThoseOfTheMemoryLayoutsPage(ListOrder order, double bytesPerPage)
    {
        const ulong pages = 1 << 30;
        using StressMachine machine = Build(pages, order);
        ColumnSums columns = machine.MeasureColumns();

        Assert.That(columns.AtOneSlot / (double)pages, Is.EqualTo(bytesPerPage).Within(1).Percent, "watermarks and filters of ten lruvecs are beside it");
        Assert.That(columns.Full - columns.AtOneSlot, Is.EqualTo(0.04 * 4.38 * pages).Within(2).Percent, "4 % more table entries");
        Assert.That(columns.Resident, Is.LessThan(pages / 64), "nothing of it is backed yet");
    }

    [Test]
    public void ColumnsBackedAreWhatIsTouched()
    {
        using StressMachine machine = Build(1 << 22, ListOrder.Unordered);
        ulong before = machine.MeasureColumns().Resident;
        AccessTally tally = default;
        foreach (StressSpace space in machine.All)
            machine.Engine.Access(space.Space, [.. Enumerable.Range(0, (int)space.Resident).Select(p => (uint)p | Engine.WriteBit)], ref tally);
        ColumnSums columns = machine.MeasureColumns();

        Assert.That(tally.ColdFaults, Is.EqualTo(1 << 22));
        Assert.That((columns.Resident - before) / (double)columns.AtOneSlot, Is.InRange(0.9, 1.1));
    }

    private static StressMachine Build(ulong pages, ListOrder order) =>
        StressMachine.Build(new StressOptions { Policy = PolicyCatalog.Shelf.Parse("mglru"), Order = order }, pages);
}
