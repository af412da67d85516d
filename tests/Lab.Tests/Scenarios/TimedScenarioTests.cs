using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>What time it is in scenarios with costs, by hand: 1 us for an access, unless a test says otherwise.</summary>
public sealed class TimedScenarioTests
{
    private const string Loop = "memcgs: [{ path: /a, max: 4M }]\nprocesses: [{ name: one, memcg: /a, pattern: { kind: loop, pages: 3000 } }]";

    [Test]
    public void AProcessWaitsForEachOfItsPageIns()
    {
        using ScenarioMachine machine = Run("costs: { access_ns: 1000, swap_in_us: 50, scan_ns: 0 }\n" + Loop);

        // A loop longer than memory never hits under fifo. Nobody waits for the page-ins of the last turn, of 32 accesses.
        Assert.That(machine.Processes[0].Tally.Refaults, Is.EqualTo(17_000));
        Assert.That(machine.NowUs, Is.EqualTo(20_000 + (17_000 - 32) * 50));
        Assert.That(machine.Processes[0].Lost, Is.EqualTo(new TimeLost(17_000 * 50_000, 0, 0, 0)));
    }

    [Test]
    public void PagesOfFilesAreReadAtTheirFirstTouchToo()
    {
        using ScenarioMachine machine = Run(
            "costs: { access_ns: 1000, swap_in_us: 7, file_read_us: 20, scan_ns: 0 }\n" +
            "processes: [{ name: one, pattern: { kind: loop, pages: 3000 }, anon: 1000 }]");

        Assert.That(machine.NowUs, Is.EqualTo(20_000 + 2000 * 20), "with room for all nothing comes in twice, and nothing is read for new heap");
    }

    [Test]
    public void ItsOwnReclaimTakesItsTimeAndIsPressure()
    {
        using ScenarioMachine machine = Run("costs: { access_ns: 1000, swap_in_us: 0, scan_ns: 3000 }\n" + Loop);

        long scanned = machine.Engine.Read(machine.Engine.Root, Observe.Counter.pgscan_direct);
        var pressure = machine.Engine.ReadPressure(machine.Memcgs["/a"]);
        Assert.That(scanned, Is.GreaterThan(15_000));
        Assert.That(machine.NowUs, Is.EqualTo(20_000 + scanned * 3));
        Assert.That((pressure.Some.TotalUs, pressure.Full.TotalUs), Is.EqualTo((scanned * 3, scanned * 3)), "it is alone, so when it stalls nobody works");
    }

    [Test]
    public void WaitsForTheWorkingSetArePressureAndOtherWaitsAreNot()
    {
        const string Body = "memcgs: [{ path: /a, max: 4M }]\nprocesses: [{ name: one, memcg: /a, pattern: { kind: zipf, pages: 1500, skew: 0.6 } }]";

        using ScenarioMachine machine = Run("costs: { access_ns: 1000, swap_in_us: 50, scan_ns: 0 }\n" + Body, policy: "classic");
        using ScenarioMachine free = Run("costs: { access_ns: 1000, swap_in_us: 0, scan_ns: 0 }\n" + Body, policy: "classic");

        AccessTally tally = machine.Processes[0].Tally;
        long some = machine.Engine.ReadPressure(machine.Engine.Root).Some.TotalUs;
        Assert.That(tally.WorkingsetRefaults, Is.InRange(10, tally.Refaults - 10), "there are both");
        Assert.That(some, Is.InRange((tally.WorkingsetRefaults - 32) * 50, tally.WorkingsetRefaults * 50));
        Assert.That(free.Engine.ReadPressure(free.Engine.Root).Some.TotalUs, Is.Zero, "what takes no time stalls nobody");
    }

    [Test]
    public void WhileOneWaitsTheOtherRuns()
    {
        using ScenarioMachine machine = Run(
            """
            costs: { access_ns: 1000, swap_in_us: 10, scan_ns: 0 }
            memcgs: [{ path: /a, max: 4M }, { path: /b }]
            processes:
              - { name: waits, memcg: /a, pattern: { kind: loop, pages: 3000 }, populate: true }
              - { name: runs, memcg: /b, pattern: { kind: uniform, pages: 100 } }
            """);

        (AccessTally waits, AccessTally runs) = (machine.Processes[0].Tally, machine.Processes[1].Tally);
        Assert.That(runs.Accesses, Is.EqualTo(20_000 - waits.Accesses));
        Assert.That((double)(runs.Accesses - 3000) / (waits.Accesses - 3000), Is.EqualTo(10).Within(0.5), "10 us of CPU for each wait of 10 us");
        Assert.That(machine.NowUs, Is.EqualTo(20_000), "the CPU is never idle");
    }

    [Test]
    public void AProcessWithARateKeepsToIt()
    {
        using ScenarioMachine machine = Run(
            """
            costs: { access_ns: 1000 }
            processes:
              - { name: slow, pattern: { kind: uniform, pages: 100 }, rate: 200 }
              - { name: fast, pattern: { kind: uniform, pages: 100 }, rate: 1800, weight: 10 }
            """);

        Assert.That(machine.NowUs, Is.EqualTo(10_000_000).Within(200_000), "20,000 accesses at 2,000 a second");
        Assert.That(machine.Processes[0].Tally.Accesses, Is.EqualTo(2000).Within(40));
    }

