using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

public class TraceTests
{
    private static readonly Tracepoint[] Begins =
        [Tracepoint.kswapd_wake, Tracepoint.direct_reclaim_begin, Tracepoint.memcg_reclaim_begin, Tracepoint.request_begin];

    private static readonly int[] BothNodes = [0, 1];

    [Test]
    public void SumsOverBatchesAreTheCounters(
        [Values("classic", "mglru", "sieve", "classic mglru sieve", "mglru@6.12/6.12/unordered/concurrent", "classic/demotion", "mglru/unordered/identity")] string form,
        [Values(21, 22)] int seed)
    {
        using var machine = new RandomMachine(seed, 200, SmallMachine.Form(form));
        Engine engine = machine.Engine;
        var sums = new Sums(engine);
        engine.Trace(Tracepoint.All, sums);
        for (int step = 0; step < 800; step++)
            Assert.That(machine.Step(), Is.Null);

        foreach (MemoryCgroup memcg in engine.Memcgs)
        {
            void Equal(long sum, Counter counter) => Assert.That(sum, Is.EqualTo(engine.ReadLocal(memcg, counter)), $"{counter} of {memcg.Path}");
            foreach (Reclaimer reclaimer in Enum.GetValues<Reclaimer>())
            {
                Equal(Sums.Of(sums.Scanned, memcg, reclaimer, null), Enum.Parse<Counter>($"pgscan_{reclaimer}", ignoreCase: true));
                Equal(Sums.Of(sums.Reclaimed, memcg, reclaimer, null), Enum.Parse<Counter>($"pgsteal_{reclaimer}", ignoreCase: true));
            }

            for (int type = 0; type < 2; type++)
            {
                Equal(Sums.Of(sums.Scanned, memcg, null, type == 1), Counter.pgscan_anon + type);
                Equal(Sums.Of(sums.Reclaimed, memcg, null, type == 1), Counter.pgsteal_anon + type);
            }
        }

        Assert.That(engine.Read(engine.Root, Counter.pgsteal_anon) + engine.Read(engine.Root, Counter.pgsteal_file), Is.GreaterThan(100), "reclaim ran");
        Assert.That(sums.Times[Tracepoint.kswapd_wake], Is.EqualTo(engine.ReadMachine(Counter.pageoutrun)));
        Assert.That(sums.Times[Tracepoint.oom], Is.EqualTo(engine.ReadMachine(Counter.oom)));
        Assert.That(sums.Isolated, Is.EqualTo(sums.WorkedOff + sums.Deactivated));
        Assert.That(sums.Deactivated, form.StartsWith("classic", StringComparison.Ordinal) ? Is.GreaterThan(0) : Is.Zero);
        Assert.That(sums.Implausible, Is.Null);
    }

    [Test]
    public void EveryReclaimAtALimitOrByRequestEndsWithTheSumsOfItsBatches([Values("classic", "mglru", "sieve")] string form, [Values(31, 32)] int seed)
    {
        using var machine = new RandomMachine(seed, 100, SmallMachine.Form(form));
        var pairs = new Pairs();
        machine.Engine.Trace(Tracepoint.All, pairs);
        for (int step = 0; step < 500; step++)
            Assert.That(machine.Step(), Is.Null);

        Assert.That(pairs.Problem, Is.Null);
        Assert.That(pairs.Begun, Is.Null, "every reclaim has ended");
        Assert.That(pairs.Ended, Is.SupersetOf(new[] { Tracepoint.memcg_reclaim_end, Tracepoint.request_end }));
    }

