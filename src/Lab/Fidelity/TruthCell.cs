namespace ReclaimNative.Lab.Fidelity;

/// <summary>What one kernel did with one trace at one limit under one policy: a row of <c>summary.csv</c> and the medians of its runs.</summary>
public sealed record TruthCell
{
    /// <summary>The trace, limit and kind of file access that the cell shares with those of other kernels and policies.</summary>
    public required TruthPlace Place { get; init; }

    /// <summary>The kernel's release, such as <c>6.18.15+deb13-cloud-amd64</c>.</summary>
    public required string Kernel { get; init; }

    /// <summary>The truth set's word for what the kernel was set to: classic, classicf, mglru or mglru1.</summary>
    public required string Policy { get; init; }

    /// <summary>How often it was run, 1 or more.</summary>
    public required int Runs { get; init; }

    /// <summary>Least misses of a run.</summary>
    public required long MissesMin { get; init; }

    /// <summary>Median of the runs' misses.</summary>
    public required long Misses { get; init; }

    /// <summary>Most misses of a run.</summary>
    public required long MissesMax { get; init; }

    /// <summary>Misses of plain LRU at the truth set's mean residency, as the set tells them.</summary>
    public required long PlainLru { get; init; }

    /// <summary>Median over the runs of the pages resident on average in the second half.</summary>
    public required double Resident { get; init; }

    /// <summary>Medians over the runs of the counters in <see cref="TruthCounters.All"/>, in its order; null where the kernel did not tell.</summary>
    public required IReadOnlyList<double?> Counters { get; init; }
}
