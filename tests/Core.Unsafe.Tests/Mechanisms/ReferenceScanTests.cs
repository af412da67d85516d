using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Mechanisms;

public unsafe class ReferenceScanTests
{
    // A space of 600 pages: a whole leaf table and 88 pages of another. Areas: [0, 100), [100, 150), [150, 151), the rest.
    [TestCase(0, 0, 64)]
    [TestCase(31, 0, 64)]
    [TestCase(32, 0, 64)]
    [TestCase(33, 1, 65)]
    [TestCase(68, 36, 100, Description = "32 below, 32 above fits exactly")]
    [TestCase(69, 36, 100, Description = "shifted down at the end of the area")]
    [TestCase(99, 36, 100)]
    [TestCase(100, 100, 150, Description = "an area below 64 pages is looked at whole")]
    [TestCase(149, 100, 150)]
    [TestCase(150, 150, 151, Description = "a window of one page is not looked round")]
    [TestCase(151, 151, 215)]
    [TestCase(300, 268, 332)]
    [TestCase(480, 448, 512)]
    [TestCase(511, 448, 512, Description = "the window stays in its table")]
    [TestCase(512, 512, 576)]
    [TestCase(599, 536, 600)]
    public void TheWindowStaysInsideTableAndArea(int page, int start, int end)
    {
        using var lru = new OneLruvec("mglru");
        AddressSpace space = lru.Engine.CreateAddressSpace("s", 600);
        lru.Engine.Map(space, 100, 150, null);
        lru.Engine.Map(space, 150, 151, null);
        AccessTally tally = default;
        for (uint at = 0; at < 600; at++)
            lru.Engine.Access(space, [at], ref tally);
        uint pfn = lru.Machine.Tables.FrameAt(space.BaseSlot + (uint)page);
        var told = new Recorder([]);

        References references = ReferenceScan.Run(lru.Machine, lru.View.Lruvec, pfn, null, lookaround: true, ref told);

        Assert.That(references, Is.EqualTo(new References(1, false)));
        int[] cleared = [.. Enumerable.Range(0, 600).Where(at => !LeafTables.Test(lru.Machine.Tables.Accessed, space.BaseSlot + (uint)at))];
        Assert.That(cleared, Is.EqualTo(Enumerable.Range(start, end - start)), "kernel-reclaim 5.7");
        int[] pages = [.. told.Pfns.Select(p => (int)(lru.Machine.Frames.OwnerOf(p) - space.BaseSlot))];
        Assert.That(pages, Is.EqualTo(cleared.Where(at => at != page)), "each neighbour is reported once, the page itself by the result");
    }

    [Test]
    public void WithoutLookaroundOnlyThePageItselfIsCleared()
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Anon(5);
        uint neighbour = lru.Anon(6);
        var told = new Recorder([]);

        ReferenceScan.Run(lru.Machine, lru.View.Lruvec, pfn, null, lookaround: false, ref told);

