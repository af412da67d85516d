using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>What classic's versions differ in, and what they share of refaults: kernel-reclaim 2.8, 2.9, 3.3, 3.4 and 14.</summary>
public unsafe class ClassicVersionTests
{
    private const int InactiveAnon = 0;
    private const int ActiveAnon = 1;

    private AccessTally _tally;

    // Two pages of a file were written and three more were scanned in vain; or three active ones stayed.
    [TestCase("classic@6.1", 2, 0)]
    [TestCase("classic@6.12", 32 * 2 + 3, 3)]
    [TestCase("classic@6.18", 32 * 2 + 3, 3)]
    [TestCase("classic", 32 * 2 + 3, 3)]
    public void AShrinkCostsWritesAndSince612WhatItScannedInVain(string policy, int shrink, int deactivation)
    {
        using var lru = new OneLruvec(policy);
        Fill(lru, 1000);
        var scan = new ScanControl();
        LruvecBudget budget = default;
        var shrunk = new FolioBatch { Type = FolioType.File, Scanned = 32, Reclaimed = 29, Written = 2 };
        ClassicPolicy.After(lru.View, ref scan, ref budget, ref shrunk);
        Assert.That(lru.View.CostOf(FolioType.File), Is.EqualTo(shrink), "kernel-reclaim 2.9");

        FolioBatch kept = default;
        (kept.Disposition, kept.Type) = (Disposition.Deactivate, FolioType.Anon);
        for (int i = 0; i < 5; i++)
            lru.View.TryIsolate(lru.View.Tail(2), ref kept);
        for (int i = 0; i < 3; i++)
            lru.View.SetFlags(kept[i], FolioFlags.Active);
        kept.Survivors = 5;
        ClassicPolicy.After(lru.View, ref scan, ref budget, ref kept);

        Assert.That(lru.View.CostOf(FolioType.Anon), Is.EqualTo(deactivation), "pages that were rotated");
        Assert.That((lru.View.Total(Counter.pgrefill), lru.View.Total(Counter.pgdeactivate)), Is.EqualTo((5L, 2L)), "kernel-reclaim 2.5");
        Assert.That(lru.View.NonresidentAge, Is.EqualTo(3), "kernel-reclaim 2.14: what is put back active advances the clock");
    }

    // kernel-reclaim 3.4: the counters and flags after a refault at the edge of the distance and one beyond.
    [TestCase(true, true, FolioFlags.Active | FolioFlags.Workingset, 1, 1)]
    [TestCase(true, false, FolioFlags.Active, 1, 0)]
    [TestCase(false, true, FolioFlags.None, 0, 0)]
    [TestCase(false, false, FolioFlags.None, 0, 0)]
    public void ARefaultLeavesItsFlagsAndCounts(bool recent, bool workingset, FolioFlags flags, int activated, int restored)
    {
        foreach ((string policy, int cost) in (ReadOnlySpan<(string, int)>)[("classic@6.1", 1), ("classic@6.12", 32), ("classic@6.18", 32)])
        {
            using var lru = new OneLruvec(policy, 0);
            Fill(lru, 1000);
            for (uint page = 0; page < 10; page++)
                lru.PlaceAgain(lru.Read(page, 0), FolioFlags.Active);
            uint pfn = lru.Read(500, 0);
            lru.PlaceAgain(pfn, workingset ? FolioFlags.Workingset : FolioFlags.None);
            ShadowEntry shadow = ClassicPolicy.MakeShadow(lru.View, pfn, lru.View);
            lru.PlaceAgain(pfn, FolioFlags.None);
            lru.View.AdvanceNonresidentAge(recent ? 9u : 10u);
            ulong age = lru.View.NonresidentAge;

            ClassicPolicy.OnRefault(lru.View, pfn, shadow, inFault: true);

            Assert.That(lru.MemoryOf(pfn), Is.EqualTo(flags), policy);
            Assert.That(lru.View.NonresidentAge - age, Is.EqualTo((ulong)activated));
            Assert.That(lru.View.Total(Counter.workingset_refault_file), Is.EqualTo(1), "recent or not");
            Assert.That(lru.View.Total(Counter.workingset_activate_file), Is.EqualTo(activated));
            Assert.That(lru.View.Total(Counter.workingset_restore_file), Is.EqualTo(restored));
            Assert.That(lru.View.CostOf(FolioType.File), Is.EqualTo(restored * cost), "kernel-reclaim 2.9");
        }
    }

