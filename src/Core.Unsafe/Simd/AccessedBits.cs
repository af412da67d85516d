using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ReclaimNative.Simd;

/// <summary>
/// Reads and clears accessed bits: bitmaps of 64-bit words, one bit for each page, of which the 512 of a leaf table are 8
/// words, 64 bytes, one cache line when the bitmap starts on one. Slots count bits from the start of the bitmap.
/// </summary>
/// <remarks>
/// <para>
/// A value of this type is made once for each engine: it holds the width of the kernels and whether the engine is driven
/// by one thread. Each method chooses the kernel once per call. Every width gives the same results and the same writes.
/// </para>
/// <para>
/// Thread-safety: unless <see cref="IsExclusive"/>, any number of threads may set bits by <see cref="Interlocked.Or(ref ulong, ulong)"/>
/// and take them by this type at the same time, and every bit set is taken by exactly one call or still there. Counts and
/// tests then say what was there at some moment of the call, word by word. Pointers are to words (8-byte aligned); they
/// are not checked. Nothing is read or written outside the ranges given. Never allocates.
/// </para>
/// </remarks>
internal readonly unsafe struct AccessedBits
{
    /// <summary>
    /// Elements that <see cref="Extract"/> may write past the last slot that it returns. An output for n words needs
    /// room for the bits that can be set plus this many.
    /// </summary>
    public const int ExtractSlack = 12;

    /// <summary>The largest order of a run: a whole leaf table of 512 pages.</summary>
    public const int MaxOrder = 9;

    private const int WordOrder = 6;
    private const int TableWords = 8;

    /// <summary>Kernels of <paramref name="width"/>.</summary>
    /// <param name="width">From <see cref="VectorWidths.Choose"/>; one that this build does not hold runs as scalar code, so that a build holds no other kernels than its own.</param>
    /// <param name="exclusive">True when no other thread touches the bitmaps while a method runs.</param>
    public AccessedBits(VectorWidth width, bool exclusive)
    {
        Width = width;
        IsExclusive = exclusive;
    }

    /// <summary>Width of the kernels.</summary>
    public VectorWidth Width { get; }

    /// <summary>True when bits are cleared by plain stores.</summary>
    public bool IsExclusive { get; }

    /// <summary>Set bits in <paramref name="n"/> words.</summary>
    public long Count(ulong* words, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.Count(words, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.Count(words, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.Count(words, n),
        _ => AccessedBitScan<WordLanes64, ulong>.Count(words, n),
    };

    /// <summary>
    /// The first word in [<paramref name="at"/>, <paramref name="n"/>) of which a bit is set in one bitmap or the other, or <paramref name="n"/>.
    /// </summary>
    public nuint FindEither(ulong* words, ulong* others, nuint at, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.FindEither(words, others, at, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.FindEither(words, others, at, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.FindEither(words, others, at, n),
        _ => AccessedBitScan<WordLanes64, ulong>.FindEither(words, others, at, n),
    };

    /// <summary>Bits set in both bitmaps, as in accessed and present.</summary>
    public long CountBoth(ulong* accessed, ulong* present, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.CountBoth(accessed, present, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.CountBoth(accessed, present, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.CountBoth(accessed, present, n),
        _ => AccessedBitScan<WordLanes64, ulong>.CountBoth(accessed, present, n),
    };

    /// <summary>
    /// Moves the set bits of <paramref name="n"/> words to <paramref name="harvested"/>, which is overwritten, and returns
    /// their number. The two ranges must not overlap. Words that hold none are read and not written; when exclusive, that is so
    /// for whole blocks of 64, and zeroes are stored over zeroes beside a word that holds some.
    /// </summary>
    /// <remarks>Best called for a piece that stays in the L1 cache, such as one table to 64: the output is written whole.</remarks>
    public long Harvest(ulong* words, ulong* harvested, nuint n) =>
        IsExclusive ? HarvestAlone(words, harvested, n) : HarvestShared(words, harvested, n);

    /// <summary>
    /// <see cref="Harvest(ulong*, ulong*, nuint)"/> of only those bits that are set in <paramref name="mask"/> too: the others stay.
    /// </summary>
    public long HarvestMasked(ulong* words, ulong* mask, ulong* harvested, nuint n) =>
        IsExclusive ? HarvestAloneMasked(words, mask, harvested, n) : HarvestSharedMasked(words, mask, harvested, n);

    /// <summary>
    /// Slots of the set bits in ascending order to <paramref name="slots"/>; returns how many. The first bit of
    /// <paramref name="words"/> is slot <paramref name="firstSlot"/>. Up to <see cref="ExtractSlack"/> elements after the
    /// last are overwritten with numbers that mean nothing.
    /// </summary>
    public long Extract(ulong* words, nuint n, uint firstSlot, uint* slots) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.Extract(words, n, firstSlot, slots),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.Extract(words, n, firstSlot, slots),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.Extract(words, n, firstSlot, slots),
        _ => AccessedBitScan<WordLanes64, ulong>.Extract(words, n, firstSlot, slots),
    };

    /// <summary>
    /// Which leaf tables have any bit set: bit t of <paramref name="bitmap"/> for the table at word 8 t. Writes whole
    /// words of <paramref name="bitmap"/>, one for each 64 tables or part of them, with zeroes past the last table; returns
    /// the number of tables found.
    /// </summary>
    public long NonZeroTables(ulong* words, nuint tables, ulong* bitmap) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.NonZeroTables(words, tables, bitmap),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.NonZeroTables(words, tables, bitmap),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.NonZeroTables(words, tables, bitmap),
        _ => AccessedBitScan<WordLanes64, ulong>.NonZeroTables(words, tables, bitmap),
    };

    /// <summary>
    /// Whether any page of a folio is young: any bit of the 2^<paramref name="order"/> slots from
    /// <paramref name="firstSlot"/> on, a multiple of that number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AnyInRun(ulong* words, uint firstSlot, int order)
    {
        AssertRun(firstSlot, order);
        ulong* first = words + (firstSlot >> WordOrder);
        return order < WordOrder ? (*first & RunMask(firstSlot, order)) != 0 : AnyInWords(first, (nuint)1 << (order - WordOrder));
    }

    /// <summary>
    /// Clears the bits of a folio, a run as in <see cref="AnyInRun"/>, and returns how many of them this call cleared.
    /// Words that hold none are not written.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int HarvestRun(ulong* words, uint firstSlot, int order)
    {
        AssertRun(firstSlot, order);
        ulong* first = words + (firstSlot >> WordOrder);
        if (order >= WordOrder)
            return HarvestWords(first, (nuint)1 << (order - WordOrder));
        ulong mask = RunMask(firstSlot, order);
        if ((*first & mask) == 0)
            return 0;
        return BitOperations.PopCount(IsExclusive ? ExclusiveClearing.Take(ref *first, mask) : SharedClearing.Take(ref *first, mask));
    }

    private bool AnyInWords(ulong* words, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.Any(words, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.Any(words, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.Any(words, n),
        _ => AccessedBitScan<WordLanes64, ulong>.Any(words, n),
    };

    private int HarvestWords(ulong* words, nuint n)
    {
        Debug.Assert(n <= TableWords, "a run ends with its table");
        ulong* harvested = stackalloc ulong[TableWords];
        return (int)Harvest(words, harvested, n);
    }

    private long HarvestShared(ulong* words, ulong* harvested, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.HarvestShared(words, harvested, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.HarvestShared(words, harvested, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.HarvestShared(words, harvested, n),
        _ => AccessedBitScan<WordLanes64, ulong>.HarvestShared(words, harvested, n),
    };

    private long HarvestSharedMasked(ulong* words, ulong* mask, ulong* harvested, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.HarvestSharedMasked(words, mask, harvested, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.HarvestSharedMasked(words, mask, harvested, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.HarvestSharedMasked(words, mask, harvested, n),
        _ => AccessedBitScan<WordLanes64, ulong>.HarvestSharedMasked(words, mask, harvested, n),
    };

    private long HarvestAlone(ulong* words, ulong* harvested, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.HarvestAlone(words, harvested, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.HarvestAlone(words, harvested, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.HarvestAlone(words, harvested, n),
        _ => AccessedBitScan<WordLanes64, ulong>.HarvestAlone(words, harvested, n),
    };

    private long HarvestAloneMasked(ulong* words, ulong* mask, ulong* harvested, nuint n) => Width switch
    {
        VectorWidth.Vector512 when Vector512.IsHardwareAccelerated => AccessedBitScan<WordLanes512, Vector512<ulong>>.HarvestAloneMasked(words, mask, harvested, n),
        VectorWidth.Vector256 when Vector256.IsHardwareAccelerated => AccessedBitScan<WordLanes256, Vector256<ulong>>.HarvestAloneMasked(words, mask, harvested, n),
        VectorWidth.Vector128 => AccessedBitScan<WordLanes128, Vector128<ulong>>.HarvestAloneMasked(words, mask, harvested, n),
        _ => AccessedBitScan<WordLanes64, ulong>.HarvestAloneMasked(words, mask, harvested, n),
    };

    private static ulong RunMask(uint firstSlot, int order) => ulong.MaxValue >> (64 - (1 << order)) << (int)(firstSlot & 63);

    [Conditional("DEBUG")]
    private static void AssertRun(uint firstSlot, int order)
    {
        Debug.Assert(order is >= 0 and <= MaxOrder, "orders of runs are 0 to 9");
        Debug.Assert((firstSlot & ((1u << order) - 1)) == 0, "a run starts at a multiple of its length");
    }
}
