using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>What classic does in a reclaim: kernel-reclaim 2.7 to 2.10 and 3.</summary>
public unsafe class ClassicReclaimTests
{
    [TestCase(true, 60, 12, true, true, true, "File", Description = "1: no swap")]
    [TestCase(false, 0, 0, true, true, true, "File", Description = "2: a cgroup with swappiness 0")]
    [TestCase(false, 60, 0, true, true, true, "Equal", Description = "4: the last priority")]
    [TestCase(false, 60, 1, true, true, true, "Anon", Description = "5: file is tiny")]
    [TestCase(false, 60, 1, true, false, true, "File", Description = "6: cache trim")]
    [TestCase(false, 60, 1, true, false, false, "Fraction")]
    [TestCase(false, 0, 0, false, false, false, "Fraction", Description = "swappiness 0 of the machine is a weight of 0")]
    [TestCase(false, 0, 0, false, true, true, "Anon")]
    public void TheBalanceIsTheFirstRuleThatMatches(
        bool noSwap, int swappiness, int priority, bool cgroup, bool fileIsTiny, bool cacheTrim, string balance)
    {
        using var lru = new OneLruvec("classic", noSwap ? 0ul : 100);
        var scan = new ScanControl { MaySwap = true, Priority = priority, Target = cgroup ? lru.Engine.Root : null };
        var pass = new ClassicPolicy.Pass { FileIsTiny = fileIsTiny, CacheTrim = cacheTrim };

        Assert.That(ClassicPolicy.BalanceOf(lru.View, scan, pass, swappiness).ToString(), Is.EqualTo(balance), "kernel-reclaim 2.8");
    }

    [Test]
    public void WithoutLeaveToSwapFilesAloneAreScanned()
    {
        using var lru = new OneLruvec("classic");
        var scan = new ScanControl { MaySwap = false, Priority = 0 };

        Assert.That(ClassicPolicy.BalanceOf(lru.View, scan, default, 60), Is.EqualTo(ClassicPolicy.Balance.File));
    }

