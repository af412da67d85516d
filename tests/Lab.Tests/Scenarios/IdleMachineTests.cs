using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>A machine after its last access.</summary>
public sealed class IdleMachineTests
{
    private const long Hour = 3_600_000_000;

    [Test]
    public void AfterTheEndTimeGoesOnAndNobodyIsStalled()
    {
        using ScenarioMachine machine = Start("costs: { access_ns: 100, swap: nvme, file_read_us: 100, scan_ns: 100 }");
        RunToTheEnd(machine);
        long ended = machine.NowUs;
        long stalled = machine.Engine.ReadPressure(machine.Memcgs["/a"]).Some.TotalUs;
        machine.IdleUntil(ended + Hour);
        PressureReading idle = machine.Engine.ReadPressure(machine.Memcgs["/a"]);

        Assert.That((machine.NowUs, machine.Engine.NowUs), Is.EqualTo((ended + Hour, ended + Hour)));
        Assert.That(stalled, Is.GreaterThan(0));
        Assert.That(idle.Some.TotalUs - stalled, Is.InRange(0, 1_000_000), "the last waits end");
        Assert.That(idle.Some.Avg300.ToString(), Is.EqualTo("0.00"));
    }

    [Test]
    public void WithoutCostsTimeGoesOnToo()
    {
        using ScenarioMachine machine = Start("");
        RunToTheEnd(machine);
        long ended = machine.NowUs;
        machine.IdleUntil(ended + Hour);
        machine.IdleUntil(ended);

        Assert.That((machine.NowUs, machine.Engine.NowMs), Is.EqualTo((ended + Hour, (ended + Hour) / 1000)), "a time that has passed changes nothing");
    }

    [Test]
    public void BeforeTheEndNobodyIsMadeIdle()
    {
        using ScenarioMachine machine = Start("");
        machine.Advance();
        long now = machine.NowUs;
        machine.IdleUntil(Hour);

        Assert.That((machine.NowUs, machine.HasMore), Is.EqualTo((now, true)));
    }

    private static void RunToTheEnd(ScenarioMachine machine)
    {
        while (machine.Advance())
        {
        }
    }

    private static ScenarioMachine Start(string costs)
    {
        Scenario scenario = ScenarioReader.Parse(
            $$"""
            name: test
            summary: a test
            accesses: 100000
            policies: [mglru]
            {{costs}}
            nodes: [{ memory: 64M }]
            memcgs: [{ path: /a, max: 4M }]
            processes:
              - { name: one, memcg: /a, pattern: { kind: zipf, pages: 3000, skew: 0.6 } }
            """,
            "test.yaml");
        PreparedScenario prepared = new(scenario);
        return prepared.Start(prepared.Policies[0], adjust: options => options with { Pressure = true });
    }
}
