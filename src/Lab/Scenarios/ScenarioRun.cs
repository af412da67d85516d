using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// Runs a scenario: builds its machine once for each policy and lets its processes take turns, each for a slice in
/// proportion to its weight. kswapd runs whenever a node wants it. Deterministic: one thread, seeded patterns, a virtual
/// clock of 100 ns for each access.
/// </summary>
public sealed class ScenarioRun
{
    private const long AccessesPerMillisecond = 10_000;

    private readonly Scenario _scenario;
    private readonly IReadOnlyList<PolicyChoice> _policies;
    private readonly Dictionary<string, Trace> _traces = [];

    /// <summary>The policies that events name, by name.</summary>
    private readonly Dictionary<string, PolicyChoice> _switchedTo = [];

    /// <summary>Prepares to run <paramref name="scenario"/>; its traces are read here.</summary>
    /// <param name="scenario">What to run.</param>
    /// <param name="policies">Under which policies, or null for the scenario's own.</param>
    /// <exception cref="TraceException">A trace can't be read.</exception>
    /// <exception cref="ScenarioException">One of the scenario's own policies, or of its events', does not exist.</exception>
    /// <exception cref="PolicyException">A policy needs the future.</exception>
    public ScenarioRun(Scenario scenario, IReadOnlyList<PolicyChoice>? policies = null)
    {
        _scenario = scenario;
        _policies = policies ?? PoliciesOf(scenario, string.Join(',', scenario.Policies));
        foreach (string name in scenario.Events.Select(e => e.Policy).OfType<string>().Where(n => n != EventSpec.InitialPolicy).Distinct())
            _switchedTo[name] = PoliciesOf(scenario, name)[0];
        if (_policies.Concat(_switchedTo.Values).FirstOrDefault(p => p.NeedsFuture) is { } oracle)
            throw new PolicyException($"policy '{oracle.Name}' has to know the accesses in advance, which a scenario does not; 'reclaim compare' runs it on a trace");
        foreach (ProcessSpec process in scenario.Processes)
        {
            if (process.TracePath is { } path && !_traces.ContainsKey(path))
                _traces[path] = TraceReader.Load(path, process.TraceFormat is { } name ? TraceFormat.Parse(name) : null);
        }
    }

    /// <summary>What is done about policies that misbehave.</summary>
    public Supervision Supervision { get; init; } = Supervision.Default;

    /// <summary>Accesses of all runs together.</summary>
    public long TotalAccesses => _scenario.Accesses * _policies.Count;

    /// <summary>
    /// Runs every policy. One row for each cgroup that has processes of its own, and one for the whole machine. Ended
    /// early, the policies that were finished are returned, and a note says that there were more.
    /// </summary>
    public ResultSet Run(Action<string>? starting, Action<int>? advanced, CancellationToken cancellation)
    {
        var rows = new List<ResultRow>();
        var notes = new List<string>();
        int finished = 0;
        foreach (PolicyChoice policy in _policies)
        {
            starting?.Invoke($"{_scenario.Name} {policy.Name}");
            try
            {
                rows.AddRange(RunPolicy(policy, advanced, cancellation));
                finished++;
            }
            catch (OperationCanceledException)
            {
                notes.Add($"Stopped early: {finished} of {_policies.Count} policies were finished.");
                break;
            }
        }

        foreach (Trace trace in _traces.Values)
        {
            if (trace.Note is { } note)
                notes.Add($"{trace.Name}: {note}");
        }

        // The table groups by subject: all policies of a cgroup side by side, in the order of the file.
        var ordered = rows.Select(r => r.Trace).Distinct().SelectMany(subject => rows.Where(r => r.Trace == subject));
        return new ResultSet(ordered) { Title = $"{_scenario.Name}: {_scenario.Summary}", Subject = "memory cgroup", Notes = [.. notes] };
    }

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

