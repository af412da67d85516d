using ReclaimNative.Frames;
using ReclaimNative.Machine;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// What reclaiming each type has cost lately: writes, fruitless scanning, refaults of working-set pages. The balance
/// between anonymous and file pages follows it. Source: kernel-reclaim reference 2.8 and 2.9.
/// </summary>
internal static unsafe class CostModel
{
    /// <summary>Cost of one page of I/O, in pages of scanning.</summary>
    public const long InputOutput = 32;

    /// <summary>Adds cost to a lruvec and to those above it; a level whose sum passes a quarter of its pages is halved.</summary>
    public static void Add(Lruvec lruvec, FolioType type, long cost)
    {
        for (Lruvec? at = lruvec; at is not null; at = at.Parent)
        {
            at.Cost[(int)type] += cost;
            if (at.Cost[0] + at.Cost[1] > at.Resident / 4)
            {
                at.Cost[0] /= 2;
                at.Cost[1] /= 2;
            }
        }
    }

    /// <summary>
    /// Shares of the scan pressure: anonymous and file weights whose sum is the denominator. Each type is guaranteed
    /// between a third and two thirds of it before <paramref name="swappiness"/> (0 to 200) is applied.
    /// </summary>
    public static (ulong Anon, ulong File) Weights(int swappiness, long anonCost, long fileCost)
    {
        ulong total = (ulong)(anonCost + fileCost);
        ulong anon = total + (ulong)anonCost;
        ulong file = total + (ulong)fileCost;
        ulong sum = anon + file;
        return ((ulong)swappiness * (sum + 1) / (anon + 1), (ulong)(200 - swappiness) * (sum + 1) / (file + 1));
    }
}
