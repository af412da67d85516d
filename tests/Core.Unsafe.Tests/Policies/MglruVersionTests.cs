using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>
/// When mglru ages, what it sorts out and what its controller chooses, version by version: kernel-reclaim 5.2, 5.5, 5.8 and
/// 5.10, with the differences of 14. "Measured" as in <see cref="MglruFirstFormTests"/>.
/// </summary>
public unsafe class MglruVersionTests
{
    private const int Tiers = 4;
    private const FolioFlags Saturated = FolioFlags.Referenced | FolioFlags.Workingset | FolioFlags.RefsMask;

    // max_seq is 7. Oldest generation of anon and of file, swappiness, and pages in generations 7, 6 and 5 of both types.
    [TestCase("mglru@6.18", 6, 6, 60, 0, 0, 0, true, Description = "two generations: must")]
    [TestCase("mglru@6.18", 5, 5, 60, 10, 40, 50, true, Description = "three: rather yes, whatever they hold")]
    [TestCase("mglru@6.18", 4, 4, 60, 90, 0, 0, false, Description = "four: no, whatever they hold")]
    [TestCase("mglru@6.18", 4, 6, 60, 0, 0, 0, false, Description = "the older of both types counts")]
    [TestCase("mglru@6.18", 6, 4, 60, 0, 0, 0, false)]
    [TestCase("mglru@6.18", 4, 6, 0, 0, 0, 0, true, Description = "at swappiness 0 file alone")]
    [TestCase("mglru@6.18", 6, 4, 201, 0, 0, 0, true, Description = "anon alone")]
    [TestCase("mglru@6.18", 6, 4, 0, 0, 0, 0, false)]
    [TestCase("mglru@6.12", 6, 6, 60, 0, 0, 0, true)]
    [TestCase("mglru@6.12", 4, 4, 60, 90, 0, 0, false)]
    [TestCase("mglru@6.12", 5, 5, 60, 50, 25, 25, false, Description = "half is not more than half, a quarter not less than one")]
    [TestCase("mglru@6.12", 5, 5, 60, 51, 24, 25, true, Description = "more than half is young")]
    [TestCase("mglru@6.12", 5, 5, 60, 40, 36, 24, true, Description = "less than a quarter is old")]
    [TestCase("mglru@6.12", 5, 5, 60, 0, 0, 0, false, Description = "nothing is neither")]
    [TestCase("mglru@6.12", 4, 6, 60, 90, 0, 0, false, Description = "anon's oldest decides where anon can go")]
    [TestCase("mglru@6.12", 4, 6, 0, 0, 0, 0, true, Description = "else that of file")]
    [TestCase("mglru@6.12", 4, 5, 0, 50, 25, 25, false)]
    [TestCase("mglru@6.12", 4, 5, 0, 51, 24, 25, true)]
    [TestCase("mglru@6.1", 6, 6, 60, 0, 0, 0, true)]
    [TestCase("mglru@6.1", 4, 4, 60, 90, 0, 0, false)]
    [TestCase("mglru@6.1", 5, 5, 60, 50, 25, 25, false)]
    [TestCase("mglru@6.1", 5, 5, 60, 51, 24, 25, true)]
    [TestCase("mglru@6.1", 5, 5, 60, 40, 36, 24, true)]
    public void ANewGenerationIsOpenedByTheVersionsRule(
        string policy, int anonSeq, int fileSeq, int swappiness, int young, int middle, int old, bool ages)
    {
        using var lru = new OneLruvec(policy);
        ref MglruPolicy.Generations state = ref StateOf(lru);
        (state.MaxSeq, state.MinSeq[0], state.MinSeq[1]) = (7, (ulong)anonSeq, (ulong)fileSeq);
        for (int type = 0; type < 2; type++)
        {
            state.Pages[(7 % 4) * 2 + type] = young;
            state.Pages[(6 % 4) * 2 + type] = middle;
            state.Pages[(5 % 4) * 2 + type] = old;
        }

        LruvecBudget budget = default;
        Isolate(lru, swappiness, ref budget, priority: 11);

        Assert.That(StateOf(lru).MaxSeq, Is.EqualTo(ages ? 8 : 7), "kernel-reclaim 5.5");
        Assert.That(budget.Done, Is.EqualTo(ages && policy != "mglru@6.1"), "measured: 6.1 goes on to evict after it has aged");
    }

