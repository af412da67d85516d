using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Tests.Scenarios;

public sealed class ScenarioMachineTests
{
    private const string Text =
        """
        name: test
        summary: a test
        accesses: 100000
        policies: [classic]
        nodes: [{ memory: 64M }]
        memcgs: [{ path: /a, max: 8M }, { path: /a/b, max: 4M }]
        processes: [{ name: one, memcg: /a/b, pattern: { kind: zipf, pages: 3000, skew: 0.7 } }, { name: two, memcg: /a, pattern: { kind: loop, pages: 2000 } }]
        """;

    [Test]
    public void RoundByRoundItComesToWhatTheRunComesTo()
    {
        using ScenarioMachine machine = Start();
        int rounds = 0;
        while (machine.Advance())
            rounds++;

        ResultSet run = new ScenarioRun(ScenarioReader.Parse(Text, "test.yaml")).Run(null, null, default);
        Assert.That(rounds, Is.GreaterThan(1000));
        Assert.That(machine.Rows().Select(WithoutTimes), Is.EqualTo(run.Rows.Select(WithoutTimes)));
        Assert.That(machine.NowUs, Is.EqualTo(10_000), "100 ns for each access");
    }

    [Test]
    public void AtItsEndItDoesNothingMore()
    {
        using ScenarioMachine machine = Start();
        while (machine.Advance())
        {
        }

        Assert.That(machine.HasMore, Is.False);
        Assert.That(machine.Advance(), Is.False);
        Assert.That(machine.AccessesDone, Is.EqualTo(100_000));
    }

    [Test]
    public void ItsOwnerMayReclaimBetweenTwoRounds()
    {
        using ScenarioMachine machine = Start();
        while (machine.AccessesDone < 50_000)
            machine.Advance();
        MemoryCgroup memcg = machine.Memcgs["/a/b"];
        ulong before = memcg.Usage;
        machine.Engine.Reclaim(new ReclaimRequest(500, memcg));

        Assert.That(memcg.Usage, Is.LessThanOrEqualTo(before - 500));
        while (machine.Advance())
        {
        }

        Assert.That(machine.Rows(), Has.Count.EqualTo(3), "and the engine is whole");
    }

    [Test]
    public void TheOptionsOfItsEngineCanBeChanged()
    {
        Scenario scenario = ScenarioReader.Parse(Text, "test.yaml");
        using ScenarioMachine plain = Start();
        using ScenarioMachine machine = new PreparedScenario(scenario)
            .Start(PolicyCatalog.Shelf.ParseList("classic")[0], adjust: options => options with { Pressure = true, Memcgs = 9 });

        Assert.That(machine.Engine.ReadPressure(machine.Engine.Root).Some.TotalUs, Is.Zero);
        Assert.That(() => machine.Engine.CreateMemcg("more"), Throws.Nothing);
        Assert.That(() => plain.Engine.ReadPressure(plain.Engine.Root), Throws.TypeOf<EngineException>());
    }

    [Test]
    public void DemotionIsTheScenariosToSwitchOn([Values] bool demotes)
    {
        string text = Text.Replace("nodes: [{ memory: 64M }]", $"demotion: {(demotes ? "true" : "false")}\nnodes: [{{ memory: 64M }}, {{ memory: 64M, tier: 1 }}]", StringComparison.Ordinal);
        using ScenarioMachine machine = new PreparedScenario(ScenarioReader.Parse(text, "test.yaml")).Start(PolicyCatalog.Shelf.ParseList("classic")[0]);
        while (machine.AccessesDone < 50_000)
            machine.Advance();

        ReclaimResult result = machine.Engine.Reclaim(new ReclaimRequest(200, Nodes: machine.Engine.Nodes[0]));

        Assert.That(result.Reclaimed, Is.GreaterThanOrEqualTo(200));
        Assert.That(result.Demoted, demotes ? Is.EqualTo(result.Reclaimed) : Is.Zero);
    }

    private static ScenarioMachine Start() =>
        new PreparedScenario(ScenarioReader.Parse(Text, "test.yaml")).Start(PolicyCatalog.Shelf.ParseList("classic")[0]);

    private static string WithoutTimes(ResultRow row) =>
        $"{row.Trace} {row.Policy} {row.Accesses} {row.Refaults} {row.ColdFaults} {row.ResidentMean} {string.Join(' ', row.Counters)}";
}
