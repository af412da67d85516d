using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>What classic makes of single accesses: kernel-reclaim 2.1 to 2.5.</summary>
public class ClassicTouchTests
{
    private const int InactiveAnon = 0;
    private const int InactiveFile = 2;
    private const int ActiveFile = 3;

    [Test]
    public void TheTwoTouchMachineGoesThroughItsFourStates()
    {
        using var lru = new OneLruvec("classic");
        uint pfn = lru.Read(0);
        Expect(FolioFlags.Referenced, InactiveFile, 0, "new by read, and the read is the first touch");

        lru.Read(0);
        Expect(FolioFlags.Active, ActiveFile, 1, "the second touch activates and forgets the first");
        lru.Read(0);
        Expect(FolioFlags.Active | FolioFlags.Referenced, ActiveFile, 1, "a touch of an active page is remembered");
        lru.Read(0);
        Expect(FolioFlags.Active | FolioFlags.Referenced, ActiveFile, 1, "and that is all it can be");

        void Expect(FolioFlags flags, int list, ulong age, string because)
        {
            Assert.That(lru.MemoryOf(pfn), Is.EqualTo(flags), because);
            Assert.That(lru.View.ListOf(pfn), Is.EqualTo(list), because);
            Assert.That(lru.View.NonresidentAge, Is.EqualTo(age), because);
            Assert.That(lru.View.Total(Counter.pgactivate), Is.EqualTo((long)age), because);
        }
    }

    [Test]
    public void NewPagesStartInactiveAtTheHead()
    {
        using var lru = new OneLruvec("classic");
        uint first = lru.Anon(0);
        uint second = lru.Anon(1);

        Assert.That((lru.View.ListOf(first), lru.View.ListOf(second)), Is.EqualTo((InactiveAnon, InactiveAnon)));
        Assert.That(lru.View.Head(InactiveAnon), Is.EqualTo(second));
        Assert.That(lru.MemoryOf(first), Is.EqualTo(FolioFlags.None));
    }

    [Test]
    public void WhatTheFlusherHasCleanedGoesToTheColdEndOfTheInactiveList()
    {
        using var lru = new OneLruvec("classic");
        uint pfn = lru.Read(0);
        lru.Read(1);

        lru.PlaceAgain(pfn, FolioFlags.Active, PlaceHint.Tail);

        Assert.That(lru.View.Tail(InactiveFile), Is.EqualTo(pfn));
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.None));
    }

    [TestCase(1, true, false, false, Verdict.Activate, true)]
    [TestCase(1, true, true, false, Verdict.Activate, true)]
    [TestCase(2, false, true, false, Verdict.Activate, true)]
    [TestCase(1, false, true, true, Verdict.Activate, true)]
    [TestCase(1, false, false, true, Verdict.Keep, true, Description = "executable counts for files only")]
    [TestCase(1, false, true, false, Verdict.Keep, true)]
    [TestCase(1, false, false, false, Verdict.Keep, true)]
    [TestCase(0, true, true, false, Verdict.ReclaimClean, false)]
    [TestCase(0, true, false, false, Verdict.Reclaim, false)]
    [TestCase(0, false, true, false, Verdict.Reclaim, false)]
    [TestCase(0, false, false, false, Verdict.Reclaim, false)]
    public void TheVerdictOnAnInactivePageIsTheKernels(
        int mappings, bool referenced, bool file, bool executable, Verdict verdict, bool referencedAfter)
    {
        using var lru = new OneLruvec("classic");
        uint pfn = file ? lru.Read(0) : lru.Anon(0);
        lru.PlaceAgain(pfn, referenced ? FolioFlags.Referenced : FolioFlags.None);

        Verdict said = ClassicPolicy.Verdict(lru.View, pfn, new References(mappings, executable), Disposition.Shrink);

        Assert.That(said, Is.EqualTo(verdict), "kernel-reclaim 2.4");
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(referencedAfter ? FolioFlags.Referenced : FolioFlags.None));
    }

    [TestCase(1, true, true, true)]
    [TestCase(0, true, true, false)]
    [TestCase(1, false, true, false)]
    [TestCase(1, true, false, false)]
    [TestCase(3, false, false, false, Description = "referenced or not, it is deactivated")]
    public void OnlyReferencedExecutableFilePagesStayActive(int mappings, bool executable, bool file, bool stays)
    {
        using var lru = new OneLruvec("classic");
        uint pfn = file ? lru.Read(0) : lru.Anon(0);
        lru.PlaceAgain(pfn, FolioFlags.Active | FolioFlags.Referenced);

        ClassicPolicy.Verdict(lru.View, pfn, new References(mappings, executable), Disposition.Deactivate);

        Assert.That(
            lru.MemoryOf(pfn),
            Is.EqualTo(stays ? FolioFlags.Active | FolioFlags.Referenced : FolioFlags.Workingset | FolioFlags.Referenced),
            "the referenced flag is neither consulted nor cleared");
    }

    [Test]
    public void ADirtyPageThatWasReadOnceIsLeftToTheFlusher()
    {
        using var lru = new OneLruvec("classic");
        AccessTally tally = default;
        lru.Engine.AccessFile(lru.File, 0, true, null, 0, ref tally);
        uint pfn = lru.Read(0, 0);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Referenced));

        lru.Engine.Reclaim(new ReclaimRequest(1));

        Assert.That(
            lru.View.Total(Counter.nr_vmscan_immediate_reclaim),
            Is.EqualTo(1),
            "kernel-reclaim 2.12: dirty file pages are tagged whatever the verdict, RECLAIM_CLEAN included");
        Assert.That(lru.View.Total(Counter.pgrotated), Is.EqualTo(1));
        Assert.That(lru.File.Resident, Is.Zero, "and once clean it goes at the next look");
    }

    [Test]
    public void AYoungNeighbourCountsAsOneTouch()
    {
        using var lru = new OneLruvec("classic");
        uint pfn = lru.Anon(0);

        ClassicPolicy.OnYoung(lru.View, [pfn], YoungSource.Lookaround);
        Assert.That((lru.MemoryOf(pfn), lru.View.ListOf(pfn)), Is.EqualTo((FolioFlags.Referenced, InactiveAnon)));

        ClassicPolicy.OnYoung(lru.View, [pfn], YoungSource.Lookaround);
        Assert.That((lru.MemoryOf(pfn), lru.View.ListOf(pfn)), Is.EqualTo((FolioFlags.Active, InactiveAnon + 1)));
    }

    [Test]
    public void MappingsAreUndoneBeforeADirtyPageIsLeftToTheFlusher()
    {
        using var lru = new OneLruvec("classic");
        AddressSpace mapping = lru.Mapping(0, VmaFlags.NoRecency, write: true);
        uint pfn = lru.Read(0, 0);
        Assert.That(lru.FlagsOf(pfn) & FolioFlags.Dirty, Is.EqualTo(FolioFlags.None), "the page table knows so far");

        lru.Engine.Reclaim(new ReclaimRequest(1));

        Assert.That(mapping.Resident, Is.Zero);
        Assert.That(lru.View.Total(Counter.nr_vmscan_immediate_reclaim), Is.EqualTo(1), "its dirty bit moved to the folio");
        Assert.That(lru.Engine.Validate(), Is.Null);
    }
}
