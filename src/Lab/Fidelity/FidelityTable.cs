using System.Globalization;
using ReclaimNative.Lab.Results;
using Spectre.Console;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>The result for people: a line for each cell, then the classes, the directions and the counters.</summary>
public static class FidelityTable
{
    private const int Gap = 2;
    private const int LeastWidth = 160;
    private const int UsualSwappiness = 60;

    private static readonly Style Heading = new(decoration: Decoration.Bold);
    private static readonly Style Quiet = new(decoration: Decoration.Dim);

    /// <summary>Writes <paramref name="result"/> to <paramref name="console"/>.</summary>
    public static void Write(FidelityResult result, IAnsiConsole console)
    {
        if (!console.Profile.Out.IsTerminal)
            console = ResultTable.Pipe(console.Profile.Out.Writer);

        // On a narrower terminal the lines wrap: better than numbers that are cut.
        int width = console.Profile.Width;
        console.Profile.Width = Math.Max(width, LeastWidth);
        try
        {
            WriteAll(result, console);
        }
        finally
        {
            console.Profile.Width = width;
        }
    }

    private static void WriteAll(FidelityResult result, IAnsiConsole console)
    {
        if (result.Cells.Count > 0)
        {
            Section(
                console,
                "misses at equal mean residency",
                CellBlock(result.Cells),
                "nearer: to the kernel than plain LRU (lru) is; ~ run once, the spread of its class; ! no replay within 4 pages of the kernel's residency");
            Section(console, "by class", SummaryBlock(result.Summary));
            WriteDirections(result.Directions, console);
            if (result.Counters.Count > 0)
                Section(console, "other counters, where the kernel counted at least 1,000", CounterBlock(result.Counters), "* the median is outside");
        }

        foreach (string note in result.Notes)
            WriteLine(console, $"note: {note}", Style.Plain);
    }

    private static Table CellBlock(IReadOnlyList<FidelityCell> cells)
    {
        Table table = TableOf(4, "trace", "files", "kernel", "policy", "limit", "kernel misses", "ours", "error", "lru", "nearer", "spread", "resident", "ours");
        foreach (FidelityCell cell in cells)
        {
            Add(
                table,
                cell.Truth.Place.Trace,
                FilesOf(cell.Truth.Place),
                ReleaseOf(cell.Truth.Kernel),
                cell.Preset,
                NumberText.Count(cell.Truth.Place.LimitPages),
                NumberText.Count(cell.Truth.Misses),
                NumberText.Count(cell.Ours.Faults),
                Signed(cell.Error),
                NumberText.Count(cell.Lru.Faults),
                cell.Kind == CellKind.AllMiss ? "-" : cell.NearerThanLru ? "yes" : "no",
                Share(cell.Spread) + (cell.Truth.Runs == 1 ? "~" : " "),
                NumberText.Count(cell.Truth.Resident),
                (cell.Within == 0 ? "!" : "") + NumberText.Count(cell.Ours.ResidentMean));
        }

        return table;
    }

    private static Table SummaryBlock(IReadOnlyList<FidelitySummary> summaries)
    {
        Table table = TableOf(2, "class", "where the kernel", "cells", "median error", "worst error", "nearer than lru");
        foreach (FidelitySummary summary in summaries)
        {
            Add(
                table,
                summary.Class,
                summary.Kind switch
                {
                    CellKind.Differs => "differs from lru by more than 3 %",
                    CellKind.Within => "is within 3 % of lru",
                    _ => "misses always, as all do",
                },
                NumberText.Count(summary.Cells),
                Share(summary.MedianError),
                Share(summary.WorstError),
                summary.Kind == CellKind.AllMiss ? "-" : $"{summary.Nearer} of {summary.Cells}");
        }

        return table;
    }

    private static Table CounterBlock(IReadOnlyList<CounterSummary> counters)
    {
        Table table = TableOf(2, "class", "counter", "cells", "median error", "worst error", "outside 15 %");
        foreach (CounterSummary counter in counters)
        {
            Add(
                table,
                counter.Class,
                counter.Counter,
                NumberText.Count(counter.Cells),
                Share(counter.MedianError),
                Share(counter.WorstError),
                NumberText.Count(counter.Outside) + (counter.MedianError > CounterSummary.Bound ? " *" : "  "));
        }

        return table;
    }

    private static void WriteDirections(IReadOnlyList<Direction> directions, IAnsiConsole console)
    {
        Direction[] wrong = [.. directions.Where(d => !d.Agrees)];
        WriteLine(
            console,
            $"direction: of {directions.Count} pairs of kernels or policies that differ by more than their spread, ours differ the same way in {directions.Count - wrong.Length}",
            Heading);
        if (wrong.Length > 0)
        {
            Table table = TableOf(4, "trace", "files", "fewer", "more", "limit", "kernel's fewer", "more", "ours", "ours");
            foreach (Direction direction in wrong)
            {
                TruthPlace place = direction.Fewer.Truth.Place;
                Add(
                    table,
                    place.Trace,
                    FilesOf(place),
                    direction.Fewer.Preset,
                    direction.More.Preset,
                    NumberText.Count(place.LimitPages),
                    NumberText.Count(direction.Fewer.Truth.Misses),
                    NumberText.Count(direction.More.Truth.Misses),
                    NumberText.Count(direction.Fewer.Ours.Faults),
                    NumberText.Count(direction.More.Ours.Faults));
            }

            WriteLine(console, "the others:", Style.Plain);
            console.Write(table);
        }

        console.WriteLine();
    }

    private static void Section(IAnsiConsole console, string heading, Table table, string? legend = null)
    {
        WriteLine(console, heading, Heading);
        console.Write(table);
        if (legend is not null)
            WriteLine(console, legend, Quiet);
        console.WriteLine();
    }

    /// <summary>A table whose first <paramref name="words"/> columns hold words and the others numbers.</summary>
    private static Table TableOf(int words, params string[] headers)
    {
        Table table = new Table().Border(TableBorder.None);
        for (int i = 0; i < headers.Length; i++)
        {
            table.AddColumn(new TableColumn(new Text(headers[i], Quiet))
            {
                NoWrap = true,
                Alignment = i < words ? Justify.Left : Justify.Right,
                Padding = new Padding(0, 0, i == headers.Length - 1 ? 0 : Gap, 0),
            });
        }

        return table;
    }

    private static void Add(Table table, params string[] cells) => table.AddRow([.. cells.Select(c => new Text(ResultTable.Printable(c)))]);

    private static void WriteLine(IAnsiConsole console, string text, Style style)
    {
        console.Write(new Text(ResultTable.Printable(text), style));
        console.WriteLine();
    }

    private static string FilesOf(TruthPlace place) => place.Swappiness == UsualSwappiness ? place.FileMode : $"{place.FileMode} s{place.Swappiness}";

    // The kernel's release without the distribution's name for the build.
    private static string ReleaseOf(string kernel) => string.Concat(kernel.TakeWhile(c => char.IsAsciiDigit(c) || c == '.'));

    private static string Share(double ratio) => ratio.ToString("0.0 %", CultureInfo.InvariantCulture);

    private static string Signed(double ratio) => ratio.ToString("+0.0 %;-0.0 %;0.0 %", CultureInfo.InvariantCulture);
}
