using System.Globalization;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// Compares controllers by what they save at one rate of refaults: each is told to try harder or less hard
/// (<see cref="ControllerDescriptor.Aggressiveness"/>) until pages come back at that rate, over the second half of the run and all cgroups together.
/// </summary>
public sealed class ControllerComparison
{
    private readonly PreparedScenario _prepared;
    private readonly IReadOnlyList<ControllerChoice> _controllers;
    private readonly double _rate;

    /// <summary>Prepares to run <paramref name="scenario"/>; its traces are read here.</summary>
    /// <param name="scenario">A timed scenario.</param>
    /// <param name="policies">Under which policies, or null for the scenario's own.</param>
    /// <param name="controllers">Which controllers; the parameter that is varied is that of each, the others stay as given.</param>
    /// <param name="refaultsPerSecond">The rate, above 0.</param>
    /// <exception cref="ControllerException">The scenario is not timed, or the rate is not above 0.</exception>
    public ControllerComparison(Scenario scenario, IReadOnlyList<PolicyChoice>? policies, IReadOnlyList<ControllerChoice> controllers, double refaultsPerSecond)
    {
        ScenarioRun.CheckTimed(scenario, controllers);
        _prepared = new PreparedScenario(scenario, policies);
        _controllers = controllers;
        _rate = refaultsPerSecond > 0 && double.IsFinite(refaultsPerSecond)
            ? refaultsPerSecond
            : throw new ControllerException(string.Create(CultureInfo.InvariantCulture, $"a rate of {refaultsPerSecond} refaults a second was asked for; above 0 is accepted"));
    }

    /// <summary>What is done about policies that misbehave.</summary>
    public Supervision Supervision { get; init; } = Supervision.Default;

    /// <summary>Accesses of all runs together, at most.</summary>
    public long TotalAccesses =>
        _prepared.Scenario.Accesses * _prepared.Policies.Count * _controllers.Sum(c => c.Descriptor.Aggressiveness is null ? 1 : EqualRefaults.MostRuns);

    /// <summary>
    /// Runs them all. The rows are those of the runs nearest to the rate, with the value that was found; where the rate is not met within 2 per cent a note
    /// says what would be saved between the two nearest runs, or that the controller does not come to it.
    /// </summary>
    public ResultSet Run(Action<string>? starting, Action<int>? advanced, CancellationToken cancellation)
    {
        var rows = new List<ResultRow>();
        var notes = new List<string>();
        int finished = 0;
        try
        {
            foreach (PolicyChoice policy in _prepared.Policies)
            {
                ResultRow? none = null;
                foreach (ControllerChoice controller in _controllers)
                {
                    IReadOnlyList<ResultRow> found = Search(policy, controller, none, notes, starting, advanced, cancellation);
                    if (controller.Descriptor.Name == ControllerCatalog.None)
                        none = found[0];
                    rows.AddRange(found);
                    finished++;
                }
            }
        }
        catch (OperationCanceledException)
        {
            notes.Add($"Stopped early: {finished} of {_prepared.Policies.Count * _controllers.Count} policies and controllers were finished.");
        }

        return _prepared.ResultsOf(rows, notes, string.Create(CultureInfo.InvariantCulture, $", each controller at {_rate} refaults a second"));
    }

    private IReadOnlyList<ResultRow> Search(
        PolicyChoice policy,
        ControllerChoice controller,
        ResultRow? none,
        List<string> notes,
        Action<string>? starting,
        Action<int>? advanced,
        CancellationToken cancellation)
    {
        if (controller.Descriptor.Aggressiveness is not { } name)
            return RunOnce(controller);
        ControllerParameter parameter = controller.Descriptor.Parameters.Single(p => p.Name == name);
        Found<IReadOnlyList<ResultRow>> found = EqualRefaults.Find(
            _rate,
            parameter,
            value =>
            {
                IReadOnlyList<ResultRow> rows = RunOnce(controller.With(name, value));
                return new Tried<IReadOnlyList<ResultRow>>(value, RateOf(rows[0]), rows);
            });
        if (!found.Fits)
            notes.Add(Explain(policy, controller, name, none, found));
        return found.Nearest.Outcome;

        IReadOnlyList<ResultRow> RunOnce(ControllerChoice choice)
        {
            starting?.Invoke($"{_prepared.Scenario.Name} {policy.Name} {choice.Label}");
            using ControlledMachine machine = new(_prepared, policy, choice, Supervision);
            return machine.Run(advanced, cancellation);
        }
    }

    private static string Explain(PolicyChoice policy, ControllerChoice controller, string name, ResultRow? none, Found<IReadOnlyList<ResultRow>> found)
    {
        string who = $"{policy.Name} {controller.Descriptor.Name}";
        string nearest = string.Create(CultureInfo.InvariantCulture, $"{found.Nearest.Rate:0.###} refaults a second at {name}={found.Nearest.Value:0.######}");
        if (found.Interpolate(rows => rows[0].ResidentMean) is not { } resident)
            return $"{who} does not come to that rate: {(found.Below is null ? "least" : "most")} are {nearest}.";
        string saved = none is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {100 * (1 - resident / none.ResidentMean):0.00} per cent saved");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{who}: no value of {name} was found that meets the rate; between {found.Below!.Value.Rate:0.###} and {found.Above!.Value.Rate:0.###} refaults a second, {resident:0} pages would be resident{saved}. The row is that of {nearest}.");
    }

    private static double RateOf(ResultRow row) => new ControllerOutcome(row, none: null).PerSecond(TimedCounters.Refaults) ?? 0;
}
