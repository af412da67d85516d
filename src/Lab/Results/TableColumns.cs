using System.Collections.Immutable;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ReclaimNative.Lab.Results;

/// <summary>
/// Which columns a table of a given width has, and how wide they are; the same for all blocks, so that they line up.
/// What the policies see is never dropped: without it they would seem comparable.
/// </summary>
internal sealed record TableColumns(
    int PolicyWidth,
    int SeesWidth,
    ImmutableArray<ResultMetric> Metrics,
    ImmutableArray<int> MetricWidths,
    ImmutableArray<ResultMetric> Dropped)
{
    private static readonly int SeesColumnWidth = Enum.GetValues<Sees>().Max(sees => sees.Word().Length);

    /// <summary>
    /// As many columns as fit <paramref name="console"/>, the first always. The policies' names are cut, down to
    /// <paramref name="leastPolicyWidth"/>, only when the first column would not fit otherwise.
    /// </summary>
    public static TableColumns Fit(ImmutableArray<ResultGroup> groups, IAnsiConsole console, int leastPolicyWidth, int gap)
    {
        int width = console.Profile.Width;
        RenderOptions options = RenderOptions.Create(console);
        ImmutableArray<ResultMetric> all = ResultMetric.Terminal;
        int[] widths = [.. all.Select(metric => MetricWidth(metric, groups))];
        int names = groups.SelectMany(group => group.Rows).Select(row => CellWidth(ResultTable.Printable(row.Label), options))
            .Append("policy".Length).Max();

        int spare = width - SeesColumnWidth - gap - gap - widths[0];
        int policy = Math.Max(Math.Min(names, spare), Math.Min(names, leastPolicyWidth));
        int used = policy + gap + SeesColumnWidth + gap + widths[0];
        int shown = 1;
        while (shown < all.Length && used + gap + widths[shown] <= width)
        {
            used += gap + widths[shown++];
        }

        return new(policy, SeesColumnWidth, all[..shown], [.. widths[..shown]], all[shown..]);
    }

    /// <summary>Cells in a line, with <paramref name="gap"/> between columns.</summary>
    public int Width(int gap) => PolicyWidth + gap + SeesWidth + MetricWidths.Sum(width => gap + width);

    private static int MetricWidth(ResultMetric metric, ImmutableArray<ResultGroup> groups) => groups
        .SelectMany(group => group.Rows.Select(row => ResultTable.Cell(metric, row, group).Length))
        .Append(metric.Header.Length).Max();

    // Not the length of the string: some letters are two cells wide.
    private static int CellWidth(string text, RenderOptions options) =>
        ((IRenderable)new Text(text)).Measure(options, int.MaxValue).Max;
}
