using System.Collections.Immutable;

namespace ReclaimNative.Lab.Results;

/// <summary>
/// What one policy did with one trace at one memory size; in a scenario, with one process or memory cgroup. The fields
/// are those of the <c>reclaim.results/1</c> contract, in pages unless a unit is named. Immutable.
/// </summary>
public sealed record ResultRow
{
    private readonly double _residentMean;
    private readonly double _wallSeconds;
    private readonly ImmutableArray<Counter> _counters = [];

    /// <summary>Name of the trace, or of the process or memory cgroup in a scenario.</summary>
    public required string Trace { get; init; }

    /// <summary>The policy as it was asked for: <c>mglru@6.12-bloom</c>.</summary>
    public required string Policy { get; init; }

    /// <summary>The controller that looked after the machine, as it was asked for; null where none was asked for.</summary>
    public string? Controller { get; init; }

    /// <summary>The policy, and the controller where there is one: what tells the rows of a subject apart.</summary>
    public string Label => Controller is null ? Policy : $"{Policy} {Controller}";

    /// <summary>How many of the trace's pages may be resident; 0 when nothing limits them.</summary>
    public required long MemoryPages { get; init; }

    /// <summary>The memory as the user wrote it (<c>25%</c>, <c>64M</c>), for display; null when nobody wrote it.</summary>
    public string? MemoryAsAsked { get; init; }

    /// <summary>Requests replayed; fewer than the trace holds when the run was stopped or ran out of memory.</summary>
    public required long Accesses { get; init; }

    /// <summary>Different pages among those requests.</summary>
    public required long UniquePages { get; init; }

    /// <summary>What the policy is told.</summary>
    public required Sees Sees { get; init; }

    /// <summary>Mean number of resident pages over the second half of the run; finite.</summary>
    public double ResidentMean
    {
        get => _residentMean;
        init => _residentMean = Finite(value, nameof(ResidentMean));
    }

    /// <summary>The run ended in an out-of-memory kill; the counts are those up to then.</summary>
    public bool Oom { get; init; }

    /// <summary>Why the policy was ejected, after which the numbers are those of whoever took over; null where it was not.</summary>
    public string? Ejected { get; init; }

    /// <summary>Accesses that found their page absent: <see cref="ColdFaults"/> + <see cref="Refaults"/>.</summary>
    public long Faults => ColdFaults + Refaults;

    /// <summary>Faults on pages that had been resident before.</summary>
    public required long Refaults { get; init; }

    /// <summary>Faults on pages never resident before.</summary>
    public required long ColdFaults { get; init; }

    /// <summary>Pages that reclaim looked at.</summary>
    public long Scanned { get; init; }

    /// <summary>Pages that reclaim freed.</summary>
    public long Reclaimed { get; init; }

    /// <summary>Moves of a page up: to the active list, or to the youngest generation.</summary>
    public long Activated { get; init; }

    /// <summary>Moves of a page down: to the inactive list, or to an older generation.</summary>
    public long Deactivated { get; init; }

    /// <summary>Pages written to swap or to their file by reclaim.</summary>
    public long Written { get; init; }

    /// <summary>Time of the replay in seconds; finite, not negative.</summary>
    public double WallSeconds
    {
        get => _wallSeconds;
        init => _wallSeconds = Finite(value, nameof(WallSeconds));
    }

    /// <summary>Replay speed; 0 when no time was taken.</summary>
    public double AccessesPerSecond => WallSeconds > 0 ? Accesses / WallSeconds : 0;

    /// <summary>Further counts in display order; empty when there are none. Names are unique.</summary>
    public ImmutableArray<Counter> Counters
    {
        get => _counters;
        init => _counters = Distinct(value);
    }

    /// <summary>Share of the accesses that faulted, in [0, 1]; 0 without accesses.</summary>
    public double MissRatio => Accesses > 0 ? (double)Faults / Accesses : 0;

    // A NaN has no JSON form: better an error where it arises than after hours of replay, in the writer.
    private static double Finite(double value, string name) => double.IsFinite(value) && value >= 0
        ? value
        : throw new ArgumentOutOfRangeException(name, value, "must be finite and not negative");

    private static ImmutableArray<Counter> Distinct(ImmutableArray<Counter> counters)
    {
        if (counters.IsDefaultOrEmpty)
        {
            return [];
        }

        HashSet<string> seen = [];
        foreach (Counter counter in counters)
        {
            if (!seen.Add(counter.Name))
            {
                throw new ArgumentException($"counter '{counter.Name}' appears twice", nameof(Counters));
            }
        }

        return counters;
    }
}
