namespace ReclaimNative.Lab.Fidelity;

/// <summary>Our policies beside the kernels.</summary>
/// <param name="Cells">The cells that were finished, in the order of <c>summary.csv</c>.</param>
/// <param name="Notes">What a reader must know besides.</param>
public sealed record FidelityResult(IReadOnlyList<FidelityCell> Cells, IReadOnlyList<string> Notes)
{
    /// <summary>Errors of the misses by class.</summary>
    public IReadOnlyList<FidelitySummary> Summary { get; } = FidelitySummary.Of(Cells);

    /// <summary>Errors of the other counters by class.</summary>
    public IReadOnlyList<CounterSummary> Counters { get; } = CounterSummary.Of(Cells);

    /// <summary>The pairs of cells between which the kernels differ.</summary>
    public IReadOnlyList<Direction> Directions { get; } = Direction.Of(Cells);
}