    [Test]
    public void APopulatingProcessTouchesEachPageOnceAtFullSpeed()
    {
        using ScenarioMachine machine = Run(
            "costs: { access_ns: 1000 }\n" +
            "processes: [{ name: one, pattern: { kind: uniform, pages: 20000 }, populate: true, rate: 10, anon: 15000 }]");

        Assert.That(machine.Processes[0].Tally.ColdFaults, Is.EqualTo(20_000), "in as many accesses");
        Assert.That(machine.NowUs, Is.EqualTo(20_000 + 100 * (5000 - 1)), "without a look at its rate, but files are read; nobody waits for the last");
        Assert.That(machine.Engine.SizesOf(machine.Engine.Root, machine.Engine.Nodes[0]).InactiveAnon, Is.Positive);
    }

    [Test]
    public void SlowerMemoryTakesLonger()
    {
        using ScenarioMachine machine = Run(
            """
            costs: { access_ns: 1000, tiers: [0, 3000] }
            processes: [{ name: one, pattern: { kind: loop, pages: 32 }, node: 1 }]
            """);

        Assert.That(machine.NowUs, Is.EqualTo(20_000 + (20_000 - 32) * 3), "the first turn finds nothing there yet");
        Assert.That(machine.Processes[0].Lost.SlowTierNs, Is.EqualTo((20_000 - 32) * 3000));
    }

    [Test]
    public void WhoIsAboveMemoryHighWaitsAndThatIsPressure()
    {
        using ScenarioMachine machine = Run(
            """
            costs: { access_ns: 1000, scan_ns: 0 }
            memcgs: [{ path: /a, high: 4M, swap_max: 0 }]
            processes: [{ name: greedy, memcg: /a, pattern: { kind: uniform, pages: 3000 } }]
            """);

        long throttledUs = machine.Processes[0].Tally.ThrottledMs * 1000;
        Assert.That(throttledUs, Is.GreaterThan(1_000_000));
        Assert.That(machine.NowUs, Is.EqualTo(20_000 + throttledUs));
        Assert.That(machine.Engine.ReadPressure(machine.Memcgs["/a"]).Some.TotalUs, Is.EqualTo(throttledUs));
    }

    [Test]
    public void TimeDoesNotGoBeyondWhatItsOwnerSays()
    {
        Scenario scenario = Read("costs: { access_ns: 1000 }\nprocesses: [{ name: one, pattern: { kind: uniform, pages: 100 }, rate: 10 }]");
        using ScenarioMachine machine = new PreparedScenario(scenario).Start(PolicyCatalog.Shelf.ParseList("fifo")[0]);

        machine.Advance();
        Assert.That(machine.Advance(30_000), Is.True);
        Assert.That((machine.NowUs, machine.AccessesDone), Is.EqualTo((30_000, 1)), "it sleeps for a tenth of a second");
        machine.Advance();
        Assert.That((machine.NowUs, machine.AccessesDone), Is.EqualTo((100_001, 2)));
    }

    [Test]
    public void RowsSayWhatTheSecondHalfCost()
    {
        ResultRow row = new ScenarioRun(Read("costs: { access_ns: 1000, swap_in_us: 50, scan_ns: 0 }\n" + Loop)).Run(null, null, default).Rows.Single();

        Dictionary<string, long> counters = row.Counters.ToDictionary(c => c.Name, c => c.Value);
        Assert.That(counters[TimedCounters.Refaults], Is.EqualTo(10_000).Within(64));
        Assert.That(counters[TimedCounters.PageInUs], Is.EqualTo(counters[TimedCounters.Refaults] * 50));
        Assert.That(counters[TimedCounters.Us], Is.EqualTo(10_000 * 51).Within(64 * 51));
        Assert.That(counters[TimedCounters.TopTierMean], Is.EqualTo(row.ResidentMean).Within(1).And.InRange(980, 1024));
    }

    [Test]
    public void WithoutCostsThereAreNoSuchCounters() =>
        Assert.That(
            new ScenarioRun(Read(Loop)).Run(null, null, default).Rows.Single().Counters.Select(c => c.Name),
            Has.None.StartsWith("late_"));

    [Test]
    public void ARunRepeatsItself()
    {
        string body = "costs: { scan_ns: 33 }\n" + Loop;

        using ScenarioMachine one = Run(body, policy: "mglru");
        using ScenarioMachine two = Run(body, policy: "mglru");

        Assert.That(one.NowUs, Is.EqualTo(two.NowUs));
        Assert.That(one.Rows().Select(r => string.Join(' ', r.Counters)), Is.EqualTo(two.Rows().Select(r => string.Join(' ', r.Counters))));
    }

    private static ScenarioMachine Run(string body, string policy = "fifo")
    {
        ScenarioMachine machine = new PreparedScenario(Read(body)).Start(PolicyCatalog.Shelf.ParseList(policy)[0]);
        while (machine.Advance())
        {
        }

        Assert.That(machine.AccessesDone, Is.EqualTo(20_000));
        return machine;
    }

    private static Scenario Read(string body) => ScenarioReader.Parse(
        $$"""
        name: test
        summary: a test
        accesses: 20000
        policies: [fifo]
        nodes: [{ memory: 128M }, { memory: 16M, tier: 1 }]
        {{body}}
        """,
        Path.Combine(RepositoryFiles.Scenarios, "test.yaml"));
}
