using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>What a cell can show about a policy.</summary>
public enum CellKind
{
    /// <summary>The kernel's misses are more than 3 % from plain LRU's: a model that is only an LRU is found out.</summary>
    Differs,

    /// <summary>The kernel's misses are within 3 % of plain LRU's.</summary>
    Within,

    /// <summary>Every kernel and plain LRU miss on every access: nothing to tell apart.</summary>
    AllMiss,
}

/// <summary>A counter of the kernel beside ours.</summary>
/// <param name="Name">The kernel's name of it.</param>
/// <param name="Kernel">The median of the kernel's runs; null when it was not told.</param>
/// <param name="Ours">Ours.</param>
public readonly record struct CounterPair(string Name, double? Kernel, long Ours)
{
    /// <summary>Ours over the kernel's, less one; null when the kernel's is missing or too small to have a ratio.</summary>
    public double? Error => Kernel >= LeastKernel ? (Ours / Kernel) - 1 : null;

    private const double LeastKernel = 1000;
}

/// <summary>One cell of the truth set beside our replays at the same mean residency.</summary>
public sealed record FidelityCell
{
    /// <summary>What the kernel did.</summary>
    public required TruthCell Truth { get; init; }

    /// <summary>The policy of ours it is compared with, with its version.</summary>
    public required string Preset { get; init; }

    /// <summary>What the cell can show.</summary>
    public required CellKind Kind { get; init; }

    /// <summary>Our replay.</summary>
    public required ResultRow Ours { get; init; }

    /// <summary>From how many replays at the kernel's residency ours was taken; 0 when there was none and it is the nearest.</summary>
    public required int Within { get; init; }

    /// <summary>The replay under plain LRU, by the same rule.</summary>
    public required ResultRow Lru { get; init; }

    /// <summary>As <see cref="Within"/>, for plain LRU.</summary>
    public required int LruWithin { get; init; }

    /// <summary>Our misses over the kernel's, less one.</summary>
    public double Error => (Ours.Faults / (double)Truth.Misses) - 1;

    /// <summary>Plain LRU's misses over the kernel's, less one.</summary>
    public double LruError => (Lru.Faults / (double)Truth.Misses) - 1;

    /// <summary>Whether we are strictly nearer to the kernel than plain LRU.</summary>
    public bool NearerThanLru => Math.Abs(Error) < Math.Abs(LruError);

    /// <summary>How far the kernel's own runs lie apart, over their median.</summary>
    public double Spread => KernelNoise.SpreadOf(Truth, Preset);

    /// <summary>The secondary counters.</summary>
    public IEnumerable<CounterPair> Counters =>
        TruthCounters.All.Select((name, i) => new CounterPair(name, Truth.Counters[i], TruthCounters.Of(Ours, name)));
}