    [Test]
    public void TheBudgetIsTheShareOfEachListAtThePriority()
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, inactiveAnon: 400, activeAnon: 200, inactiveFile: 600, activeFile: 100);
        lru.Engine.SetSwappiness(lru.Engine.Root, 100);
        var scan = new ScanControl { MaySwap = true, Priority = 1 };
        var budget = default(LruvecBudget);
        PassState pass = default;
        ref ClassicPolicy.Pass prepared = ref PassState.As<ClassicPolicy.Pass>(ref pass);
        (prepared.AnonCost, prepared.FileCost) = (900, 100);

        ClassicPolicy.Budget(lru.View, ref scan, ref pass, ref budget);

        // Weights 157 and 272 of kernel-reclaim 13.1: half of each list times 157/429 or 272/429.
        ClassicPolicy.Work work = LruvecBudget.As<ClassicPolicy.Work>(ref budget);
        Assert.That(Numbers(work.Target), Is.EqualTo(new long[] { 73, 36, 190, 31 }));
        Assert.That(Numbers(work.Left), Is.EqualTo(Numbers(work.Target)));
        Assert.That(work.FullEffort, Is.False, "not the first priority");
    }

    [TestCase(12, Reclaimer.Direct, false, true)]
    [TestCase(11, Reclaimer.Direct, false, false)]
    [TestCase(12, Reclaimer.Kswapd, false, false)]
    [TestCase(12, Reclaimer.Direct, true, false)]
    public void FullEffortIsForTheFirstPriorityOfATaskThatReclaimsFromTheMachine(int priority, Reclaimer reclaimer, bool cgroup, bool full)
    {
        using var lru = new OneLruvec("classic");
        var scan = new ScanControl { MaySwap = true, Priority = priority, Reclaimer = reclaimer, Target = cgroup ? lru.Engine.Root : null };
        var budget = default(LruvecBudget);
        PassState pass = default;

        ClassicPolicy.Budget(lru.View, ref scan, ref pass, ref budget);

        Assert.That(LruvecBudget.As<ClassicPolicy.Work>(ref budget).FullEffort, Is.EqualTo(full), "kernel-reclaim 2.10");
    }

    [Test]
    public void PreparationReadsCostsAndWhichListsMayBeCutBack()
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, inactiveAnon: 100, activeAnon: 90, inactiveFile: 100, activeFile: 101);
        lru.View.AddCost(FolioType.Anon, 5);
        lru.View.AddCost(FolioType.File, 7);

        ClassicPolicy.Pass pass = Prepare(lru, 3);
        Assert.That((pass.AnonCost, pass.FileCost), Is.EqualTo((5L, 7L)));
        Assert.That((pass.MayDeactivateAnon, pass.MayDeactivateFile), Is.EqualTo((false, true)), "file's inactive list is the smaller one");
        Assert.That(pass.CacheTrim, Is.False, "there is something to deactivate");

        lru.View.Count(Counter.workingset_activate_anon, 1);
        Assert.That(Prepare(lru, 3).MayDeactivateAnon, Is.True, "refaults were activated since the last cycle");
    }

    [TestCase(6, true)]
    [TestCase(7, false)]
    public void CacheIsTrimmedWhileItsInactiveListHasPagesAtThePriority(int priority, bool trim)
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, 0, 0, inactiveFile: 100, activeFile: 10);

        Assert.That(Prepare(lru, priority).CacheTrim, Is.EqualTo(trim), "100 >> 6 is 1, 100 >> 7 is 0");
    }

    // Lists of 10, 20, 40 and 80 pages in the kernel's order; which of them count for the distance.
    [TestCase(false, true, 80 + 20 + 10, Description = "a file page outlives active file and, with swap, all of anon")]
    [TestCase(false, false, 80, Description = "without swap anon is no competition")]
    [TestCase(true, true, 80 + 40 + 20, Description = "an anonymous page outlives all of file and active anon")]
    public void APageThatCameBackWithinTheDistanceIsActivated(bool anon, bool swap, int size)
    {
        Assert.That(IsActivated(size), Is.True, "kernel-reclaim 3.3");
        Assert.That(IsActivated(size + 1), Is.False);

        bool IsActivated(int distance)
        {
            using var lru = new OneLruvec("classic", swap ? null : 0ul);
            Fill(lru, 10, 20, 40, 80);
            uint pfn = anon ? lru.Anon(0) : lru.Read(0, 0);
            ShadowEntry shadow = ClassicPolicy.MakeShadow(lru.View, pfn, lru.View);
            lru.View.AdvanceNonresidentAge((uint)(distance - 1));
            ulong age = lru.View.NonresidentAge;

            ClassicPolicy.OnRefault(lru.View, pfn, shadow, inFault: true);

            bool active = (lru.FlagsOf(pfn) & FolioFlags.Active) != 0;
            Counter activate = anon ? Counter.workingset_activate_anon : Counter.workingset_activate_file;
            Assert.That(lru.View.Total(activate), Is.EqualTo(active ? 1 : 0));
            Assert.That(lru.View.NonresidentAge - age, Is.EqualTo(active ? 1ul : 0), "an activation advances the clock");
            return active;
        }
    }

    [Test]
    public void AShadowIsStampedBeforeItsOwnEvictionAdvancesTheTargetsClock()
    {
        using var lru = new OneLruvec("classic");
        uint pfn = lru.Read(0);
        MemoryCgroup child = lru.Engine.CreateMemcg("c");
        PolicyView target = lru.Engine.Host.ViewOf(child, lru.Engine.Nodes[0]);
        target.AdvanceNonresidentAge(5);

        ShadowEntry shadow = ClassicPolicy.MakeShadow(lru.View, pfn, target);

        Assert.That((shadow.Stamp, shadow.Memcg), Is.EqualTo((5u, child.Id)), "the clock and the name of the reclaim's target");
        Assert.That((target.NonresidentAge, lru.View.NonresidentAge), Is.EqualTo((6ul, 6ul)), "its own and those above");
    }

    [Test]
    public void ARestoredPageCostsItsTypeAndKeepsItsFlag()
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, 10, 20, 400, 80);
        uint pfn = lru.Read(0, 0);
        lru.PlaceAgain(pfn, FolioFlags.Workingset);
        ShadowEntry shadow = ClassicPolicy.MakeShadow(lru.View, pfn, lru.View);
        lru.PlaceAgain(pfn, FolioFlags.None);

        ClassicPolicy.OnRefault(lru.View, pfn, shadow, inFault: false);

        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Active | FolioFlags.Workingset));
        Assert.That(lru.View.CostOf(FolioType.File), Is.EqualTo(32), "kernel-reclaim 2.9");
        Assert.That(lru.View.Total(Counter.workingset_restore_file), Is.EqualTo(1));
    }

    [Test]
    public void ABatchCostsItsWritesAndWhatItScannedInVain()
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, 0, 0, 2000, 0);
        var scan = new ScanControl();
        var budget = default(LruvecBudget);
        var shrunk = new FolioBatch { Type = FolioType.File, Scanned = 32, Reclaimed = 20, Written = 3 };
        ClassicPolicy.After(lru.View, ref scan, ref budget, ref shrunk);
        Assert.That(lru.View.CostOf(FolioType.File), Is.EqualTo(32 * 3 + 12));

        FolioBatch aged = default;
        aged.Disposition = Disposition.Deactivate;
        aged.Type = FolioType.File;
        lru.View.TryIsolate(lru.View.Tail(2), ref aged);
        lru.View.TryIsolate(lru.View.Tail(2), ref aged);
        lru.View.SetFlags(aged[0], FolioFlags.Active);
        aged.Survivors = 2;
        ClassicPolicy.After(lru.View, ref scan, ref budget, ref aged);
        Assert.That(lru.View.CostOf(FolioType.File), Is.EqualTo(32 * 3 + 12 + 1), "one page that stayed active");
        Assert.That(lru.View.NonresidentAge, Is.EqualTo(1));
        Assert.That((lru.View.Total(Counter.pgrefill), lru.View.Total(Counter.pgdeactivate)), Is.EqualTo((2L, 1L)));
    }

    [Test]
    public void AnonIsAgedAtTheEndOfAVisitThatTookOnlyFiles()
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, inactiveAnon: 0, activeAnon: 100, inactiveFile: 100, activeFile: 0);
        lru.Engine.SetSwappiness(lru.Engine.Root, 0);

        lru.Engine.Reclaim(new ReclaimRequest(1));

        Assert.That(lru.View.Total(Counter.pgscan_anon), Is.Zero);
        Assert.That(lru.View.Sizes().InactiveAnon, Is.Positive);
        Assert.That(lru.View.Sizes().InactiveAnon % 32, Is.Zero, "32 at a time");
    }

    [Test]
    public void WhenOnlyActivePagesAreLeftDeactivationIsForced()
    {
        using var lru = new OneLruvec("classic");
        AddressSpace mapping = lru.Mapping(0);
        for (uint page = 1; page < 20; page++)
            lru.Engine.Access(mapping, [page], ref _unused);
        for (uint page = 0; page < 20; page++)
            lru.Engine.SetPinned(mapping, page, true);
        for (uint page = 100; page < 110; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.Active);

        long got = lru.Engine.Reclaim(new ReclaimRequest(1, lru.Engine.Root)).Reclaimed;

        Assert.That(got, Is.Positive, "the inactive list is long enough and can't be reclaimed: kernel-reclaim 2.16");
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [TestCase(0, false, "68 68 368 368", Description = "not enough yet")]
    [TestCase(32, true, "68 68 368 368", Description = "full effort")]
    [TestCase(32, false, "0 0 100 100", Description = "kernel-reclaim 13.3")]
    public void TheScanIsCutInProportionAfterARoundWithEnoughReclaimed(int reclaimed, bool fullEffort, string left)
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, 100, 100, 400, 400);
        var scan = new ScanControl { MaySwap = true, NrToReclaim = 32 };
        PassState pass = default;
        ref ClassicPolicy.Pass prepared = ref PassState.As<ClassicPolicy.Pass>(ref pass);
        (prepared.MayDeactivateAnon, prepared.MayDeactivateFile) = (true, true);
        LruvecBudget budget = default;
        ref ClassicPolicy.Work work = ref LruvecBudget.As<ClassicPolicy.Work>(ref budget);
        (work.Target[0], work.Target[1], work.Target[2], work.Target[3]) = (100, 100, 400, 400);
        work.Left = work.Target;
        work.FullEffort = fullEffort;
        List<(FolioType, Disposition, int)> round = [];
        for (int i = 0; i < 4; i++)
            round.Add(Take(ref budget));
        budget.Reclaimed = reclaimed;

        (FolioType Type, Disposition, int) next = Take(ref budget);

        (FolioType, Disposition, int)[] expected =
        [
            (FolioType.Anon, Disposition.Shrink, 32),
            (FolioType.Anon, Disposition.Deactivate, 32),
            (FolioType.File, Disposition.Shrink, 32),
            (FolioType.File, Disposition.Deactivate, 32),
        ];
        Assert.That(round, Is.EqualTo(expected), "each list in turn");
        long[] rest = [.. left.Split(' ').Select(long.Parse)];
        rest[next.Type == FolioType.Anon ? 0 : 2] -= 32;
        Assert.That(Numbers(work.Left), Is.EqualTo(rest));

        (FolioType, Disposition, int) Take(ref LruvecBudget budget)
        {
            FolioBatch batch = default;
            ClassicPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref batch);
            return (batch.Type, batch.Disposition, batch.Count);
        }
    }

    [Test]
    public void ActiveAnonAloneDoesNotKeepAVisitGoing()
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, 0, 100, 0, 0);
        var scan = new ScanControl { MaySwap = true };
        PassState pass = default;
        LruvecBudget budget = default;
        ref ClassicPolicy.Work work = ref LruvecBudget.As<ClassicPolicy.Work>(ref budget);
        work.Left[1] = work.Target[1] = 100;
        work.AnonAged = true;
        FolioBatch batch = default;

        ClassicPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref batch);

        Assert.That(batch.Examined, Is.Zero, "kernel-reclaim 2.10");
    }

    private static AccessTally _unused;

    private static ClassicPolicy.Pass Prepare(OneLruvec lru, int priority)
    {
        var scan = new ScanControl { MaySwap = true, Priority = priority, Target = lru.Engine.Root };
        PassState pass = default;
        ClassicPolicy.Prepare(lru.View, ref scan, ref pass);
        return PassState.As<ClassicPolicy.Pass>(ref pass);
    }

    /// <summary>Fills the four lists with unreferenced pages.</summary>
    private static void Fill(OneLruvec lru, int inactiveAnon, int activeAnon, int inactiveFile, int activeFile)
    {
        for (int i = 0; i < inactiveAnon + activeAnon; i++)
            lru.PlaceAgain(lru.Anon((uint)i), i < inactiveAnon ? FolioFlags.None : FolioFlags.Active);
        for (int i = 0; i < inactiveFile + activeFile; i++)
            lru.PlaceAgain(lru.Read((uint)i), i < inactiveFile ? FolioFlags.None : FolioFlags.Active);
        for (uint slot = 0; slot < lru.Machine.Tables.Count * 512; slot++)
            lru.Machine.Tables.Clear(lru.Machine.Tables.Accessed, slot);
    }

    private static long[] Numbers(ClassicPolicy.Lists lists) => [lists[0], lists[1], lists[2], lists[3]];
}
