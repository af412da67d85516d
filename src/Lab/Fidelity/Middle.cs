namespace ReclaimNative.Lab.Fidelity;

/// <summary>The median.</summary>
internal static class Middle
{
    /// <summary>The middle value, or the mean of the two middle ones; there must be one.</summary>
    internal static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
