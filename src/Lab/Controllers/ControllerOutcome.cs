using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Controllers;

/// <summary>What a controller saved under a policy, and what that cost: of the second half of a timed run, in virtual time.</summary>
/// <param name="row">The run.</param>
/// <param name="none">The run of the same policy, on the same cgroup, without a controller; null where there is none.</param>
internal readonly struct ControllerOutcome(ResultRow row, ResultRow? none)
{
    /// <summary>Share of the pages that are resident without a controller; null where that is not known.</summary>
    public double? Saved => none is null ? null : 1 - (row.ResidentMean / none.ResidentMean);

    /// <summary>The same of the pages on the fastest tier.</summary>
    public double? SavedOnFastTier => none is null ? null : 1 - ((double)Of(TimedCounters.TopTierMean) / Of(none, TimedCounters.TopTierMean));

    /// <summary>The outcomes of one cgroup, each beside the run without a controller.</summary>
    public static IEnumerable<(ResultRow Row, ControllerOutcome Outcome)> OfRows(IReadOnlyList<ResultRow> rows) => rows.Select(
        row => (row, new ControllerOutcome(row, rows.FirstOrDefault(r => r.Policy == row.Policy && r.Controller == ControllerCatalog.None))));

    /// <summary>A counter of the run.</summary>
    public long Of(string counter) => Of(row, counter);

    /// <summary>A counter for each second of virtual time; null where no time passed.</summary>
    public double? PerSecond(string counter) => Of(TimedCounters.Us) is > 0 and var us ? Of(counter) / (us / 1e6) : null;

    private static long Of(ResultRow row, string counter) => row.Counters.FirstOrDefault(c => c.Name == counter).Value;
}
