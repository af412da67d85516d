using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>What a request may ask for, what it takes, and when it ends.</summary>
public class RequestTests
{
    private static readonly string[] Forms = [.. SmallMachine.PolicyNames, "mglru/unordered", "classic/concurrent"];

    [Test]
    public void OfTheTypeAskedForAndNoOther([ValueSource(nameof(Forms))] string form, [Values] ReclaimTypes types)
    {
        using var machine = new TieredMachine(form, 1);
        machine.Owner.Noted.Clear();

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(100, machine.Engine.Root) { Types = types, Mode = ReclaimMode.Evict });

        Assert.That(machine.Owner.Noted.Select(n => n.ToNode), Is.All.Null);
        if (types is ReclaimTypes.File or ReclaimTypes.CleanFile)
            Assert.That(machine.Owner.Noted.Select(n => n.Page.File), Is.All.Not.Null);
        if (types == ReclaimTypes.Anon)
            Assert.That(machine.Owner.Noted.Select(n => n.Page.Space), Is.All.Not.Null);
        if (types == ReclaimTypes.CleanFile)
            Assert.That(machine.Owner.Noted.Select(n => n.Page.Dirty), Is.All.False);
        Assert.That(result.Reclaimed, Is.EqualTo(machine.Owner.Noted.Count).And.GreaterThanOrEqualTo(types == ReclaimTypes.CleanFile ? 1 : 100));
        Assert.That(result.Nodes.Sum(n => n.EvictedFile), Is.EqualTo(machine.Owner.Noted.Count(n => n.Page.File is not null)));
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void WhatIsDemotedStaysAndWhatIsEvictedGoes([ValueSource(nameof(Forms))] string form, [Values] ReclaimMode mode)
    {
        using var machine = new TieredMachine(form, 2);
        machine.Owner.Noted.Clear();
        ulong usage = machine.Engine.Root.Usage;

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(100, machine.Engine.Root, machine.Engine.Nodes[0]) { Mode = mode });

        Assert.That(result.Reclaimed, Is.GreaterThanOrEqualTo(100).And.EqualTo(machine.Owner.Noted.Count));
        Assert.That(machine.Owner.Noted.Select(n => n.ToNode), Is.All.EqualTo(mode == ReclaimMode.Evict ? null : 1));
        Assert.That(result.Demoted, Is.EqualTo(mode == ReclaimMode.Evict ? 0 : result.Reclaimed));
        Assert.That(usage - machine.Engine.Root.Usage, Is.EqualTo(mode == ReclaimMode.Evict ? result.Reclaimed : 0));
        Assert.That(machine.Engine.Read(machine.Engine.Root, Counter.pgdemote_proactive), Is.EqualTo(result.Demoted));
        Assert.That(result.Nodes.Single().Node, Is.SameAs(machine.Engine.Nodes[0]));
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void WhatFindsNoRoomBelowIsNotEvictedInstead([ValueSource(nameof(Forms))] string form)
    {
        using var machine = new TieredMachine(form, 2, o => o with { Nodes = [new NodeOptions(1500), new NodeOptions(256, 1)] });
        AccessTally tally = default;
        machine.Engine.Access(machine.Spaces[1], [.. Enumerable.Range(0, 256).Select(p => (uint)p)], ref tally);
        machine.Owner.Noted.Clear();

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(300, null, machine.Engine.Nodes[0]) { Mode = ReclaimMode.Demote });

        Assert.That((result.Stop, result.Attempts >= 17), Is.EqualTo((ReclaimStop.Exhausted, true)));
        Assert.That(machine.Owner.Noted.Count(n => n.ToNode is null), Is.Zero);
        Assert.That(result.Skipped[ReclaimSkip.NotDemoted], Is.Positive);
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void NoMoreThanABatchBeyondWhatWasAsked([ValueSource(nameof(Forms))] string form, [Values(1, 31, 64, 500)] int pages, [Values] bool ofMachine)
    {
        using var machine = new TieredMachine(form, 3);

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(pages, ofMachine ? null : machine.Engine.Root) { BatchPages = 200 });

