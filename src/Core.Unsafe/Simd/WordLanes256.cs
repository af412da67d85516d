using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ReclaimNative.Simd;

/// <summary>4 words at a time.</summary>
internal readonly unsafe struct WordLanes256 : IWordLanes<Vector256<ulong>>
{
    public static int Words => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Load(ulong* words) => Vector256.Load(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong* words, Vector256<ulong> value) => value.Store(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> And(Vector256<ulong> a, Vector256<ulong> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Or(Vector256<ulong> a, Vector256<ulong> b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Xor(Vector256<ulong> a, Vector256<ulong> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Sum(Vector256<ulong> a, Vector256<ulong> b, Vector256<ulong> c) => a ^ b ^ c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Carry(Vector256<ulong> a, Vector256<ulong> b, Vector256<ulong> c) => a & b | (a ^ b) & c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(Vector256<ulong> value) => value == Vector256<ulong>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ZeroWords(Vector256<ulong> value) => (uint)Vector256.Equals(value, Vector256<ulong>.Zero).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> PopCounts(Vector256<ulong> value)
    {
        // Sums of neighbours in fields of 2, 4 and 8 bits; then bytes are added up. A sum stays at or below 64: no field overflows.
        value -= value >> 1 & Vector256.Create(0x5555555555555555UL);
        value = (value & Vector256.Create(0x3333333333333333UL)) + (value >> 2 & Vector256.Create(0x3333333333333333UL));
        value = value + (value >> 4) & Vector256.Create(0x0F0F0F0F0F0F0F0FUL);
        value += value >> 8;
        value += value >> 16;
        value += value >> 32;
        return value & Vector256.Create(0x7FUL);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ulong> Add(Vector256<ulong> a, Vector256<ulong> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SumOfWords(Vector256<ulong> value) => Vector256.Sum(value);
}
