using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>What kswapd does before and after its passes: kernel-reclaim 2.15, 2.17, 5.11 and 5.13.</summary>
public unsafe class KswapdTests
{
    [TestCase(KernelVersion.V6_1, 1, 1)]
    [TestCase(KernelVersion.V6_12, 2, 0)]
    [TestCase(KernelVersion.V6_18, 2, 0)]
    [TestCase(KernelVersion.Fixed, 2, 0)]
    public void ARunThatTrimmedTheCacheInVainIsRepeatedWithout(KernelVersion kernel, int runs, int failures)
    {
        var log = new TrimLog();
        using Engine engine = Short(kernel, log);
        Node node = engine.Nodes[0];

        long reclaimed = engine.RunKswapd(node);

        Assert.That(log.FirstPasses, Is.EqualTo(runs));
        Assert.That((reclaimed > 0, node.KswapdFailures), Is.EqualTo((runs == 2, failures)));
        Assert.That(engine.ReadGlobal(Counter.pageoutrun), Is.EqualTo(1), "it is still one run");
    }

    [Test]
    public void ARunThatFailsWithoutTrimmingIsNotRepeated()
    {
        var log = new TrimLog { Trims = false, Refuses = true };
        using Engine engine = Short(KernelVersion.Fixed, log);

        engine.RunKswapd(engine.Nodes[0]);

        Assert.That((log.FirstPasses, engine.Nodes[0].KswapdFailures), Is.EqualTo((1, 1)));
    }

    [Test]
    public void ARepetitionInVainIsOneFailure()
    {
        var log = new TrimLog { Refuses = true };
        using Engine engine = Short(KernelVersion.Fixed, log);

        engine.RunKswapd(engine.Nodes[0]);

        Assert.That((log.FirstPasses, engine.Nodes[0].KswapdFailures), Is.EqualTo((2, 1)));
    }

    [Test]
    public void ClassicTrimsNoCacheWhenThatFailed([Values] bool noCacheTrim)
    {
        using var lru = new OneLruvec("classic");
        for (uint page = 0; page < 100; page++)
            lru.Read(page);
        var scan = new ScanControl { MaySwap = true, Priority = 6, Reclaimer = Reclaimer.Kswapd, NoCacheTrim = noCacheTrim };
        PassState pass = default;

        ClassicPolicy.Prepare(lru.View, ref scan, ref pass);

        Assert.That((scan.CacheTrim, PassState.As<ClassicPolicy.Pass>(ref pass).CacheTrim), Is.EqualTo((!noCacheTrim, !noCacheTrim)));
    }

    [Test]
    public void ProgressInAnyPassOverANodeForgetsItsFailures()
    {
        using var engine = new Engine(SmallMachine.Form("fifo") with { Nodes = [new NodeOptions(1000), new NodeOptions(1000)] });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Touch(engine, memcg, 100);
        engine.Nodes[0].KswapdFailures = 16;
        engine.Nodes[1].KswapdFailures = 16;

        Assert.That(engine.Reclaim(new ReclaimRequest(10, memcg)).Reclaimed, Is.EqualTo(10));

        Assert.That((engine.Nodes[0].KswapdFailures, engine.Nodes[1].KswapdFailures), Is.EqualTo((0, 16)), "nothing came from node 1");
    }

    [TestCase(90, true, Description = "60 + 90 active against 100 inactive: 32 of each that has as many")]
    [TestCase(30, false, Description = "60 + 30 active")]
    public void ClassicLooksAtTheNodeAsAWholeAndThenDeactivatesInEveryCgroup(int activeOfSecond, bool ages)
    {
        using var engine = new Engine(SmallMachine.Form("classic"));
        MemoryCgroup first = engine.CreateMemcg("first");
        MemoryCgroup second = engine.CreateMemcg("second");
        Touch(engine, first, 60, active: 60);
        Touch(engine, second, (uint)(100 + activeOfSecond), active: activeOfSecond);
        engine.SetProtection(first, 60, 0);

        Background(engine);

        LruSizes a = engine.SizesOf(first, engine.Nodes[0]);
        LruSizes b = engine.SizesOf(second, engine.Nodes[0]);
        Assert.That((a.InactiveAnon, b.InactiveAnon), Is.EqualTo(ages ? (32L, 132L) : (0L, 100L)), "whatever each is short of, and protected or not");
    }

