using System.Runtime.CompilerServices;

namespace ReclaimNative.Policies;

/// <summary>What the core counts in the course of a reclaim, in pages: its own note, out of reach of the policy that is shown the reclaim.</summary>
[method: MethodImpl(MethodImplOptions.AggressiveInlining)]
internal readonly struct ScanSums(in ScanControl scan)
{
    public readonly long Wanted = scan.NrToReclaim;
    public readonly long Reclaimed = scan.NrReclaimed;
    public readonly long Scanned = scan.NrScanned;
    public readonly long Isolated = scan.Isolated;
    public readonly long Kept = scan.KeptByPolicy;
}
