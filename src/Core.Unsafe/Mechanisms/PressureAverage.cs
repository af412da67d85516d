using System.Globalization;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// The share of time that was stalled, as an average over periods of 2 s in which older ones weigh less: per cent in fixed point,
/// rounded as the kernel rounds. Source: kernel-reclaim reference 8.2.
/// </summary>
/// <param name="Fixed">The average in 1/2048 of a per cent, 0 to 204,800.</param>
public readonly record struct PressureAverage(long Fixed)
{
    /// <summary>What stands for 1 in fixed point.</summary>
    private const long One = 2048;

    /// <summary>How much of an average is left after a period, in 1/2048, where 10 seconds are averaged.</summary>
    internal const int Over10Seconds = 1677;

    /// <summary>The same for 60 seconds.</summary>
    internal const int Over60Seconds = 1981;

    /// <summary>The same for 300 seconds.</summary>
    internal const int Over300Seconds = 2034;

    /// <summary>The average in per cent, 0 to 100.</summary>
    public double Percent => (double)Fixed / One;

    /// <summary>The average in hundredths of a per cent, 0 to 10,000, cut and not rounded.</summary>
    public int Hundredths => (int)(Fixed * 100 / One);

    /// <summary>Per cent with two digits, cut and not rounded, as the kernel prints it: <c>18.11</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Fixed / One}.{Fixed % One * 100 / One:00}");

    /// <summary>The average after one period more.</summary>
    /// <param name="percent">The share of the period that was stalled, 0 to 100.</param>
    /// <param name="left">How much of the average is left after a period: one of the three constants.</param>
    internal PressureAverage After(long percent, int left)
    {
        long sample = percent * One;
        long load = Fixed * left + sample * (One - left);

        // Rounded towards the sample, so that an average can get all the way up to it as well as down.
        if (sample >= Fixed)
            load += One - 1;
        return new PressureAverage(load / One);
    }
}
