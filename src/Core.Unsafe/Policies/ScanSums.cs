namespace ReclaimNative.Policies;

/// <summary>What the core counts in the course of a reclaim, in pages.</summary>
internal readonly record struct ScanSums(long Wanted, long Reclaimed, long Scanned, long Isolated, long Kept);
