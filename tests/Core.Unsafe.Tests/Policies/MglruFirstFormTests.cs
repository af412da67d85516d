using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>
/// Single folios under mglru@6.1 and mglru@6.12: the rows of kernel-reclaim 5.3, 5.4, 5.7, 5.9 and 5.14 marked so. Where
/// the reference is silent or differs, a test's name or message says "measured".
/// </summary>
public unsafe class MglruFirstFormTests
{
    private const int Tiers = 4;
    private const FolioFlags Everything = FolioFlags.Referenced | FolioFlags.Workingset | FolioFlags.RefsMask;

    private static readonly string[] Forms = ["mglru@6.1", "mglru@6.12"];

    // Flags and tier after 0, 1, 2 ... accesses: kernel-reclaim 5.3. The shadow holds what is left of the references: their
    // number less one in two bits, and whether there were any.
    [TestCase(0, false, false, 0, 0, 0, false)]
    [TestCase(1, true, false, 0, 0, 0, false)]
    [TestCase(2, true, true, 0, 1, 0, true)]
    [TestCase(3, true, true, 1, 2, 1, true)]
    [TestCase(4, true, true, 2, 2, 2, true)]
    [TestCase(5, true, true, 3, 3, 3, true)]
    [TestCase(6, true, true, 3, 3, 3, true)]
    [TestCase(9, true, true, 3, 3, 3, true)]
    public void DescriptorAccessesSetReferencedThenWorkingsetThenRefs(
        int accesses, bool referenced, bool workingset, int refsField, int tier, int token, bool shadowBit)
    {
        foreach (string form in Forms)
        {
            using var lru = new OneLruvec(form);
            uint pfn = lru.Read(0);
            lru.PlaceAgain(pfn, FolioFlags.None);

            for (int i = 0; i < accesses; i++)
                MglruPolicy.OnEvent(lru.View, pfn, FolioEvent.DescriptorAccess);

            FolioFlags flags = (referenced ? FolioFlags.Referenced : FolioFlags.None)
                | (workingset ? FolioFlags.Workingset : FolioFlags.None)
                | Refs(refsField);
            Assert.That(lru.MemoryOf(pfn), Is.EqualTo(flags), form);
            ShadowEntry shadow = MglruPolicy.MakeShadow(lru.View, pfn, lru.View);
            Assert.That(StateOf(lru).Evicted[Tiers + tier], Is.EqualTo(1), "kernel-reclaim 5.14: evicted, by tier");
            Assert.That((shadow.Stamp, shadow.Workingset), Is.EqualTo(((uint)token, shadowBit)), "kernel-reclaim 5.14: min_seq is 0");
        }
    }

    // A fresh lruvec has generations 0 to 3; with only two left the oldest one takes what is not young.
    [TestCase(true, FolioFlags.Active, PlaceHint.Head, 0, 3, Description = "faulted in")]
    [TestCase(true, FolioFlags.Active | FolioFlags.Workingset, PlaceHint.Head, 0, 3, Description = "workingset does not matter")]
    [TestCase(false, FolioFlags.Active, PlaceHint.Head, 0, 3)]
    [TestCase(false, FolioFlags.Active | FolioFlags.Workingset, PlaceHint.Head, 0, 3)]
    [TestCase(false, FolioFlags.Active, PlaceHint.Tail, 0, 3, Description = "active comes before rotate")]
    [TestCase(true, FolioFlags.None, PlaceHint.Head, 0, 2, Description = "anonymous outside a fault")]
    [TestCase(true, FolioFlags.Workingset, PlaceHint.Head, 0, 2)]
    [TestCase(true, FolioFlags.None, PlaceHint.Head, 2, 2)]
    [TestCase(false, FolioFlags.Reclaim | FolioFlags.Dirty, PlaceHint.Head, 0, 2)]
    [TestCase(false, FolioFlags.Reclaim | FolioFlags.Writeback, PlaceHint.Head, 0, 2)]
    [TestCase(false, FolioFlags.Reclaim, PlaceHint.Head, 0, 1, Description = "neither dirty nor under writeback")]
    [TestCase(false, FolioFlags.Dirty, PlaceHint.Head, 0, 1)]
    [TestCase(false, FolioFlags.None, PlaceHint.Head, 0, 1, Description = "read: the second-oldest")]
    [TestCase(false, FolioFlags.Workingset, PlaceHint.Head, 0, 1)]
    [TestCase(false, FolioFlags.None, PlaceHint.Head, 1, 1, Description = "with three left, the oldest")]
    [TestCase(false, FolioFlags.None, PlaceHint.Head, 2, 2, Description = "with two left, the oldest")]
    [TestCase(false, FolioFlags.None, PlaceHint.Tail, 0, 0, Description = "writeback ended")]
    [TestCase(false, FolioFlags.Workingset, PlaceHint.Tail, 1, 1)]
    [TestCase(true, FolioFlags.None, PlaceHint.Tail, 0, 0, Description = "anonymous, so in the swap cache")]
    public void AFolioJoinsByTheThreeWayRule(bool anon, FolioFlags flags, PlaceHint hint, int minSeq, int generation)
    {
        foreach (string form in Forms)
        {
            using var lru = new OneLruvec(form);
            uint other = anon ? lru.Anon(1) : lru.Read(1);
            uint pfn = anon ? lru.Anon(0) : lru.Read(0);
            StateOf(lru).MinSeq[0] = StateOf(lru).MinSeq[1] = (ulong)minSeq;
            lru.PlaceAgain(other, flags, PlaceHint.Head);

            lru.PlaceAgain(pfn, flags, hint);

            int list = generation * 2 + (anon ? 0 : 1);
            Assert.That(GenerationOf(lru.FlagsOf(pfn)), Is.EqualTo(generation), $"{form}: kernel-reclaim 5.4");
            Assert.That(hint == PlaceHint.Head ? lru.View.Head(list) : lru.View.Tail(list), Is.EqualTo(pfn));
            Assert.That(lru.FlagsOf(pfn) & FolioFlags.Active, Is.EqualTo(FolioFlags.None), "the active flag was a message");
        }
    }

