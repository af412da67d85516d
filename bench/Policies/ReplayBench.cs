using BenchmarkDotNet.Attributes;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

namespace ReclaimNative.Bench.Policies;

/// <summary>
/// Whole replays by <c>compare</c>'s own code of the demo's recorded trace: one operation is one replay. The memory diagnoser counts building the engine too; that an access allocates nothing is a test's matter.
/// </summary>
[MemoryDiagnoser]
public class ReplayBench
{
    private Trace _trace = null!;
    private FutureUse? _future;
    private PolicyChoice _policy = null!;

    /// <summary>The policy replayed.</summary>
    [Params("fifo", "lru", "clock", "sieve", "classic", "mglru", "opt")]
    public string Policy { get; set; } = "";

    /// <summary>Resident pages in per cent of the trace's.</summary>
    [Params(1, 25)]
    public int Percent { get; set; }

    [GlobalSetup]
    public void Load()
    {
        _trace = TraceReader.Load(Path.Combine(AppContext.BaseDirectory, "sqlite-orders.u32.gz"));
        _policy = PolicyCatalog.Shelf.Parse(Policy);
        _future = _policy.NeedsFuture ? FutureUse.Of(_trace.Accesses.Span, _trace.PackedPages) : null;
    }

    [Benchmark]
    public ResultRow Replay() =>
        Lab.Comparison.Replay.Run(_trace, _policy, _future, Math.Max(1, (long)_trace.UniquePages * Percent / 100), new ReplayOptions(), null, default);
}
