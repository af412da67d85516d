using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Tests.Scenarios;

public sealed class ScenarioRunTests
{
    [Test]
    public void EachCgroupWithProcessesHasARowAndTheMachineIsTheirSum()
    {
        ResultSet results = Run(
            """
            memcgs: [{ path: /a, max: 4M }, { path: /b, max: 4M }]
            processes:
              - { name: one, memcg: /a, pattern: { kind: uniform, pages: 3000 } }
              - { name: two, memcg: /b, pattern: { kind: loop, pages: 3000 }, weight: 3 }
            """);

        Assert.That(results.Rows.Select(r => r.Trace), Is.EqualTo((string[])["whole machine", "/a (one)", "/b (two)"]));
        Assert.That(results.Rows[0].Faults, Is.EqualTo(results.Rows[1].Faults + results.Rows[2].Faults));
        Assert.That(results.Rows[0].Scanned, Is.EqualTo(results.Rows[1].Scanned + results.Rows[2].Scanned));
        Assert.That(results.Rows[0].Accesses, Is.EqualTo(200_000));
        Assert.That((double)results.Rows[2].Accesses / results.Rows[1].Accesses, Is.EqualTo(3).Within(0.01), "weight is the share of the accesses");
        Assert.That(results.Rows[2].Refaults, Is.EqualTo(results.Rows[2].Accesses - 3000), "a loop longer than memory never hits under fifo");
    }

    [Test]
    public void WhoIsAboveMemoryHighWaitsAndTheOtherGetsOn()
    {
        ResultSet results = Run(
            """
            memcgs: [{ path: /a, high: 4M, swap_max: 0 }, { path: /b }]
            processes:
              - { name: greedy, memcg: /a, pattern: { kind: uniform, pages: 3000 } }
              - { name: other, memcg: /b, pattern: { kind: uniform, pages: 3000 } }
            """);

        ResultRow greedy = results.Rows.Single(r => r.Trace == "/a (greedy)");
        ResultRow other = results.Rows.Single(r => r.Trace == "/b (other)");
        Assert.That(other.Accesses, Is.GreaterThan(4 * greedy.Accesses), "without swap the first can't be brought below, so it sleeps");
        Assert.That(CounterOf(greedy, "high"), Is.GreaterThan(0));
    }

    [Test]
    public void WhenAllWaitTheRunStillEnds()
    {
        ResultSet results = Run(
            """
            memcgs: [{ path: /a, high: 4M, swap_max: 0 }]
            processes: [{ name: greedy, memcg: /a, pattern: { kind: uniform, pages: 3000 } }]
            """);

        Assert.That(results.Rows.Single().Accesses, Is.EqualTo(200_000));
    }

    [Test]
    public void TheKernelOfAScenarioIsThatOfItsMachine()
    {
        const string Processes = "memcgs: [{ path: /a, max: 4M }]\nprocesses: [{ name: one, memcg: /a, pattern: { kind: zipf, pages: 3000, skew: 0.8 } }]";

        ResultRow RowOf(string body) => new ScenarioRun(Read(body, policies: "classic")).Run(null, null, default).Rows[0];

        Assert.That(RowOf(Processes).Counters, Is.Not.EqualTo(RowOf("kernel: 6.18\n" + Processes).Counters), "statistics that nobody flushes");
    }

    [Test]
    public void WithoutLimitsTheNodesWatermarksReclaimByKswapd()
    {
        ResultSet results = Run("processes: [{ name: big, pattern: { kind: uniform, pages: 30000 } }]");

        ResultRow row = results.Rows.Single();
        Assert.That(row.Oom, Is.False);
        Assert.That(CounterOf(row, "pgsteal_kswapd"), Is.GreaterThan(0), "kswapd did the work");
        Assert.That(CounterOf(row, "pgsteal_direct"), Is.Zero, "so that no task had to");
        Assert.That(row.ResidentMean, Is.LessThan(16384));
    }

    [Test]
    public void ATraceThatIsNotRepeatedEndsItsProcessAndTheOthersGoOn()
    {
        ResultSet results = Run(
            """
            memcgs: [{ path: /t }, { path: /p }]
            processes:
              - { name: trace, memcg: /t, trace: sqlite-orders.u32.gz, repeat: false }
              - { name: pattern, memcg: /p, pattern: { kind: uniform, pages: 100 } }
            """,
            accesses: 4_000_000);

        Assert.That(results.Rows[1].Accesses, Is.EqualTo(1_808_469), "the whole trace and no more");
        Assert.That(results.Rows[0].Accesses, Is.EqualTo(4_000_000));
    }

