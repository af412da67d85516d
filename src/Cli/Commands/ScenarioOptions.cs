using System.CommandLine;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Cli.Commands;

/// <summary>What a command may change of the scenario that it runs.</summary>
internal sealed class ScenarioOptions
{
    private readonly Option<string?> _seed = new("--seed") { Description = "seed instead of the scenario's own", HelpName = "N" };
    private readonly Option<string?> _swappiness = new("--swappiness") { Description = "0 to 200, for every cgroup that sets none of its own", HelpName = "N" };
    private readonly Option<bool> _noEvents = new("--no-events") { Description = "leaves the scenario's events out, to see what they cost" };

    public void AddTo(Command command)
    {
        command.Add(_seed);
        command.Add(_swappiness);
        command.Add(_noEvents);
    }

    /// <summary>What to do to a scenario, once it is read.</summary>
    /// <exception cref="UsageException">A value is not accepted.</exception>
    public Func<Scenario, Scenario> Read(ParseResult parsed)
    {
        ulong? seed = parsed.GetValue(_seed) is { } number ? Numbers.Seed(number) : null;
        int? swappiness = parsed.GetValue(_swappiness) is { } value ? Numbers.Swappiness(value) : null;
        bool noEvents = parsed.GetValue(_noEvents);
        return scenario => scenario with
        {
            Seed = seed ?? scenario.Seed,
            Swappiness = swappiness ?? scenario.Swappiness,
            Events = noEvents ? [] : scenario.Events,
        };
    }
}
