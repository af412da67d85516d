using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ReclaimNative.Simd;

/// <summary>
/// Looks for bytes whose masked bits have a value, 64 at a time: what an unordered list of one byte per page, such as a
/// list of generations, is swept with. A byte matches when <c>(byte &amp; mask) == value</c>. Also lets all bytes of a run
/// grow by one, as ages do.
/// </summary>
/// <remarks>
/// Made once for each engine, with the width of its kernels; each method chooses the kernel once per call and every width
/// gives the same results. All but <see cref="Increment(byte*, nuint)"/> read only: other threads may store bytes at the same time, and each byte is then seen as it
/// was at some moment of the call. Pointers need no alignment and are not checked; nothing outside the ranges given is
/// read. Never allocates.
/// </remarks>
internal readonly unsafe struct ByteSweep
{
    /// <summary>Bytes that <see cref="Match"/> looks at.</summary>
    public const int BlockBytes = 64;

    /// <summary>Kernels of <paramref name="width"/>, from <see cref="VectorWidths.Choose"/>.</summary>
    public ByteSweep(VectorWidth width) => Width = width;

    /// <summary>Width of the kernels.</summary>
    public VectorWidth Width { get; }

    /// <summary>Bit i set when byte i of the 64 from <paramref name="bytes"/> on matches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Match(byte* bytes, byte mask, byte value) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => ByteLanes512.Match(bytes, mask, value),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => ByteLanes256.Match(bytes, mask, value),
        VectorWidth.Vector128 => ByteLanes128.Match(bytes, mask, value),
        _ => ByteLanes8.Match(bytes, mask, value),
    };

    /// <summary>How many of <paramref name="n"/> bytes match.</summary>
    public long CountMatches(byte* bytes, nuint n, byte mask, byte value) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => CountMatches<ByteLanes512>(bytes, n, mask, value),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => CountMatches<ByteLanes256>(bytes, n, mask, value),
        VectorWidth.Vector128 => CountMatches<ByteLanes128>(bytes, n, mask, value),
        _ => CountMatches<ByteLanes8>(bytes, n, mask, value),
    };

    /// <summary>The lowest index in [from, to) whose byte matches, or <paramref name="to"/> when none does.</summary>
    public nuint FindNext(byte* bytes, nuint from, nuint to, byte mask, byte value) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => FindNext<ByteLanes512>(bytes, from, to, mask, value),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => FindNext<ByteLanes256>(bytes, from, to, mask, value),
        VectorWidth.Vector128 => FindNext<ByteLanes128>(bytes, from, to, mask, value),
        _ => FindNext<ByteLanes8>(bytes, from, to, mask, value),
    };

    /// <summary>Adds 1 to each of <paramref name="n"/> bytes that is not 255; nobody else may touch them meanwhile.</summary>
    public void Increment(byte* bytes, nuint n)
    {
        switch (Width)
        {
            case VectorWidth.Vector512 when Vector512.IsHardwareAccelerated:
                Increment<ByteLanes512>(bytes, n);
                break;
            case VectorWidth.Vector256 when Vector256.IsHardwareAccelerated:
                Increment<ByteLanes256>(bytes, n);
                break;
            case VectorWidth.Vector128:
                Increment<ByteLanes128>(bytes, n);
                break;
            default:
                Increment<ByteLanes8>(bytes, n);
                break;
        }
    }

    private static void Increment<TLanes>(byte* bytes, nuint n) where TLanes : struct, IByteLanes
    {
        nuint at = 0;
        for (; n - at >= BlockBytes; at += BlockBytes)
            TLanes.Increment(bytes + at);
        for (; at < n; at++)
            bytes[at] += bytes[at] == byte.MaxValue ? (byte)0 : (byte)1;
    }

    private static long CountMatches<TLanes>(byte* bytes, nuint n, byte mask, byte value) where TLanes : struct, IByteLanes
    {
        long count = 0;
        nuint at = 0;
        for (; n - at >= BlockBytes; at += BlockBytes)
            count += BitOperations.PopCount(TLanes.Match(bytes + at, mask, value));
        for (; at < n; at++)
            count += Matches(bytes[at], mask, value) ? 1 : 0;
        return count;
    }

    private static nuint FindNext<TLanes>(byte* bytes, nuint from, nuint to, byte mask, byte value) where TLanes : struct, IByteLanes
    {
        nuint at = from;
        if (to <= from)
            return to;
        if (to - from >= BlockBytes)
        {
            for (; to - at >= BlockBytes; at += BlockBytes)
            {
                ulong found = TLanes.Match(bytes + at, mask, value);
                if (found != 0)
                    return at + (nuint)BitOperations.TrailingZeroCount(found);
            }

            // One block more, ending where the range does. Bytes that it sees twice did not match before; if one does now,
            // somebody has stored to it since, and it is an answer all the same.
            if (at < to)
            {
                ulong found = TLanes.Match(bytes + to - BlockBytes, mask, value);
                return found != 0 ? to - BlockBytes + (nuint)BitOperations.TrailingZeroCount(found) : to;
            }

            return to;
        }

        for (; at < to; at++)
        {
            if (Matches(bytes[at], mask, value))
                return at;
        }

        return to;
    }

    private static bool Matches(byte one, byte mask, byte value) => (one & mask) == value;
}
