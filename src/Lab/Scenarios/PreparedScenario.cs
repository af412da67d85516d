using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>A scenario with all that its files name at hand: traces are read, policies are found. Machines are started from it.</summary>
public sealed class PreparedScenario
{
    private readonly Dictionary<string, Trace> _traces = [];

    /// <summary>The policies that events name, by name.</summary>
    private readonly Dictionary<string, PolicyChoice> _switchedTo = [];

    /// <summary>Reads the traces of <paramref name="scenario"/> and finds its policies.</summary>
    /// <param name="scenario">What is to run.</param>
    /// <param name="policies">Under which policies, or null for the scenario's own.</param>
    /// <exception cref="TraceException">A trace can't be read.</exception>
    /// <exception cref="ScenarioException">One of the scenario's own policies, or of its events', does not exist.</exception>
    /// <exception cref="PolicyException">A policy needs the future.</exception>
    public PreparedScenario(Scenario scenario, IReadOnlyList<PolicyChoice>? policies = null)
    {
        Scenario = scenario;
        Policies = policies ?? PoliciesOf(scenario, string.Join(',', scenario.Policies));
        foreach (string name in scenario.Events.Select(e => e.Policy).OfType<string>().Where(n => n != EventSpec.InitialPolicy).Distinct())
            _switchedTo[name] = PoliciesOf(scenario, name)[0];
        if (Policies.Concat(_switchedTo.Values).FirstOrDefault(p => p.NeedsFuture) is { } oracle)
            throw new PolicyException($"policy '{oracle.Name}' has to know the accesses in advance, which a scenario does not; 'reclaim compare' runs it on a trace");
        foreach (ProcessSpec process in scenario.Processes)
        {
            if (process.TracePath is { } path && !_traces.ContainsKey(path))
                _traces[path] = TraceReader.Load(path, process.TraceFormat is { } name ? TraceFormat.Parse(name) : null);
        }
    }

    /// <summary>What is to run.</summary>
    public Scenario Scenario { get; }

    /// <summary>Under which policies, at least one.</summary>
    public IReadOnlyList<PolicyChoice> Policies { get; }

    /// <summary>What a reader must know of the traces to judge the numbers, a sentence each.</summary>
    public IEnumerable<string> Notes =>
        from trace in _traces.Values
        where trace.Note is not null
        select $"{trace.Name}: {trace.Note}";

    /// <summary>The results of runs of it: all runs of a cgroup side by side, in the order of the file.</summary>
    /// <param name="rows">The rows of its machines.</param>
    /// <param name="notes">Sentences on the runs; those on traces come after them.</param>
    /// <param name="how">How it was run, to follow its name in the title; or nothing.</param>
    public ResultSet ResultsOf(IReadOnlyCollection<ResultRow> rows, IEnumerable<string> notes, string how = "") =>
        new(rows.Select(r => r.Trace).Distinct().SelectMany(subject => rows.Where(r => r.Trace == subject)))
        {
            Title = $"{Scenario.Name}{how}: {Scenario.Summary}",
            Subject = "memory cgroup",
            Notes = [.. notes, .. Notes],
        };

    internal IEnumerable<PolicyChoice> SwitchedTo => _switchedTo.Values;

    /// <summary>Builds the machine under one policy; nothing has run on it yet.</summary>
    /// <param name="policy">The policy that every cgroup is bound to at first.</param>
    /// <param name="supervision">What is done about policies that misbehave; null for <see cref="Supervision.Default"/>.</param>
    /// <param name="adjust">Changes the options of the engine, which are the scenario's: switches on what it does not ask for.</param>
    /// <exception cref="EngineException">The scenario does not fit one engine, or the changed options do not.</exception>
    public ScenarioMachine Start(PolicyChoice policy, Supervision? supervision = null, Func<EngineOptions, EngineOptions>? adjust = null) =>
        new(this, policy, supervision ?? Supervision.Default, adjust);

    /// <summary>The trace of a process that replays one.</summary>
    internal Trace? TraceOf(ProcessSpec process) => process.TracePath is { } path ? _traces[path] : null;

    /// <summary>Pages of a process's address space.</summary>
    internal ulong PagesOf(ProcessSpec process) => TraceOf(process) is { } trace ? (ulong)trace.PackedPages : process.Pattern!.Pages;

    private static IReadOnlyList<PolicyChoice> PoliciesOf(Scenario scenario, string list)
    {
        try
        {
            return PolicyCatalog.Shelf.ParseList(list);
        }
        catch (PolicyException problem)
        {
            throw new ScenarioException(scenario.Name, 0, problem.Message, problem);
        }
    }
}