    [Test]
    public void OnlyTheEvictableTypesPagesCountForTheFirstFormsRatios()
    {
        using var lru = new OneLruvec("mglru@6.12");
        ref MglruPolicy.Generations state = ref StateOf(lru);
        (state.MaxSeq, state.MinSeq[0], state.MinSeq[1]) = (7, 5, 5);
        state.Pages[(7 % 4) * 2] = 1000;
        state.Pages[(7 % 4) * 2 + 1] = state.Pages[(5 % 4) * 2 + 1] = 50;

        LruvecBudget budget = default;
        Isolate(lru, swappiness: 0, ref budget, priority: 11);
        Assert.That(StateOf(lru).MaxSeq, Is.EqualTo(7), "half of the file pages are young, and anonymous ones are not asked");

        Isolate(lru, swappiness: 60, ref budget, priority: 11);
        Assert.That(StateOf(lru).MaxSeq, Is.EqualTo(8));
    }

    [TestCase("mglru@6.1", 7)]
    [TestCase("mglru@6.12", 8)]
    [TestCase("mglru@6.18", 8)]
    public void In61KswapdHasAgedBeforeItsPass(string policy, int maxSeq)
    {
        using var lru = new OneLruvec(policy);
        ref MglruPolicy.Generations state = ref StateOf(lru);
        (state.MaxSeq, state.MinSeq[0], state.MinSeq[1]) = (7, 6, 6);
        var scan = new ScanControl { Reclaimer = Reclaimer.Kswapd, Priority = 11, MaySwap = true, NrToReclaim = 1000 };
        PassState pass = default;
        LruvecBudget budget = default;
        FolioBatch batch = default;

        MglruPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref batch);

