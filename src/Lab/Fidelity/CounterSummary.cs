namespace ReclaimNative.Lab.Fidelity;

/// <summary>The errors of one counter in one class of cells, over the cells in which the kernel counted at least 1000.</summary>
/// <param name="Class">The policy and version, without switches.</param>
/// <param name="Counter">The kernel's name of the counter.</param>
/// <param name="Cells">How many cells there are, 1 or more.</param>
/// <param name="MedianError">Median of the absolute errors.</param>
/// <param name="WorstError">The largest.</param>
/// <param name="Outside">In how many the error is more than <see cref="Bound"/>.</param>
public sealed record CounterSummary(string Class, string Counter, int Cells, double MedianError, double WorstError, int Outside)
{
    /// <summary>The error from which on a counter is called outside.</summary>
    public const double Bound = 0.15;

    /// <summary>The summaries of <paramref name="cells"/>, in the order of the classes and of <see cref="TruthCounters.All"/>.</summary>
    public static IReadOnlyList<CounterSummary> Of(IEnumerable<FidelityCell> cells) =>
    [
        .. from cell in cells
           from counter in cell.Counters
           let error = counter.Error
           where error is not null
           group Math.Abs(error.Value) by (Class: TruthPolicy.ClassOf(cell.Preset), counter.Name) into errors
           orderby Classes.OrderOf(errors.Key.Class), TruthCounters.OrderOf(errors.Key.Name)
           select new CounterSummary(
               errors.Key.Class, errors.Key.Name, errors.Count(), Middle.Of(errors), errors.Max(), errors.Count(e => e > Bound)),
    ];
}