        Assert.That(told.Pfns, Is.Empty);
        Assert.That(LeafTables.Test(lru.Machine.Tables.Accessed, lru.Machine.Frames.OwnerOf(neighbour)), Is.True);
        Assert.That(LeafTables.Test(lru.Machine.Tables.Accessed, lru.Machine.Frames.OwnerOf(pfn)), Is.False);
    }

    [Test]
    public void APageThatIsNotYoungIsNotLookedRound()
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Anon(5);
        lru.Anon(6);
        lru.Machine.Tables.Clear(lru.Machine.Tables.Accessed, lru.Machine.Frames.OwnerOf(pfn));
        var told = new Recorder([]);

        Assert.That(ReferenceScan.Run(lru.Machine, lru.View.Lruvec, pfn, null, lookaround: true, ref told).Mappings, Is.Zero);
        Assert.That(told.Pfns, Is.Empty);
    }

    [Test]
    public void NeighboursOfAnotherLruvecOrUnmappedOnesAreLeftAlone()
    {
        using var lru = new OneLruvec("mglru");
        MemoryCgroup other = lru.Engine.CreateMemcg("other");
        AccessTally tally = default;
        lru.Engine.AccessFile(lru.File, 6, false, other, 0, ref tally);
        AddressSpace space = lru.Mapping(5);
        lru.Engine.Access(space, [6, 7], ref tally);
        lru.Engine.Discard(space, 8, 9);
        uint pfn = lru.Read(5, 0);
        var told = new Recorder([]);

        ReferenceScan.Run(lru.Machine, lru.View.Lruvec, pfn, null, lookaround: true, ref told);

        Assert.That(told.Pfns, Is.EqualTo(new[] { lru.Read(7, 0) }));
        Assert.That(LeafTables.Test(lru.Machine.Tables.Accessed, space.BaseSlot + 6), Is.True, "charged to another cgroup: not ours to clear");
    }

    [Test]
    public void EachMappingThatWasUsedCountsOnce()
    {
        using var lru = new OneLruvec("classic");
        lru.Mapping(3);
        lru.Mapping(3, VmaFlags.Executable);
        lru.Mapping(3, VmaFlags.NoRecency);
        AddressSpace unused = lru.Mapping(3);
        lru.Machine.Tables.Clear(lru.Machine.Tables.Accessed, unused.BaseSlot + 3);

        Assert.That(Scan(lru, lru.Read(3, 0)), Is.EqualTo(new References(2, true)));
        Assert.That(Scan(lru, lru.Read(3, 0)), Is.EqualTo(new References(0, false)), "the bits are cleared");
    }

    [Test]
    public void ASavedYoungFlagCountsOnceThroughTheFirstMappingThatMay()
    {
        using var lru = new OneLruvec("classic");
        AddressSpace blind = lru.Mapping(3, VmaFlags.NoRecency);
        AddressSpace seeing = lru.Mapping(3, VmaFlags.Executable);
        foreach (AddressSpace space in new[] { blind, seeing })
            lru.Machine.Tables.Clear(lru.Machine.Tables.Accessed, space.BaseSlot + 3);
        uint pfn = lru.Read(3, 0);
        lru.Machine.Frames.Set(pfn, FolioFlags.Young);

        Assert.That(Scan(lru, pfn), Is.EqualTo(new References(1, true)));
        Assert.That(Scan(lru, pfn), Is.EqualTo(new References(0, false)), "it is cleared");

        lru.Machine.Frames.Set(pfn, FolioFlags.Young);
        lru.Machine.Tables.Set(lru.Machine.Tables.Accessed, seeing.BaseSlot + 3);
        Assert.That(Scan(lru, pfn), Is.EqualTo(new References(1, true)), "the same mapping counts once");
    }

    [Test]
    public void ASavedYoungFlagStaysWhereNoMappingMayCount()
    {
        using var lru = new OneLruvec("classic");
        uint unmapped = lru.Read(4);
        AddressSpace blind = lru.Mapping(3, VmaFlags.NoRecency);
        uint pfn = lru.Read(3, 0);
        lru.Machine.Frames.Set(pfn, FolioFlags.Young);
        lru.Machine.Frames.Set(unmapped, FolioFlags.Young);

        Assert.That(Scan(lru, pfn), Is.EqualTo(new References(0, false)));
        Assert.That(Scan(lru, unmapped).Mappings, Is.Zero, "no mapping at all: 0");
        Assert.That(lru.Machine.Frames.Has(pfn, FolioFlags.Young), Is.True);
        Assert.That(blind.Resident, Is.EqualTo(1));
    }

    [Test]
    public void AnExecutableMappingThatWasNotUsedDoesNotCount()
    {
        using var lru = new OneLruvec("classic");
        lru.Mapping(3);
        AddressSpace unused = lru.Mapping(3, VmaFlags.Executable);
        lru.Machine.Tables.Clear(lru.Machine.Tables.Accessed, unused.BaseSlot + 3);

        Assert.That(Scan(lru, lru.Read(3, 0)), Is.EqualTo(new References(1, false)));
    }

    [Test]
    public void ForATargetOnlyReferencesFromItsSubtreeCount()
    {
        using var lru = new OneLruvec("classic");
        MemoryCgroup target = lru.Engine.CreateMemcg("target");
        MemoryCgroup below = lru.Engine.CreateMemcg("below", target);
        MemoryCgroup beside = lru.Engine.CreateMemcg("beside");
        lru.Mapping(3, memcg: below);
        AddressSpace outside = lru.Mapping(3, memcg: beside);
        var told = new Recorder([]);

        References references = ReferenceScan.Run(lru.Machine, lru.View.Lruvec, lru.Read(3, 0), target, false, ref told);

        Assert.That(references.Mappings, Is.EqualTo(1));
        Assert.That(LeafTables.Test(lru.Machine.Tables.Accessed, outside.BaseSlot + 3), Is.True, "and others keep theirs");
    }

    [Test]
    public void AStoredYoungFlagIsMergedIntoTheMappings()
    {
        using var lru = new OneLruvec("classic");
        lru.Mapping(3);
        lru.Mapping(3);
        uint pfn = lru.Read(3, 0);
        lru.Machine.Frames.Set(pfn, FolioFlags.Young);
        Assert.That(Scan(lru, pfn).Mappings, Is.EqualTo(2));
        Assert.That(lru.FlagsOf(pfn) & FolioFlags.Young, Is.EqualTo(FolioFlags.None));

        lru.Machine.Frames.Set(pfn, FolioFlags.Young);
        Assert.That(Scan(lru, pfn).Mappings, Is.EqualTo(1));
        Assert.That(Scan(lru, pfn).Mappings, Is.Zero);
    }

    [Test]
    public void ADirtyEntryMakesItsFilePageDirtyAndAnAnonymousOneStays()
    {
        using var lru = new OneLruvec("classic");
        AddressSpace space = lru.Mapping(3, write: true);
        uint file = lru.Read(3, 0);
        uint anon = lru.Anon(0);
        lru.Machine.Tables.Set(lru.Machine.Tables.Dirty, lru.Machine.Frames.OwnerOf(anon));

        Scan(lru, file);
        Scan(lru, anon);

        Assert.That(lru.FlagsOf(file) & FolioFlags.Dirty, Is.EqualTo(FolioFlags.Dirty));
        Assert.That(LeafTables.Test(lru.Machine.Tables.Dirty, space.BaseSlot + 3), Is.False);
        Assert.That(LeafTables.Test(lru.Machine.Tables.Dirty, lru.Machine.Frames.OwnerOf(anon)), Is.True);
    }

    [Test]
    public void TestAndClearYoungSeesEveryMappingAndTheStoredFlag()
    {
        using var lru = new OneLruvec("clock");
        AddressSpace first = lru.Mapping(3);
        AddressSpace second = lru.Mapping(3);
        uint pfn = lru.Read(3, 0);
        ulong* accessed = lru.Machine.Tables.Accessed;
        lru.Machine.Tables.Clear(accessed, first.BaseSlot + 3);
        lru.Machine.Tables.Clear(accessed, second.BaseSlot + 3);
        lru.Machine.Frames.Clear(pfn, FolioFlags.Young);
        Assert.That(lru.View.TestAndClearYoung(pfn), Is.False);

        lru.Machine.Tables.Set(accessed, first.BaseSlot + 3);
        lru.Machine.Tables.Set(accessed, second.BaseSlot + 3);
        lru.Machine.Frames.Set(pfn, FolioFlags.Young);
        Assert.That(lru.View.TestAndClearYoung(pfn), Is.True);
        Assert.That(lru.View.TestAndClearYoung(pfn), Is.False, "all three were cleared at once");

        lru.Machine.Frames.Set(pfn, FolioFlags.Young);
        Assert.That(lru.View.TestAndClearYoung(pfn), Is.True);
    }

    private static References Scan(OneLruvec lru, uint pfn)
    {
        var told = new Recorder([]);
        return ReferenceScan.Run(lru.Machine, lru.View.Lruvec, pfn, null, lookaround: false, ref told);
    }
}
