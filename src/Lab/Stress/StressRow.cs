using ReclaimNative.Lru;

namespace ReclaimNative.Lab.Stress;

/// <summary>What was measured on one machine. Amounts are pages unless a unit is named; times are wall time of all threads together.</summary>
public sealed record StressRow
{
    /// <summary>Pages asked for.</summary>
    public required ulong Pages { get; init; }

    /// <summary>Threads of every phase.</summary>
    public required int Threads { get; init; }

    /// <summary>Width of the vectors in use.</summary>
    public required int VectorBits { get; init; }

    /// <summary>The policy as it was asked for.</summary>
    public required string Policy { get; init; }

    /// <summary>Whether lists kept their order.</summary>
    public required ListOrder Order { get; init; }

    /// <summary>Pages on lists after population.</summary>
    public required long Frames { get; init; }

    /// <summary>Page-table entries present after population.</summary>
    public required long MappedEntries { get; init; }

    /// <summary>Growth of this process's resident memory from before the engine to after population, in bytes.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Bytes of the engine's columns at one table entry a page, as they are reserved.</summary>
    public required ulong ColumnBytes { get; init; }

    /// <summary>Bytes of the engine's columns that memory backs after population, as the system says.</summary>
    public required ulong ResidentColumnBytes { get; init; }

    /// <summary>Time of the population.</summary>
    public required double PopulateSeconds { get; init; }

    /// <summary>Accesses to resident pages.</summary>
    public required Rate Accesses { get; init; }

    /// <summary>Page-table entries looked at by aging; 0 for a policy that walks no tables when it ages.</summary>
    public required Rate EntriesScanned { get; init; }

    /// <summary>Pages freed by proactive requests.</summary>
    public required Rate Reclaimed { get; init; }

    /// <summary>Accesses while kswapd, an ager and proactive requests run as well.</summary>
    public required Rate MixedAccesses { get; init; }

    /// <summary>Faults among those.</summary>
    public required long MixedFaults { get; init; }

    /// <summary>Accesses of the whole run that found no memory.</summary>
    public required long Refused { get; init; }

    /// <summary>Pages freed meanwhile, by whomever.</summary>
    public required Rate MixedReclaimed { get; init; }

    /// <summary>Time of the validation.</summary>
    public required double ValidateSeconds { get; init; }

    /// <summary>The first invariant that was found broken, or null.</summary>
    public required string? Problem { get; init; }

    /// <summary>Why the policy was ejected, after which the numbers are those of whoever took over; null where it was not.</summary>
    public string? Ejected { get; init; }

    /// <summary>Growth of resident memory for each page on a list, in bytes.</summary>
    public double BytesPerPage => PerPage(ResidentBytes);

    /// <summary><see cref="ColumnBytes"/> for each page on a list: what <see cref="BytesPerPage"/> should be at the most.</summary>
    public double ColumnBytesPerPage => PerPage(ColumnBytes);

    /// <summary><see cref="ResidentColumnBytes"/> for each page on a list.</summary>
    public double ResidentColumnBytesPerPage => PerPage(ResidentColumnBytes);

    private double PerPage(double bytes) => Frames == 0 ? 0 : bytes / Frames;
}

/// <summary>So many in so much time.</summary>
/// <param name="Count">How many.</param>
/// <param name="Seconds">In how long.</param>
public readonly record struct Rate(long Count, double Seconds)
{
    /// <summary>Count for each second; 0 when nothing took no time.</summary>
    public double PerSecond => Seconds > 0 ? Count / Seconds : 0;
}

/// <summary>What a stress run found out.</summary>
/// <param name="Rows">One for each machine that was finished.</param>
/// <param name="Notes">What a reader must know to judge the numbers, a sentence each.</param>
public sealed record StressResult(IReadOnlyList<StressRow> Rows, IReadOnlyList<string> Notes);
