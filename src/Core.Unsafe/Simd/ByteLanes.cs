using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ReclaimNative.Simd;

/// <summary>One step of a <see cref="ByteSweep"/>, at one width. Implementations are empty structs.</summary>
internal unsafe interface IByteLanes
{
    /// <summary>Bit i set when <c>(bytes[i] &amp; mask) == value</c>, for 64 bytes.</summary>
    static abstract ulong Match(byte* bytes, byte mask, byte value);

    /// <summary>Adds 1 to each of 64 bytes that is not 255: the larger of a byte before and after, where 255 wraps round to 0.</summary>
    static abstract void Increment(byte* bytes);
}

/// <summary>One byte at a time: the scalar twin.</summary>
internal readonly unsafe struct ByteLanes8 : IByteLanes
{
    public static ulong Match(byte* bytes, byte mask, byte value)
    {
        ulong found = 0;
        for (int i = 0; i < ByteSweep.BlockBytes; i++)
            found |= ((bytes[i] & mask) == value ? 1UL : 0UL) << i;
        return found;
    }

    public static void Increment(byte* bytes)
    {
        for (int i = 0; i < ByteSweep.BlockBytes; i++)
            bytes[i] += bytes[i] == byte.MaxValue ? (byte)0 : (byte)1;
    }
}

/// <summary>16 bytes at a time.</summary>
internal readonly unsafe struct ByteLanes128 : IByteLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Match(byte* bytes, byte mask, byte value)
    {
        Vector128<byte> masks = Vector128.Create(mask);
        Vector128<byte> values = Vector128.Create(value);
        ulong low = Vector128.Equals(Vector128.Load(bytes) & masks, values).ExtractMostSignificantBits()
            | Vector128.Equals(Vector128.Load(bytes + 16) & masks, values).ExtractMostSignificantBits() << 16;
        ulong high = Vector128.Equals(Vector128.Load(bytes + 32) & masks, values).ExtractMostSignificantBits()
            | Vector128.Equals(Vector128.Load(bytes + 48) & masks, values).ExtractMostSignificantBits() << 16;
        return low | high << 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Increment(byte* bytes)
    {
        for (int i = 0; i < ByteSweep.BlockBytes; i += Vector128<byte>.Count)
        {
            Vector128<byte> before = Vector128.Load(bytes + i);
            Vector128.Max(before, before + Vector128<byte>.One).Store(bytes + i);
        }
    }
}

/// <summary>32 bytes at a time.</summary>
internal readonly unsafe struct ByteLanes256 : IByteLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Match(byte* bytes, byte mask, byte value)
    {
        Vector256<byte> masks = Vector256.Create(mask);
        Vector256<byte> values = Vector256.Create(value);
        ulong low = Vector256.Equals(Vector256.Load(bytes) & masks, values).ExtractMostSignificantBits();
        ulong high = Vector256.Equals(Vector256.Load(bytes + 32) & masks, values).ExtractMostSignificantBits();
        return low | high << 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Increment(byte* bytes)
    {
        Vector256<byte> low = Vector256.Load(bytes);
        Vector256<byte> high = Vector256.Load(bytes + 32);
        Vector256.Max(low, low + Vector256<byte>.One).Store(bytes);
        Vector256.Max(high, high + Vector256<byte>.One).Store(bytes + 32);
    }
}

/// <summary>64 bytes at a time.</summary>
internal readonly unsafe struct ByteLanes512 : IByteLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Match(byte* bytes, byte mask, byte value) =>
        Vector512.Equals(Vector512.Load(bytes) & Vector512.Create(mask), Vector512.Create(value)).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Increment(byte* bytes)
    {
        Vector512<byte> before = Vector512.Load(bytes);
        Vector512.Max(before, before + Vector512<byte>.One).Store(bytes);
    }
}
