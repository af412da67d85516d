using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ReclaimNative.Simd;

/// <summary>Finds out whether words follow each other: each by 1 larger than the one before, as the accesses of a scan are.</summary>
internal static unsafe class PageRun
{
    /// <summary>Words of a step: two vectors, so that the loop's own work is half.</summary>
    private const int PerStep = 8;

    /// <summary>Whether <c>words[i] == words[0] + i</c> for all of them, wrapping around at 2^32.</summary>
    /// <param name="words">The words.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="width">Bits at a time. What is wider than 128 is no faster for the few words of a batch, and taken as that.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(uint* words, int count, VectorWidth width) =>
        words[count - 1] == words[0] + (uint)(count - 1)
        && (width == VectorWidth.Scalar ? IsByWord(words, 0, count) : IsByVector128(words, count));

    private static bool IsByWord(uint* words, int from, int count)
    {
        for (int i = from; i < count; i++)
        {
            if (words[i] != words[0] + (uint)i)
                return false;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsByVector128(uint* words, int count)
    {
        Vector128<uint> wanted = Vector128.Create(words[0]) + Vector128<uint>.Indices;
        Vector128<uint> step = Vector128.Create((uint)Vector128<uint>.Count);
        Vector128<uint> difference = Vector128<uint>.Zero;
        uint* at = words;
        uint* end = words + (count & -PerStep);
        for (; at < end; at += PerStep)
        {
            Vector128<uint> next = wanted + step;
            difference |= (Vector128.Load(at) ^ wanted) | (Vector128.Load(at + Vector128<uint>.Count) ^ next);
            wanted = next + step;
        }

        return difference == Vector128<uint>.Zero && (at == words + count || IsByWord(words, (int)(at - words), count));
    }
}