    // The page left with the parent's clock; the child, where it comes back, may not swap, or the parent may not.
    [TestCase("classic@6.1", false, true)]
    [TestCase("classic@6.12", true, true)]
    [TestCase("classic@6.18", true, true)]
    [TestCase("classic", true, true)]
    [TestCase("classic@6.1", false, false)]
    [TestCase("classic@6.12", false, false)]
    public void WhoseSwapCountsForADistanceIsTheVersions(string policy, bool counts, bool evictedByTheParent)
    {
        using var lru = new OneLruvec(policy);
        MemoryCgroup parent = lru.Engine.CreateMemcg("p");
        MemoryCgroup child = lru.Engine.CreateMemcg("c", parent);
        lru.Engine.SetSwapMax(child, 0);
        AddressSpace space = lru.Engine.CreateAddressSpace("s", 100, child);
        for (uint page = 0; page < 100; page++)
            lru.Engine.Access(space, [page], ref _tally);
        PageFile file = lru.Engine.CreateFile(10);
        lru.Engine.AccessFile(file, 0, false, child, 0, ref _tally);
        uint pfn = lru.Machine.Tables.FrameAt(file.SlotOf(0));
        PolicyView view = lru.Engine.Host.ViewOf(child, lru.Engine.Nodes[0]);
        PolicyView target = evictedByTheParent ? lru.Engine.Host.ViewOf(parent, lru.Engine.Nodes[0]) : view;
        ShadowEntry shadow = ClassicPolicy.MakeShadow(view, pfn, target);
        view.AdvanceNonresidentAge(50);

        ClassicPolicy.OnRefault(view, pfn, shadow, inFault: false);

        Assert.That(
            (lru.FlagsOf(pfn) & FolioFlags.Active) != 0,
            Is.EqualTo(counts),
            "kernel-reclaim 3.3: 6.1 asks for swap of who faults, later ones of who evicted; 100 anonymous pages are in question");
    }

    [Test]
    public void WithItsCgroupGoneAPageIsNotRecent()
    {
        using var lru = new OneLruvec("classic");
        Fill(lru, 100);
        uint pfn = lru.Read(0, 0);
        ShadowEntry shadow = ClassicPolicy.MakeShadow(lru.View, pfn, lru.View);

        ClassicPolicy.OnRefault(lru.View, pfn, shadow with { Memcg = 7 }, inFault: true);

        Assert.That(lru.FlagsOf(pfn) & FolioFlags.Active, Is.EqualTo(FolioFlags.None), "kernel-reclaim 3.3");
        Assert.That(lru.View.Total(Counter.workingset_refault_file), Is.EqualTo(1));
    }

    // kernel-reclaim 2.8, row 3, and 15: without swap 6.18 scans files for a request of anonymous pages alone.
    // Before 6.18 no file takes such a request; one by the API means what it means later.
    [TestCase("classic@6.1", true, "Anon")]
    [TestCase("classic@6.12", true, "Anon")]
    [TestCase("classic@6.18", true, "Anon")]
    [TestCase("classic@6.18", false, "File")]
    [TestCase("classic", true, "Anon")]
    [TestCase("classic", false, "Nothing")]
    public void AnonymousPagesAloneAreTheVersionsBusiness(string policy, bool swap, string balance)
    {
        using var lru = new OneLruvec(policy, swap ? null : 0ul);
        var scan = new ScanControl { MaySwap = true, Priority = 0, Target = lru.Engine.Root };

        Assert.That(ClassicPolicy.BalanceOf(lru.View, scan, default, 201).ToString(), Is.EqualTo(balance));
    }

    // The rows of kernel-reclaim 2.4 that two mappings or a remembered reference share.
    [TestCase(2, false, false, false, Verdict.Activate, true)]
    [TestCase(2, true, false, false, Verdict.Activate, true)]
    [TestCase(2, true, true, true, Verdict.Activate, true)]
    [TestCase(3, false, true, false, Verdict.Activate, true)]
    [TestCase(1, true, true, true, Verdict.Activate, true)]
    [TestCase(0, true, true, true, Verdict.ReclaimClean, false)]
    public void TheVerdictIsTheSameInEveryVersion(int mappings, bool referenced, bool file, bool executable, Verdict verdict, bool after)
    {
        foreach (string policy in (string[])["classic@6.1", "classic@6.12", "classic@6.18"])
        {
            using var lru = new OneLruvec(policy);
            uint pfn = file ? lru.Read(0) : lru.Anon(0);
            lru.PlaceAgain(pfn, referenced ? FolioFlags.Referenced : FolioFlags.None);

            Assert.That(ClassicPolicy.Verdict(lru.View, pfn, new References(mappings, executable), Disposition.Shrink), Is.EqualTo(verdict), policy);
            Assert.That(lru.MemoryOf(pfn), Is.EqualTo(after ? FolioFlags.Referenced : FolioFlags.None));
        }
    }

