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
/// The machine of a scenario under one policy, with its processes: they take turns, each for a slice in proportion to its
/// weight. kswapd runs whenever a node wants it. Deterministic: one thread, seeded patterns, a virtual clock of 100 ns for
/// each access or as the scenario's costs have it. Between two rounds its owner may do what an operator could: read, set
/// limits, make requests.
/// </summary>
/// <remarks>One thread at a time. Not to be used after it is disposed of; neither is its engine.</remarks>
public sealed class ScenarioMachine : IDisposable
{
    private const ulong PageTablesLimit = 1UL << 23;

    private readonly PreparedScenario _prepared;
    private readonly Scenario _scenario;
    private readonly PolicyWatchdog? _watchdog;
    private readonly Dictionary<string, MemoryCgroup> _memcgs;
    private readonly RunningProcess[] _processes;
    private readonly MeanOverTime _resident;
    private readonly TimedMeasure? _measure;
    private readonly ITurns _turns;
    private int _happened;
    private long _ticks;

    internal ScenarioMachine(PreparedScenario prepared, PolicyChoice policy, Supervision supervision, Func<EngineOptions, EngineOptions>? adjust)
    {
        _prepared = prepared;
        _scenario = prepared.Scenario;
        Policy = policy;
        EngineOptions options = OptionsOf(supervision);
        Engine = new Engine(adjust?.Invoke(options) ?? options);
        try
        {
            _watchdog = supervision.Watch(Engine, policy);
            _memcgs = CreateMemcgs();
            _processes = [.. _scenario.Processes.Select(Start)];
            _turns = _scenario.Costs is { } costs ? new TimedTurns(Engine, _processes, costs) : new UntimedTurns(Engine, _processes);
            MemoryCgroup[] subjects = [.. _processes.Select(p => p.Memcg).Distinct(), Engine.Root];
            _resident = new MeanOverTime(subjects, static m => m.Usage);
            _measure = _scenario.Costs is null ? null : new TimedMeasure(Engine, _processes, subjects);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The engine.</summary>
    public Engine Engine { get; }

    /// <summary>The policy that the run began with.</summary>
    public PolicyChoice Policy { get; }

    /// <summary>The cgroups by path, "/" for the root.</summary>
    public IReadOnlyDictionary<string, MemoryCgroup> Memcgs => _memcgs;

    /// <summary>The processes in the order of the scenario.</summary>
    public IReadOnlyList<RunningProcess> Processes => _processes;

    /// <summary>Virtual time in microseconds.</summary>
    public long NowUs => _turns.NowUs;

    /// <summary>Accesses done, of all processes together.</summary>
    public long AccessesDone { get; private set; }

    /// <summary>The scenario's accesses are not all done, and some process has not ended.</summary>
    public bool HasMore => AccessesDone < _scenario.Accesses && !_processes.All(p => p.Ended);

    /// <summary>
    /// Runs one round: what is due happens, and every process that has not ended and is not asleep has a turn. When all
    /// are asleep, time goes on to the end of the shortest sleep first. Does nothing when nothing is left.
    /// </summary>
    /// <param name="untilUs">Time does not go on beyond this while all are asleep, so that its owner is back in time.</param>
    /// <returns>Whether anything is left: <see cref="HasMore"/>.</returns>
    public bool Advance(long untilUs = long.MaxValue)
    {
        if (!HasMore)
            return false;
        long started = Stopwatch.GetTimestamp();
        _turns.WaitForSomebody(untilUs);
        for (; _happened < _scenario.Events.Length && _scenario.Events[_happened].At <= AccessesDone; _happened++)
            Happen(_scenario.Events[_happened]);
        AccessesDone += _turns.RunRound(_scenario.Accesses - AccessesDone);
        if (AccessesDone >= _scenario.Accesses / 2)
            Measure();
        _ticks += Stopwatch.GetTimestamp() - started;
        return HasMore;
    }

    /// <summary>Lets time go on after the last access: what processes waited for comes. Does nothing while <see cref="HasMore"/>.</summary>
    /// <param name="us">Microseconds to go on to; a time that has passed changes nothing.</param>
    public void IdleUntil(long us)
    {
        if (!HasMore)
            _turns.IdleUntil(us);
    }

    /// <summary>One row for each cgroup that has processes of its own and, when there are several, before them one for the whole machine.</summary>
    /// <exception cref="InvalidOperationException">The engine broke an invariant of its own.</exception>
    public IReadOnlyList<ResultRow> Rows()
    {
        if (Engine.Validate() is { } broken)
            throw new InvalidOperationException($"The engine broke an invariant of its own under {Policy.Name}: {broken}");

        var rows = new List<ResultRow>();
        MemoryCgroup[] subjects = [.. _processes.Select(p => p.Memcg).Distinct()];
        if (subjects.Length > 1)
            rows.Add(Row("whole machine", Engine.Root, _processes));
        foreach (MemoryCgroup memcg in subjects)
        {
            RunningProcess[] own = [.. _processes.Where(p => ReferenceEquals(p.Memcg, memcg))];
            rows.Add(Row($"{memcg.Path} ({string.Join(", ", own.Select(p => p.Spec.Name))})", memcg, own));
        }

        return rows;
    }

    private void Measure()
    {
        if (_measure is null)
            _resident.Sample(1);
        else
            _measure.Look(NowUs);
    }

    /// <summary>Ends the engine.</summary>
    public void Dispose()
    {
        _watchdog?.Dispose();
        Engine.Dispose();
    }

    private EngineOptions OptionsOf(Supervision supervision)
    {
        ulong tables = 0;
        foreach (ProcessSpec process in _scenario.Processes)
            tables += 2 * (_prepared.PagesOf(process) / PageMap.PagesPerTable + 1);
        if (tables > PageTablesLimit)
            throw new EngineException($"Scenario {_scenario.Name}: its processes have more pages than the {PageTablesLimit * PageMap.PagesPerTable} that one engine addresses.");
        return new EngineOptions
        {
            Nodes = [.. _scenario.Nodes.Select(n => new NodeOptions((ulong)n.MemoryPages, n.Tier))],
            Memcgs = _scenario.Memcgs.Length + 1,
            AddressSpaces = _scenario.Processes.Length,
            LeafTables = (uint)tables,
            Kernel = _scenario.Kernel ?? Policy.Version,
            Demotion = _scenario.Demotion,
            Pressure = _scenario.Costs is not null,
            WalkSlice = Replay.WalkSlice,
            TableFilter = Policy.Version == KernelVersion.Fixed ? TableFilter.SplitBlock : TableFilter.Kernel,
            Policies = [Policy.Define(), .. _prepared.SwitchedTo.Where(p => p.Name != Policy.Name).Select(p => p.Define())],
            Fallback = supervision.FallbackOf(Policy),
            ProgressFile = supervision.ProgressFile,
        };
    }

    private void Happen(EventSpec happens)
    {
        MemoryCgroup memcg = _memcgs[happens.Memcg];
        if (happens.Policy is { } name)
            Engine.SetPolicy(memcg, name == EventSpec.InitialPolicy ? Policy.Name : name);
        if (happens.MaxPages is { } max)
            Engine.SetMax(memcg, PagesOf(max));
        if (happens.HighPages is { } high)
            Engine.SetHigh(memcg, PagesOf(high));
        if (happens.Swappiness is { } swappiness)
            Engine.SetSwappiness(memcg, swappiness);

        static ulong PagesOf(long limit) => limit == MemcgSpec.Unlimited ? MemoryCgroup.Unlimited : (ulong)limit;
    }

    private Dictionary<string, MemoryCgroup> CreateMemcgs()
    {
        Dictionary<string, MemoryCgroup> memcgs = new() { [MemcgSpec.RootPath] = Engine.Root };
        Engine.SetSwappiness(Engine.Root, _scenario.Swappiness);
        foreach (MemcgSpec spec in _scenario.Memcgs)
        {
            string name = spec.Path[(spec.Path.LastIndexOf('/') + 1)..];
            MemoryCgroup memcg = Engine.CreateMemcg(name, memcgs[spec.Parent]);
            memcgs[spec.Path] = memcg;
            if (spec.MaxPages != MemcgSpec.Unlimited)
                Engine.SetMax(memcg, (ulong)spec.MaxPages);
            if (spec.HighPages != MemcgSpec.Unlimited)
                Engine.SetHigh(memcg, (ulong)spec.HighPages);
            if (spec.SwapMaxPages != MemcgSpec.Unlimited)
                Engine.SetSwapMax(memcg, (ulong)spec.SwapMaxPages);
            Engine.SetProtection(memcg, (ulong)spec.MinPages, (ulong)spec.LowPages);
            Engine.SetSwappiness(memcg, spec.Swappiness ?? _scenario.Swappiness);
        }

        return memcgs;
    }

    private RunningProcess Start(ProcessSpec spec)
    {
        ulong pages = _prepared.PagesOf(spec);
        Trace? trace = _prepared.TraceOf(spec);
        MemoryCgroup memcg = _memcgs[spec.Memcg];
        AddressSpace space = Engine.CreateAddressSpace(spec.Name, pages, memcg, spec.Node);
        ulong anon = spec.AnonPages == ProcessSpec.AllAnon ? pages
            : trace is not null ? (ulong)trace.Pages.FirstAtOrAbove(spec.AnonPages)
            : Math.Min(spec.AnonPages, pages);
        if (anon < pages)
            Engine.Map(space, anon, pages, Engine.CreateFile(pages - anon));
        AccessSource source = trace is not null
            ? new AccessSource(trace, spec.Repeat)
            : new AccessSource(spec.Pattern!.Create(spec.SeedFrom(_scenario.Seed)), spec.Populate ? spec.Pattern.Pages : 0, (uint)anon);
        return new RunningProcess(spec, source, space, memcg);
    }

    private ResultRow Row(string subject, MemoryCgroup memcg, RunningProcess[] processes)
    {
        ResultRow row = Replay.RowOf(
            Engine,
            Policy,
            memcg,
            Sum(processes),
            new ResultRow
            {
                Trace = subject,
                Policy = Policy.Name,
                Sees = Policy.Sees,
                MemoryPages = LimitOf(memcg),
                Accesses = 0,
                UniquePages = processes.Sum(p => p.Tally.ColdFaults),
                Refaults = 0,
                ColdFaults = 0,
                ResidentMean = _measure?.ResidentOf(memcg) ?? _resident.Of(memcg),
                WallSeconds = TimeSpan.FromTicks(_ticks * TimeSpan.TicksPerSecond / Stopwatch.Frequency).TotalSeconds,
            });
        return _measure is null ? row : row with { Counters = [.. row.Counters, .. _measure.CountersOf(memcg, processes, NowUs)] };
    }

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
