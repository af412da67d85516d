using System.Net;
using System.Text;
using ReclaimNative.Lab.Controllers;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Reports;

/// <summary>The results in words: for each trace, and each kind of policy, which one misses least and by how much.</summary>
internal static class ReportSummary
{
    /// <summary>By what the results are told, in a sentence or two.</summary>
    public static string Criterion(ResultSet set) => HasControllers(set.Rows)
        ? "What each controller saves of the memory that is resident without one, and what comes of it in each second of virtual time, over the second half of the run."
        : "Fewest misses among the policies that see the same. Policies that see different things are not ranked together. Sizes are the memory that was asked for.";

    /// <summary>A heading and a list for each trace.</summary>
    public static string Html(IReadOnlyList<ResultGroup> groups)
    {
        if (HasControllers(groups.SelectMany(group => group.Rows)))
            return OfControllers(groups);
        StringBuilder html = new();
        foreach (IGrouping<string, ResultGroup> trace in groups.GroupBy(group => group.Trace))
        {
            html.Append($"<h3>{Encoded(trace.Key)}</h3>\n<ul>\n");
            foreach (Sees sees in trace.SelectMany(group => group.Rows).Select(row => row.Sees).Distinct().Order())
            {
                html.Append($"<li>{KindOf(sees)}: {Sentence([.. trace], sees)}</li>\n");
            }

            html.Append("</ul>\n");
        }

        return html.ToString();
    }

    private static bool HasControllers(IEnumerable<ResultRow> rows) => rows.Any(row => row.Controller is not null);

    private static string OfControllers(IReadOnlyList<ResultGroup> groups)
    {
        StringBuilder html = new();
        foreach (IGrouping<string, ResultRow> subject in groups.SelectMany(group => group.Rows).GroupBy(row => row.Trace))
        {
            html.Append($"<h3>{Encoded(subject.Key)}</h3>\n<ul>\n");
            foreach ((ResultRow row, ControllerOutcome outcome) in ControllerOutcome.OfRows([.. subject]))
            {
                if (row.Controller != ControllerCatalog.None)
                    html.Append($"<li>{Bold(row)} {Saved(row, outcome)}</li>\n");
            }

            html.Append("</ul>\n");
        }

        return html.ToString();
    }

    private static string Saved(ResultRow row, in ControllerOutcome outcome)
    {
        if (row.Oom)
            return "ran out of memory.";
        string saved = outcome.Saved is { } share
            ? $"saves {NumberText.Percent(share)}&nbsp;% of the pages, {NumberText.Percent(outcome.SavedOnFastTier ?? 0)}&nbsp;% of those on the fastest tier"
            : $"leaves {NumberText.Count(row.ResidentMean)} pages";
        return $"{saved}, for {NumberText.Fixed(outcome.PerSecond(TimedCounters.Refaults) ?? 0)} refaults and {NumberText.Fixed((outcome.PerSecond(TimedCounters.SomeUs) ?? 0) / 1000)}&nbsp;ms of pressure a second.";
    }

    private static string KindOf(Sees sees) => sees switch
    {
        Sees.Bits => "Given accessed bits",
        Sees.Accesses => "Given every access",
        _ => "Given the future",
    };

    private static string Sentence(ResultGroup[] sizes, Sees sees)
    {
        Standing[] standings = [.. sizes.Select(size => new Standing(size, sees)).Where(standing => standing.Ranked.Length > 0)];
        string text = standings switch
        {
            [] => "no run ended.",
            _ when standings.All(standing => standing.Ranked.Length == 1) => Alone(standings),
            [var only] => OneSize(only),
            _ => ManySizes(standings),
        };
        return text + OutOfMemory(sizes, sees);
    }

    private static string Alone(Standing[] standings)
    {
        string names = string.Join(", ", standings.Select(standing => Bold(standing.Ranked[0])).Distinct());
        string ratios = standings is [var only]
            ? $"{Percent(only.Ranked[0])} misses"
            : $"{Percent(standings[0].Ranked[0])} misses at {Memory(standings[0].Size)}, {Percent(standings[^1].Ranked[0])} at {Memory(standings[^1].Size)}";
        return $"only {names}, {ratios}.";
    }

    private static string OneSize(Standing standing) => standing.AllEqual
        ? $"all miss {Percent(standing.Ranked[0])}."
        : $"{Names(standing)} {(standing.Winners.Length == 1 ? "misses" : "miss")} least, {Lead(standing)}.";

    private static string ManySizes(Standing[] standings)
    {
        Standing[] decided = [.. standings.Where(standing => !standing.AllEqual)];
        if (decided.Length == 0)
        {
            return "all miss equally at every size.";
        }

        IEnumerable<string> wins = decided.GroupBy(Names).OrderByDescending(won => won.Count()).Select(won =>
            $"{won.Key} {(won.First().Winners.Length == 1 ? "misses" : "miss")} least at "
            + (won.Count() == standings.Length ? "every size" : string.Join(", ", won.Select(standing => Memory(standing.Size)))));
        Standing widest = decided.MaxBy(standing => standing.Saved)!;
        return $"{string.Join("; ", wins)}. "
            + $"Widest lead at {Memory(widest.Size)}: {Names(widest)}, {Lead(widest)}.";
    }

    private static string Lead(Standing standing)
    {
        ResultRow next = standing.Next!;
        return $"{Percent(standing.Ranked[0])} against {Percent(next)} for {Bold(next)}, the next"
            + $" ({NumberText.Percent(standing.Saved)}&nbsp;% fewer misses)";
    }

    private static string OutOfMemory(ResultGroup[] sizes, Sees sees)
    {
        string[] killed =
        [
            .. from size in sizes
               from row in size.Rows
               where row.Oom && row.Sees == sees
               select $"{Bold(row)} at {Memory(size)}",
        ];
        return killed.Length == 0 ? "" : $" Out of memory: {string.Join(", ", killed)}.";
    }

    private static string Names(Standing standing) => string.Join(" and ", standing.Winners.Select(Bold));

    private static string Bold(ResultRow row) => $"<b>{Encoded(row.Label)}</b>";

    private static string Memory(ResultGroup size) => Encoded(size.ShortMemoryText);

    private static string Percent(ResultRow row) => $"{NumberText.Percent(row.MissRatio)}&nbsp;%";

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);

    /// <summary>How the policies of one kind stand at one size.</summary>
    private sealed class Standing(ResultGroup size, Sees sees)
    {
        public ResultGroup Size => size;

        /// <summary>Fewest misses first; without runs that ended out of memory.</summary>
        public ResultRow[] Ranked { get; } = [.. size.Rows.Where(row => row.Sees == sees && !row.Oom)];

        public ResultRow[] Winners => [.. Ranked.TakeWhile(row => row.MissRatio == Ranked[0].MissRatio)];

        /// <summary>The best that is not a winner; null when all are.</summary>
        public ResultRow? Next => Ranked.Skip(Winners.Length).FirstOrDefault();

        public bool AllEqual => Next is null;

        /// <summary>Share of the next one's misses that the winner avoids.</summary>
        public double Saved => Next is { } next ? 1 - (Ranked[0].MissRatio / next.MissRatio) : 0;
    }
}
