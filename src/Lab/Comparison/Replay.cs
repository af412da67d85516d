using System.Collections.Immutable;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using Counter = ReclaimNative.Observe.Counter;
using Counters = ReclaimNative.Observe.Counters;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace ReclaimNative.Lab.Comparison;

/// <summary>
/// One trace under one policy at one memory size: one task in one memory cgroup at its limit, on one node with room to
/// spare, with synchronous swap that never fills, no read-ahead and no kswapd.
/// </summary>
public static class Replay
{
    /// <summary>Accesses between two looks at how much is resident; small against a reclaim's 32 pages at any miss ratio.</summary>
    private const int SampleEvery = 256;

    /// <summary>
    /// Page-table entries that a walk of the emulated one-CPU guest gets through between two context switches. One number for
    /// every trace; the order of magnitude is what matters (docs/fidelity.md).
    /// </summary>
    internal const long WalkSlice = 28_000;

    /// <summary>
    /// Pages in and out while the other task of the guest, which reads <c>memory.stat</c> every few milliseconds, comes round
    /// once: some 50 faults at 150 us each. One number for every trace (docs/fidelity.md).
    /// </summary>
    private const long StatisticsPeriod = 100;

    private const int ReportEvery = 1 << 16;

    /// <summary>Replays the whole trace.</summary>
    /// <param name="trace">What to replay.</param>
    /// <param name="policy">Under which policy.</param>
    /// <param name="future">The trace's future, for a policy that needs it.</param>
    /// <param name="memoryPages">How many of its pages may be resident.</param>
    /// <param name="options">What its pages are.</param>
    /// <param name="advanced">Told now and then how many accesses were done since the last time.</param>
    /// <param name="cancellation">Ends the replay between two samples.</param>
    /// <param name="supervision">What is done about a policy that misbehaves; null for <see cref="Supervision.Default"/>.</param>
    /// <exception cref="OperationCanceledException">The replay was ended; nothing was measured.</exception>
    public static ResultRow Run(
        Trace trace,
        PolicyChoice policy,
        FutureUse? future,
        long memoryPages,
        ReplayOptions options,
        Action<int>? advanced,
        CancellationToken cancellation,
        Supervision? supervision = null)
    {
        supervision ??= Supervision.Default;
        using Engine engine = Build(trace, policy, future, memoryPages, supervision);
        using PolicyWatchdog? watchdog = supervision.Watch(engine, policy);
        MemoryCgroup memcg = engine.CreateMemcg("replay");
        engine.SetMax(memcg, (ulong)memoryPages);
        engine.SetSwappiness(memcg, options.Swappiness);
        AddressSpace space = engine.CreateAddressSpace(trace.Name, (ulong)trace.PackedPages, memcg);
        uint anon = (uint)trace.Pages.FirstAtOrAbove(options.AnonPages);
        PageFile? file = anon < trace.PackedPages ? engine.CreateFile((ulong)trace.PackedPages - anon) : null;
        bool reads = file is not null && options.FileAccess == FileAccessMode.Read;
        if (file is not null && !reads)
            engine.Map(space, anon, (ulong)trace.PackedPages, file);

        ReadOnlySpan<uint> accesses = trace.Accesses.Span;
        AccessTally tally = default;
        double residentSum = 0;
        long samples = 0;
        int unreported = 0;
        long started = Stopwatch.GetTimestamp();
        for (int at = 0; at < accesses.Length && tally.Refused == 0; at += SampleEvery)
        {
            ReadOnlySpan<uint> chunk = accesses.Slice(at, Math.Min(SampleEvery, accesses.Length - at));
            if (reads)
                AccessMixed(engine, space, file!, anon, memcg, chunk, ref tally);
            else
                engine.Access(space, chunk, ref tally);
            if (at >= accesses.Length / 2)
            {
                residentSum += memcg.Usage;
                samples++;
            }

            unreported += chunk.Length;
            if (unreported >= ReportEvery)
            {
                cancellation.ThrowIfCancellationRequested();
                advanced?.Invoke(unreported);
                unreported = 0;
            }
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        advanced?.Invoke(unreported);
        if (engine.Validate() is { } broken)
            throw new InvalidOperationException($"The engine broke an invariant of its own under {policy.Name}: {broken}");
        return RowOf(
            engine,
            policy,
            memcg,
            tally,
            new ResultRow
            {
                Trace = trace.Name,
                Policy = policy.Name,
                Sees = policy.Sees,
                MemoryPages = memoryPages,
                Accesses = 0,
                UniquePages = trace.UniquePages,
                Refaults = 0,
                ColdFaults = 0,
                ResidentMean = samples == 0 ? memcg.Usage : residentSum / samples,
                WallSeconds = seconds,
            });
    }

    /// <summary>A node with so much room that its watermarks are never met.</summary>
    private static Engine Build(Trace trace, PolicyChoice policy, FutureUse? future, long memoryPages, Supervision supervision)
    {
        long needed = Math.Min(memoryPages, trace.UniquePages);
        long frames = needed + needed / 8 + 131072;
        if (frames >= uint.MaxValue)
            throw new EngineException($"{memoryPages} pages of memory are more than 32-bit frame numbers allow.");
        uint tables = (uint)((trace.PackedPages + PageMap.PagesPerTable - 1) / PageMap.PagesPerTable);
        return new Engine(new EngineOptions
        {
            Nodes = [new NodeOptions((ulong)frames)],
            Memcgs = 2,
            AddressSpaces = 1,
            LeafTables = 2 * tables + 2,
            SharedMappings = 0,
            Kernel = policy.Version,
            WalkSlice = WalkSlice,
            StatisticsPeriod = StatisticsPeriod,
            TableFilter = policy.Version == KernelVersion.Fixed ? TableFilter.SplitBlock : TableFilter.Kernel,
            Policies = [policy.Define(policy.NeedsFuture ? future : null)],
            Fallback = supervision.FallbackOf(policy),
            ProgressFile = supervision.ProgressFile,
        });
    }

    private static void AccessMixed(
        Engine engine, AddressSpace space, PageFile file, uint anon, MemoryCgroup memcg, ReadOnlySpan<uint> chunk, ref AccessTally tally)
    {
        for (int i = 0; i < chunk.Length && tally.Refused == 0; i++)
        {
            uint page = chunk[i] & ~Engine.WriteBit;
            if (page < anon)
                engine.Access(space, chunk.Slice(i, 1), ref tally);
            else
                engine.AccessFile(file, page - anon, (chunk[i] & Engine.WriteBit) != 0, memcg, 0, ref tally);
        }
    }

    /// <summary>Adds to <paramref name="row"/> what a run did: the accesses, and the counters of its cgroup.</summary>
    internal static ResultRow RowOf(Engine engine, PolicyChoice policy, MemoryCgroup memcg, in AccessTally tally, ResultRow row) => row with
    {
        Accesses = tally.Accesses,
        Oom = tally.Refused > 0,
        Ejected = Supervision.EjectionOf(engine, policy),
        ColdFaults = tally.ColdFaults,
        Refaults = tally.Refaults,
        Scanned = engine.Read(memcg, Counter.pgscan_direct) + engine.Read(memcg, Counter.pgscan_kswapd),
        Reclaimed = engine.Read(memcg, Counter.pgsteal_direct) + engine.Read(memcg, Counter.pgsteal_kswapd),
        Activated = engine.Read(memcg, Counter.pgactivate),
        Deactivated = engine.Read(memcg, Counter.pgdeactivate),
        Written = engine.Read(memcg, Counter.nr_vmscan_write),
        Counters = CountersOf(engine, memcg),
    };

    private static ImmutableArray<Results.Counter> CountersOf(Engine engine, MemoryCgroup memcg) =>
    [
        .. Enumerable.Range(0, Counters.Count)
            .Select(i => new Results.Counter(Counters.NameOf((Counter)i), engine.Read(memcg, (Counter)i))),
    ];
}
