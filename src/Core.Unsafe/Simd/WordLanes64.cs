using System.Numerics;
using System.Runtime.CompilerServices;

namespace ReclaimNative.Simd;

/// <summary>One word at a time: the scalar twin of the vector widths.</summary>
internal readonly unsafe struct WordLanes64 : IWordLanes<ulong>
{
    public static int Words => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Load(ulong* words) => *words;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong* words, ulong value) => *words = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong And(ulong a, ulong b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Or(ulong a, ulong b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Xor(ulong a, ulong b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Sum(ulong a, ulong b, ulong c) => a ^ b ^ c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Carry(ulong a, ulong b, ulong c) => a & b | (a ^ b) & c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(ulong value) => value == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ZeroWords(ulong value) => value == 0 ? 1u : 0u;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong PopCounts(ulong value) => (ulong)BitOperations.PopCount(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ulong a, ulong b) => unchecked(a + b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SumOfWords(ulong value) => value;
}
