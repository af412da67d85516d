using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>Single folios under mglru: where they are placed, what accesses leave on them.</summary>
public unsafe class MglruFolioTests
{
    // A fresh lruvec has generations 0 to 3, so "max_seq - 1" is 2.
    [TestCase(true, FolioFlags.Active, PlaceHint.Head, 2, Description = "faulted in")]
    [TestCase(true, FolioFlags.Active | FolioFlags.Workingset, PlaceHint.Head, 3, Description = "faulted in, workingset restored")]
    [TestCase(false, FolioFlags.Active, PlaceHint.Head, 2)]
    [TestCase(false, FolioFlags.Active | FolioFlags.Workingset, PlaceHint.Head, 3, Description = "activated by the second observation")]
    [TestCase(true, FolioFlags.None, PlaceHint.Head, 2, Description = "anonymous outside a fault")]
    [TestCase(true, FolioFlags.Workingset, PlaceHint.Head, 2)]
    [TestCase(false, FolioFlags.None, PlaceHint.Head, 0, Description = "read")]
    [TestCase(false, FolioFlags.Referenced, PlaceHint.Head, 0)]
    [TestCase(false, FolioFlags.Workingset, PlaceHint.Head, 1, Description = "read, workingset restored")]
    [TestCase(false, FolioFlags.Reclaim | FolioFlags.Dirty, PlaceHint.Head, 2)]
    [TestCase(false, FolioFlags.Reclaim | FolioFlags.Writeback, PlaceHint.Head, 2)]
    [TestCase(false, FolioFlags.Reclaim | FolioFlags.Dirty | FolioFlags.Workingset, PlaceHint.Head, 2)]
    [TestCase(false, FolioFlags.Reclaim, PlaceHint.Head, 0, Description = "neither dirty nor under writeback")]
    [TestCase(false, FolioFlags.Dirty, PlaceHint.Head, 0)]
    [TestCase(false, FolioFlags.None, PlaceHint.Tail, 0, Description = "writeback ended")]
    [TestCase(false, FolioFlags.Workingset, PlaceHint.Tail, 0)]
    [TestCase(true, FolioFlags.None, PlaceHint.Tail, 0)]
    public void AFolioJoinsTheGenerationThatItsFlagsName(bool anon, FolioFlags flags, PlaceHint hint, int generation)
    {
        using var lru = new OneLruvec("mglru");
        uint other = anon ? lru.Anon(1) : lru.Read(1);
        lru.PlaceAgain(other, flags, PlaceHint.Head);
        uint pfn = anon ? lru.Anon(0) : lru.Read(0);

        lru.PlaceAgain(pfn, flags, hint);

        int list = generation * 2 + (anon ? 0 : 1);
        Assert.That(GenerationOf(lru.FlagsOf(pfn)), Is.EqualTo(generation), "kernel-reclaim 5.4");
        Assert.That(lru.View.ListOf(pfn), Is.EqualTo(list));
        Assert.That(hint == PlaceHint.Head ? lru.View.Head(list) : lru.View.Tail(list), Is.EqualTo(pfn));
        Assert.That(lru.FlagsOf(pfn) & FolioFlags.Active, Is.EqualTo(FolioFlags.None), "the active flag was a message");
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void NoFolioJoinsAGenerationThatIsClosed()
    {
        using var lru = new OneLruvec("mglru");
        for (uint page = 0; page < 1000; page++)
            lru.Read(page);
        lru.Engine.Reclaim(new ReclaimRequest(1000));
        ref MglruPolicy.Generations generations = ref lru.View.State<MglruPolicy.Generations>();
        ulong min = generations.MinSeq[1];
        Assert.That(generations.MaxSeq - min, Is.EqualTo(1), "the oldest generations ran empty, two are kept");

        uint pfn = lru.Read(1500);

        Assert.That(GenerationOf(lru.FlagsOf(pfn)), Is.EqualTo((int)(min % 4)), "max_seq - 3 is closed, so the oldest that is open");
    }

    [TestCase(1, 0, false, 0)]
    [TestCase(2, 1, false, 1)]
    [TestCase(3, 2, false, 2)]
    [TestCase(4, 3, false, 2)]
    [TestCase(5, 3, true, 3)]
    [TestCase(9, 3, true, 3)]
    public void DescriptorAccessesAreCountedUpToTheTopTier(int accesses, int refsField, bool workingset, int tier)
    {
        using var lru = new OneLruvec("mglru");

        uint pfn = lru.Read(0, accesses);

        FolioFlags flags = FolioFlags.Referenced | (FolioFlags)((uint)refsField << FolioField.RefsShift) | (workingset ? FolioFlags.Workingset : FolioFlags.None);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(flags), "kernel-reclaim 5.3");
        Assert.That(MglruPolicy.TierOf(lru.FlagsOf(pfn)), Is.EqualTo(tier));
    }

    [Test]
    public void APageThatWasNeverReadIsInTierZero() => Assert.That(MglruPolicy.TierOf(FolioFlags.RefsMask), Is.Zero, "refs count with the referenced flag only");

