using System.Globalization;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using Spectre.Console;

namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// What each controller saved and what that cost, as a table for people: a block for each cgroup. All of it is of the second half of the run.
/// </summary>
public static class ControllerTable
{
    private static readonly Style Heading = new(decoration: Decoration.Bold);

    private static readonly (string Header, Func<ResultRow, ControllerOutcome, string> Text)[] Columns =
    [
        ("resident", (row, _) => NumberText.Count(row.ResidentMean)),
        ("saved %", (_, outcome) => Percent(outcome.Saved)),
        ("fast tier", (_, outcome) => NumberText.Count(outcome.Of(TimedCounters.TopTierMean))),
        ("saved %", (_, outcome) => Percent(outcome.SavedOnFastTier)),
        ("asked back", (_, outcome) => NumberText.Count(outcome.Of(TimedCounters.Proactive))),
        ("refaults/s", (_, outcome) => PerSecond(outcome, TimedCounters.Refaults, 1)),
        ("some ms/s", (_, outcome) => PerSecond(outcome, TimedCounters.SomeUs, 1000)),
        ("page-in ms/s", (_, outcome) => PerSecond(outcome, TimedCounters.PageInUs, 1000)),
        ("slow tier ms/s", (_, outcome) => PerSecond(outcome, TimedCounters.SlowTierUs, 1000)),
    ];

    /// <summary>Writes the rows of a run with controllers to <paramref name="console"/>.</summary>
    public static void Write(ResultSet set, IAnsiConsole console)
    {
        if (!console.Profile.Out.IsTerminal)
            console = ResultTable.Pipe(console.Profile.Out.Writer);
        Line(console, set.Title ?? "", Heading);
        foreach (IGrouping<string, ResultRow> subject in set.Rows.GroupBy(r => r.Trace))
        {
            Line(console, "", Style.Plain);
            Line(console, subject.Key, Heading);
            console.Write(Block([.. subject]));
        }

        Line(console, "", Style.Plain);
        Line(console, "pages of 4096 bytes; saved against none of the same policy; over the second half of the run, in virtual time", Style.Plain);
        foreach (string note in set.Notes)
            Line(console, $"note: {note}", Style.Plain);
    }

    private static Table Block(ResultRow[] rows)
    {
        Table table = new Table().Border(TableBorder.None);
        table.AddColumn(Column("policy", Justify.Left));
        table.AddColumn(Column("controller", Justify.Left));
        foreach ((string header, _) in Columns)
            table.AddColumn(Column(header, Justify.Right));
        foreach ((ResultRow row, ControllerOutcome outcome) in ControllerOutcome.OfRows(rows))
            table.AddRow([new Text(row.Policy), new Text(row.Controller ?? ""), .. Columns.Select(c => new Text(row.Oom ? "oom" : c.Text(row, outcome)))]);

        return table;
    }

    private static TableColumn Column(string header, Justify alignment) =>
        new(new Text(header)) { NoWrap = true, Alignment = alignment, Padding = new Padding(0, 0, 2, 0) };

    private static string Percent(double? share) => share is { } known ? NumberText.Percent(known) : "";

    private static string PerSecond(in ControllerOutcome outcome, string counter, double unit) =>
        outcome.PerSecond(counter) is { } known ? (known / unit).ToString("N3", CultureInfo.InvariantCulture) : "";

    private static void Line(IAnsiConsole console, string text, Style style)
    {
        console.Write(new Text(ResultTable.Printable(text), style));
        console.WriteLine();
    }
}