    [Test]
    public void EveryReclaimForTheMachineEndsWithTheSumsOfItsBatches([Values("classic", "mglru", "sieve")] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(512), new NodeOptions(512)] });
        AddressSpace space = engine.CreateAddressSpace("s", 3000, engine.CreateMemcg("m"));
        var pairs = new Pairs();
        engine.Trace(Tracepoint.All, pairs);
        var random = new Random(5);
        AccessTally tally = default;
        for (int i = 0; i < 5000; i++)
        {
            engine.Access(space, [(uint)(random.NextDouble() * random.NextDouble() * 3000)], ref tally);
            if (i % 1000 != 999)
                continue;
            foreach (Node node in engine.Nodes)
                engine.RunKswapd(node);
            engine.Reclaim(new ReclaimRequest(5, null));
        }

        Assert.That(pairs.Problem, Is.Null);
        Assert.That(pairs.Begun, Is.Null, "every reclaim has ended");
        Assert.That(pairs.Ended, Is.EquivalentTo(new[] { Tracepoint.kswapd_sleep, Tracepoint.direct_reclaim_end, Tracepoint.request_end }));
    }

    [Test]
    public void AReclaimThatItsOwnersStoreBreaksOffHasAnEnd()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Backing = new Breaking() });
        AddressSpace space = Limited(engine, out MemoryCgroup memcg);
        var log = new Log();
        engine.Trace(Tracepoint.All, log);
        AccessTally tally = default;

        Assert.That(() => engine.Access(space, [100], ref tally), NUnit.Framework.Throws.TypeOf<IOException>());

        Assert.That(log.Events.Where(e => e.Tracepoint != Tracepoint.lru_isolate).Select(e => (e.Tracepoint, e.MemcgId)), Is.EqualTo(new[]
        {
            (Tracepoint.memcg_reclaim_begin, (int)memcg.Id), (Tracepoint.memcg_reclaim_end, memcg.Id),
        }));
    }

    [Test]
    public void NothingIsToldThatNobodyAskedFor()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("classic"));
        AddressSpace space = Limited(engine, out _);
        var log = new Log();
        AccessTally tally = default;
        engine.Trace(Tracepoint.memcg_reclaim_end, log);
        engine.Access(space, [100], ref tally);
        Assert.That(log.Events.Select(e => e.Tracepoint), Is.Not.Empty.And.All.EqualTo(Tracepoint.memcg_reclaim_end));

        int told = log.Events.Count;
        engine.Trace(Tracepoint.None, log);
        engine.Access(space, [101, 102, 103], ref tally);
        Assert.That(log.Events, Has.Count.EqualTo(told));
    }

    [Test]
    public void APreviewTellsNothing()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("mglru"));
        Limited(engine, out MemoryCgroup memcg);
        var log = new Log();
        engine.Trace(Tracepoint.All, log);

        Assert.That(engine.Preview(new ReclaimRequest(20, memcg)).Reclaimed, Is.GreaterThan(0));
        Assert.That(log.Events, Is.Empty);

        Assert.That(engine.Reclaim(new ReclaimRequest(20, memcg)).Reclaimed, Is.GreaterThan(0));
        Assert.That(log.Count(Tracepoint.request_end), Is.GreaterThan(0), "it was put back");
    }

    [Test]
    public void AnAttemptAtARequestIsAnEventOfItsOwn()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        Limited(engine, out MemoryCgroup memcg);
        var log = new Log();
        engine.Trace(Tracepoint.request_begin | Tracepoint.request_end, log);
        ReclaimOperation operation = engine.Begin(new ReclaimRequest(40, memcg) { BatchPages = 10 });
        while (operation.Step())
        {
        }

        Assert.That(operation.Result.Attempts, Is.GreaterThan(2));
        Assert.That(log.Count(Tracepoint.request_begin), Is.EqualTo(operation.Result.Attempts));
        Assert.That(log.Sum(Tracepoint.request_end, e => e.Reclaimed), Is.EqualTo(operation.Result.Reclaimed));
        Assert.That(log.Events, Has.All.Matches<TraceEvent>(e => e.MemcgId == memcg.Id && e.Reclaimer == Reclaimer.Proactive));
    }

    [Test]
    public void KswapdIsWokenOnceUntilItHasRun()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Nodes = [new NodeOptions(512), new NodeOptions(512)] });
        AddressSpace space = engine.CreateAddressSpace("s", 2000);
        var log = new Log();
        engine.Trace(Tracepoint.wakeup_kswapd | Tracepoint.kswapd_sleep | Tracepoint.direct_reclaim_begin, log);
        AccessTally tally = default;
        for (uint page = 0; page < 1500; page++)
            engine.Access(space, [page], ref tally);
        Assert.That(log.Events.Where(e => e.Tracepoint == Tracepoint.wakeup_kswapd).Select(e => e.NodeId), Is.EqualTo(BothNodes));
        Assert.That(log.Count(Tracepoint.direct_reclaim_begin), Is.GreaterThan(10));

        long got = engine.RunKswapd(engine.Nodes[1]);
        Assert.That(got, Is.GreaterThan(0));
        Assert.That(log.Events[^1], Has.Property(nameof(TraceEvent.Tracepoint)).EqualTo(Tracepoint.kswapd_sleep)
            .And.Property(nameof(TraceEvent.NodeId)).EqualTo(1).And.Property(nameof(TraceEvent.Reclaimed)).EqualTo(got));
        for (uint page = 0; page < 1500; page++)
            engine.Access(space, [page], ref tally);
        Assert.That(log.Count(Tracepoint.wakeup_kswapd), Is.EqualTo(3), "node 1 once more");
    }

    [Test]
    public void AnotherPolicyIsToldOfByItsName()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"), SmallMachine.Policy("sieve"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        var log = new Log();
        engine.NowUs = 1234;
        engine.Trace(Tracepoint.All, log);
        engine.SetPolicy(memcg, "sieve");
        engine.SetPolicy(memcg, "sieve");

        Assert.That(log.Events.Select(e => (e.Tracepoint, e.MemcgId, e.Policy, e.TimeUs)), Is.EqualTo(new[] { (Tracepoint.policy_switched, (int)memcg.Id, "sieve", 1234L) }));
    }

    [Test]
    public void AnEjectionIsToldOfAlsoFromAPreview([Values] bool previewed)
    {
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Tests.Policies.Bad.Throws>()) with { Fallback = SmallMachine.Policy("fifo") });
        Limited(engine, out MemoryCgroup memcg);
        var log = new Log();
        engine.Trace(Tracepoint.policy_ejected | Tracepoint.policy_switched, log);
        var request = new ReclaimRequest(5, memcg);
        if (previewed)
            engine.Preview(request);
        else
            engine.Reclaim(request);
        engine.SetSwapMax(memcg, 10);

        Assert.That(log.Events.Select(e => (e.Tracepoint, e.Policy)).Distinct(), Is.EqualTo(new[]
        {
            (Tracepoint.policy_ejected, "throws"), (Tracepoint.policy_switched, "fifo"),
        }));
        Assert.That(log.Count(Tracepoint.policy_ejected), Is.EqualTo(1));
        Assert.That(log.Events[0].MemcgId, Is.EqualTo(memcg.Id));
    }

    [Test]
    public void ASinkMayNotCallTheEngine()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        AddressSpace space = Limited(engine, out _);
        Exception? refusal = null;
        engine.Trace(Tracepoint.memcg_reclaim_begin, new Acting(() =>
        {
            AccessTally inner = default;
            refusal = Assert.Throws<EngineException>(() => engine.Access(space, [1], ref inner));
        }));
        AccessTally tally = default;
        engine.Access(space, [100], ref tally);

        Assert.That(refusal?.Message, Does.Contain("callback"));
        Assert.That(engine.TraceFailure, Is.Null);
    }

    [Test]
    public void ASinkThatThrowsIsToldNothingMoreAndReclaimGoesOn()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("classic"));
        AddressSpace space = Limited(engine, out _);
        int told = 0;
        engine.Trace(Tracepoint.lru_isolate, new Acting(() =>
        {
            told++;
            throw new IOException("full");
        }));
        AccessTally tally = default;
        engine.Access(space, [100, 101, 102], ref tally);

        Assert.That(tally.Refused, Is.Zero);
        Assert.That(told, Is.EqualTo(1));
        Assert.That(engine.TraceFailure, Is.TypeOf<IOException>());
        Assert.That(engine.Validate(), Is.Null);
        engine.Trace(Tracepoint.None, null);
        Assert.That(engine.TraceFailure, Is.Null);
    }

    [Test]
    public void WhatMakesNoSenseIsRefused()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        Assert.That(() => engine.Trace((Tracepoint)0x8001, new Log()), NUnit.Framework.Throws.TypeOf<EngineException>().With.Message.Contains("0x8000"));
        Assert.That(() => engine.Trace(Tracepoint.oom, null), NUnit.Framework.Throws.TypeOf<EngineException>().With.Message.Contains("sink"));
    }

    [Test]
    [NonParallelizable]
    public void NothingIsAllocatedForEvents([Values("classic", "mglru", "sieve")] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(1024)] });
        AddressSpace space = engine.CreateAddressSpace("s", 4000);
        var counting = new Counting();
        engine.Trace(Tracepoint.All, counting);
        AccessTally tally = default;
        uint[] accesses = [.. Enumerable.Range(0, 100_000).Select(i => (uint)i * 2654435761u % 4000)];
        engine.Access(space, accesses, ref tally);
        engine.RunKswapd(engine.Nodes[0]);

        long before = GC.GetAllocatedBytesForCurrentThread();
        long told = counting.Told;
        engine.Access(space, accesses, ref tally);
        engine.RunKswapd(engine.Nodes[0]);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(counting.Told - told, Is.GreaterThan(3000));
    }

    /// <summary>A cgroup at its limit of 100 pages.</summary>
    private static AddressSpace Limited(Engine engine, out MemoryCgroup memcg)
    {
        memcg = engine.CreateMemcg("limited");
        AddressSpace space = engine.CreateAddressSpace("s", 1000, memcg);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 100).Select(i => (uint)i)], ref tally);
        engine.SetMax(memcg, 100);
        return space;
    }

    private sealed class Log : TraceSink
    {
        public List<TraceEvent> Events { get; } = [];

        public override void Raise(in TraceEvent happened) => Events.Add(happened);

        public long Count(Tracepoint tracepoint) => Events.Count(e => e.Tracepoint == tracepoint);

        public long Sum(Tracepoint tracepoint, Func<TraceEvent, long> of) => Events.Where(e => e.Tracepoint == tracepoint).Sum(of);
    }

    /// <summary>What is compared with counters. What is tried a second time was not scanned again.</summary>
    private sealed class Sums(Engine engine) : TraceSink
    {
        public Dictionary<(MemoryCgroup Memcg, Reclaimer Reclaimer, bool IsFile), long> Scanned { get; } = [];

        public Dictionary<(MemoryCgroup Memcg, Reclaimer Reclaimer, bool IsFile), long> Reclaimed { get; } = [];

        public Dictionary<Tracepoint, long> Times { get; } = Enum.GetValues<Tracepoint>().ToDictionary(t => t, _ => 0L);

        public long Isolated { get; private set; }

        public long WorkedOff { get; private set; }

        public long Deactivated { get; private set; }

        public string? Implausible { get; private set; }

        /// <summary>Of a cgroup, and of one reclaimer and one type unless null: a number may be that of another cgroup later, the object not.</summary>
        public static long Of(Dictionary<(MemoryCgroup Memcg, Reclaimer Reclaimer, bool IsFile), long> counts, MemoryCgroup memcg, Reclaimer? reclaimer, bool? isFile) =>
            counts.Where(c => c.Key.Memcg == memcg && c.Key.Reclaimer == (reclaimer ?? c.Key.Reclaimer) && c.Key.IsFile == (isFile ?? c.Key.IsFile)).Sum(c => c.Value);

        public override void Raise(in TraceEvent happened)
        {
            Times[happened.Tracepoint]++;
            switch (happened.Tracepoint)
            {
                case Tracepoint.lru_isolate:
                    Isolated += happened.Taken;
                    break;
                case Tracepoint.lru_shrink_active:
                    Deactivated += happened.Taken;
                    break;
                case Tracepoint.lru_shrink_inactive:
                    var key = (engine.FindMemcg(happened.MemcgId)!, happened.Reclaimer, happened.IsFile);
                    Scanned[key] = Scanned.GetValueOrDefault(key) + happened.Scanned;
                    Reclaimed[key] = Reclaimed.GetValueOrDefault(key) + happened.Reclaimed;
                    WorkedOff += happened.Scanned > 0 ? happened.Taken : 0;
                    if (happened.Reclaimed > happened.Taken || happened.Priority is < 0 or > 12 || happened.Policy is null)
                        Implausible = $"{happened.Reclaimed} of {happened.Taken} at priority {happened.Priority} by {happened.Policy}";
                    break;
            }
        }
    }

    /// <summary>Holds the end of each reclaim against its beginning and the batches between: one reclaim at a time, on one thread.</summary>
    private sealed class Pairs : TraceSink
    {
        private long _scanned;
        private long _reclaimed;

        public TraceEvent? Begun { get; private set; }

        public HashSet<Tracepoint> Ended { get; } = [];

        public string? Problem { get; private set; }

        public override void Raise(in TraceEvent happened)
        {
            var begin = (Tracepoint)((int)happened.Tracepoint >> 1);
            if (Begins.Contains(happened.Tracepoint))
            {
                if (Begun is not null || happened.Scanned < 1)
                    Problem = $"{happened.Tracepoint} for {happened.Scanned} pages within {Begun?.Tracepoint}";
                Begun = happened;
                _scanned = _reclaimed = 0;
            }
            else if (happened.Tracepoint == Tracepoint.lru_shrink_inactive)
            {
                if (Begun?.Reclaimer != happened.Reclaimer)
                    Problem = $"a batch of {happened.Reclaimer} within {Begun?.Tracepoint}";
                _scanned += happened.Scanned;
                _reclaimed += happened.Reclaimed;
            }
            else if (Begins.Contains(begin))
            {
                if (Begun is not { } begun || begun.Tracepoint != begin || begun.MemcgId != happened.MemcgId || begun.NodeId != happened.NodeId || begun.Reclaimer != happened.Reclaimer)
                    Problem = $"{happened.Tracepoint} ends {Begun?.Tracepoint}";
                if ((happened.Scanned, happened.Reclaimed) != (_scanned, _reclaimed))
                    Problem = $"{happened.Tracepoint} says {happened.Scanned} and {happened.Reclaimed}, its batches {_scanned} and {_reclaimed}";
                Ended.Add(happened.Tracepoint);
                Begun = null;
            }
        }
    }

    private sealed class Counting : TraceSink
    {
        public long Told { get; private set; }

        public override void Raise(in TraceEvent happened) => Told++;
    }

    private sealed class Acting(Action act) : TraceSink
    {
        public override void Raise(in TraceEvent happened) => act();
    }

    private sealed class Breaking : Backing
    {
        public override PageAnswer PageOut(in BackedPage page) => throw new IOException("no store");
    }
}