    [Test]
    public void PromotionTakesTwoObservationsAndLeavesTheFolioWhereItIsLinked()
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.RefsMask);
        Assert.That(lru.View.ListOf(pfn), Is.EqualTo(1));

        MglruPolicy.OnYoung(lru.View, [pfn], YoungSource.Walk);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Referenced), "the first is remembered and zeroes refs");
        Assert.That(GenerationOf(lru.FlagsOf(pfn)), Is.Zero);

        MglruPolicy.OnYoung(lru.View, [pfn], YoungSource.Walk);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Workingset));
        Assert.That(GenerationOf(lru.FlagsOf(pfn)), Is.EqualTo(3), "the youngest");
        Assert.That(lru.View.ListOf(pfn), Is.EqualTo(1), "lists are sorted lazily");
        Assert.That(lru.View.Sizes().ActiveFile, Is.EqualTo(1), "but counted at once");
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void ALookaroundActivatesAtOnceAtTheSecondObservation()
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.None);

        MglruPolicy.OnYoung(lru.View, [pfn], YoungSource.Lookaround);
        Assert.That((lru.View.ListOf(pfn), lru.View.Total(Counter.pgactivate)), Is.EqualTo((1, 0L)), "the first is only remembered");

        MglruPolicy.OnYoung(lru.View, [pfn], YoungSource.Lookaround);
        Assert.That((lru.View.Head(7), lru.View.Total(Counter.pgactivate)), Is.EqualTo((pfn, 1L)), "reclaim carries no walk state: kernel-reclaim 5.7");

        MglruPolicy.OnYoung(lru.View, [pfn], YoungSource.Lookaround);
        Assert.That(lru.View.Total(Counter.pgactivate), Is.EqualTo(1), "in the youngest generation there is nothing to activate");
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [TestCase(0, FolioFlags.None, Verdict.Reclaim, FolioFlags.None)]
    [TestCase(0, FolioFlags.Referenced, Verdict.Reclaim, FolioFlags.Referenced)]
    [TestCase(1, FolioFlags.None, Verdict.Keep, FolioFlags.Referenced)]
    [TestCase(2, FolioFlags.None, Verdict.Keep, FolioFlags.Referenced, Description = "two mappings are one observation")]
    [TestCase(1, FolioFlags.Referenced, Verdict.Activate, FolioFlags.Workingset)]
    [TestCase(1, FolioFlags.Workingset, Verdict.Activate, FolioFlags.Workingset)]
    public void TheVerdictTakesTwoObservations(int mappings, FolioFlags before, Verdict verdict, FolioFlags after)
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Anon(0);
        lru.PlaceAgain(pfn, before);

        Assert.That(MglruPolicy.Verdict(lru.View, pfn, new References(mappings, false), Disposition.Shrink), Is.EqualTo(verdict), "kernel-reclaim 5.9");
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(after));
    }

    [Test]
    public void AShadowBringsTheReferencesBackWithinFourGenerations([Values(1, 2, 3, 4)] int accesses)
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Read(0, accesses);
        ShadowEntry shadow = MglruPolicy.MakeShadow(lru.View, pfn, lru.View);
        ShadowEntry packed = lru.Engine.Host.Shadows.Unpack(lru.Engine.Host.Shadows.Pack(shadow, 0), 0, 0, out _);
        lru.PlaceAgain(pfn, FolioFlags.None);

        MglruPolicy.OnRefault(lru.View, pfn, packed, inFault: false);

        Assert.That(packed, Is.EqualTo(shadow));
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo((FolioFlags)((uint)(accesses - 1) << FolioField.RefsShift)), "kernel-reclaim 5.14: the refs field, not the referenced flag");
    }

    [Test]
    public void AWorkingsetShadowRestoresAndAnOldOneDoesNothing()
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.Workingset);
        ShadowEntry shadow = MglruPolicy.MakeShadow(lru.View, pfn, lru.View);
        lru.PlaceAgain(pfn, FolioFlags.None);

        // max_seq is 3; a stamp 4 generations behind or ahead of it is too old, modulo its width.
        MglruPolicy.OnRefault(lru.View, pfn, shadow with { Stamp = 7 << 2 }, inFault: true);
        MglruPolicy.OnRefault(lru.View, pfn, shadow with { Stamp = (lru.View.StampMask >> 2) << 2 }, inFault: true);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.None));
        Assert.That(lru.View.Total(Counter.workingset_activate_file), Is.Zero);

        MglruPolicy.OnRefault(lru.View, pfn, shadow with { Stamp = 6 << 2 }, inFault: true);
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Workingset));
        Assert.That(lru.View.Total(Counter.workingset_restore_file), Is.EqualTo(1));
        Assert.That(lru.View.Total(Counter.workingset_activate_file), Is.EqualTo(1));
        Assert.That(lru.View.Total(Counter.workingset_refault_file), Is.EqualTo(3), "every one is a refault");
    }

    private static int GenerationOf(FolioFlags flags) => (int)((uint)(flags & FolioFlags.GenerationMask) >> FolioField.GenerationShift) - 1;
}