    [TestCase("mglru@6.1", false, 4ul)]
    [TestCase("mglru@6.1", true, 3ul, Description = "below min")]
    [TestCase("mglru@6.12", false, 3ul)]
    [TestCase("mglru@6.18", false, 3ul)]
    [TestCase("mglru", false, 3ul)]
    public void MglruOf61AgesEveryCgroupBeforeThePass(string preset, bool isProtected, ulong maxSeq)
    {
        PolicyChoice choice = PolicyShelf.BuiltIn.Parse(preset);
        using var engine = new Engine(SmallMachine.Options(choice.Define()) with { Kernel = choice.Version });
        MemoryCgroup[] memcgs = [engine.CreateMemcg("a"), engine.CreateMemcg("b")];
        foreach (MemoryCgroup memcg in memcgs)
        {
            Touch(engine, memcg, 100);
            ref MglruPolicy.Generations lru = ref GenerationsOf(engine, memcg);
            lru.MinSeq[0] = lru.MinSeq[1] = 2;
        }

        if (isProtected)
            engine.SetProtection(memcgs[1], 100, 0);

        Background(engine);

        Assert.That(GenerationsOf(engine, memcgs[0]).MaxSeq, Is.EqualTo(isProtected ? 4ul : maxSeq));
        Assert.That(GenerationsOf(engine, memcgs[1]).MaxSeq, Is.EqualTo(maxSeq));
    }

    [TestCase(0, 1000, true, Description = "off")]
    [TestCase(500, 1499, false, Description = "used 499 ms ago")]
    [TestCase(500, 1500, false)]
    [TestCase(500, 1501, true, Description = "more than the time to live ago")]
    public void WithATimeToLiveSomethingMustBeOlderThanIt(long ttl, long now, bool isReclaimable)
    {
        using Engine engine = Born(1000);
        engine.MinTtlMs = ttl;
        engine.NowMs = now;

        Assert.That(Background(engine), Is.EqualTo(isReclaimable), "kernel-reclaim 5.13");
    }

    [Test]
    public void WhatIsBelowMinOrTooSmallIsNotReclaimableHoweverOld()
    {
        using Engine engine = Born(1000);
        engine.MinTtlMs = 500;
        engine.NowMs = 5000;
        Assert.That(Background(engine, priority: 6), Is.True, "100 >> 6");
        Assert.That(Background(engine, priority: 7), Is.False, "100 >> 7 is nothing");

        engine.SetProtection(engine.Memcgs[1], 100, 0);
        Assert.That(Background(engine), Is.True, "the other");
        engine.SetProtection(engine.Memcgs[2], 100, 0);
        Assert.That(Background(engine), Is.False);
    }

    [Test]
    public void OneOldCgroupIsEnough()
    {
        using Engine engine = Born(1000);
        engine.MinTtlMs = 500;
        engine.NowMs = 1200;
        for (int generation = 0; generation < 4; generation++)
            GenerationsOf(engine, engine.Memcgs[2]).Birth[generation] = 10;

        Assert.That(Background(engine), Is.True);
    }

    [TestCase("mglru@6.1", 7L, Description = "that of files")]
    [TestCase("mglru@6.12", 7L)]
    [TestCase("mglru@6.18", 5L, Description = "anonymous pages are older, and can go")]
    [TestCase("mglru", 5L)]
    [TestCase("classic", long.MinValue, Description = "no ages")]
    public void TheBirthThatCountsIsThatOfTheOldestEvictableGeneration(string preset, long birth)
    {
        using var engine = new Engine(SmallMachine.Options(PolicyShelf.BuiltIn.Parse(preset).Define()));
        PolicyView view = engine.Host.ViewOf(engine.Root, engine.Nodes[0]);
        if (preset != "classic")
        {
            ref MglruPolicy.Generations lru = ref view.State<MglruPolicy.Generations>();
            lru.MinSeq[0] = 0;
            lru.MinSeq[1] = 1;
            lru.Birth[0] = 5;
            lru.Birth[1] = 7;
        }

        Assert.That(view.Ops.OldestBirthMs(view, 60), Is.EqualTo(birth));
        Assert.That(view.Ops.OldestBirthMs(view, 0), Is.EqualTo(preset == "classic" ? birth : 7), "files alone");
    }

