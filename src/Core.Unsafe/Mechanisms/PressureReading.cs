using System.Globalization;

namespace ReclaimNative.Mechanisms;

/// <summary>One line of a pressure file.</summary>
/// <param name="Avg10">The share of time that was stalled, averaged over 10 seconds.</param>
/// <param name="Avg60">The same over 60 seconds.</param>
/// <param name="Avg300">The same over 300 seconds.</param>
/// <param name="TotalUs">Microseconds that were stalled since the group was made, up to now; never goes back.</param>
public readonly record struct PressureShare(PressureAverage Avg10, PressureAverage Avg60, PressureAverage Avg300, long TotalUs)
{
    /// <summary>What the kernel writes behind <c>some</c> or <c>full</c>: <c>avg10=0.00 avg60=0.00 avg300=0.00 total=0</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"avg10={Avg10} avg60={Avg60} avg300={Avg300} total={TotalUs}");
}

/// <summary>Memory pressure of a cgroup or node: how much time its tasks lost for want of memory. Averages are those of the last full period of 2 s.</summary>
/// <param name="Some">Time in which at least one task was stalled.</param>
/// <param name="Full">Time in which at least one was and none was at productive work.</param>
public readonly record struct PressureReading(PressureShare Some, PressureShare Full)
{
    /// <summary>The text of <c>memory.pressure</c>: two lines, each with its end. Source: kernel-reclaim reference 8.3.</summary>
    public override string ToString() => $"some {Some}\nfull {Full}\n";
}