        Assert.That(result.Stop, Is.EqualTo(ReclaimStop.Done));
        Assert.That(result.Reclaimed, Is.InRange(pages, pages + FolioBatch.Capacity - 1));
    }

    /// <summary>6.1 visits every cgroup of the subtree, and each gives up what it is asked for.</summary>
    [Test]
    public void TheKernelsFormGoesOnToTheEndOfAPass([Values("classic@6.1/6.1", "mglru@6.1/6.1")] string form, [Values] bool kernelsForm)
    {
        using var engine = new Engine(SmallMachine.Form(form));
        MemoryCgroup parent = engine.CreateMemcg("p");
        AccessTally tally = default;
        for (int i = 0; i < 6; i++)
            engine.Access(engine.CreateAddressSpace($"s{i}", 600, engine.CreateMemcg($"c{i}", parent)), Pages(0, 600), ref tally);

        ReclaimResult result = engine.Reclaim(new ReclaimRequest(1, parent) { Overshoots = kernelsForm });

        Assert.That(result.Reclaimed, kernelsForm ? Is.GreaterThan(FolioBatch.Capacity) : Is.InRange(1, FolioBatch.Capacity));
    }

    [Test]
    public void AStepOfOnePageTakesOne()
    {
        using var machine = new TieredMachine("fifo", 6);

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(40, machine.Engine.Root) { BatchPages = 1, Mode = ReclaimMode.Evict });

        Assert.That((result.Reclaimed, result.Attempts), Is.EqualTo((40L, 40)));
    }

    [Test]
    public void TheWorkLimitHoldsToABatch([ValueSource(nameof(Forms))] string form, [Values(1, 50, 200)] int limit)
    {
        using var machine = new TieredMachine(form, 4);
        machine.Owner.Asked = _ => false;

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(1000, machine.Memcgs[0], machine.Engine.Nodes[1]) { MaxScanned = limit });

        Assert.That(result.Stop, Is.EqualTo(ReclaimStop.ScanLimit));
        Assert.That(result.Scanned, Is.InRange(limit, limit + (form is "classic" or "mglru" or "fifo" or "lru" ? FolioBatch.Capacity : 4096)));
        Assert.That(result.Reclaimed, Is.Zero);
        Assert.That(result.Skipped.Total, Is.Positive);
    }

    [Test]
    public void TheTimeLimitHolds([Values("classic", "mglru", "sieve")] string form)
    {
        var clock = new SteppingClock();
        using var machine = new TieredMachine(form, 4, o => o with { Clock = clock });
        machine.Owner.Asked = _ =>
        {
            clock.Microseconds += 10;
            return true;
        };

        ReclaimResult result = machine.Engine.Reclaim(
            new ReclaimRequest(1000, machine.Engine.Root) { Mode = ReclaimMode.Evict, TimeLimit = TimeSpan.FromMicroseconds(2000) });

        Assert.That(result.Stop, Is.EqualTo(ReclaimStop.TimeLimit));
        Assert.That(result.Elapsed.TotalMicroseconds, Is.InRange(2000, 2000 + (10 * FolioBatch.Capacity)));
        Assert.That(result.Reclaimed, Is.InRange(200, 200 + FolioBatch.Capacity));
    }

    [Test]
    public void ACancelEndsItWithTheBatch([Values("classic", "mglru", "sieve")] string form, [Values] bool byToken)
    {
        using var machine = new TieredMachine(form, 5);
        using var source = new CancellationTokenSource();
        ReclaimOperation operation = machine.Engine.Begin(new ReclaimRequest(800, machine.Engine.Root) { Mode = ReclaimMode.Evict }, source.Token);
        int asked = 0;
        machine.Owner.Asked = _ =>
        {
            if (++asked != 100)
                return true;
            if (byToken)
                source.Cancel();
            else
                operation.Cancel();
            return true;
        };
        List<ReclaimResult> told = [];
        operation.Completed += told.Add;

        while (operation.Step())
            Assert.That(told, Is.Empty);

        Assert.That(operation.Result.Stop, Is.EqualTo(ReclaimStop.Canceled));
        Assert.That(operation.Result.Reclaimed, Is.InRange(100, 100 + FolioBatch.Capacity));
        Assert.That(told, Has.Count.EqualTo(1));
        Assert.That(operation.Step(), Is.False);
        Assert.That(told, Has.Count.EqualTo(1), "told once");
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void AStepAsksForNoMoreThanABatch([Values("classic", "mglru", "fifo")] string form)
    {
        using var machine = new TieredMachine(form, 6);
        ReclaimOperation operation = machine.Engine.Begin(new ReclaimRequest(400, machine.Engine.Root) { BatchPages = 50, Mode = ReclaimMode.Evict });
        ReclaimOperation other = machine.Engine.Begin(new ReclaimRequest(60, machine.Memcgs[0]) { BatchPages = 50 });
        long before = 0;
        bool hasMore;
        do
        {
            hasMore = operation.Step();
            long step = operation.Result.Reclaimed - before;
            before += step;
            Assert.That(step, Is.LessThan(form == "mglru" ? 400 : 50 + (2 * FolioBatch.Capacity)));
            other.Step();
            machine.Run(1, 20);
        }
        while (hasMore);

        Assert.That(operation.Result.Stop, Is.EqualTo(ReclaimStop.Done));
        Assert.That(operation.Result.Attempts, Is.GreaterThan(1));
        Assert.That(other.Result.Stop, Is.EqualTo(ReclaimStop.Done));
    }

    [Test]
    public void OnlyWhatHasBeenIdleForSoLong([ValueSource(nameof(Forms))] string form)
    {
        using var machine = new TieredMachine(form, 13, o => o with { IdleAge = true });
        (uint[] used, HashSet<ulong> touched) = (Pages(0, 60), [.. Pages(0, 60).Select(p => (ulong)p)]);
        AccessTally tally = default;
        for (int scan = 0; scan < 4; scan++)
        {
            machine.Engine.NowMs += 1000;
            machine.Engine.Access(machine.Spaces[0], used, ref tally);
            machine.Engine.ScanIdleAges();
        }

        machine.Owner.Noted.Clear();
        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(5000, machine.Memcgs[1]) { Mode = ReclaimMode.Evict, MinIdleMs = 2500 });

        Assert.That(result.Age, Is.EqualTo(ReclaimAge.IdleAge));
        Assert.That(result.Reclaimed, Is.GreaterThan(300), "the others were not used since");
        Assert.That(machine.Owner.Noted.Where(n => n.Page.Space == machine.Spaces[0] && touched.Contains(n.Page.Page)), Is.Empty);
        Assert.That(result.Skipped[ReclaimSkip.Age], Is.Positive);
        machine.Engine.NowMs += 1;
        Assert.That(machine.Engine.Reclaim(new ReclaimRequest(10, machine.Memcgs[1]) { MinIdleMs = 100_000 }).Reclaimed, Is.Zero);
    }

    [Test]
    public void WithoutScansTheBirthsOfGenerationsTell([Values("mglru", "mglru/unordered", "mglru@6.1/6.1")] string form)
    {
        using var machine = new TieredMachine(form, 14);
        Engine engine = machine.Engine;
        AccessTally tally = default;
        for (int age = 0; age < 6; age++)
        {
            engine.NowMs += 1000;
            for (int times = 0; times < 2; times++)
                engine.Access(machine.Spaces[0], Pages(0, 60), ref tally);
            foreach (Node node in engine.Nodes)
                engine.Age(machine.Memcgs[1], node);
        }

        machine.Owner.Noted.Clear();
        ReclaimResult none = engine.Reclaim(new ReclaimRequest(500, machine.Memcgs[1]) { Mode = ReclaimMode.Evict, MinIdleMs = 60_000 });
        ReclaimResult some = engine.Reclaim(new ReclaimRequest(500, machine.Memcgs[1]) { Mode = ReclaimMode.Evict, MinIdleMs = 1500 });

        Assert.That((none.Age, none.Reclaimed, none.Scanned), Is.EqualTo((ReclaimAge.Generations, 0L, 0L)));
        Assert.That(some.Reclaimed, Is.GreaterThan(100));
        Assert.That(machine.Owner.Noted.Count(n => n.Page.Space == machine.Spaces[0] && n.Page.Page < 60), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void NobodyGuessesHowLongAPageWasIdle([Values("classic", "sieve", "mglru classic")] string form)
    {
        using var machine = new TieredMachine(form, 15);
        if (form.Contains(' ', StringComparison.Ordinal))
            machine.Engine.SetPolicy(machine.Memcgs[3], "classic");

        Assert.That(() => machine.Engine.Reclaim(new ReclaimRequest(1) { MinIdleMs = 10 }), Throws.TypeOf<EngineException>().With.Message.Contains("Idle times are not known"));
    }

    [Test]
    public void ProtectionHolds([Values("classic", "mglru", "sieve", "mglru/unordered")] string form, [Values] bool ofMachine)
    {
        using var machine = new TieredMachine(form, 7);
        MemoryCgroup protectedOne = machine.Memcgs[1];
        machine.Engine.SetProtection(machine.Memcgs[0], protectedOne.Usage, 0);
        machine.Engine.SetProtection(protectedOne, protectedOne.Usage, 0);
        ulong usage = protectedOne.Usage;

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(5000, ofMachine ? null : machine.Engine.Root) { Mode = ReclaimMode.Evict });

        Assert.That(result.Stop, Is.EqualTo(ReclaimStop.Exhausted));
        Assert.That(protectedOne.Usage, Is.EqualTo(usage));
        Assert.That(result.Protected, Is.EqualTo((long)usage));
    }

    [Test]
    public void AWholeMachineNeverTakesWhatLowProtects([Values("classic", "mglru")] string form, [Values] bool ofMachine)
    {
        using var machine = new TieredMachine(form, 7);
        foreach (MemoryCgroup memcg in machine.Memcgs)
            machine.Engine.SetProtection(memcg, 0, memcg.Usage);
        ulong usage = machine.Engine.Root.Usage;

        machine.Engine.Reclaim(new ReclaimRequest(100, ofMachine ? null : machine.Engine.Root) { Mode = ReclaimMode.Evict });

        Assert.That(usage - machine.Engine.Root.Usage, ofMachine || form == "mglru" ? Is.Zero : Is.GreaterThanOrEqualTo(100), "kernel-reclaim 6.5");
    }

    [Test]
    public void ItIsNoSignOfPressure([Values("classic", "mglru")] string form)
    {
        using var machine = new TieredMachine(form, 8, o => o with { Pressure = true });
        Engine engine = machine.Engine;
        foreach (AddressSpace space in machine.Spaces)
            engine.SetTaskState(space, ReclaimNative.Mechanisms.TaskState.Running);
        Counter[] signs = [Counter.low, Counter.high, Counter.max, Counter.oom, Counter.allocstall_normal, Counter.pageoutrun];
        long[] before = [.. signs.Select(engine.ReadMachine)];

        engine.Reclaim(new ReclaimRequest(100000, engine.Root));
        engine.Reclaim(new ReclaimRequest(100000));
        engine.NowMs += 5000;

        Assert.That(signs.Select(engine.ReadMachine), Is.EqualTo(before));
        Assert.That(engine.Nodes.Select(n => n.KswapdFailures), Is.All.Zero);
        Assert.That(engine.ReadPressure(engine.Root).Some.TotalUs, Is.Zero);
    }

    [Test]
    public void ACallFromTheBackingIsRefused([Values("fifo", "classic/concurrent")] string form)
    {
        using var machine = new TieredMachine(form, 9);
        List<string> refused = [];
        machine.Owner.Asked = _ =>
        {
            foreach (Action call in (Action[])[() => machine.Engine.Reclaim(new ReclaimRequest(1)), () => machine.Engine.Preview(new ReclaimRequest(1)), () => machine.Engine.Validate()])
            {
                try
                {
                    call();
                }
                catch (EngineException why)
                {
                    refused.Add(why.Message);
                }
            }

            machine.Owner.Asked = null;
            return true;
        };

        machine.Engine.Reclaim(new ReclaimRequest(10, machine.Engine.Root) { Mode = ReclaimMode.Evict });

        Assert.That(refused, Has.Count.EqualTo(3));
        Assert.That(refused, Is.All.Contains("from a callback of its own backing"));
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void TwoRequestsAtOnceAreBothServedAndInTheKernelsFormOneIsBusy([Values] bool kernelsForm)
    {
        using var machine = new TieredMachine("classic/concurrent", 10);
        using var inside = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        int asked = 0;
        machine.Owner.Asked = _ =>
        {
            if (Interlocked.Increment(ref asked) == 1)
            {
                inside.Set();
                goOn.Wait();
            }

            return true;
        };
        var request = new ReclaimRequest(40) { Overshoots = kernelsForm, Mode = ReclaimMode.Evict };
        Task<ReclaimResult> first = machine.Engine.ReclaimAsync(request);
        inside.Wait();

        ReclaimResult second = machine.Engine.Reclaim(request);
        goOn.Set();

        Assert.That(second.Stop, Is.EqualTo(kernelsForm ? ReclaimStop.Busy : ReclaimStop.Done));
        Assert.That(first.Result.Stop, Is.EqualTo(ReclaimStop.Done));
        Assert.That(machine.Engine.Reclaim(request).Stop, Is.EqualTo(ReclaimStop.Done), "the node is free again");
        Assert.That(machine.Engine.Validate(), Is.Null);
    }

    [Test]
    public void InKernel618ANodeWithoutPageCacheIsPassedOver([Values(KernelVersion.V6_18, KernelVersion.Fixed)] KernelVersion kernel, [Values] bool kernelsForm)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { Kernel = kernel });
        AccessTally tally = default;
        engine.Access(engine.CreateAddressSpace("s", 400), [.. Enumerable.Range(0, 400).Select(p => (uint)p)], ref tally);
        var request = new ReclaimRequest(32) { Overshoots = kernelsForm };

        ReclaimResult result = engine.Reclaim(request);

        Assert.That(result.Stop, Is.EqualTo(kernel == KernelVersion.V6_18 && kernelsForm ? ReclaimStop.Exhausted : ReclaimStop.Done), "kernel-reclaim 15, row 5");
        PageFile file = engine.CreateFile(60);
        for (ulong page = 0; page < 60; page++)
            engine.AccessFile(file, page, false, null, 0, ref tally);
        Assert.That(engine.Reclaim(request).Reclaimed, Is.Positive, "now there is page cache");
    }

    [TestCase(KernelVersion.V6_18, true, 0)]
    [TestCase(KernelVersion.V6_18, false, 3)]
    [TestCase(KernelVersion.Fixed, true, 3)]
    public void InKernel618ThreePagesAreAQuarterOfNone(KernelVersion kernel, bool kernelsForm, int least)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { Kernel = kernel });
        AccessTally tally = default;
        PageFile file = engine.CreateFile(100);
        for (ulong page = 0; page < 100; page++)
            engine.AccessFile(file, page, false, null, 0, ref tally);

        ReclaimResult result = engine.Reclaim(new ReclaimRequest(3) { Overshoots = kernelsForm });

        Assert.That(result.Reclaimed, least == 0 ? Is.Zero : Is.GreaterThanOrEqualTo(least), "one pass at the least urgency sees 100 >> 12 pages: kernel-reclaim 6.5");
        Assert.That(result.Stop, Is.EqualTo(least == 0 ? ReclaimStop.Exhausted : ReclaimStop.Done));
    }

    [TestCaseSource(nameof(Refusals))]
    public void WhatMakesNoSenseIsRefusedByName(Func<TieredMachine, ReclaimRequest> make, string named)
    {
        using var machine = new TieredMachine("classic", 11);
        ReclaimRequest request = make(machine);
        IReadOnlyList<string> before = EngineDigest.Of(machine.Engine);

        Assert.That(() => machine.Engine.Reclaim(request), Throws.TypeOf<EngineException>().With.Message.Contains(named));
        Assert.That(() => machine.Engine.Begin(request), Throws.TypeOf<EngineException>());
        Assert.That(EngineDigest.Of(machine.Engine).Except(before), Is.Empty);
        Assert.That(() => machine.Engine.Preview(request), Throws.TypeOf<EngineException>());
    }

    internal static IEnumerable<TestCaseData> Refusals()
    {
        yield return Case(_ => new ReclaimRequest(0), "0 pages");
        yield return Case(_ => new ReclaimRequest(1, Swappiness: 202), "Swappiness 202");
        yield return Case(_ => new ReclaimRequest(1, Swappiness: 10) { Types = ReclaimTypes.File }, "one type");
        yield return Case(_ => new ReclaimRequest(1) { Types = (ReclaimTypes)9 }, "type 9");
        yield return Case(_ => new ReclaimRequest(1) { Mode = (ReclaimMode)9 }, "mode 9");
        yield return Case(_ => new ReclaimRequest(1) { MinIdleMs = -1 }, "-1 ms");
        yield return Case(_ => new ReclaimRequest(1) { MaxScanned = 0 }, "0 scanned");
        yield return Case(_ => new ReclaimRequest(1) { BatchPages = 0 }, "0 pages");
        yield return Case(_ => new ReclaimRequest(1) { TimeLimit = TimeSpan.Zero }, "time limit");
        yield return Case(_ => new ReclaimRequest(1, null, NodeSet.OfMask(4)), "Nodes 2");
        yield return Case(_ => new ReclaimRequest(1, null, NodeSet.OfMask(3)), "several tiers");
        yield return Case(m => new ReclaimRequest(1, null, m.Engine.Nodes[1]) { Mode = ReclaimMode.Demote }, "lower tier");
        yield return Case(m => Off(m), "Demotion is off");

        static TestCaseData Case(Func<TieredMachine, ReclaimRequest> make, string named) => new TestCaseData(make, named).SetArgDisplayNames(named.Replace(' ', '_'));

        static ReclaimRequest Off(TieredMachine machine)
        {
            machine.Engine.SetDemotion(false);
            return new ReclaimRequest(1) { Mode = ReclaimMode.Demote };
        }
    }

    [Test]
    public void AnEngineOfOneThreadHasNoRequestsBesideIt()
    {
        using var machine = new TieredMachine("classic", 12);

        Assert.That(() => machine.Engine.ReclaimAsync(new ReclaimRequest(1)), Throws.TypeOf<EngineException>().With.Message.Contains("Concurrent"));
    }

    [TestCase("0", 1ul)]
    [TestCase("0,2-3", 13ul)]
    [TestCase("2-3,0,3", 13ul)]
    [TestCase("0-63", ulong.MaxValue)]
    [TestCase("63", 1ul << 63)]
    public void NodeListsAreReadAndWritten(string text, ulong mask)
    {
        Assert.That(NodeSet.TryParse(text, out NodeSet nodes), Is.True);
        Assert.That(nodes.Mask, Is.EqualTo(mask));
        Assert.That(NodeSet.TryParse(nodes.ToString(), out NodeSet again), Is.True);
        Assert.That(again, Is.EqualTo(nodes));
    }

    [TestCase("")]
    [TestCase(" 0")]
    [TestCase("0,")]
    [TestCase("-1")]
    [TestCase("3-2")]
    [TestCase("64")]
    [TestCase("0-")]
    [TestCase("0x1")]
    [TestCase("all")]
    [TestCase("1-2-3")]
    public void OtherTextIsNoNodeList(string text) => Assert.That(NodeSet.TryParse(text, out _), Is.False);

    private static uint[] Pages(int first, int end) => [.. Enumerable.Range(first, end - first).Select(p => (uint)p)];

    private sealed class SteppingClock : TimeProvider
    {
        public long Microseconds { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => Microseconds;
    }
}
