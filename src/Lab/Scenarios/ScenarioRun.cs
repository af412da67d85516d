using ReclaimNative.Lab.Controllers;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// Runs a scenario under one policy after the other, and for each policy under one controller after the other, each on a
/// <see cref="ScenarioMachine"/> of its own.
/// </summary>
public sealed class ScenarioRun
{
    private readonly PreparedScenario _prepared;

    /// <summary>Prepares to run <paramref name="scenario"/>; its traces are read here.</summary>
    /// <param name="scenario">What to run.</param>
    /// <param name="policies">Under which policies, or null for the scenario's own.</param>
    /// <exception cref="TraceException">A trace can't be read.</exception>
    /// <exception cref="ScenarioException">One of the scenario's own policies, or of its events', does not exist.</exception>
    /// <exception cref="PolicyException">A policy needs the future.</exception>
    public ScenarioRun(Scenario scenario, IReadOnlyList<PolicyChoice>? policies = null) => _prepared = new(scenario, policies);

    /// <summary>What is done about policies that misbehave.</summary>
    public Supervision Supervision { get; init; } = Supervision.Default;

    /// <summary>Under which controllers; empty for a run without, whose rows name none.</summary>
    /// <exception cref="ControllerException">The scenario knows no time, which controllers go by.</exception>
    public IReadOnlyList<ControllerChoice> Controllers
    {
        get;
        init => field = CheckTimed(_prepared.Scenario, value);
    } = [];

    /// <summary>Accesses of all runs together.</summary>
    public long TotalAccesses => _prepared.Scenario.Accesses * _prepared.Policies.Count * Math.Max(1, Controllers.Count);

    /// <summary>
    /// Runs every policy. One row for each cgroup that has processes of its own, and one for the whole machine. Ended
    /// early, the policies that were finished are returned, and a note says that there were more.
    /// </summary>
    public ResultSet Run(Action<string>? starting, Action<int>? advanced, CancellationToken cancellation)
    {
        Scenario scenario = _prepared.Scenario;
        var rows = new List<ResultRow>();
        var notes = new List<string>();
        int finished = 0;
        (PolicyChoice Policy, ControllerChoice? Controller)[] runs =
            [.. _prepared.Policies.SelectMany(p => Controllers.Count == 0 ? [(p, null)] : Controllers.Select(c => (p, (ControllerChoice?)c)))];
        foreach ((PolicyChoice policy, ControllerChoice? controller) in runs)
        {
            starting?.Invoke($"{scenario.Name} {policy.Name}{(controller is null ? "" : $" {controller.Label}")}");
            try
            {
                rows.AddRange(RunPolicy(policy, controller, advanced, cancellation));
                finished++;
            }
            catch (OperationCanceledException)
            {
                notes.Add($"Stopped early: {finished} of {runs.Length} {(Controllers.Count == 0 ? "policies" : "policies and controllers")} were finished.");
                break;
            }
        }

        return _prepared.ResultsOf(rows, notes);
    }

    internal static IReadOnlyList<ControllerChoice> CheckTimed(Scenario scenario, IReadOnlyList<ControllerChoice> controllers) =>
        controllers.Count == 0 || scenario.Costs is not null
            ? controllers
            : throw new ControllerException($"scenario {scenario.Name} has no costs, so that nothing in it takes time; controllers need a timed scenario");

    private IReadOnlyList<ResultRow> RunPolicy(PolicyChoice policy, ControllerChoice? controller, Action<int>? advanced, CancellationToken cancellation)
    {
        using ControlledMachine machine = new(_prepared, policy, controller, Supervision);
        return machine.Run(advanced, cancellation);
    }
}
