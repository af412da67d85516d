using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ReclaimNative.Simd;

namespace ReclaimNative.Filters;

/// <summary>
/// A Bloom filter of 256-bit blocks: a key belongs to one block and sets one bit in each of its eight 32-bit lanes, so that a
/// test or an insert touches one cache line and is a few vector instructions. For key spaces that are large or sparse, such
/// as (address space, table) over many processes; dense table numbers are better served by a bitmap.
/// </summary>
/// <remarks>
/// <para>
/// It must be sized for its keys (<see cref="BlocksFor"/>): 8, 10, 12 and 16 bits a key pass about 3.3, 1.3, 0.5 and 0.13 % of
/// absent keys, and an overfilled filter passes nearly all, sooner than <see cref="KernelBloomFilter"/> would.
/// </para>
/// <para>
/// A view over memory that it does not own, best aligned to 32 bytes so that no block lies across cache lines. Thread-safety:
/// any number of threads may test and add at once unless made for exclusive use; a key whose <see cref="Add"/> has
/// returned is seen by every thread that synchronises with the adder later. Never allocates. Sources: F. Putze, P. Sanders and J.
/// Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007; lanes and salts as in Apache Parquet's specification.
/// </para>
/// </remarks>
internal readonly unsafe struct SplitBlockBloomFilter : IBloomFilter<SplitBlockBloomFilter>
{
    /// <summary>Bits of one block.</summary>
    public const int BlockBits = 256;

    /// <summary>64-bit words of one block: what the owner of the memory reserves for each.</summary>
    public const int BlockWords = BlockBits / 64;

    private const int Lanes = 8;
    private const int LaneBits = 32;

    /// <summary>Keys that are hashed and asked from memory ahead of being looked at.</summary>
    private const int Batch = 32;

    /// <summary>
    /// A filter of more bytes than this is worth prefetching: about one core's L2 cache. Below it the bookkeeping of a
    /// batch costs more than it hides.
    /// </summary>
    private const ulong PrefetchAbove = 1 << 20;

    private readonly ulong* _words;
    private readonly uint _blocks;
    private readonly ushort _vectorBits;
    private readonly bool _exclusive;

    /// <summary>A filter over <paramref name="blocks"/> times <see cref="BlockWords"/> words, with what is in them.</summary>
    /// <param name="words">Its memory.</param>
    /// <param name="blocks">Blocks, at least one.</param>
    /// <param name="exclusive">True when one thread at a time uses it: keys are then added by plain stores.</param>
    /// <param name="vectorBits">64 for scalar code, 128, or 256 and more for whole blocks; what the machine lacks is replaced by the next narrower.</param>
    public SplitBlockBloomFilter(ulong* words, uint blocks, bool exclusive = false, int vectorBits = 256)
    {
        Debug.Assert(blocks > 0, "a filter has at least one block");
        _words = words;
        _blocks = blocks;
        _exclusive = exclusive;
        _vectorBits = (ushort)(vectorBits >= 256 && Vector256.IsHardwareAccelerated ? 256 : Math.Min(vectorBits, 128));
    }

    /// <summary>A filter over all whole blocks of <paramref name="count"/> words.</summary>
    public static SplitBlockBloomFilter Over(ulong* words, nuint count, bool exclusive, VectorWidth width) =>
        new(words, checked((uint)(count / BlockWords)), exclusive, (int)width);

    /// <summary>Blocks.</summary>
    public uint Blocks => _blocks;

    /// <summary>Blocks that give each of <paramref name="keys"/> keys <paramref name="bitsPerKey"/> bits, at least one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A negative number of keys, bits that are not positive, or 2^32 blocks and more.</exception>
    public static uint BlocksFor(long keys, double bitsPerKey)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keys);
        if (!(bitsPerKey > 0))
            throw new ArgumentOutOfRangeException(nameof(bitsPerKey), $"A Bloom filter was asked for with {bitsPerKey} bits a key; any positive number is accepted, 10 to 12 is usual.");
        double blocks = Math.Ceiling(keys * bitsPerKey / BlockBits);
        if (blocks > uint.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(keys), $"{keys} keys of {bitsPerKey} bits need {blocks:0} blocks; at most {uint.MaxValue} are accepted.");
        return Math.Max(1, (uint)blocks);
    }

    /// <summary>
    /// Share of absent keys that pass when <paramref name="keys"/> distinct keys are in <paramref name="blocks"/> blocks.
    /// </summary>
    /// <remarks>
    /// Keys fall on blocks independently, so that a block holds k of them with nearly Poisson probability of mean keys /
    /// blocks; then a lane's bit is set with probability 1 - (31/32)^k, and eight have to be. The weights are taken
    /// from the mode outward, where they do not underflow whatever the mean, and divided by their sum.
    /// </remarks>
    public static double TheoreticalFalsePositiveRate(long keys, uint blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keys);
        ArgumentOutOfRangeException.ThrowIfZero(blocks);
        if (keys == 0)
            return 0;
        double mean = (double)keys / blocks;
        double mode = Math.Floor(mean);
        double weights = 0, passed = 0;
        for (double k = mode, weight = 1; weight > Negligible; k++, weight *= mean / k)
            Take(k, weight);
        for (double k = mode - 1, weight = mode / mean; k >= 0 && weight > Negligible; weight *= k / mean, k--)
            Take(k, weight);
        return passed / weights;

        void Take(double k, double weight)
        {
            weights += weight;
            passed += weight * Math.Pow(1 - Math.Pow(1 - 1.0 / LaneBits, k), Lanes);
        }
    }

    private const double Negligible = 1e-17;

    /// <summary>Forgets every key. Belongs to one thread while no other adds.</summary>
    public void Clear()
    {
        // In pieces, because a span counts its elements in an int.
        const ulong Piece = 1 << 16;
        ulong count = (ulong)_blocks * BlockWords;
        for (ulong at = 0; at < count; at += Piece)
            new Span<ulong>(_words + at, (int)Math.Min(Piece, count - at)).Clear();
    }

    /// <summary>Adds <paramref name="key"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ulong key)
    {
        ulong hash = HashOf(key);
        ulong* block = BlockOf(hash);
        if (_vectorBits == 256)
            AddTo<BlockLanes256>(block, (uint)hash);
        else if (_vectorBits == 128)
            AddTo<BlockLanes128>(block, (uint)hash);
        else
            AddTo<BlockLanes64>(block, (uint)hash);
    }

    /// <summary>Adds every key of <paramref name="keys"/>, with those ahead being prefetched when the filter is large.</summary>
    public void AddRange(ReadOnlySpan<ulong> keys)
    {
        if (_vectorBits == 256)
            AddRange<BlockLanes256>(keys);
        else if (_vectorBits == 128)
            AddRange<BlockLanes128>(keys);
        else
            AddRange<BlockLanes64>(keys);
    }

    /// <summary>False: <paramref name="key"/> was not added. True: it may have been.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayContain(ulong key)
    {
        ulong hash = HashOf(key);
        ulong* block = BlockOf(hash);
        return _vectorBits switch
        {
            256 => BlockLanes256.Contains(block, (uint)hash),
            128 => BlockLanes128.Contains(block, (uint)hash),
            _ => BlockLanes64.Contains(block, (uint)hash),
        };
    }

    /// <summary>
    /// <see cref="MayContain(ulong)"/> of many keys: bit i of <paramref name="resultBits"/> for key i, with zeroes up to the end of
    /// the last word that has any.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="resultBits"/> is shorter than one bit for each key.</exception>
    public void MayContain(ReadOnlySpan<ulong> keys, Span<ulong> resultBits)
    {
        if (resultBits.Length < (keys.Length + 63) / 64)
            throw new ArgumentException($"{keys.Length} keys have {(keys.Length + 63) / 64} words of answers, and there is room for {resultBits.Length}.", nameof(resultBits));
        if (_vectorBits == 256)
            MayContain<BlockLanes256>(keys, resultBits);
        else if (_vectorBits == 128)
            MayContain<BlockLanes128>(keys, resultBits);
        else
            MayContain<BlockLanes64>(keys, resultBits);
    }

    private bool Prefetches => Sse.IsSupported && (ulong)_blocks * (BlockBits / 8) > PrefetchAbove;

    [SkipLocalsInit]
    private void AddRange<TLanes>(ReadOnlySpan<ulong> keys) where TLanes : struct, IBlockLanes
    {
        int at = 0;
        if (Prefetches)
        {
            ulong* hashes = stackalloc ulong[Batch];
            for (; keys.Length - at >= Batch; at += Batch)
            {
                for (int i = 0; i < Batch; i++)
                {
                    hashes[i] = HashOf(keys[at + i]);
                    Sse.Prefetch0(BlockOf(hashes[i]));
                }

                for (int i = 0; i < Batch; i++)
                    AddTo<TLanes>(BlockOf(hashes[i]), (uint)hashes[i]);
            }
        }

        for (; at < keys.Length; at++)
        {
            ulong hash = HashOf(keys[at]);
            AddTo<TLanes>(BlockOf(hash), (uint)hash);
        }
    }

    [SkipLocalsInit]
    private void MayContain<TLanes>(ReadOnlySpan<ulong> keys, Span<ulong> resultBits) where TLanes : struct, IBlockLanes
    {
        ulong* hashes = stackalloc ulong[64];
        bool prefetches = Prefetches;
        for (int at = 0; at < keys.Length; at += 64)
        {
            ReadOnlySpan<ulong> word = keys.Slice(at, Math.Min(64, keys.Length - at));
            ulong bits = 0;
            if (prefetches)
            {
                for (int first = 0; first < word.Length; first += Batch)
                {
                    int stop = Math.Min(word.Length, first + Batch);
                    for (int i = first; i < stop; i++)
                    {
                        hashes[i] = HashOf(word[i]);
                        Sse.Prefetch0(BlockOf(hashes[i]));
                    }

                    for (int i = first; i < stop; i++)
                        bits |= (TLanes.Contains(BlockOf(hashes[i]), (uint)hashes[i]) ? 1UL : 0UL) << i;
                }
            }
            else
            {
                for (int i = 0; i < word.Length; i++)
                {
                    ulong hash = HashOf(word[i]);
                    bits |= (TLanes.Contains(BlockOf(hash), (uint)hash) ? 1UL : 0UL) << i;
                }
            }

            resultBits[at / 64] = bits;
        }
    }

    /// <summary>
    /// A shared block is added to by a locked OR for each word that lacks a bit: a bit once set stays, so that whatever
    /// the order, the union of what all threads add is there. Words that lack nothing are not written, and their line stays shared.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddTo<TLanes>(ulong* block, uint hash) where TLanes : struct, IBlockLanes
    {
        if (_exclusive)
            TLanes.Add(block, hash);
        else if (!TLanes.Contains(block, hash))
            AddShared<TLanes>(block, hash);
    }

    [SkipLocalsInit]
    private static void AddShared<TLanes>(ulong* block, uint hash) where TLanes : struct, IBlockLanes
    {
        ulong* mask = stackalloc ulong[BlockWords];
        TLanes.Mask(mask, hash);
        for (int i = 0; i < BlockWords; i++)
        {
            if ((mask[i] & ~block[i]) != 0)
                Interlocked.Or(ref block[i], mask[i]);
        }
    }

    /// <summary>The upper bits of a hash, scaled to the number of blocks, choose one; the lower 32 choose the bits in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong* BlockOf(ulong hash) => _words + Math.BigMul(hash, _blocks, out _) * BlockWords;

    /// <summary>
    /// Spreads keys that differ in a few bits, such as addresses of neighbours, over all 64. Source: D. Stafford's thirteenth
    /// variant of MurmurHash3's finaliser, as in SplitMix64.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong HashOf(ulong key)
    {
        unchecked
        {
            key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9;
            key = (key ^ key >> 27) * 0x94d049bb133111eb;
            return key ^ key >> 31;
        }
    }
}
