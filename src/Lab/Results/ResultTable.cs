using System.Collections.Immutable;
using Spectre.Console;

namespace ReclaimNative.Lab.Results;

/// <summary>
/// The results as a table for people, a block for each trace and memory size. On a terminal the least important columns
/// go when it is narrow; numbers never wrap. Elsewhere every column is there, without colour, the same on every machine.
/// </summary>
public static class ResultTable
{
    // Wider than any table: in a pipe nothing is dropped or cut.
    private const int PipeWidth = 4096;
    private const int LeastPolicyWidth = 10;
    private const int Gap = 2;

    private static readonly Style Heading = new(decoration: Decoration.Bold);
    private static readonly Style Best = new(Color.Green, decoration: Decoration.Bold);
    private static readonly Style Quiet = new(decoration: Decoration.Dim);

    /// <summary>Writes <paramref name="set"/> to <paramref name="console"/>.</summary>
    public static void Write(ResultSet set, IAnsiConsole console)
    {
        if (!console.Profile.Out.IsTerminal)
        {
            console = Pipe(console.Profile.Out.Writer);
        }

        ImmutableArray<ResultGroup> groups = ResultGroup.Of(set);
        TableColumns columns = TableColumns.Fit(groups, console, LeastPolicyWidth, Gap);

        // Narrower than the least table there is, the terminal may cut the lines: cells of one digit help nobody.
        int width = console.Profile.Width;
        console.Profile.Width = Math.Max(width, columns.Width(Gap));
        try
        {
            WriteAll(set, groups, columns, console);
        }
        finally
        {
            console.Profile.Width = width;
        }
    }

    private static void WriteAll(ResultSet set, ImmutableArray<ResultGroup> groups, TableColumns columns, IAnsiConsole console)
    {
        if (set.Title is { } title)
        {
            WriteLine(console, title, Heading);
            console.WriteLine();
        }

        foreach (ResultGroup group in groups)
        {
            WriteLine(console, HeadingOf(group), Heading);
            console.Write(Block(group, columns));
            console.WriteLine();
        }

        WriteLegend(set, columns, console);
    }

    /// <summary>A console for what is not a terminal: no colour, and no line too long.</summary>
    internal static IAnsiConsole Pipe(TextWriter writer)
    {
        IAnsiConsole pipe = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        pipe.Profile.Width = PipeWidth;
        return pipe;
    }

    private static string HeadingOf(ResultGroup group) =>
        $"{group.Trace}, {group.MemoryText}{(group.AccessesText is { } accesses ? $": {accesses}" : "")}";

    private static Table Block(ResultGroup group, TableColumns columns)
    {
        Table table = new Table().Border(TableBorder.None);
        table.AddColumn(Column("policy", columns.PolicyWidth, Justify.Left));
        table.AddColumn(Column("sees", columns.SeesWidth, Justify.Left));
        for (int i = 0; i < columns.Metrics.Length; i++)
        {
            table.AddColumn(Column(columns.Metrics[i].Header, columns.MetricWidths[i], Justify.Right));
        }

        table.Columns[^1].Padding = new Padding(0);
        foreach (ResultRow row in group.Rows)
        {
            Style? style = row.Oom ? Quiet : null;
            table.AddRow(
            [
                new Text(Printable(row.Label), style).Overflow(Overflow.Ellipsis),
                new Text(row.Sees.Word(), style),
                .. columns.Metrics.Select(metric =>
                    new Text(Cell(metric, row, group), metric.IsBest(row, group) ? Best : style)),
            ]);
        }

        return table;
    }

    /// <summary>A value as it stands in the table. The star shows the best where colour does not.</summary>
    internal static string Cell(ResultMetric metric, ResultRow row, ResultGroup group) =>
        metric.IsBest(row, group) ? "*" + metric.Text(row) : metric.Text(row);

    /// <summary>A name without control characters: one with a newline or an escape would take the terminal apart.</summary>
    internal static string Printable(string name) =>
        string.Concat(name.Select(letter => char.IsControl(letter) ? '?' : letter));

    private static TableColumn Column(string header, int width, Justify alignment) => new(new Text(header, Quiet))
    {
        Width = width,
        NoWrap = true,
        Alignment = alignment,
        Padding = new Padding(0, 0, Gap, 0),
    };

    private static void WriteLegend(ResultSet set, TableColumns columns, IAnsiConsole console)
    {
        if (set.Rows.IsEmpty)
        {
            WriteLine(console, "no results", Quiet);
        }
        else
        {
            WriteLine(console, "* best of those that see the same: accessed bits, every access, or the future", Quiet);
        }

        if (set.Rows.Any(row => row.Oom))
        {
            WriteLine(console, "oom: the run ran out of memory; its counts stop there", Quiet);
        }

        string[] ejected = [.. set.Rows.Where(row => row.Ejected is not null).Select(row => row.Policy).Distinct()];
        if (ejected.Length > 0)
        {
            WriteLine(console, $"ejected for breaking the contract, so that its numbers are not all its own: {string.Join(", ", ejected)}", Quiet);
        }

        if (!columns.Dropped.IsEmpty)
        {
            WriteLine(console, $"not shown for want of width: {string.Join(", ", columns.Dropped.Select(metric => metric.Header))}", Quiet);
        }

        foreach (string note in set.Notes)
        {
            WriteLine(console, $"note: {note}", Style.Plain);
        }
    }

    private static void WriteLine(IAnsiConsole console, string text, Style style)
    {
        console.Write(new Text(Printable(text), style));
        console.WriteLine();
    }
}
