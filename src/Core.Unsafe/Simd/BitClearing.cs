using System.Runtime.CompilerServices;

namespace ReclaimNative.Simd;

/// <summary>While other threads set bits, or take them: one locked instruction, or one locked loop, for each word.</summary>
internal static class SharedClearing
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong TakeAll(ref ulong word) => Interlocked.Exchange(ref word, 0);

    /// <summary>
    /// The value before the AND decides, not the one that an earlier test saw: of two threads that take the same bit, one
    /// gets it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Take(ref ulong word, ulong mask) => Interlocked.And(ref word, ~mask) & mask;
}

/// <summary>For an engine that one thread drives: plain loads and stores, which would lose what others set between them.</summary>
internal static class ExclusiveClearing
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Take(ref ulong word, ulong mask)
    {
        ulong before = word;
        word = before & ~mask;
        return before & mask;
    }
}