    [Test]
    public void DeactivationTakes32FromTheTailToTheHeadOfTheInactiveList()
    {
        using var lru = new OneLruvec("classic");
        uint[] active = new uint[100];
        for (uint page = 0; page < 100; page++)
        {
            active[page] = lru.Anon(page);
            lru.PlaceAgain(active[page], FolioFlags.Active | FolioFlags.Referenced);
        }

        lru.Engine.SetSwappiness(lru.Engine.Root, 0);
        uint file = lru.Read(0, 1);
        lru.PlaceAgain(file, FolioFlags.None);

        lru.Engine.Reclaim(new ReclaimRequest(1));

        Assert.That(lru.View.Count(ActiveAnon), Is.EqualTo(100 - lru.View.Count(InactiveAnon)));
        Assert.That(lru.View.Count(InactiveAnon), Is.EqualTo(32).Or.EqualTo(64), "32 a visit, until the inactive list is not low");
        Assert.That(lru.View.Tail(InactiveAnon), Is.EqualTo(active[0]), "the oldest went first, and what followed before it");
        Assert.That(lru.View.Tail(ActiveAnon), Is.EqualTo(active[lru.View.Count(InactiveAnon)]));
        Assert.That(lru.MemoryOf(active[0]), Is.EqualTo(FolioFlags.Workingset | FolioFlags.Referenced), "kernel-reclaim 2.5: young or not, and its flag stays");
        Assert.That(lru.Machine.Tables.TestAndClear(lru.Machine.Tables.Accessed, lru.Space.BaseSlot), Is.False, "its accessed bit was cleared");
    }

    [Test]
    public void AnonIsAgedWhereSwapExistsThoughItIsFull()
    {
        using var lru = new OneLruvec("classic", 10);
        FillActiveAnon(lru.Anon, lru.View, 100);
        while (lru.Machine.TryTakeSwap(lru.Engine.Root))
        {
        }

        FolioBatch batch = Visit(lru.View, new ScanControl { MaySwap = true });

        Assert.That((batch.Count, batch.Disposition), Is.EqualTo((32, Disposition.Deactivate)), "kernel-reclaim 2.10");
    }

    [TestCase(50, 0, true)]
    [TestCase(99, 0, true)]
    [TestCase(100, 0, false, Description = "as many inactive as active ones on the node, though the cgroup has none")]
    [TestCase(0, 101, true)]
    public void KswapdAgesAnonByTheListsOfTheWholeNode(int rootInactive, int rootActive, bool ages)
    {
        using var lru = new OneLruvec("classic");
        MemoryCgroup child = lru.Engine.CreateMemcg("c");
        AddressSpace space = lru.Engine.CreateAddressSpace("s", 100, child);
        PolicyView view = lru.Engine.Host.ViewOf(child, lru.Engine.Nodes[0]);
        FillActiveAnon(Anon, view, 100);
        for (uint page = 0; page < rootInactive; page++)
            lru.PlaceAgain(lru.Anon(page), FolioFlags.None);
        FillActiveAnon(lru.Anon, lru.View, (uint)rootActive);
        var background = new ScanControl { Reclaimer = Reclaimer.Kswapd, Background = true, MaySwap = true };
        PassState pass = default;
        LruvecBudget budget = default;

        ClassicPolicy.Prepare(lru.View, ref background, ref pass);

        Assert.That(ClassicPolicy.Budget(view, ref background, ref pass, ref budget), Is.EqualTo(ages), "kernel-reclaim 2.17");
        if (ages)
            Assert.That(Visit(view, background).Count, Is.EqualTo(32));

        uint Anon(uint page)
        {
            lru.Engine.Access(space, [page], ref _tally);
            return lru.Machine.Tables.FrameAt(space.BaseSlot + page);
        }
    }

    private static FolioBatch Visit(PolicyView view, ScanControl scan)
    {
        PassState pass = default;
        LruvecBudget budget = default;
        FolioBatch batch = default;
        ClassicPolicy.Isolate(view, ref scan, ref pass, ref budget, ref batch);
        return batch;
    }

    private static void FillActiveAnon(Func<uint, uint> fault, PolicyView view, uint pages)
    {
        for (uint page = 0; page < pages; page++)
        {
            uint pfn = fault(page);
            view.SetFlags(pfn, FolioFlags.Active);
            view.MoveToHead(ActiveAnon, pfn);
        }
    }

    private static void Fill(OneLruvec lru, uint pages)
    {
        for (uint page = 0; page < pages; page++)
            lru.PlaceAgain(lru.Read(page), FolioFlags.None);
    }
}
