using ReclaimNative.Lab.Results;
using Spectre.Console;

namespace ReclaimNative.Lab.Proactive;

/// <summary>A request and its result for people: a line of what was asked and one of what was done, a table by node, and what stayed and why.</summary>
public static class RequestTable
{
    private static readonly string[] Headers = ["node", "evicted anon", "evicted file", "demoted anon", "demoted file", "scanned"];

    /// <summary>Writes <paramref name="report"/> to <paramref name="console"/>.</summary>
    public static void Write(RequestReport report, IAnsiConsole console)
    {
        if (!console.Profile.Out.IsTerminal)
            console = ResultTable.Pipe(console.Profile.Out.Writer);
        Line(console, report.Target);
        Line(console, Asked(report.Request));
        string would = report.Request.IsPreview ? "would be reclaimed" : "reclaimed";
        Line(console, $"{Count(report.Reclaimed)} {would}{Of(report.Demoted, ", {0} of them demoted")}{Of(report.Scanned, "; {0} scanned")}{Of(report.Attempts, " in {0} attempts")}; {report.Elapsed.TotalMilliseconds:0.###} ms; stopped: {report.Stop}");
        if (report.Age is { } age && age != Words.Of(ReclaimAge.None))
            Line(console, $"idle times from {age}");
        if (!report.Nodes.IsEmpty)
        {
            Line(console, "");
            console.Write(ByNode(report));
        }

        if (report.Skipped.Length > 0 || report.Protected > 0)
        {
            Line(console, "");
            string[] stayed = [.. report.Skipped.Select(s => $"{s.Reason} {Count(s.Pages)}"), .. report.Protected > 0 ? (string[])[$"protected {Count(report.Protected.Value)}"] : []];
            Line(console, $"stayed: {string.Join(", ", stayed)}");
        }
    }

    private static string Asked(RequestSpec request)
    {
        string nodes = request.Nodes.IsAll ? "all nodes" : $"node {request.Nodes}";
        string[] rest =
        [
            .. Given(request.Memcg, "memcg "),
            .. Given(RequestJson.SwappinessOf(request), "swappiness "),
            .. Given(request.Types == ReclaimTypes.Any ? null : Words.Of(request.Types), "type "),
            .. Given(request.Mode == ReclaimMode.Auto ? null : Words.Of(request.Mode), "mode "),
            .. Given(request.MinIdle == TimeSpan.Zero ? null : $"{request.MinIdle.TotalMilliseconds:0.###} ms", "idle for at least "),
            .. Given(request.MaxScanned?.ToString("N0", System.Globalization.CultureInfo.InvariantCulture), "scan limit "),
            .. Given(request.TimeLimit is { } limit ? $"{limit.TotalMilliseconds:0.###} ms" : null, "time limit "),
        ];
        return $"{(request.IsPreview ? "preview of " : "")}{Count(request.Pages)} pages of {nodes}{string.Concat(rest.Select(r => ", " + r))}";
    }

    private static IEnumerable<string> Given(string? value, string what) => value is null ? [] : [what + value];

    private static Table ByNode(RequestReport report)
    {
        Table table = new Table().Border(TableBorder.None);
        foreach (string header in Headers)
            table.AddColumn(new TableColumn(new Text(header)) { NoWrap = true, Alignment = Justify.Right, Padding = new Padding(0, 0, 2, 0) });
        foreach (NodeReport node in report.Nodes)
        {
            long[] values = [node.Node, node.EvictedAnon, node.EvictedFile, node.DemotedAnon, node.DemotedFile, node.Scanned];
            table.AddRow([.. values.Select(v => new Text(Count(v)))]);
        }

        return table;
    }

    private static string Of(long? value, string text) => value is { } known ? string.Format(System.Globalization.CultureInfo.InvariantCulture, text, Count(known)) : "";

    private static string Count(long value) => NumberText.Count(value);

    private static void Line(IAnsiConsole console, string text)
    {
        console.Write(new Text(ResultTable.Printable(text)));
        console.WriteLine();
    }
}
