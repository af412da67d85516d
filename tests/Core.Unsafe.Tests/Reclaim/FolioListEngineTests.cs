using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>One batch at a time: kernel-reclaim 2.12 and 2.14.</summary>
public unsafe class FolioListEngineTests
{
    /// <summary>Those that take what goes next from a list's tail.</summary>
    private static readonly string[] ColdAtTheTail = [.. SmallMachine.PolicyNames.Except(["lfu", "mru", "lruk", "lirs", "clockpro"])];

    [Test]
    public void WhatTheFlusherHasCleanedGoesToTheColdEndOfTheOldest([ValueSource(nameof(ColdAtTheTail))] string policy)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = lru.Read(0);
        lru.Read(1);
        lru.Read(2);
        FolioBatch batch = Isolate(lru, pfn);
        lru.Machine.Frames.Set(pfn, FolioFlags.Dirty | FolioFlags.Reclaim | FolioFlags.Active);
        batch.Survivors = 1;

        new FolioListEngine(lru.Engine.Host, null).PutBack(lru.View, ref batch);

        int coldest = policy switch { "classic" => 2, "mglru" or "comeback" => 1, _ => 0 };
        Assert.That(lru.View.ListOf(pfn), Is.EqualTo(coldest), "not where its active flag would have put it");
        Assert.That(lru.View.Tail(coldest), Is.EqualTo(pfn));
        Assert.That(lru.FlagsOf(pfn) & (FolioFlags.Dirty | FolioFlags.Reclaim | FolioFlags.Active | FolioFlags.Isolated), Is.EqualTo(FolioFlags.None));
        Assert.That(lru.View.Total(Counter.pgrotated), Is.EqualTo(1));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void ADirtyPageThatReclaimDidNotTagStaysDirty()
    {
        using var lru = new OneLruvec("fifo");
        uint pfn = lru.Read(0);
        FolioBatch batch = Isolate(lru, pfn);
        lru.Machine.Frames.Set(pfn, FolioFlags.Dirty);
        batch.Survivors = 1;

        new FolioListEngine(lru.Engine.Host, null).PutBack(lru.View, ref batch);

        Assert.That(lru.FlagsOf(pfn) & FolioFlags.Dirty, Is.EqualTo(FolioFlags.Dirty));
        Assert.That(lru.View.Total(Counter.pgrotated), Is.Zero);
    }

    [TestCase("fifo", true)]
    [TestCase("sieve", true)]
    [TestCase("classic", false)]
    [TestCase("mglru", false)]
    public void ADirtyFilePageIsWrittenWhereThePolicyHasDecidedAndElseLeftToTheFlusher(string policy, bool goes)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = lru.Read(0);
        FolioBatch batch = Isolate(lru, pfn);
        lru.Machine.Frames.Set(pfn, FolioFlags.Dirty);

        new FolioListEngine(lru.Engine.Host, null).Shrink(lru.View, lru.View, new ScanControl { MaySwap = true }, ref batch);

