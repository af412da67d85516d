using System.Globalization;
using System.Net;
using System.Text;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Reports;

/// <summary>
/// The results as an HTML table that is complete without JavaScript; results-table.js makes it sortable. Each result is
/// two table rows: its numbers, and all its counters.
/// </summary>
internal static class ReportTable
{
    private const int ColumnCountBeforeMetrics = 2;

    private static readonly int ColumnCount = ColumnCountBeforeMetrics + ResultMetric.Report.Length;

    /// <summary>The table, a body for each group.</summary>
    public static string Html(IReadOnlyList<ResultGroup> groups)
    {
        StringBuilder html = new();
        html.Append("<div class=\"scroll\"><table id=\"table\">\n<thead><tr><th scope=\"col\">policy</th><th scope=\"col\">sees</th>");
        foreach (ResultMetric metric in ResultMetric.Report)
        {
            html.Append($"<th scope=\"col\">{metric.Header}</th>");
        }

        html.Append("</tr></thead>\n");
        foreach (ResultGroup group in groups)
        {
            AppendGroup(html, group);
        }

        html.Append("</table></div>\n");
        return html.ToString();
    }

    private static void AppendGroup(StringBuilder html, ResultGroup group)
    {
        string accesses = group.AccessesText is { } text ? $" <span class=\"quiet\">{text}</span>" : "";
        html.Append($"<tbody>\n<tr class=\"group\"><th colspan=\"{ColumnCount}\" scope=\"rowgroup\">");
        html.Append($"<span>{Encoded(group.Trace)}, {Encoded(group.MemoryText)}{accesses}</span></th></tr>\n");
        Sees? before = null;
        foreach (ResultRow row in group.Rows)
        {
            AppendRow(html, row, group, firstOfSees: before is not null && before != row.Sees);
            AppendCounters(html, row);
            before = row.Sees;
        }

        html.Append("</tbody>\n");
    }

    private static void AppendRow(StringBuilder html, ResultRow row, ResultGroup group, bool firstOfSees)
    {
        html.Append($"<tr class=\"result{(firstOfSees ? " first-of-sees" : "")}\">");
        html.Append($"<th scope=\"row\" title=\"{Encoded(row.Label)}\">{Encoded(row.Label)}</th><td>{row.Sees.Word()}</td>");
        foreach (ResultMetric metric in ResultMetric.Report)
        {
            string style = metric.IsBest(row, group) ? " class=\"best\""
                : row.Oom && metric == ResultMetric.Miss ? " class=\"oom\""
                : "";
            string value = metric.Value(row).ToString("R", CultureInfo.InvariantCulture);
            html.Append($"<td{style} data-value=\"{value}\">{metric.Text(row)}</td>");
        }

        html.Append("</tr>\n");
    }

    private static void AppendCounters(StringBuilder html, ResultRow row)
    {
        html.Append($"<tr class=\"counters\"><td colspan=\"{ColumnCount}\"><details><summary>");
        html.Append($"all counters of {Encoded(row.Label)}</summary><dl>\n");
        AppendCounter(html, "accesses", NumberText.Count(row.Accesses));
        AppendCounter(html, "unique pages", NumberText.Count(row.UniquePages));
        AppendCounter(html, "cold faults", NumberText.Count(row.ColdFaults));
        AppendCounter(html, "wall seconds", NumberText.Fixed(row.WallSeconds));
        foreach (Counter counter in row.Counters)
        {
            AppendCounter(html, counter.Name, NumberText.Count(counter.Value));
        }

        html.Append("</dl></details></td></tr>\n");
    }

    private static void AppendCounter(StringBuilder html, string name, string value) =>
        html.Append($"<div><dt>{Encoded(name)}</dt><dd>{value}</dd></div>\n");

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);
}