    [Test]
    public void APolicyIsSwitchedAtItsTimeAndBack()
    {
        const string Body = "memcgs: [{ path: /a, max: 4M }]\nprocesses: [{ name: one, memcg: /a, pattern: { kind: loop, pages: 1100 } }]\n";
        const string There = "events: [{ at: 100000, memcg: /a, policy: mru }]";
        const string AndBack = "events: [{ at: 100000, memcg: /a, policy: mru }, { at: 101100, memcg: /a, policy: initial }]";

        ResultRow fifo = Run(Body).Rows.Single();
        ResultRow there = Run(Body + There).Rows.Single();
        ResultRow andBack = Run(Body + AndBack).Rows.Single();
        ResultRow other = new ScenarioRun(Read(Body + There), PolicyCatalog.Shelf.ParseList("mru")).Run(null, null, default).Rows.Single();

        Assert.That(fifo.Faults, Is.EqualTo(200_000), "a loop longer than memory never hits under fifo");
        Assert.That(there.Faults, Is.InRange(100_000, 115_000), "from the middle on mru keeps most of it");
        Assert.That(andBack.Faults, Is.InRange(197_000, 199_500), "for one round");
        Assert.That(there.Policy, Is.EqualTo("fifo"), "a row is named by what was asked for");
        Assert.That(other.Faults, Is.LessThan(20_000), "a switch to the policy that is there already changes nothing");
    }

    [Test]
    public void LimitsAndSwappinessChangeWhileItRuns()
    {
        ResultRow row = Run(
            """
            memcgs: [{ path: /a, max: 8M }]
            processes: [{ name: one, memcg: /a, pattern: { kind: uniform, pages: 3000 } }]
            events:
              - { at: 50000, memcg: /a, max: 2M }
              - { at: 60000, memcg: /a, max: max, high: 4M, swappiness: 200 }
            """).Rows.Single();

        Assert.That(row.ResidentMean, Is.InRange(960, 1040), "the last limit is memory.high of 1024 pages");
        Assert.That(CounterOf(row, "high"), Is.Positive);
        Assert.That(row.Oom, Is.False);
    }

    [Test]
    public void AnEventsPolicyThatIsNotThereIsRefused() =>
        Assert.That(
            () => new ScenarioRun(Read("processes: [{ name: a, pattern: { kind: loop, pages: 9 } }]\nevents: [{ at: 5, policy: lrux }]")),
            Throws.TypeOf<ScenarioException>().With.Message.Contains("there is no policy 'lrux'"));

    [Test]
    public void OptIsRefusedBecauseAScenarioDoesNotKnowTheFuture() =>
        Assert.That(
            () => new ScenarioRun(Read("processes: [{ name: a, pattern: { kind: loop, pages: 9 } }]"), PolicyCatalog.Shelf.ParseList("fifo,opt")),
            Throws.TypeOf<PolicyException>().With.Message.Contain("opt"));

    [Test]
    public void ARunThatIsStoppedKeepsThePoliciesThatWereFinishedAndSaysSo()
    {
        Scenario scenario = Read("processes: [{ name: a, pattern: { kind: loop, pages: 30000 } }]", policies: "fifo, lru, clock");
        using CancellationTokenSource stop = new();
        ResultSet results = new ScenarioRun(scenario).Run(
            what =>
            {
                if (what.EndsWith("lru", StringComparison.Ordinal))
                    stop.Cancel();
            },
            null,
            stop.Token);

        Assert.That(results.Rows.Select(r => r.Policy), Is.EqualTo((string[])["fifo"]));
        Assert.That(results.Notes.Single(), Does.Contain("1 of 3"));
    }

    private static ResultSet Run(string body, long accesses = 200_000) => new ScenarioRun(Read(body, accesses)).Run(null, null, default);

    private static Scenario Read(string body, long accesses = 200_000, string policies = "fifo") => ScenarioReader.Parse(
        $"""
        name: test
        summary: a test
        accesses: {accesses}
        policies: [{policies}]
        nodes: [{"{"} memory: 64M {"}"}]
        {body}
        """,
        Path.Combine(RepositoryFiles.Scenarios, "traces", "test.yaml"));

    private static long CounterOf(ResultRow row, string name) => row.Counters.Single(c => c.Name == name).Value;
}