        Assert.That((batch.Reclaimed, batch.Written), Is.EqualTo(goes ? (1L, 1L) : (0L, 0L)));
        Assert.That(lru.View.Total(Counter.nr_vmscan_write), Is.EqualTo(goes ? 1 : 0));
        Assert.That(lru.View.Total(Counter.nr_vmscan_immediate_reclaim), Is.EqualTo(goes ? 0 : 1));
        Assert.That(lru.File.Resident, Is.EqualTo(goes ? 0 : 1));
    }

    [Test]
    public void APinnedPageIsIsolatedAndSurvivesWhateverItsPolicySays([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = lru.Anon(3);
        ClearAccessed(lru, lru.Space.BaseSlot + 3);
        lru.Engine.SetPinned(lru.Space, 3, true);
        FolioBatch batch = Isolate(lru, pfn);
        var engine = new FolioListEngine(lru.Engine.Host, null);

        engine.Shrink(lru.View, lru.View, new ScanControl { MaySwap = true }, ref batch);
        engine.PutBack(lru.View, ref batch);

        Assert.That((batch.Reclaimed, batch.Survivors), Is.EqualTo((0L, 1)));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [TestCase(true, false)]
    [TestCase(false, true)]
    public void ReferencesFromOutsideTheTargetSaveAPageFromTheMachineOnly(bool forTarget, bool saved)
    {
        using var lru = new OneLruvec("classic");
        MemoryCgroup owner = lru.Engine.CreateMemcg("owner");
        MemoryCgroup stranger = lru.Engine.CreateMemcg("stranger");
        AccessTally tally = default;
        lru.Engine.AccessFile(lru.File, 0, false, owner, 0, ref tally);
        lru.Mapping(0, memcg: stranger);
        PolicyView view = lru.Engine.Host.ViewOf(owner, lru.Engine.Nodes[0]);
        uint pfn = lru.Read(0, 0);
        var scan = new ScanControl { Target = forTarget ? owner : null, MaySwap = true };
        FolioBatch batch = default;
        view.TryIsolate(pfn, ref batch);
        var engine = new FolioListEngine(lru.Engine.Host, null);

        engine.Shrink(view, view, scan, ref batch);
        engine.PutBack(view, ref batch);

        Assert.That(batch.Survivors, Is.EqualTo(saved ? 1 : 0));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void AnEvictedPageLeavesItsShadowAndNothingElse()
    {
        using var lru = new OneLruvec("classic", 10);
        uint pfn = lru.Anon(3);
        lru.PlaceAgain(pfn, FolioFlags.Workingset);
        lru.View.AdvanceNonresidentAge(77);
        uint slot = lru.Space.BaseSlot + 3;
        ClearAccessed(lru, slot);
        FolioBatch batch = Isolate(lru, pfn);

        new FolioListEngine(lru.Engine.Host, null).Shrink(lru.View, lru.View, new ScanControl { MaySwap = true }, ref batch);

        Assert.That((batch.Reclaimed, batch.Written, batch.Survivors), Is.EqualTo((1L, 1L, 0)));
        ShadowEntry shadow = lru.Engine.Host.Shadows.Unpack(Entry(lru, slot), 0, 0, out int tag);
        Assert.That(shadow, Is.EqualTo(new ShadowEntry(77, 0, 0, true)));
        Assert.That(tag, Is.Zero);
        Assert.That(lru.Engine.SwapFree, Is.EqualTo(9ul));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void WithoutSwapAnAnonymousPageIsActivated()
    {
        using var lru = new OneLruvec("classic", 0);
        uint pfn = lru.Anon(3);
        ClearAccessed(lru, lru.Space.BaseSlot + 3);
        FolioBatch batch = Isolate(lru, pfn);

        new FolioListEngine(lru.Engine.Host, null).Shrink(lru.View, lru.View, new ScanControl { MaySwap = true }, ref batch);

        Assert.That((batch.Reclaimed, batch.Survivors), Is.EqualTo((0L, 1)));
        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Active), "kernel-reclaim 2.12, step 11");
        Assert.That(lru.View.Total(Counter.pgactivate), Is.EqualTo(1));
    }

    [Test]
    public void TheEndOfACycleRemembersRefaultsOfBothTypes([Values] bool byKswapd)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { Nodes = [new NodeOptions(300)] });
        AddressSpace space = engine.CreateAddressSpace("s", 300);
        AccessTally tally = default;
        for (uint page = 0; page < 262; page++)
            engine.Access(space, [page], ref tally);
        PolicyView view = engine.Host.ViewOf(engine.Root, engine.Nodes[0]);
        view.Count(Counter.workingset_activate_anon, 3);
        view.Count(Counter.workingset_activate_file, 5);

        if (byKswapd)
            engine.RunKswapd(engine.Nodes[0]);
        else
            engine.Reclaim(new ReclaimRequest(1, engine.Root));

        Assert.That((view.RefaultSnapshot(FolioType.Anon), view.RefaultSnapshot(FolioType.File)), Is.EqualTo((3L, 5L)));
    }

    /// <summary>Clears the accessed bit, so that the verdict is to reclaim.</summary>
    private static void ClearAccessed(OneLruvec lru, uint slot) => lru.Machine.Tables.Clear(lru.Machine.Tables.Accessed, slot);

    private static uint Entry(OneLruvec lru, uint slot) => lru.Machine.Tables.Entry[slot];

    private static FolioBatch Isolate(OneLruvec lru, uint pfn)
    {
        FolioBatch batch = default;
        lru.View.Ops.Remove(lru.View, pfn, RemoveReason.Freed);
        Assert.That(lru.View.TryIsolate(pfn, ref batch), Is.True);
        return batch;
    }
}
