using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ReclaimNative.Simd;

/// <summary>8 words at a time: one leaf table, one cache line.</summary>
internal readonly unsafe struct WordLanes512 : IWordLanes<Vector512<ulong>>
{
    public static int Words => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Load(ulong* words) => Vector512.Load(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong* words, Vector512<ulong> value) => value.Store(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> And(Vector512<ulong> a, Vector512<ulong> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Or(Vector512<ulong> a, Vector512<ulong> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Xor(Vector512<ulong> a, Vector512<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Sum(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c) => Avx512F.IsSupported ? Avx512F.TernaryLogic(a, b, c, 0x96) : a ^ b ^ c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Carry(Vector512<ulong> a, Vector512<ulong> b, Vector512<ulong> c) => Avx512F.IsSupported ? Avx512F.TernaryLogic(a, b, c, 0xE8) : a & b | (a ^ b) & c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(Vector512<ulong> value) => value == Vector512<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ZeroWords(Vector512<ulong> value) => (uint)Vector512.Equals(value, Vector512<ulong>.Zero).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> PopCounts(Vector512<ulong> value)
    {
        // Sums of neighbours in fields of 2, 4 and 8 bits; then bytes are added up. A sum stays at or below 64: no field overflows.
        value -= value >> 1 & Vector512.Create(0x5555555555555555UL);
        value = (value & Vector512.Create(0x3333333333333333UL)) + (value >> 2 & Vector512.Create(0x3333333333333333UL));
        value = value + (value >> 4) & Vector512.Create(0x0F0F0F0F0F0F0F0FUL);
        value += value >> 8;
        value += value >> 16;
        value += value >> 32;
        return value & Vector512.Create(0x7FUL);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ulong> Add(Vector512<ulong> a, Vector512<ulong> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SumOfWords(Vector512<ulong> value) => Vector512.Sum(value);
}
