namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// Finds the value of a controller's parameter with which pages come back at a rate that is asked for, so that controllers can be compared by what
/// they save and not by how hard they were told to try.
/// </summary>
/// <remarks>
/// By halving the range of the parameter, on a logarithmic scale where its least is above 0: it takes for granted that more of the
/// parameter means more refaults, by and large. What a controller does moves in steps, so that a rate may lie between two values and be met by none;
/// then the two nearest runs on either side say what would be saved between.
/// </remarks>
internal static class EqualRefaults
{
    /// <summary>How far a rate may be from the one asked for, as a share of that.</summary>
    public const double Tolerance = 0.02;

    /// <summary>Runs for one search, at most.</summary>
    public const int MostRuns = 12;

    /// <summary>Searches.</summary>
    /// <param name="wanted">Refaults in a second, above 0.</param>
    /// <param name="parameter">What is varied.</param>
    /// <param name="runAt">Runs with a value of it.</param>
    public static Found<T> Find<T>(double wanted, ControllerParameter parameter, Func<double, Tried<T>> runAt)
    {
        (double low, double high) = (parameter.Least, parameter.Most);
        Tried<T>? below = null;
        Tried<T>? above = null;
        double at = parameter.Default;
        for (int run = 0; run < MostRuns; run++)
        {
            Tried<T> tried = runAt(at);
            if (tried.Rate <= wanted)
            {
                below = Nearer(below, tried, wanted);
                low = at;
            }
            else
            {
                above = Nearer(above, tried, wanted);
                high = at;
            }

            double next = Between(low, high, parameter);
            if (Math.Abs(tried.Rate - wanted) <= Tolerance * wanted || next == low || next == high)
                break;
            at = next;
        }

        return new Found<T>(below, above, wanted);
    }

    private static double Between(double low, double high, ControllerParameter parameter)
    {
        double middle = parameter.Least > 0 ? Math.Sqrt(low * high) : (low + high) / 2;
        return parameter.IsWhole ? Math.Round(middle) : middle;
    }

    private static Tried<T> Nearer<T>(Tried<T>? known, Tried<T> tried, double wanted) =>
        known is { } other && Math.Abs(other.Rate - wanted) < Math.Abs(tried.Rate - wanted) ? other : tried;
}

/// <summary>A run with some value of a parameter.</summary>
/// <param name="Value">The value.</param>
/// <param name="Rate">Refaults in a second.</param>
/// <param name="Outcome">What came of it.</param>
internal readonly record struct Tried<T>(double Value, double Rate, T Outcome);

/// <summary>What a search came to; at least one of the two is there.</summary>
/// <param name="Below">The nearest run with no more refaults than asked for, or null.</param>
/// <param name="Above">The nearest run with more, or null.</param>
/// <param name="Wanted">The rate asked for.</param>
internal readonly record struct Found<T>(Tried<T>? Below, Tried<T>? Above, double Wanted)
{
    /// <summary>The run nearest to the rate asked for.</summary>
    public Tried<T> Nearest => (Below, Above) switch
    {
        ({ } below, { } above) => Wanted - below.Rate <= above.Rate - Wanted ? below : above,
        ({ } below, null) => below,
        _ => Above!.Value,
    };

    /// <summary>It is as near as was asked for.</summary>
    public bool Fits => Math.Abs(Nearest.Rate - Wanted) <= EqualRefaults.Tolerance * Wanted;

    /// <summary>An amount at the rate asked for, on the line between the two runs; null where there is only one.</summary>
    public double? Interpolate(Func<T, double> amount)
    {
        if (Below is not { } below || Above is not { } above)
            return null;
        double share = (Wanted - below.Rate) / (above.Rate - below.Rate);
        return amount(below.Outcome) + share * (amount(above.Outcome) - amount(below.Outcome));
    }
}
