using System.Globalization;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lru;
using Spectre.Console;

namespace ReclaimNative.Lab.Stress;

/// <summary>The result of a stress run for people: a column for each machine, so that it fits a terminal, a line for each figure.</summary>
public static class StressTable
{
    /// <summary>How much dearer a page may be on the larger machine: the aim that is printed beside the ratios.</summary>
    private const double Aim = 1.5;

    private const ulong SmallMachine = 64UL << 20;
    private const ulong LargeMachine = 1UL << 30;
    private const double Mega = 1e6;

    private static readonly Style Heading = new(decoration: Decoration.Bold);
    private static readonly Style Quiet = new(decoration: Decoration.Dim);

    private static readonly (string Name, Func<StressRow, string> Text)[] Lines =
    [
        ("pages on lists", r => NumberText.Count(r.Frames)),
        ("page-table entries mapped", r => NumberText.Count(r.MappedEntries)),
        ("memory grown, bytes a page", r => NumberText.Fixed(r.BytesPerPage)),
        ("columns backed, bytes a page", r => NumberText.Fixed(r.ResidentColumnBytesPerPage)),
        ("columns reserved, bytes a page", r => NumberText.Fixed(r.ColumnBytesPerPage)),
        ("grown against backed", r => Difference(r.BytesPerPage, r.ResidentColumnBytesPerPage)),
        ("grown against reserved", r => Difference(r.BytesPerPage, r.ColumnBytesPerPage)),
        ("populated in, s", r => NumberText.Fixed(r.PopulateSeconds)),
        ("accesses, M/s", r => Millions(r.Accesses)),
        ("entries scanned, M/s", r => Millions(r.EntriesScanned)),
        ("pages reclaimed, M/s", r => Millions(r.Reclaimed)),
        ("all at once: accesses, M/s", r => Millions(r.MixedAccesses)),
        ("  faults, M/s", r => Millions(new Rate(r.MixedFaults, r.MixedAccesses.Seconds))),
        ("  pages reclaimed, M/s", r => Millions(r.MixedReclaimed)),
        ("validated in, s", r => NumberText.Fixed(r.ValidateSeconds)),
        ("valid", r => r.Problem is null ? "yes" : "no"),
    ];

    /// <summary>Writes <paramref name="result"/> to <paramref name="console"/>.</summary>
    public static void Write(StressResult result, IAnsiConsole console)
    {
        if (!console.Profile.Out.IsTerminal)
            console = ResultTable.Pipe(console.Profile.Out.Writer);
        if (result.Rows.Count > 0)
        {
            StressRow first = result.Rows[0];
            WriteLine(
                console,
                $"{first.Policy}, {(first.Order == ListOrder.Exact ? "exact order" : "unordered lists")}, {first.Threads} {(first.Threads == 1 ? "thread" : "threads")}, {first.VectorBits}-bit vectors",
                Heading);
            console.Write(Block(result.Rows));
            console.WriteLine();
        }

        foreach (string note in Notes(result))
            WriteLine(console, note, Style.Plain);
    }

    /// <summary>What is said below the table.</summary>
    internal static IEnumerable<string> Notes(StressResult result)
    {
        if (result.Rows.Count > 0 && result.Rows.All(r => r.EntriesScanned.Count == 0))
            yield return $"note: {result.Rows[0].Policy} walks no page tables when it ages, so no entries were scanned";
        if (result.Rows.Sum(r => r.MappedEntries - r.Frames) is > 0 and var underway)
            yield return $"note: {NumberText.Count(underway)} pages were mapped and still in batches of their threads, on their way to a list";
        if (result.Rows.Sum(r => r.Refused) is > 0 and var refused)
            yield return $"note: {NumberText.Count(refused)} accesses found no memory";
        foreach (StressRow row in result.Rows)
        {
            if (row.Problem is { } problem)
                yield return $"not valid with {PageCountText.Of(row.Pages)} pages: {problem}";
        }

        foreach (string note in result.Notes)
            yield return $"note: {note}";
        if (result.Rows.FirstOrDefault(r => r.Pages == SmallMachine) is { } small && result.Rows.FirstOrDefault(r => r.Pages == LargeMachine) is { } large)
            yield return Scaling(small, large);
    }

    private static string Scaling(StressRow small, StressRow large) =>
        $"from {PageCountText.Of(small.Pages)} to {PageCountText.Of(large.Pages)} pages an access costs {Times(small.Accesses, large.Accesses)}, "
        + $"a scanned entry {Times(small.EntriesScanned, large.EntriesScanned)}, a reclaimed page {Times(small.Reclaimed, large.Reclaimed)} "
        + $"(aim: at most {Aim.ToString("0.0", CultureInfo.InvariantCulture)} times)";

    private static string Times(Rate small, Rate large) => large.PerSecond > 0 && small.PerSecond > 0
        ? $"{NumberText.Fixed(small.PerSecond / large.PerSecond)} times as much"
        : "nothing to compare";

    private static Table Block(IReadOnlyList<StressRow> rows)
    {
        Table table = new Table().Border(TableBorder.None);
        table.AddColumn(Column("pages", Justify.Left));
        foreach (StressRow row in rows)
            table.AddColumn(Column(PageCountText.Of(row.Pages), Justify.Right));
        table.Columns[^1].Padding = new Padding(0);
        foreach ((string name, Func<StressRow, string> text) in Lines)
            table.AddRow([new Text(name), .. rows.Select(r => new Text(text(r)))]);
        return table;
    }

    private static TableColumn Column(string header, Justify alignment) =>
        new(new Text(header, Quiet)) { NoWrap = true, Alignment = alignment, Padding = new Padding(0, 0, 2, 0) };

    private static string Millions(Rate rate) => rate.Count == 0 ? "0" : (rate.PerSecond / Mega).ToString("N2", CultureInfo.InvariantCulture);

    private static string Difference(double grown, double columns) =>
        columns == 0 ? "" : ((grown / columns) - 1).ToString("+0.0 %;-0.0 %;0.0 %", CultureInfo.InvariantCulture);

    private static void WriteLine(IAnsiConsole console, string text, Style style)
    {
        console.Write(new Text(text, style));
        console.WriteLine();
    }
}
