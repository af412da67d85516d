namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// rank^-skew from additions, multiplications and divisions alone, which IEEE 754 fixes to the last bit.
/// <see cref="Math.Pow"/> is the C library's and may differ in the last bit between platforms, and one bit in one weight
/// can change a page number millions of accesses later. Within 1e-14 of the true value (relative) for the ranges used.
/// </summary>
internal static class PowerLaw
{
    private const double Ln2 = 0.69314718055994530942;

    /// <summary>1 / <paramref name="rank"/>^<paramref name="skew"/> for rank >= 1 and a skew from 0 to 8.</summary>
    public static double Weight(uint rank, double skew) => Exp(-skew * Log(rank));

    // rank = m * 2^exponent with m in [1, 2); ln m = 2 artanh z with z = (m - 1) / (m + 1) in [0, 1/3).
    private static double Log(uint rank)
    {
        int exponent = 31 - System.Numerics.BitOperations.LeadingZeroCount(rank);
        double m = rank / (double)(1u << exponent);
        double z = (m - 1) / (m + 1);
        double square = z * z;
        double series = 0;
        for (int k = 33; k >= 1; k -= 2) // the first term left out is below z * 9^-17 / 35
            series = series * square + 1.0 / k;
        return exponent * Ln2 + 2 * z * series;
    }

    // x = n ln 2 + r with |r| <= ln 2 / 2; the Taylor series of e^r in Horner's form.
    private static double Exp(double x)
    {
        double n = Math.Round(x / Ln2);
        double r = x - n * Ln2;
        double series = 1;
        for (int k = 16; k >= 1; k--)
            series = 1 + series * r / k;
        return Math.ScaleB(series, (int)n);
    }
}
