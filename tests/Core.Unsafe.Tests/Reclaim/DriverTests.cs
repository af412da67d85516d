using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>Who starts passes, how many and when they stop: kernel-reclaim 2.16, 2.17, 6.4.</summary>
public class DriverTests
{
    [TestCase(256, 276, 7)]
    [TestCase(4096, 4125, 17)]
    [TestCase(1, 32, 1)]
    public void ARequestAsksForAQuarterOfTheRestAndNeverForLessThanACluster(int pages, int reclaimed, int attempts)
    {
        var log = new Log();
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Cluster>(log)) with { Nodes = [new NodeOptions(16384)] });
        Fill(engine, null, 8000);

        Assert.That(engine.Reclaim(new ReclaimRequest(pages)).Reclaimed, Is.EqualTo(reclaimed), "kernel-reclaim 13.9");
        Assert.That(log.Passes, Is.EqualTo(attempts), "each attempt was content with its first pass");
    }

    [Test]
    public void SeventeenAttemptsWithoutProgressEndARequest([Values] bool ofMachine)
    {
        var log = new Log { Refuses = true };
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<Cluster>(log));
        Fill(engine, null, 10);

        ReclaimResult result = engine.Reclaim(new ReclaimRequest(256, ofMachine ? null : engine.Root));

        Assert.That((result.Reclaimed, result.Stop, result.Attempts), Is.EqualTo((0, ReclaimStop.Exhausted, 17)));
        Assert.That(log.Passes, Is.EqualTo(17 * (ofMachine ? 1 : 2) * 13), "17 attempts, each at 13 priorities, shared and, for a cgroup, once more in full");
        Assert.That(log.Priorities, Is.EqualTo("12 11 10 9 8 7 6 5 4 3 2 1 0"));
    }

    [Test]
    public void AChargeGivesUpAfterTheSameNumberOfAttempts()
    {
        var log = new Log { Refuses = true };
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<Cluster>(log));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = Fill(engine, memcg, 10);
        engine.SetMax(memcg, 10);
        AccessTally tally = default;

        engine.Access(space, [20], ref tally);

        Assert.That(tally.Refused, Is.EqualTo(1));
        Assert.That(log.Passes, Is.EqualTo(17 * 2 * 13));
        Assert.That(engine.Read(memcg, Counter.oom), Is.EqualTo(1));
        Assert.That(engine.ReadGlobal(Counter.allocstall_normal), Is.Zero, "a cgroup's limit is no stall of the machine");
    }

    [Test]
    public void KswapdIsWantedBelowLowAndDoneAboveHigh([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(1000)] });
        Node node = engine.Nodes[0];
        AddressSpace space = engine.CreateAddressSpace("s", 2000);
        AccessTally tally = default;
        uint page = 0;
        while (node.Free > node.Watermarks.Low)
            engine.Access(space, [page++], ref tally);
        Assert.That(node.KswapdWanted, Is.False, "down to the low watermark nobody reclaims");

        engine.Access(space, [page++], ref tally);
        Assert.That(node.KswapdWanted, Is.True);
        while (node.KswapdWanted)
            engine.RunKswapd(node);

        Assert.That(node.Free, Is.GreaterThan(node.Watermarks.High));
        Assert.That(engine.ReadGlobal(Counter.pgsteal_kswapd), Is.Positive);
        Assert.That(engine.ReadGlobal(Counter.pgsteal_direct) + engine.ReadGlobal(Counter.allocstall_normal), Is.Zero);
        Assert.That(engine.ReadGlobal(Counter.pageoutrun), Is.Positive);
        Assert.That(engine.RunKswapd(node), Is.Zero, "a balanced node has nothing to do");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void KswapdIsGivenUpAfterSixteenFruitlessRunsUntilDirectReclaimSucceeds()
    {
        var log = new Log { Refuses = true };
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Cluster>(log)) with { Nodes = [new NodeOptions(300)] });
        Node node = engine.Nodes[0];
        AddressSpace space = engine.CreateAddressSpace("s", 400);
        AccessTally tally = default;
        for (uint page = 0; page < 300; page++)
            engine.Access(space, [page], ref tally);
        Assert.That(node.Free, Is.EqualTo((uint)node.Watermarks.Min), "tasks stop at the reserve");

        log.Clear();
        engine.RunKswapd(node);
        Assert.That(log.Priorities, Is.EqualTo("12 11 10 9 8 7 6 5 4 3 2 1"), "kswapd never goes down to 0");
        for (int run = 2; run <= 16; run++)
        {
            Assert.That(node.KswapdWanted, Is.True, $"before run {run}");
            engine.RunKswapd(node);
        }

        Assert.That((node.KswapdWanted, node.KswapdFailures), Is.EqualTo((false, 16)));
        engine.Access(space, [300], ref tally);
        Assert.That(node.KswapdWanted, Is.False, "hopeless");
        log.Refuses = false;
        engine.Access(space, [301], ref tally);
        Assert.That(node.KswapdFailures, Is.Zero, "direct reclaim got through");
        for (uint page = 302; !node.KswapdWanted && page < 400; page++)
            engine.Access(space, [page], ref tally);
        Assert.That(node.KswapdWanted, Is.True, "and it is wanted again below the low watermark");
    }

    [Test]
    public void ARunOfKswapdThatFreesSomethingForgetsFailures()
    {
        var log = new Log();
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Cluster>(log)) with { Nodes = [new NodeOptions(300)] });
        Fill(engine, null, 262);
        engine.Nodes[0].KswapdFailures = 7;

        Assert.That(engine.RunKswapd(engine.Nodes[0]), Is.Positive);
        Assert.That(engine.Nodes[0].KswapdFailures, Is.Zero);
    }

    [Test]
    public void PriorityFallsOnlyWhenAPassScannedTooLittleOrFreedNothing()
    {
        // Frees 8 pages in each pass and scans a hundred: urgent enough as it is.
        var log = new Log { PagesPerPass = 8, ScannedPerPass = 1000 };
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Cluster>(log)) with { Nodes = [new NodeOptions(300)] });
        Fill(engine, null, 266);

        engine.RunKswapd(engine.Nodes[0]);

        Assert.That(log.Priorities.Split(' '), Is.All.EqualTo("12"));
        Assert.That(log.Passes, Is.GreaterThan(1));
    }

    [Test]
    public void FramesComeFromTheHomeNodeThenFromTheNearestTierAndNumber()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with
        {
            Nodes = [new NodeOptions(256, 1), new NodeOptions(256), new NodeOptions(256, 1), new NodeOptions(256, 2)],
        });
        AddressSpace space = engine.CreateAddressSpace("s", 1024, null, 2);
        List<int> order = [];
        AccessTally tally = default;
        for (uint page = 0; engine.Nodes.Any(n => n.Free > n.Watermarks.Low); page++)
        {
            uint[] before = [.. engine.Nodes.Select(n => n.Free)];
            engine.Access(space, [page], ref tally);
            int node = Enumerable.Range(0, 4).Single(i => engine.Nodes[i].Free < before[i]);
            if (order.Count == 0 || order[^1] != node)
                order.Add(node);
        }

        Assert.That(string.Join(' ', order), Is.EqualTo("2 0 1 3"), "home, the same tier, then tiers 0 and 2 by distance of number");
        Assert.That(engine.ReadGlobal(Counter.allocstall_normal), Is.Zero);
    }

    [Test]
    public void GlobalCountersAreOfReclaimForTheMachineAndACgroupsOwnOfBoth()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Nodes = [new NodeOptions(300)] });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Fill(engine, memcg, 100);
        engine.SetMax(memcg, 90);
        Assert.That(engine.ReadGlobal(Counter.pgsteal_direct), Is.Zero, "kernel-reclaim 7.1");
        Assert.That(engine.Read(engine.Root, Counter.pgsteal_direct), Is.EqualTo(10));

        Fill(engine, null, 250);
        long machine = engine.ReadGlobal(Counter.pgsteal_direct);
        Assert.That(machine, Is.Positive);
        Assert.That(engine.Read(engine.Root, Counter.pgsteal_direct), Is.EqualTo(machine + 10));
        Assert.That(engine.Read(engine.Root, Counter.pgsteal_anon), Is.EqualTo(machine + 10));
        Assert.That(engine.Read(engine.Root, Counter.pgscan_anon), Is.EqualTo(machine + 10), "fifo scans what it takes");
    }

    [Test]
    public void ASharedReclaimStopsWhenItHasEnoughAndTheNextGoesOn()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup[] below = [engine.CreateMemcg("a", top), engine.CreateMemcg("b", top), engine.CreateMemcg("c", top)];
        foreach (MemoryCgroup memcg in below)
            Fill(engine, memcg, 50);

        for (int i = 0; i < 3; i++)
            engine.Reclaim(new ReclaimRequest(4, top));

        Assert.That(below.Select(m => m.Usage), Is.All.LessThan(50), "in turn, not all from the first");
        Assert.That(top.Usage, Is.EqualTo(138));
    }

    private static AddressSpace Fill(Engine engine, MemoryCgroup? memcg, uint pages)
    {
        AddressSpace space = engine.CreateAddressSpace("s", 8192, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < pages; page++)
            engine.Access(space, [page], ref tally);
        return space;
    }

    private sealed class Log
    {
        private readonly List<int> _priorities = [];

        public bool Refuses { get; set; }

        public int PagesPerPass { get; init; } = int.MaxValue;

        public int ScannedPerPass { get; init; }

        public int Passes { get; private set; }

        public int LeftInPass { get; set; }

        /// <summary>Priorities of the passes, each once in a row.</summary>
        public string Priorities => string.Join(' ', _priorities.Take(13));

        public void Add(int priority)
        {
            Passes++;
            LeftInPass = PagesPerPass;
            _priorities.Add(priority);
        }

        public void Clear() => _priorities.Clear();
    }

    /// <summary>Takes exactly what is wanted, as its log allows, in clusters of 32 like a kernel.</summary>
    private readonly struct Cluster : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "cluster", LeastReclaim = 32, Flags = PolicyFlags.IgnoresReferences };

        public static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass)
        {
            if (!scan.Background)
                LogOf(target).Add(scan.Priority);
        }

        public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) =>
            !scan.Background && !LogOf(view).Refuses;

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            Log log = LogOf(view);
            long wanted = Math.Min(Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed), log.LeftInPass);
            for (; wanted > 0 && view.Tail(0) != PolicyView.None; wanted--)
            {
                view.TryIsolate(view.Tail(0), ref batch);
                log.LeftInPass--;
            }

            batch.Scanned += log.ScannedPerPass;
        }

        private static Log LogOf(PolicyView view) => (Log)view.Instance!;
    }
}
