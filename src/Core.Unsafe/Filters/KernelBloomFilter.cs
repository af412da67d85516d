using System.Diagnostics;
using System.Runtime.CompilerServices;

using ReclaimNative.Simd;

namespace ReclaimNative.Filters;

/// <summary>
/// MGLRU's Bloom filter in the kernel's own form: 2^15 bits, two hash functions taken from one multiplicative
/// hash. A test may answer "maybe" for an absent item, never "no" for a present one. About one in five absent
/// items passes at 10,000 items, one in two at 20,000.
/// </summary>
/// <remarks>
/// A view over 4 KiB of memory that it does not own. Readers and writers are unsynchronised: a lost insert costs a
/// skipped table, which the next walk repairs, exactly as in the kernel. Source: kernel-reclaim reference 5.15.
/// </remarks>
internal readonly unsafe struct KernelBloomFilter : IBloomFilter<KernelBloomFilter>
{
    /// <summary>Bits of one filter.</summary>
    public const int Bits = 1 << 15;

    /// <summary>64-bit words of one filter: what the owner of the memory has to reserve.</summary>
    public const int Words = Bits / 64;

    private readonly ulong* _words;

    /// <summary>A filter over <see cref="Words"/> words at <paramref name="words"/>.</summary>
    public KernelBloomFilter(ulong* words) => _words = words;

    /// <summary>A filter over <paramref name="count"/> words, which are <see cref="Words"/>: this form has one size.</summary>
    public static KernelBloomFilter Over(ulong* words, nuint count, bool exclusive, VectorWidth width)
    {
        Debug.Assert(count == Words, "the kernel's filter has one size");
        return new KernelBloomFilter(words);
    }

    /// <summary>Forgets every item.</summary>
    public void Clear() => Unsafe.InitBlock(_words, 0, Bits / 8);

    /// <summary>Adds <paramref name="item"/>.</summary>
    public void Add(ulong item)
    {
        (uint first, uint second) = BitsOf(item);
        _words[first >> 6] |= 1UL << (int)(first & 63);
        _words[second >> 6] |= 1UL << (int)(second & 63);
    }

    /// <summary>False: <paramref name="item"/> was not added. True: it may have been.</summary>
    public bool MayContain(ulong item)
    {
        (uint first, uint second) = BitsOf(item);
        return (_words[first >> 6] >> (int)(first & 63) & _words[second >> 6] >> (int)(second & 63) & 1) != 0;
    }

    /// <summary>The two bit numbers of <paramref name="item"/>, each in [0, <see cref="Bits"/>).</summary>
    internal static (uint First, uint Second) BitsOf(ulong item)
    {
        uint hash = (uint)(unchecked(item * 0x61C8864680B583EBUL) >> 34);
        return (hash & (Bits - 1), hash >> 15);
    }
}
