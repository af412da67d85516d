using System.Collections.Immutable;

namespace ReclaimNative.Lab.Results;

/// <summary>Which end of a metric is the good one.</summary>
internal enum Better
{
    /// <summary>Neither is: more activations are neither a merit nor a fault by themselves.</summary>
    Neither,

    /// <summary>The smaller value.</summary>
    Less,

    /// <summary>The larger value.</summary>
    More,
}

/// <summary>A number of a row that tables show.</summary>
/// <param name="Header">Column heading, unit included.</param>
/// <param name="Better">Which end is the good one.</param>
/// <param name="Value">The number.</param>
/// <param name="Text">The number as shown.</param>
/// <param name="IsCount">Grows with the length of the run, so that runs of different lengths do not compare.</param>
internal sealed record ResultMetric(
    string Header,
    Better Better,
    Func<ResultRow, double> Value,
    Func<ResultRow, string> Text,
    bool IsCount)
{
    public static readonly ResultMetric Miss = new(
        "miss %", Better.Less, row => row.MissRatio, row => row.Oom ? "oom" : NumberText.Percent(row.MissRatio), IsCount: false);

    public static readonly ResultMetric Faults = Count("faults", Better.Less, row => row.Faults);
    public static readonly ResultMetric Refaults = Count("refaults", Better.Less, row => row.Refaults);
    public static readonly ResultMetric Scanned = Count("scanned", Better.Less, row => row.Scanned);
    public static readonly ResultMetric Reclaimed = Count("reclaimed", Better.Neither, row => row.Reclaimed);
    public static readonly ResultMetric Activated = Count("activated", Better.Neither, row => row.Activated);
    public static readonly ResultMetric Deactivated = Count("deactivated", Better.Neither, row => row.Deactivated);
    public static readonly ResultMetric Written = Count("written", Better.Less, row => row.Written);

    public static readonly ResultMetric Resident = new(
        "resident", Better.Neither, row => row.ResidentMean, row => NumberText.Count(row.ResidentMean), IsCount: false);

    public static readonly ResultMetric Speed = new(
        "M acc/s", Better.More, MillionsPerSecond, row => NumberText.Fixed(MillionsPerSecond(row)), IsCount: false);

    /// <summary>The terminal's columns, the most important first.</summary>
    public static readonly ImmutableArray<ResultMetric> Terminal =
        [Miss, Faults, Refaults, Scanned, Activated, Speed, Written, Resident];

    /// <summary>The report's columns, in the order of a page's life.</summary>
    public static readonly ImmutableArray<ResultMetric> Report =
        [Miss, Faults, Refaults, Scanned, Reclaimed, Activated, Deactivated, Written, Resident, Speed];

    /// <summary>
    /// Whether <paramref name="row"/> holds the best value of its group among the policies that see the same. Nobody
    /// does when there is nothing to win: one policy alone, or all equal.
    /// </summary>
    public bool IsBest(ResultRow row, ResultGroup group)
    {
        ResultRow[] peers = [.. group.Peers(row)];
        if (Better == Better.Neither || row.Oom || (IsCount && peers.Any(peer => peer.Accesses != row.Accesses)))
        {
            return false;
        }

        double least = peers.Min(Value);
        double most = peers.Max(Value);
        return least < most && Value(row) == (Better == Better.Less ? least : most);
    }

    private static ResultMetric Count(string header, Better better, Func<ResultRow, double> value) =>
        new(header, better, value, row => NumberText.Count(value(row)), IsCount: true);

    private static double MillionsPerSecond(ResultRow row) => row.AccessesPerSecond / 1e6;
}
