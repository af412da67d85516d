namespace ReclaimNative.Lab.Fidelity;

/// <summary>
/// Two kernels or policies in the same place whose misses differ by more than either's runs do: does ours differ the same way?
/// </summary>
/// <param name="Fewer">The cell with the kernel's fewer misses.</param>
/// <param name="More">The cell with the kernel's more misses.</param>
public sealed record Direction(FidelityCell Fewer, FidelityCell More)
{
    /// <summary>Whether ours has fewer misses where the kernel has.</summary>
    public bool Agrees => Fewer.Ours.Faults < More.Ours.Faults;

    /// <summary>All such pairs among <paramref name="cells"/>, in the cells' order.</summary>
    public static IReadOnlyList<Direction> Of(IReadOnlyList<FidelityCell> cells)
    {
        var found = new List<Direction>();
        foreach (IGrouping<TruthPlace, FidelityCell> place in cells.GroupBy(c => c.Truth.Place))
        {
            FidelityCell[] here = [.. place];
            for (int i = 0; i < here.Length; i++)
            {
                for (int j = i + 1; j < here.Length; j++)
                {
                    (FidelityCell fewer, FidelityCell more) = here[i].Truth.Misses <= here[j].Truth.Misses ? (here[i], here[j]) : (here[j], here[i]);
                    if (more.Truth.Misses - fewer.Truth.Misses > Math.Max(Misses(fewer), Misses(more)))
                        found.Add(new Direction(fewer, more));
                }
            }
        }

        return found;
    }

    private static double Misses(FidelityCell cell) => cell.Spread * cell.Truth.Misses;
}