    [Test]
    public void AWalkPromotesAtTheFirstObservationAndMeasuredForgetsAllThree([ValueSource(nameof(Forms))] string form)
    {
        using var lru = new OneLruvec(form);
        uint pfn = lru.Read(0, 5);
        Assert.That((lru.MemoryOf(pfn), GenerationOf(lru.FlagsOf(pfn))), Is.EqualTo((Everything, 1)));

        MglruPolicy.OnYoung(lru.View, [pfn], YoungSource.Walk);

        Assert.That(GenerationOf(lru.FlagsOf(pfn)), Is.EqualTo(3), "the youngest, at once");
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.None), "measured: workingset goes as well, which the reference has kept");
        Assert.That(lru.View.ListOf(pfn), Is.EqualTo(3), "lists are sorted lazily");
        Assert.That(lru.View.Total(Counter.pgactivate), Is.Zero);
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void MeasuredAFolioInTheYoungestGenerationIsNotTouched(
        [ValueSource(nameof(Forms))] string form, [Values] YoungSource source)
    {
        using var lru = new OneLruvec(form);
        uint pfn = lru.Anon(0);
        lru.PlaceAgain(pfn, Everything | FolioFlags.Active);
        FolioFlags before = lru.FlagsOf(pfn);

        MglruPolicy.OnYoung(lru.View, [pfn], source);

        Assert.That(lru.FlagsOf(pfn), Is.EqualTo(before));
        Assert.That(lru.View.Total(Counter.pgactivate), Is.Zero);
    }

    [Test]
    public void WhatReclaimHasInItsHandsIsMarkedReferenced([ValueSource(nameof(Forms))] string form)
    {
        using var lru = new OneLruvec(form);
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.None, PlaceHint.Tail);
        Assert.That(Isolate(lru).Count, Is.EqualTo(1));

        MglruPolicy.OnYoung(lru.View, [pfn], YoungSource.Lookaround);

        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Referenced));
        Assert.That(lru.FlagsOf(pfn) & FolioFlags.GenerationMask, Is.EqualTo(FolioFlags.None));
    }

    // Measured: 6.1 has a batch of 15 activations, and when the neighbours fill it, it leaves them linked where they are.
    [TestCase("mglru@6.1", 14, 14)]
    [TestCase("mglru@6.1", 15, 0)]
    [TestCase("mglru@6.1", 40, 0)]
    [TestCase("mglru@6.12", 14, 14)]
    [TestCase("mglru@6.12", 15, 15)]
    [TestCase("mglru@6.12", 40, 40)]
    public void ALookaroundPromotesAllItFindsAndMeasuredActivatesNoMoreThanFitsABatch(string form, int found, int activated)
    {
        using var lru = new OneLruvec(form);
        uint[] pfns = [.. Enumerable.Range(0, found).Select(i => lru.Read((uint)i))];
        uint[] youngest = [.. Enumerable.Range(0, 20).Select(i => lru.Anon((uint)i))];
        foreach (uint pfn in youngest)
            lru.PlaceAgain(pfn, FolioFlags.Active);

        MglruPolicy.OnYoung(lru.View, [.. pfns, .. youngest], YoungSource.Lookaround);

        Assert.That(pfns.Select(p => GenerationOf(lru.FlagsOf(p))), Is.All.EqualTo(3));
        Assert.That(pfns.Count(p => lru.View.ListOf(p) == 7), Is.EqualTo(activated), "those in the youngest already do not fill the batch");
        Assert.That(lru.View.Total(Counter.pgactivate), Is.EqualTo(activated));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    // Row 6 of kernel-reclaim 2.12 and, after it, the table of 2.4.
    [TestCase(0, true, true, true, false, Verdict.Keep, true, Description = "row 6: mapped and referenced stays")]
    [TestCase(0, false, true, true, false, Verdict.Keep, true)]
    [TestCase(2, false, true, true, false, Verdict.Keep, true)]
    [TestCase(1, true, true, true, true, Verdict.Keep, true, Description = "row 6 comes before an executable mapping")]
    [TestCase(0, true, true, false, false, Verdict.ReclaimClean, false)]
    [TestCase(0, false, true, false, false, Verdict.Reclaim, false)]
    [TestCase(0, true, false, true, false, Verdict.Reclaim, false)]
    [TestCase(0, false, false, true, false, Verdict.Reclaim, false)]
    [TestCase(1, true, false, true, false, Verdict.Keep, true)]
    [TestCase(1, false, false, true, false, Verdict.Keep, true)]
    [TestCase(1, true, false, true, true, Verdict.Activate, true)]
    [TestCase(1, false, false, true, true, Verdict.Keep, true, Description = "executable counts for files only")]
    [TestCase(2, true, false, true, false, Verdict.Activate, true)]
    [TestCase(2, false, false, true, false, Verdict.Activate, true)]
    public void TheVerdictIsTheClassicOneAfterWhatIsMappedAndReferenced(
        int mappings, bool file, bool referenced, bool mapped, bool executable, Verdict verdict, bool referencedAfter)
    {
        foreach (string form in Forms)
        {
            using var lru = new OneLruvec(form);
            uint pfn = file ? lru.Read(0) : lru.Anon(0);
            lru.PlaceAgain(pfn, referenced ? FolioFlags.Referenced : FolioFlags.None);

            Verdict said = MglruPolicy.Verdict(lru.View, pfn, new References(mappings, executable, mapped), Disposition.Shrink);

            Assert.That(said, Is.EqualTo(verdict), $"{form}: kernel-reclaim 5.9");
            Assert.That(lru.MemoryOf(pfn), Is.EqualTo(referencedAfter ? FolioFlags.Referenced : FolioFlags.None));
        }
    }

    [TestCase(Everything, Everything, FolioFlags.Active)]
    [TestCase(FolioFlags.None, FolioFlags.None, FolioFlags.Active)]
    [TestCase(FolioFlags.Reclaim | FolioFlags.Dirty, FolioFlags.None, FolioFlags.None)]
    [TestCase(FolioFlags.Reclaim | FolioFlags.Writeback, FolioFlags.None, FolioFlags.None)]
    [TestCase(FolioFlags.Reclaim | FolioFlags.Dirty | FolioFlags.Workingset, FolioFlags.None, FolioFlags.Workingset | FolioFlags.Referenced)]
    [TestCase(FolioFlags.Reclaim, FolioFlags.None, FolioFlags.Active, Description = "neither dirty nor under writeback")]
    [TestCase(FolioFlags.Dirty, FolioFlags.None, FolioFlags.Active)]
    public void WhatWasRejectedStartsAgainAsActiveButForWhatIsAboutToBeWritten(FolioFlags flags, FolioFlags remembered, FolioFlags after)
    {
        foreach (string form in Forms)
        {
            using var lru = new OneLruvec(form);
            uint pfn = lru.Read(0);
            lru.PlaceAgain(pfn, FolioFlags.None, PlaceHint.Tail);
            FolioBatch batch = Isolate(lru);
            batch.Survivors = 1;
            lru.Machine.Frames.Change(pfn, FolioFlags.None, flags | remembered);
            ScanControl scan = default;
            LruvecBudget budget = default;

            MglruPolicy.After(lru.View, ref scan, ref budget, ref batch);

            Assert.That(lru.MemoryOf(pfn), Is.EqualTo(after), $"{form}: kernel-reclaim 5.9");
        }
    }

    // kernel-reclaim 5.14, the columns of 6.1 and 6.12. References and tier by how often it was accessed before it left.
    [TestCase(1, false, false, 0)]
    [TestCase(1, true, true, 0)]
    [TestCase(2, false, false, 1)]
    [TestCase(2, true, true, 1)]
    [TestCase(4, false, true, 2, Description = "three references restore outside a fault")]
    [TestCase(3, false, false, 2)]
    [TestCase(5, false, true, 3)]
    public void ARefaultFromTheOldestGenerationIsCountedInItsTierAndRestored(int accesses, bool inFault, bool restored, int tier)
    {
        foreach (string form in Forms)
        {
            using var lru = new OneLruvec(form);
            uint pfn = lru.Read(0, accesses);
            ShadowEntry shadow = MglruPolicy.MakeShadow(lru.View, pfn, lru.View);
            lru.PlaceAgain(pfn, FolioFlags.None);

            MglruPolicy.OnRefault(lru.View, pfn, shadow, inFault);

            Assert.That(StateOf(lru).Refaulted[Tiers + tier], Is.EqualTo(1), form);
            Assert.That(lru.View.Total(Counter.workingset_refault_file), Is.EqualTo(1));
            Assert.That(
                lru.View.Total(Counter.workingset_activate_file),
                Is.EqualTo(form == "mglru@6.12" ? 1 : 0),
                "measured: 6.1 counts it when it protects, and not here");
            Assert.That(lru.View.Total(Counter.workingset_restore_file), Is.EqualTo(restored ? 1 : 0));
            Assert.That(lru.MemoryOf(pfn), Is.EqualTo(restored ? FolioFlags.Workingset | FolioFlags.RefsMask : FolioFlags.None), "with full refs");
        }
    }

    [TestCase("mglru@6.1", 7, 1L)]
    [TestCase("mglru@6.12", 7, 3L)]
    public void OnlyTheOldestGenerationIsRecentAndOnly612CountsWhatIsNot(string form, int minSeq, long refaults)
    {
        using var lru = new OneLruvec(form);
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.None);
        ref MglruPolicy.Generations state = ref StateOf(lru);
        ulong width = (lru.View.StampMask >> 2) + 1ul;
        (state.MinSeq[1], state.MaxSeq) = (width + (ulong)minSeq, width + (ulong)minSeq + 3);
        ShadowEntry shadow = new(((uint)minSeq << 2) | 3, lru.View.Memcg.Id, (byte)lru.View.Node.Id, true);

        MglruPolicy.OnRefault(lru.View, pfn, shadow with { Stamp = (uint)(minSeq - 1) << 2 }, inFault: true);
        MglruPolicy.OnRefault(lru.View, pfn, shadow with { Stamp = (uint)(minSeq + 1) << 2 }, inFault: true);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.None), "kernel-reclaim 5.14: not recent");

        MglruPolicy.OnRefault(lru.View, pfn, shadow, inFault: true);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Workingset | FolioFlags.RefsMask), "numbers compare modulo the width of a token");
        Assert.That(lru.View.Total(Counter.workingset_refault_file), Is.EqualTo(refaults));
        Assert.That(lru.View.Total(Counter.workingset_restore_file), Is.EqualTo(1));
    }

    private static ref MglruPolicy.Generations StateOf(OneLruvec lru) => ref lru.View.State<MglruPolicy.Generations>();

    private static FolioBatch Isolate(OneLruvec lru)
    {
        var scan = new ScanControl { Target = lru.Engine.Root, Priority = 0, Swappiness = 0, MaySwap = true, NrToReclaim = 1000 };
        PassState pass = default;
        LruvecBudget budget = default;
        FolioBatch batch = default;
        MglruPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref batch);
        return batch;
    }

    private static FolioFlags Refs(int refs) => (FolioFlags)((uint)refs << FolioField.RefsShift);

    private static int GenerationOf(FolioFlags flags) => (int)((uint)(flags & FolioFlags.GenerationMask) >> FolioField.GenerationShift) - 1;
}
