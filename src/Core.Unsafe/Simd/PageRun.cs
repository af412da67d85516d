using System.Runtime.Intrinsics;

namespace ReclaimNative.Simd;

/// <summary>Finds out whether words follow each other: each by 1 larger than the one before, as the accesses of a scan are.</summary>
internal static unsafe class PageRun
{
    /// <summary>Whether <c>words[i] == words[0] + i</c> for all of them, wrapping around at 2^32.</summary>
    /// <param name="words">The words.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="width">Bits at a time. What is wider than 128 is no faster for the few words of a batch, and taken as that.</param>
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

    private static bool IsByVector128(uint* words, int count)
    {
        Vector128<uint> wanted = Vector128.Create(words[0]) + Vector128<uint>.Indices;
        Vector128<uint> step = Vector128.Create((uint)Vector128<uint>.Count);
        Vector128<uint> difference = Vector128<uint>.Zero;
        int i = 0;
        for (; i <= count - Vector128<uint>.Count; i += Vector128<uint>.Count)
        {
            difference |= Vector128.Load(words + i) ^ wanted;
            wanted += step;
        }

        return difference == Vector128<uint>.Zero && IsByWord(words, i, count);
    }
}
