namespace ReclaimNative.Machine;

/// <summary>
/// Free-frame thresholds of a node, in pages. Below <see cref="Low"/> kswapd is wanted; below <see cref="Min"/> an
/// allocating task reclaims for itself; kswapd is done above <see cref="High"/>.
/// </summary>
/// <param name="Min">Direct reclaim starts here.</param>
/// <param name="Low">kswapd is woken here.</param>
/// <param name="High">kswapd goes back to sleep above this.</param>
public readonly record struct Watermarks(ulong Min, ulong Low, ulong High)
{
    private const ulong ScaleFactor = 10;

    /// <summary>
    /// The kernel's defaults for a node of <paramref name="managed"/> pages in a machine of
    /// <paramref name="total"/>. Source: kernel-reclaim reference 2.18.
    /// </summary>
    public static Watermarks ForNode(ulong managed, ulong total)
    {
        ulong minFreeKilobytes = Math.Clamp(SquareRoot(total * 4 * 16), 128, 262144);
        ulong min = (ulong)((UInt128)(minFreeKilobytes / 4) * managed / total);
        return FromMin(min, managed);
    }

    /// <summary>The gap rule above a given <paramref name="min"/>, for <paramref name="managed"/> pages.</summary>
    internal static Watermarks FromMin(ulong min, ulong managed)
    {
        ulong gap = Math.Max(min / 4, (ulong)((UInt128)managed * ScaleFactor / 10000));
        return new Watermarks(min, min + gap, min + 2 * gap);
    }

    private static ulong SquareRoot(ulong value)
    {
        ulong root = (ulong)Math.Sqrt(value);
        while ((UInt128)root * root > value)
            root--;
        while ((UInt128)(root + 1) * (root + 1) <= value)
            root++;
        return root;
    }
}
