namespace ReclaimNative.Mechanisms;

/// <summary>
/// How long a task waits that goes on charging above memory.high: the square of how far above, for each 64 pages charged,
/// and at most two seconds. Source: kernel-reclaim reference 4.4.
/// </summary>
internal static class HighThrottle
{
    /// <summary>
    /// Pages that one charge in so many answers for. The kernel charges for a CPU in advance, so that only one fault in 64
    /// sees the limit.
    /// </summary>
    public const int Batch = 64;

    /// <summary>The engine's ticks are milliseconds.</summary>
    public const ulong TicksPerSecond = 1000;

    private const int OverageShift = 20;
    private const int ScalingShift = 14;
    private const ulong MaxSeconds = 2;

    /// <summary>How far <paramref name="usage"/> is above <paramref name="high"/>, both in pages: in parts of 2^20 of the limit; 0 when it is not.</summary>
    public static ulong Overage(ulong usage, ulong high) =>
        usage <= high ? 0 : (ulong)UInt128.Min(((UInt128)(usage - high) << OverageShift) / Math.Max(high, 1), ulong.MaxValue);

    /// <summary>The wait for <paramref name="pages"/> pages charged at an overage, in ticks of 1 / <paramref name="hz"/> seconds.</summary>
    public static ulong Penalty(ulong overage, ulong pages, ulong hz)
    {
        // From eight times the limit on the answer is known, and the square stays within 128 bits for every hz and pages.
        overage = Math.Min(overage, 8ul << OverageShift);
        UInt128 penalty = ((UInt128)overage * overage * hz) >> OverageShift >> ScalingShift;
        return (ulong)UInt128.Min(penalty * pages / Batch, MaxSeconds * hz);
    }

    /// <summary>A wait of no more than a hundredth of a second is not taken.</summary>
    public static bool IsWorthIt(ulong penalty, ulong hz) => penalty > hz / 100;
}
