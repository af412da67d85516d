namespace ReclaimNative.Lab.Fidelity;

/// <summary>The errors of one class of cells: a policy in a kernel's version, and cells that show the same.</summary>
/// <param name="Class">The policy and version, without switches.</param>
/// <param name="Kind">What the cells can show.</param>
/// <param name="Cells">How many there are, 1 or more.</param>
/// <param name="MedianError">Median of the absolute errors of the misses.</param>
/// <param name="WorstError">The largest.</param>
/// <param name="Nearer">In how many we are nearer to the kernel than plain LRU.</param>
public sealed record FidelitySummary(string Class, CellKind Kind, int Cells, double MedianError, double WorstError, int Nearer)
{
    /// <summary>The summaries of <paramref name="cells"/>, in the order of the classes' names; within one, those that differ from plain LRU first.</summary>
    public static IReadOnlyList<FidelitySummary> Of(IEnumerable<FidelityCell> cells) =>
    [
        .. cells.GroupBy(c => (Class: TruthPolicy.ClassOf(c.Preset), c.Kind))
            .OrderBy(g => Classes.OrderOf(g.Key.Class)).ThenBy(g => g.Key.Kind)
            .Select(g => new FidelitySummary(
                g.Key.Class,
                g.Key.Kind,
                g.Count(),
                Middle.Of(g.Select(c => Math.Abs(c.Error))),
                g.Max(c => Math.Abs(c.Error)),
                g.Count(c => c.NearerThanLru))),
    ];
}
