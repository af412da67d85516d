using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ReclaimNative.Filters;

/// <summary>
/// What a <see cref="SplitBlockBloomFilter"/> does with one block of 256 bits, at one width. Implementations are empty
/// structs and set and test the same bits.
/// </summary>
internal unsafe interface IBlockLanes
{
    /// <summary>True when the bit of every lane is set.</summary>
    static abstract bool Contains(ulong* block, uint hash);

    /// <summary>Sets the bit of every lane by plain stores.</summary>
    static abstract void Add(ulong* block, uint hash);

    /// <summary>Writes the bits of every lane to four words.</summary>
    static abstract void Mask(ulong* mask, uint hash);
}

/// <summary>
/// Eight odd numbers, one for each lane: the upper five bits of a 32-bit hash times such a number are the lane's bit.
/// Source: Apache Parquet, "Bloom Filter" specification, split block Bloom filter.
/// </summary>
internal static class LaneSalts
{
    public const uint S0 = 0x47b6137b;
    public const uint S1 = 0x44974d91;
    public const uint S2 = 0x8824ad5b;
    public const uint S3 = 0xa2b7289d;
    public const uint S4 = 0x705495c7;
    public const uint S5 = 0x2df1424b;
    public const uint S6 = 0x9efc4947;
    public const uint S7 = 0x5c6bfb31;

    /// <summary>A product's upper five bits are what is left after this shift.</summary>
    public const int Shift = 27;
}

/// <summary>Two lanes at a time in one 64-bit word: the scalar twin.</summary>
internal readonly unsafe struct BlockLanes64 : IBlockLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Contains(ulong* block, uint hash)
    {
        ulong absent = Word(hash, LaneSalts.S0, LaneSalts.S1) & ~block[0];
        absent |= Word(hash, LaneSalts.S2, LaneSalts.S3) & ~block[1];
        absent |= Word(hash, LaneSalts.S4, LaneSalts.S5) & ~block[2];
        absent |= Word(hash, LaneSalts.S6, LaneSalts.S7) & ~block[3];
        return absent == 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ulong* block, uint hash)
    {
        block[0] |= Word(hash, LaneSalts.S0, LaneSalts.S1);
        block[1] |= Word(hash, LaneSalts.S2, LaneSalts.S3);
        block[2] |= Word(hash, LaneSalts.S4, LaneSalts.S5);
        block[3] |= Word(hash, LaneSalts.S6, LaneSalts.S7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mask(ulong* mask, uint hash)
    {
        mask[0] = Word(hash, LaneSalts.S0, LaneSalts.S1);
        mask[1] = Word(hash, LaneSalts.S2, LaneSalts.S3);
        mask[2] = Word(hash, LaneSalts.S4, LaneSalts.S5);
        mask[3] = Word(hash, LaneSalts.S6, LaneSalts.S7);
    }

    /// <summary>Of two lanes, the one at the lower address in the lower half, as a little-endian vector has it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Word(uint hash, uint lowSalt, uint highSalt) =>
        1UL << (int)(unchecked(hash * lowSalt) >> LaneSalts.Shift) | 1UL << (int)(32 + (unchecked(hash * highSalt) >> LaneSalts.Shift));
}

/// <summary>Four lanes at a time.</summary>
internal readonly unsafe struct BlockLanes128 : IBlockLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Contains(ulong* block, uint hash)
    {
        (Vector128<ulong> low, Vector128<ulong> high) = Bits(hash);
        return (Vector128.AndNot(low, Vector128.Load(block)) | Vector128.AndNot(high, Vector128.Load(block + 2))) == Vector128<ulong>.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ulong* block, uint hash)
    {
        (Vector128<ulong> low, Vector128<ulong> high) = Bits(hash);
        (Vector128.Load(block) | low).Store(block);
        (Vector128.Load(block + 2) | high).Store(block + 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mask(ulong* mask, uint hash)
    {
        (Vector128<ulong> low, Vector128<ulong> high) = Bits(hash);
        low.Store(mask);
        high.Store(mask + 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<ulong> Low, Vector128<ulong> High) Bits(uint hash)
    {
        Vector128<uint> hashes = Vector128.Create(hash);
        Vector128<uint> low = hashes * Vector128.Create(LaneSalts.S0, LaneSalts.S1, LaneSalts.S2, LaneSalts.S3) >> LaneSalts.Shift;
        Vector128<uint> high = hashes * Vector128.Create(LaneSalts.S4, LaneSalts.S5, LaneSalts.S6, LaneSalts.S7) >> LaneSalts.Shift;
        return (OneShifted(low), OneShifted(high));
    }

    /// <summary>1 shifted left by each element, in [0, 31].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> OneShifted(Vector128<uint> by)
    {
        if (Avx2.IsSupported)
            return Avx2.ShiftLeftLogicalVariable(Vector128<uint>.One, by).AsUInt64();
        if (AdvSimd.IsSupported)
            return AdvSimd.ShiftLogical(Vector128<uint>.One, by.AsInt32()).AsUInt64();

        // Without a shift by vector: a float of exponent n is 2^n. What does not fit an int, 2^31, is converted to 0x80000000 by
        // definition of the instruction, which is the wanted bit.
        if (Sse2.IsSupported)
            return Sse2.ConvertToVector128Int32WithTruncation((by + Vector128.Create(127u) << 23).AsSingle()).AsUInt64();
        return Vector128.Create(1u << (int)by[0], 1u << (int)by[1], 1u << (int)by[2], 1u << (int)by[3]).AsUInt64();
    }
}

/// <summary>All eight lanes at once.</summary>
internal readonly unsafe struct BlockLanes256 : IBlockLanes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Contains(ulong* block, uint hash) =>
        Avx2.IsSupported ? Avx.TestC(Vector256.Load(block), Bits(hash)) : BlockLanes128.Contains(block, hash);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(ulong* block, uint hash)
    {
        if (Avx2.IsSupported)
            (Vector256.Load(block) | Bits(hash)).Store(block);
        else
            BlockLanes128.Add(block, hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mask(ulong* mask, uint hash)
    {
        if (Avx2.IsSupported)
            Bits(hash).Store(mask);
        else
            BlockLanes128.Mask(mask, hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Bits(uint hash)
    {
        Vector256<uint> salts = Vector256.Create(
            LaneSalts.S0, LaneSalts.S1, LaneSalts.S2, LaneSalts.S3, LaneSalts.S4, LaneSalts.S5, LaneSalts.S6, LaneSalts.S7);
        return Avx2.ShiftLeftLogicalVariable(Vector256<uint>.One, Vector256.Create(hash) * salts >> LaneSalts.Shift).AsUInt64();
    }
}