    [Test]
    public void MglruOf61DoesNotAgeWhatIsTooYoung([Values] bool tooYoung)
    {
        PolicyChoice choice = PolicyShelf.BuiltIn.Parse("mglru@6.1");
        using var engine = new Engine(SmallMachine.Options(choice.Define()) with { Kernel = choice.Version });
        MemoryCgroup memcg = engine.CreateMemcg("a");
        Touch(engine, memcg, 100);
        ref MglruPolicy.Generations lru = ref GenerationsOf(engine, memcg);
        lru.MinSeq[0] = lru.MinSeq[1] = 2;
        engine.NowMs = 1000;
        engine.MinTtlMs = tooYoung ? 1000 : 999;

        Background(engine);

        Assert.That(lru.MaxSeq, Is.EqualTo(tooYoung ? 3ul : 4ul));
    }

    [Test]
    public void ARunWithNothingOldEnoughIsAnOutOfMemoryEventAndReclaimsAllTheSame([Values] bool on)
    {
        using var engine = new Engine(SmallMachine.Form("mglru") with { Nodes = [new NodeOptions(4000)] });
        engine.NowMs = 1000;
        engine.MinTtlMs = on ? 10 : 0;
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 8000, memcg);
        AccessTally tally = default;
        for (uint page = 0; !engine.Nodes[0].KswapdWanted; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(engine.ReadGlobal(Counter.oom), Is.Zero);
        Assert.That(engine.RunKswapd(engine.Nodes[0]), Is.Positive);

        Assert.That(engine.ReadGlobal(Counter.oom), on ? Is.Positive : Is.Zero);
    }

    [Test]
    public void ATimeToLiveIsNotNegative()
    {
        using var engine = new Engine(SmallMachine.Form("mglru"));
        engine.MinTtlMs = 7;

        Assert.That(() => engine.MinTtlMs = -1, Throws.TypeOf<EngineException>().With.Message.Contains("-1 ms"));
        Assert.That(engine.MinTtlMs, Is.EqualTo(7));
    }

    /// <summary>Two cgroups of 100 pages under mglru, born then.</summary>
    private static Engine Born(long nowMs)
    {
        var engine = new Engine(SmallMachine.Form("mglru")) { NowMs = nowMs };
        Touch(engine, engine.CreateMemcg("a"), 100);
        Touch(engine, engine.CreateMemcg("b"), 100);
        return engine;
    }

    /// <summary>A node below its watermarks, all of it under the policy below.</summary>
    private static Engine Short(KernelVersion kernel, TrimLog log)
    {
        var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Trimmer>(log)) with { Nodes = [new NodeOptions(300)], Kernel = kernel });
        Touch(engine, null, 266);
        return engine;
    }

    private static bool Background(Engine engine, int priority = 0)
    {
        ScanControl scan = new() { Reclaimer = Reclaimer.Kswapd, Background = true, MaySwap = true, Priority = priority, NrToReclaim = 32 };
        return engine.Pass.RunBackground(engine.Nodes[0], scan, ref scan);
    }

    private static ref MglruPolicy.Generations GenerationsOf(Engine engine, MemoryCgroup memcg) =>
        ref engine.Host.ViewOf(memcg, engine.Nodes[0]).State<MglruPolicy.Generations>();

    /// <summary>Faults pages in, the first ones of them to be active as the classic LRU has it.</summary>
    private static void Touch(Engine engine, MemoryCgroup? memcg, uint pages, int active = 0)
    {
        AddressSpace space = engine.CreateAddressSpace("s", pages, memcg);
        PolicyView view = engine.Host.ViewOf(memcg ?? engine.Root, engine.Nodes[0]);
        AccessTally tally = default;
        for (uint page = 0; page < pages; page++)
        {
            engine.Access(space, [page], ref tally);
            if (page >= active)
                continue;
            uint pfn = engine.Machine.Tables.FrameAt(space.BaseSlot + page);
            view.SetFlags(pfn, FolioFlags.Active);
            view.MoveToHead(1, pfn);
        }
    }

    private sealed class TrimLog
    {
        /// <summary>Passes at the first priority.</summary>
        public int FirstPasses { get; set; }

        /// <summary>Trims the cache where it may.</summary>
        public bool Trims { get; init; } = true;

        public bool Refuses { get; init; }
    }

    /// <summary>Frees nothing while it trims.</summary>
    private readonly struct Trimmer : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "trimmer", Flags = PolicyFlags.IgnoresReferences };

        public static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass)
        {
            var log = (TrimLog)target.Instance!;
            if (scan.Background)
                return;
            scan.CacheTrim = log.Trims && !scan.NoCacheTrim;
            log.FirstPasses += scan.Priority == ScanControl.DefaultPriority ? 1 : 0;
        }

        public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) =>
            !scan.Background && !scan.CacheTrim && !((TrimLog)view.Instance!).Refuses;
    }
}