    private List<ResultRow> RunPolicy(PolicyChoice policy, Action<int>? advanced, CancellationToken cancellation)
    {
        using Engine engine = BuildMachine(policy);
        using PolicyWatchdog? watchdog = Supervision.Watch(engine, policy);
        Dictionary<string, MemoryCgroup> memcgs = CreateMemcgs(engine);
        RunningProcess[] processes = [.. _scenario.Processes.Select(p => Start(engine, p, memcgs[p.Memcg]))];
        MemoryCgroup[] subjects = [.. processes.Select(p => p.Memcg).Distinct()];
        var resident = new double[subjects.Length + 1];
        long samples = 0;
        long done = 0;
        long idle = 0;
        int happened = 0;
        long started = Stopwatch.GetTimestamp();
        while (done < _scenario.Accesses && processes.Any(p => !p.Ended))
        {
            cancellation.ThrowIfCancellationRequested();
            long before = done;

            // Those above their memory.high wait; when all do, time goes on to the end of the shortest wait.
            idle += Math.Max(0, processes.Where(p => !p.Ended).Min(p => p.AsleepUntilMs) - engine.NowMs);
            engine.NowMs = idle + done / AccessesPerMillisecond;
            for (; happened < _scenario.Events.Length && _scenario.Events[happened].At <= done; happened++)
                Happen(engine, policy, _scenario.Events[happened], memcgs);
            foreach (RunningProcess process in processes)
            {
                if (process.Ended || process.AsleepUntilMs > engine.NowMs || done == _scenario.Accesses)
                    continue;
                done += process.RunTurn(engine, _scenario.Accesses - done);
                foreach (Node node in engine.Nodes)
                {
                    if (node.KswapdWanted)
                        engine.RunKswapd(node);
                }
            }

            engine.NowMs = idle + done / AccessesPerMillisecond;
            advanced?.Invoke((int)(done - before));
            if (done < _scenario.Accesses / 2)
                continue;
            samples++;
            for (int i = 0; i < subjects.Length; i++)
                resident[i] += subjects[i].Usage;
            resident[^1] += engine.Root.Usage;
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (engine.Validate() is { } broken)
            throw new InvalidOperationException($"The engine broke an invariant of its own under {policy.Name}: {broken}");

        var rows = new List<ResultRow>();
        if (subjects.Length > 1)
            rows.Add(Row(engine, policy, "whole machine", engine.Root, processes, resident[^1] / Math.Max(1, samples), seconds));
        for (int i = 0; i < subjects.Length; i++)
        {
            MemoryCgroup memcg = subjects[i];
            RunningProcess[] own = [.. processes.Where(p => ReferenceEquals(p.Memcg, memcg))];
            string name = $"{memcg.Path} ({string.Join(", ", own.Select(p => p.Spec.Name))})";
            rows.Add(Row(engine, policy, name, memcg, own, resident[i] / Math.Max(1, samples), seconds));
        }

        return rows;
    }

    private Engine BuildMachine(PolicyChoice policy)
    {
        ulong tables = 0;
        foreach (ProcessSpec process in _scenario.Processes)
            tables += 2 * (PagesOf(process) / PageMap.PagesPerTable + 1);
        if (tables > PageTablesLimit)
            throw new EngineException($"Scenario {_scenario.Name}: its processes have more pages than the {PageTablesLimit * PageMap.PagesPerTable} that one engine addresses.");
        return new Engine(new EngineOptions
        {
            Nodes = [.. _scenario.Nodes.Select(n => new NodeOptions((ulong)n.MemoryPages, n.Tier))],
            Memcgs = _scenario.Memcgs.Length + 1,
            AddressSpaces = _scenario.Processes.Length,
            LeafTables = (uint)tables,
            Kernel = _scenario.Kernel ?? policy.Version,
            WalkSlice = Replay.WalkSlice,
            TableFilter = policy.Version == KernelVersion.Fixed ? TableFilter.SplitBlock : TableFilter.Kernel,
            Policies = [policy.Define(), .. _switchedTo.Values.Where(p => p.Name != policy.Name).Select(p => p.Define())],
            Fallback = Supervision.FallbackOf(policy),
            ProgressFile = Supervision.ProgressFile,
        });
    }

    private static void Happen(Engine engine, PolicyChoice policy, EventSpec happens, Dictionary<string, MemoryCgroup> memcgs)
    {
        MemoryCgroup memcg = memcgs[happens.Memcg];
        if (happens.Policy is { } name)
            engine.SetPolicy(memcg, name == EventSpec.InitialPolicy ? policy.Name : name);
        if (happens.MaxPages is { } max)
            engine.SetMax(memcg, PagesOf(max));
        if (happens.HighPages is { } high)
            engine.SetHigh(memcg, PagesOf(high));
        if (happens.Swappiness is { } swappiness)
            engine.SetSwappiness(memcg, swappiness);

        static ulong PagesOf(long limit) => limit == MemcgSpec.Unlimited ? MemoryCgroup.Unlimited : (ulong)limit;
    }

    private const ulong PageTablesLimit = 1UL << 23;

    private Dictionary<string, MemoryCgroup> CreateMemcgs(Engine engine)
    {
        Dictionary<string, MemoryCgroup> memcgs = new() { [MemcgSpec.RootPath] = engine.Root };
        engine.SetSwappiness(engine.Root, _scenario.Swappiness);
        foreach (MemcgSpec spec in _scenario.Memcgs)
        {
            string name = spec.Path[(spec.Path.LastIndexOf('/') + 1)..];
            MemoryCgroup memcg = engine.CreateMemcg(name, memcgs[spec.Parent]);
            memcgs[spec.Path] = memcg;
            if (spec.MaxPages != MemcgSpec.Unlimited)
                engine.SetMax(memcg, (ulong)spec.MaxPages);
            if (spec.HighPages != MemcgSpec.Unlimited)
                engine.SetHigh(memcg, (ulong)spec.HighPages);
            if (spec.SwapMaxPages != MemcgSpec.Unlimited)
                engine.SetSwapMax(memcg, (ulong)spec.SwapMaxPages);
            engine.SetProtection(memcg, (ulong)spec.MinPages, (ulong)spec.LowPages);
            engine.SetSwappiness(memcg, spec.Swappiness ?? _scenario.Swappiness);
        }

        return memcgs;
    }

    private RunningProcess Start(Engine engine, ProcessSpec spec, MemoryCgroup memcg)
    {
        ulong pages = PagesOf(spec);
        AddressSpace space = engine.CreateAddressSpace(spec.Name, pages, memcg, spec.Node);
        ulong anon = spec.AnonPages == ProcessSpec.AllAnon ? pages
            : spec.TracePath is { } path ? (ulong)_traces[path].Pages.FirstAtOrAbove(spec.AnonPages)
            : Math.Min(spec.AnonPages, pages);
        if (anon < pages)
            engine.Map(space, anon, pages, engine.CreateFile(pages - anon));
        AccessSource source = spec.TracePath is { } trace
            ? new AccessSource(_traces[trace], spec.Repeat)
            : new AccessSource(spec.Pattern!.Create(spec.SeedFrom(_scenario.Seed)));
        return new RunningProcess(spec, source, space, memcg);
    }

    private ulong PagesOf(ProcessSpec spec) =>
        spec.TracePath is { } path ? (ulong)_traces[path].PackedPages : spec.Pattern!.Pages;

    private ResultRow Row(
        Engine engine,
        PolicyChoice policy,
        string subject,
        MemoryCgroup memcg,
        RunningProcess[] processes,
        double residentMean,
        double seconds) => Replay.RowOf(
            engine,
            policy,
            memcg,
            Sum(processes),
            new ResultRow
            {
                Trace = subject,
                Policy = policy.Name,
                Sees = policy.Sees,
                MemoryPages = LimitOf(memcg),
                Accesses = 0,
                UniquePages = processes.Sum(p => p.Tally.ColdFaults),
                Refaults = 0,
                ColdFaults = 0,
                ResidentMean = residentMean,
                WallSeconds = seconds,
            });

    private static AccessTally Sum(RunningProcess[] processes)
    {
        AccessTally sum = default;
        foreach (RunningProcess process in processes)
        {
            sum.Hits += process.Tally.Hits;
            sum.MinorFaults += process.Tally.MinorFaults;
            sum.ColdFaults += process.Tally.ColdFaults;
            sum.Refaults += process.Tally.Refaults;
            sum.WorkingsetRefaults += process.Tally.WorkingsetRefaults;
            sum.Refused += process.Tally.Refused;
            sum.ThrottledMs += process.Tally.ThrottledMs;
        }

        return sum;
    }

    /// <summary>The least limit on the way up, or the machine.</summary>
    private long LimitOf(MemoryCgroup memcg)
    {
        ulong limit = (ulong)_scenario.Nodes.Sum(n => n.MemoryPages);
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
            limit = Math.Min(limit, at.Max);
        return (long)limit;
    }
}