        Assert.That(StateOf(lru).MaxSeq, Is.EqualTo(maxSeq), "kernel-reclaim 5.11");
    }

    // 100 of 1,000 in tier 0 refaulted. The gains 2 : 3 let a tier be evicted up to 142 of 1,000, 1 : 2 up to 189.
    [TestCase("mglru@6.18", 142, true)]
    [TestCase("mglru@6.18", 143, false)]
    [TestCase("mglru@6.12", 189, true)]
    [TestCase("mglru@6.12", 190, false)]
    [TestCase("mglru@6.1", 189, true)]
    [TestCase("mglru@6.1", 190, false)]
    public void ATierIsEvictedUpToTheRefaultsThatTheVersionsGainsAllow(string policy, int refaults, bool evicted)
    {
        using var lru = new OneLruvec(policy);
        InTier(lru, 0, tier: 1);
        SetTier(lru, 1, 0, 100, 1000);
        SetTier(lru, 1, 1, refaults, 1000);

        FolioBatch batch = Isolate(lru, swappiness: 0);

        Assert.That(batch.Count, Is.EqualTo(evicted ? 1 : 0), "kernel-reclaim 5.10");
        Assert.That(lru.View.Count(3), Is.EqualTo(evicted ? 0 : 1), "or is in the next generation");
    }

    // Each tier's refaults of 1,000; tier 0 has none, so that 64 condemn.
    [TestCase(0, 0, 0, 3)]
    [TestCase(64, 0, 0, 0)]
    [TestCase(0, 64, 0, 1)]
    [TestCase(0, 0, 64, 2)]
    [TestCase(63, 63, 64, 2)]
    [TestCase(0, 64, 64, 1)]
    [TestCase(64, 0, 64, 0)]
    public void EvictionStopsBeforeTheFirstTierThatRefaultsTooMuch(int first, int second, int third, int lastTier)
    {
        foreach (string policy in (string[])["mglru@6.1", "mglru@6.12", "mglru@6.18"])
        {
            using var lru = new OneLruvec(policy);
            uint[] tiers = [.. Enumerable.Range(0, Tiers).Select(t => InTier(lru, (uint)t, t))];
            for (int tier = 0; tier < Tiers; tier++)
                SetTier(lru, 1, tier, tier switch { 1 => first, 2 => second, 3 => third, _ => 0 }, 1000);

            FolioBatch batch = Isolate(lru, swappiness: 0);

            // The first form's top tier is that of saturated folios, which move on in any case.
            int taken = Math.Min(lastTier + 1, policy == "mglru@6.18" ? Tiers : Tiers - 1);
            uint[] moved = tiers[taken..];
            Assert.That(Pfns(batch), Is.EquivalentTo(tiers[..taken]), $"{policy}: kernel-reclaim 5.10");
            Assert.That(moved.Select(p => lru.View.ListOf(p)), Is.All.EqualTo(3), "the next generation");
            Assert.That(lru.View.Total(Counter.pgrefill), Is.EqualTo(moved.Length));
            Assert.That(
                lru.View.Total(Counter.workingset_activate_file),
                Is.EqualTo(policy == "mglru@6.1" ? moved.Length : 0),
                "6.1 counts activations when it protects");
        }
    }

    [TestCase("mglru@6.1", true, FolioFlags.None)]
    [TestCase("mglru@6.12", true, FolioFlags.None)]
    [TestCase("mglru@6.18", false, FolioFlags.Workingset)]
    public void AProtectedFolioGoesToItsVersionsEndOfTheNextGeneration(string policy, bool toTail, FolioFlags kept)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = InTier(lru, 0, tier: 3);
        SetTier(lru, 1, 3, 64, 1000);
        StateOf(lru).MinSeq[1] = 1;
        for (uint page = 100; page < 103; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.None, PlaceHint.Tail);
        StateOf(lru).MinSeq[1] = 0;
        Assert.That(lru.View.Count(3), Is.EqualTo(3));

        Isolate(lru, swappiness: 0);

        Assert.That(toTail ? lru.View.Tail(3) : lru.View.Head(3), Is.EqualTo(pfn), "kernel-reclaim 5.8; measured for 6.12");
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(kept), "referenced and refs are cleared; measured: before 6.18 so is workingset");
    }

    [TestCase("mglru@6.1", 1, 1)]
    [TestCase("mglru@6.12", 1, 0)]
    [TestCase("mglru@6.18", 0, 0)]
    public void ASaturatedFolioMovesOnAndMeasuredTheFirstFormCountsItAsProtected(string policy, int counted, int activated)
    {
        using var lru = new OneLruvec(policy);
        uint[] saturated = [.. Enumerable.Range(0, 2).Select(i => lru.Read((uint)i))];
        foreach (uint pfn in saturated)
            lru.PlaceAgain(pfn, Saturated, PlaceHint.Tail);

        Assert.That(Isolate(lru, swappiness: 0).Count, Is.Zero, "nothing refaults, so its tier as such might go");

        Assert.That(saturated.Select(p => lru.View.ListOf(p)), Is.All.EqualTo(3));
        Assert.That(StateOf(lru).AverageTotal[Tiers + 3], Is.EqualTo(counted), "two, halved when their generation ran empty");
        Assert.That(lru.View.Total(Counter.workingset_activate_file), Is.EqualTo(2 * activated));
    }

    [TestCase("mglru@6.1", FolioFlags.Workingset)]
    [TestCase("mglru@6.12", FolioFlags.Workingset)]
    [TestCase("mglru@6.18", FolioFlags.Referenced | FolioFlags.Workingset)]
    public void IsolationForgetsReferencedBefore618(string policy, FolioFlags kept)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.Referenced | FolioFlags.Workingset, PlaceHint.Tail);

        Assert.That(Isolate(lru, swappiness: 0).Count, Is.EqualTo(1));

        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(kept), "kernel-reclaim 5.8");
    }

    // 1,000 of each tier were evicted. Refaults of anon's tier 0 and 1, then of file's.
    [TestCase("mglru@6.18", 60, 0, 0, 0, 0, FolioType.File)]
    [TestCase("mglru@6.18", 60, 0, 0, 0, 1000, FolioType.Anon, Description = "all tiers count")]
    [TestCase("mglru@6.18", 60, 0, 1000, 0, 1000, FolioType.File, Description = "so anon's do")]
    [TestCase("mglru@6.18", 1, 0, 0, 1000, 1000, FolioType.File)]
    [TestCase("mglru@6.18", 2, 0, 0, 1000, 1000, FolioType.Anon)]
    [TestCase("mglru@6.18", 199, 1000, 1000, 0, 0, FolioType.File)]
    [TestCase("mglru@6.18", 200, 1000, 1000, 0, 0, FolioType.Anon)]
    [TestCase("mglru@6.18", 201, 1000, 1000, 0, 0, FolioType.Anon)]
    [TestCase("mglru@6.12", 60, 0, 0, 0, 0, FolioType.File)]
    [TestCase("mglru@6.12", 60, 0, 0, 0, 1000, FolioType.File, Description = "tier 0 alone counts")]
    [TestCase("mglru@6.12", 60, 0, 1000, 1000, 0, FolioType.Anon)]
    [TestCase("mglru@6.12", 60, 1000, 0, 1000, 0, FolioType.File)]
    [TestCase("mglru@6.12", 1, 0, 0, 1000, 0, FolioType.File)]
    [TestCase("mglru@6.12", 2, 0, 0, 1000, 0, FolioType.Anon)]
    [TestCase("mglru@6.12", 199, 1000, 0, 0, 0, FolioType.File)]
    [TestCase("mglru@6.12", 200, 1000, 0, 0, 0, FolioType.Anon)]
    [TestCase("mglru@6.1", 60, 0, 0, 0, 1000, FolioType.File)]
    [TestCase("mglru@6.1", 60, 0, 1000, 1000, 0, FolioType.Anon)]
    [TestCase("mglru@6.1", 0, 0, 0, 1000, 0, FolioType.File)]
    public void TheTypeIsChosenByTheVersionsTiers(string policy, int swappiness, int anon0, int anon1, int file0, int file1, FolioType type)
    {
        using var lru = new OneLruvec(policy);
        FillOldest(lru);
        for (int tier = 0; tier < Tiers; tier++)
        {
            SetTier(lru, 0, tier, tier switch { 0 => anon0, 1 => anon1, _ => 0 }, 1000);
            SetTier(lru, 1, tier, tier switch { 0 => file0, 1 => file1, _ => 0 }, 1000);
        }

        Assert.That(Isolate(lru, swappiness).Type, Is.EqualTo(type), "kernel-reclaim 5.10");
    }

    [Test]
    public void TheFirstFormTakesAnonWhenItsOldestGenerationIsTheOlderOne()
    {
        foreach (string policy in (string[])["mglru@6.1", "mglru@6.12", "mglru@6.18"])
        {
            using var lru = new OneLruvec(policy);
            FillOldest(lru);
            (StateOf(lru).MinSeq[1], StateOf(lru).MaxSeq) = (1, 3);
            for (uint page = 200; page < 300; page++)
                lru.PlaceAgain(lru.Read(page), FolioFlags.None, PlaceHint.Tail);

            Assert.That(
                Isolate(lru, swappiness: 1).Type,
                Is.EqualTo(policy == "mglru@6.18" ? FolioType.File : FolioType.Anon),
                $"{policy}: even at swappiness 1, where files are to go first");
        }
    }

    // Chosen: file, since neither tier 0 refaults. At gains 60 : 140 a tier of files may go up to (0 + 1) * 1000 * 140 /
    // (1064 * 60) = 2 refaults, so never 64; with 100 of anon's tier 0 up to 101 * 140000 / 63840 = 221.
    [TestCase(0, 63, true)]
    [TestCase(0, 64, false)]
    [TestCase(100, 221, true)]
    [TestCase(100, 222, false)]
    public void TheFirstFormHoldsATierAgainstTheOtherTypesFirst(int anonRefaults, int tierRefaults, bool evicted)
    {
        foreach (string policy in (string[])["mglru@6.1", "mglru@6.12"])
        {
            using var lru = new OneLruvec(policy);
            InTier(lru, 0, tier: 1);
            SetTier(lru, 0, 0, anonRefaults, 1000);
            SetTier(lru, 1, 0, 0, 1000);
            SetTier(lru, 1, 1, tierRefaults, 1000);

            Assert.That(Isolate(lru, swappiness: 60).Count, Is.EqualTo(evicted ? 1 : 0), $"{policy}: kernel-reclaim 5.10");
        }
    }

    [TestCase("mglru@6.1", false)]
    [TestCase("mglru@6.12", false)]
    [TestCase("mglru@6.18", true)]
    public void AgingCountsWhatItMovesAsProtectedSince618(string policy, bool counts)
    {
        using var lru = new OneLruvec(policy);
        for (uint page = 0; page < 10; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.None, PlaceHint.Tail);
        ref MglruPolicy.Generations state = ref StateOf(lru);
        (state.Refaulted[Tiers], state.AverageRefaulted[Tiers], state.Evicted[Tiers], state.AverageTotal[Tiers]) = (10, 4, 20, 6);

        MglruPolicy.Age(lru.View, ref StateOf(lru), 60);

        Assert.That(state.AverageRefaulted[Tiers], Is.EqualTo((4 + 10) / 2), "kernel-reclaim 5.10");
        Assert.That(state.AverageTotal[Tiers], Is.EqualTo((6 + 20 + (counts ? 10 : 0)) / 2), "kernel-reclaim 5.5");
        Assert.That((state.Refaulted[Tiers], state.Evicted[Tiers], state.Protected[Tiers]), Is.EqualTo((0L, 0L, 0L)));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [TestCase("mglru@6.1", 0)]
    [TestCase("mglru@6.12", 0)]
    [TestCase("mglru@6.18", 1)]
    public void AnEmptyTypeWaitsForTheOtherByTheVersionsRule(string policy, int anonSeq)
    {
        using var lru = new OneLruvec(policy);
        for (uint page = 0; page < 200; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.None, PlaceHint.Tail);

        Isolate(lru, swappiness: 60);

        ref MglruPolicy.Generations state = ref StateOf(lru);
        Assert.That((state.MinSeq[0], state.MinSeq[1]), Is.EqualTo(((ulong)anonSeq, 0ul)), "kernel-reclaim 5.2: anon never leads, or not past max_seq - 2");
    }

    [TestCase("mglru@6.1")]
    [TestCase("mglru@6.12")]
    public void TheFirstFormsFilesWaitForAnonAndNotAtSwappinessZero(string policy)
    {
        using var lru = new OneLruvec(policy);
        for (uint page = 0; page < 200; page++)
            lru.PlaceAgain(lru.Anon(page), FolioFlags.None, PlaceHint.Tail);
        lru.PlaceAgain(lru.Read(0), FolioFlags.Active);

        Isolate(lru, swappiness: 60);
        Assert.That((StateOf(lru).MinSeq[0], StateOf(lru).MinSeq[1]), Is.EqualTo((0ul, 0ul)));

        Isolate(lru, swappiness: 0);
        Assert.That((StateOf(lru).MinSeq[0], StateOf(lru).MinSeq[1]), Is.EqualTo((0ul, 2ul)), "an anon that can't be evicted holds nothing back");
    }

    // Measured for 6.1: a task ends its visit to a limited cgroup when it has enough and would go on swapping.
    [TestCase("mglru@6.1", true, 32, false)]
    [TestCase("mglru@6.1", true, 31, true)]
    [TestCase("mglru@6.1", false, 32, true)]
    [TestCase("mglru@6.12", true, 32, true)]
    [TestCase("mglru@6.18", true, 32, true)]
    public void Only61EndsTheVisitToACgroupThatHasGivenEnoughAndSwaps(string policy, bool anon, int reclaimed, bool goesOn)
    {
        using var lru = new OneLruvec(policy);
        for (uint page = 0; page < 300; page++)
            lru.PlaceAgain(anon ? lru.Anon(page) : lru.Read(page), FolioFlags.None, PlaceHint.Tail);
        var scan = new ScanControl { Target = lru.Engine.CreateMemcg("c"), MaySwap = true, Swappiness = 60, NrToReclaim = 32 };
        PassState pass = default;
        LruvecBudget budget = default;
        FolioBatch batch = default;
        MglruPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref batch);
        scan.NrReclaimed = reclaimed;

        Assert.That((batch.Count, batch.Type), Is.EqualTo((64, anon ? FolioType.Anon : FolioType.File)));
        Assert.That(MglruPolicy.Continue(lru.View, ref scan, ref pass, ref budget), Is.EqualTo(goesOn));
    }

    [Test]
    public void MeasuredThe61VisitEndsWhenItHasAgedTwice()
    {
        using var lru = new OneLruvec("mglru@6.1");
        StateOf(lru).MinSeq[0] = StateOf(lru).MinSeq[1] = 2;
        for (uint page = 0; page < 500; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.None, PlaceHint.Tail);
        var scan = new ScanControl { Target = lru.Engine.CreateMemcg("c"), MaySwap = true, Swappiness = 60, NrToReclaim = 1000 };
        PassState pass = default;
        LruvecBudget budget = default;
        FolioBatch first = default;
        MglruPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref first);
        Assert.That((StateOf(lru).MaxSeq, first.Count), Is.EqualTo((4ul, 64)), "aged, and evicts in the same visit");
        Assert.That(MglruPolicy.Continue(lru.View, ref scan, ref pass, ref budget), Is.True, "once is no reason to end");

        for (uint page = 500; page < 1100; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.Active);
        FolioBatch second = default;
        MglruPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref second);

        Assert.That((StateOf(lru).MaxSeq, second.Count), Is.EqualTo((5ul, 64)), "more than half were young by then");
        Assert.That(MglruPolicy.Continue(lru.View, ref scan, ref pass, ref budget), Is.False);
    }

    // max_seq is 3: the generations 0 to 6 are less than four away.
    [TestCase(0, true)]
    [TestCase(6, true)]
    [TestCase(7, false)]
    [TestCase(-1, false)]
    [TestCase(1000, false)]
    public void In618ARefaultIsRecentWithinFourGenerationsEitherWay(int seq, bool recent)
    {
        using var lru = new OneLruvec("mglru@6.18");
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.None);
        uint stamp = unchecked((uint)seq << 2) & lru.View.StampMask;
        ShadowEntry shadow = new(stamp, lru.View.Memcg.Id, (byte)lru.View.Node.Id, Workingset: true);

        MglruPolicy.OnRefault(lru.View, pfn, shadow, inFault: false);

        Assert.That(lru.View.Total(Counter.workingset_refault_file), Is.EqualTo(1), "always");
        Assert.That(StateOf(lru).Refaulted[Tiers + 3], Is.EqualTo(recent ? 1 : 0), "kernel-reclaim 5.14: the working set's tier");
        Assert.That(lru.View.Total(Counter.workingset_restore_file), Is.EqualTo(recent ? 1 : 0));
        Assert.That(lru.View.Total(Counter.workingset_activate_file), Is.Zero, "outside a fault nothing is activated");
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(recent ? FolioFlags.Workingset : FolioFlags.None));
    }

    [TestCase("mglru@6.1", 100)]
    [TestCase("mglru@6.12", 100)]
    [TestCase("mglru@6.18", 100 >> 4)]
    public void TheFirstFormSortsUpTo4096WhateverTheShareOfThePriority(string policy, int examined)
    {
        using var lru = new OneLruvec(policy);
        for (uint page = 0; page < 100; page++)
            lru.PlaceAgain(lru.Read(page), Saturated, PlaceHint.Tail);

        LruvecBudget budget = default;
        FolioBatch batch = Isolate(lru, swappiness: 0, ref budget, priority: 4);

        Assert.That(batch.Count, Is.Zero);
        Assert.That(lru.View.Total(Counter.pgrefill), Is.EqualTo(examined), "kernel-reclaim 5.8");
    }

    [TestCase("mglru@6.1", 12)]
    [TestCase("mglru@6.12", 6)]
    [TestCase("mglru@6.18", 6)]
    public void ALargeReclaimOfTheMachineIsPreparedForItsSizeSince612(string policy, int prepared)
    {
        using var lru = new OneLruvec(policy);
        for (uint page = 0; page < 100; page++)
            lru.Read(page);
        var scan = new ScanControl { Priority = 12, NrToReclaim = 64, MaySwap = true };
        PassState pass = default;

        MglruPolicy.Prepare(lru.View, ref scan, ref pass);

        Assert.That(scan.Priority, Is.EqualTo(prepared), "kernel-reclaim 5.12");
    }

    [TestCase("mglru@6.1")]
    [TestCase("mglru@6.12")]
    [TestCase("mglru@6.18")]
    public void TheFirstAccessStartsToCountAnew(string policy)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = lru.Read(0);
        lru.PlaceAgain(pfn, FolioFlags.RefsMask);

        MglruPolicy.OnEvent(lru.View, pfn, FolioEvent.DescriptorAccess);

        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Referenced), "kernel-reclaim 5.3: it zeroes refs");
    }

    [TestCase("mglru@6.1", 3)]
    [TestCase("mglru@6.12", 3)]
    [TestCase("mglru@6.18", 2)]
    public void AFaultedPageStartsYoung(string policy, int generation)
    {
        using var lru = new OneLruvec(policy);

        FolioFlags flags = lru.FlagsOf(lru.Anon(0));

        Assert.That((uint)(flags & FolioFlags.GenerationMask) >> FolioField.GenerationShift, Is.EqualTo((uint)generation + 1), "kernel-reclaim 5.4");
    }

    [Test]
    public void AnonymousPagesAloneMeansNoOtherType()
    {
        using var lru = new OneLruvec("mglru@6.18");
        for (uint page = 0; page < 10; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.None, PlaceHint.Tail);
        lru.PlaceAgain(lru.Anon(0), FolioFlags.Active);

        FolioBatch batch = Isolate(lru, swappiness: 201);

        Assert.That(batch.Count, Is.Zero, "kernel-reclaim 5.5: files are not evictable, and anon's oldest generation is empty");
        Assert.That((StateOf(lru).MinSeq[0], StateOf(lru).MinSeq[1]), Is.EqualTo((2ul, 0ul)), "kernel-reclaim 5.9");
    }

    private static ref MglruPolicy.Generations StateOf(OneLruvec lru) => ref lru.View.State<MglruPolicy.Generations>();

    private static FolioBatch Isolate(OneLruvec lru, int swappiness)
    {
        LruvecBudget budget = default;
        return Isolate(lru, swappiness, ref budget, priority: 0);
    }

    private static FolioBatch Isolate(OneLruvec lru, int swappiness, ref LruvecBudget budget, int priority)
    {
        var scan = new ScanControl { Target = lru.Engine.Root, Priority = priority, Swappiness = swappiness, MaySwap = true, NrToReclaim = 1000 };
        PassState pass = default;
        FolioBatch batch = default;
        MglruPolicy.Isolate(lru.View, ref scan, ref pass, ref budget, ref batch);
        return batch;
    }

    /// <summary>A page of the oldest generation of files in a tier, by the flags of the version.</summary>
    private static uint InTier(OneLruvec lru, uint page, int tier)
    {
        bool firstForm = lru.View.Version < KernelVersion.V6_18;
        FolioFlags flags = tier switch
        {
            0 => FolioFlags.Referenced,
            1 => FolioFlags.Referenced | (firstForm ? FolioFlags.Workingset : Refs(1)),
            2 => FolioFlags.Referenced | (firstForm ? FolioFlags.Workingset | Refs(1) : Refs(2)),
            _ => firstForm ? Saturated : FolioFlags.Referenced | FolioFlags.Workingset,
        };
        uint pfn = lru.Read(page);
        lru.PlaceAgain(pfn, flags, PlaceHint.Tail);
        return pfn;
    }

    private static void SetTier(OneLruvec lru, int type, int tier, int refaults, int total)
    {
        ref MglruPolicy.Generations state = ref StateOf(lru);
        state.Refaulted[type * Tiers + tier] = refaults;
        state.AverageTotal[type * Tiers + tier] = total;
    }

    private static void FillOldest(OneLruvec lru)
    {
        for (uint page = 0; page < 100; page++)
        {
            lru.PlaceAgain(lru.Anon(page), FolioFlags.None, PlaceHint.Tail);
            lru.PlaceAgain(lru.Read(page), FolioFlags.None, PlaceHint.Tail);
        }
    }

    private static FolioFlags Refs(int refs) => (FolioFlags)((uint)refs << FolioField.RefsShift);

    private static uint[] Pfns(FolioBatch batch) => [.. Enumerable.Range(0, batch.Count).Select(i => batch[i])];
}
