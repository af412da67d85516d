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

    /// <summary>Keys from the one that is hashed, its block asked from memory, to the one that is looked at.</summary>
    private const int Ahead = 32;

    /// <summary>Places for hashed keys, and answers of one word.</summary>
    private const int Ring = 64;

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
        ulong* block = BlockOf(_words, _blocks, hash);
        if (_vectorBits == 256)
            AddTo<BlockLanes256>(block, (uint)hash, _exclusive);
        else if (_vectorBits == 128)
            AddTo<BlockLanes128>(block, (uint)hash, _exclusive);
        else
            AddTo<BlockLanes64>(block, (uint)hash, _exclusive);
    }

    /// <summary>Adds every key of <paramref name="keys"/>, faster than one by one.</summary>
    public void AddRange(ReadOnlySpan<ulong> keys)
    {
        fixed (ulong* first = keys)
        {
            if (_vectorBits == 256)
                AddRange<BlockLanes256>(first, keys.Length);
            else if (_vectorBits == 128)
                AddRange<BlockLanes128>(first, keys.Length);
            else
                AddRange<BlockLanes64>(first, keys.Length);
        }
    }

    /// <summary>False: <paramref name="key"/> was not added. True: it may have been.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayContain(ulong key)
    {
        ulong hash = HashOf(key);
        ulong* block = BlockOf(_words, _blocks, hash);
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
        fixed (ulong* first = keys, answers = resultBits)
        {
            if (_vectorBits == 256)
                MayContain<BlockLanes256>(first, keys.Length, answers);
            else if (_vectorBits == 128)
                MayContain<BlockLanes128>(first, keys.Length, answers);
            else
                MayContain<BlockLanes64>(first, keys.Length, answers);
        }
    }

    /// <summary>
    /// Keys go through a ring: each is hashed and its block asked for <see cref="Ahead"/> keys before it is added. That pays
    /// for filters of any size; below one core's L2 cache because hashing and adding then overlap.
    /// </summary>
    [SkipLocalsInit]
    private void AddRange<TLanes>(ulong* keys, nint count) where TLanes : struct, IBlockLanes
    {
        ulong* words = _words;
        uint blocks = _blocks;
        nint at = 0;
        if (count > Ahead)
        {
            ulong** blockOf = stackalloc ulong*[Ring];
            uint* hashes = stackalloc uint[Ring];
            for (nint i = 0; i < Ahead; i++)
                Stage(words, blocks, keys[i], blockOf + i, hashes + i);
            if (_exclusive)
            {
                for (; at < count - Ahead; at++)
                {
                    TLanes.Add(blockOf[at & (Ring - 1)], hashes[at & (Ring - 1)]);
                    nint next = at + Ahead & (Ring - 1);
                    Stage(words, blocks, keys[at + Ahead], blockOf + next, hashes + next);
                }
            }
            else
            {
                for (; at < count - Ahead; at++)
                {
                    AddTo<TLanes>(blockOf[at & (Ring - 1)], hashes[at & (Ring - 1)], exclusive: false);
                    nint next = at + Ahead & (Ring - 1);
                    Stage(words, blocks, keys[at + Ahead], blockOf + next, hashes + next);
                }
            }

            for (; at < count; at++)
                AddTo<TLanes>(blockOf[at & (Ring - 1)], hashes[at & (Ring - 1)], _exclusive);
            return;
        }

        for (; at < count; at++)
        {
            ulong hash = HashOf(keys[at]);
            AddTo<TLanes>(BlockOf(words, blocks, hash), (uint)hash, _exclusive);
        }
    }

    /// <summary>The same ring as in <see cref="AddRange{TLanes}"/>; 64 answers make a word.</summary>
    [SkipLocalsInit]
    private void MayContain<TLanes>(ulong* keys, nint count, ulong* resultBits) where TLanes : struct, IBlockLanes
    {
        ulong* words = _words;
        uint blocks = _blocks;
        nint at = 0;
        if (count > Ahead)
        {
            ulong** blockOf = stackalloc ulong*[Ring];
            uint* hashes = stackalloc uint[Ring];
            for (nint i = 0; i < Ahead; i++)
                Stage(words, blocks, keys[i], blockOf + i, hashes + i);
            for (; count - at >= Ring + Ahead; at += Ring)
            {
                ulong bits = 0;
                for (nint slot = 0; slot < Ring; slot++)
                {
                    bits |= Bit(TLanes.Contains(blockOf[slot], hashes[slot])) << (int)slot;
                    nint next = slot + Ahead & (Ring - 1);
                    Stage(words, blocks, keys[at + slot + Ahead], blockOf + next, hashes + next);
                }

                *resultBits++ = bits;
            }

            // Fewer than a ring and what is staged.
            for (; at < count; at += Ring)
            {
                ulong bits = 0;
                for (nint slot = 0; slot < Math.Min(Ring, count - at); slot++)
                {
                    bits |= Bit(TLanes.Contains(blockOf[slot], hashes[slot])) << (int)slot;
                    nint next = slot + Ahead & (Ring - 1);
                    if (at + slot + Ahead < count)
                        Stage(words, blocks, keys[at + slot + Ahead], blockOf + next, hashes + next);
                }

                *resultBits++ = bits;
            }

            return;
        }

        for (; at < count; at += Ring)
        {
            ulong bits = 0;
            nint here = Math.Min(Ring, count - at);
            for (nint i = 0; i < here; i++)
            {
                ulong hash = HashOf(keys[at + i]);
                bits |= Bit(TLanes.Contains(BlockOf(words, blocks, hash), (uint)hash)) << (int)i;
            }

            *resultBits++ = bits;
        }
    }

    /// <summary>1 for true, without the comparison that a conditional expression is compiled to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bit(bool value) => Unsafe.BitCast<bool, byte>(value);

    /// <summary>Hashes a key that will be looked at a while from now and asks for its block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Stage(ulong* words, uint blocks, ulong key, ulong** blockOf, uint* lanesHash)
    {
        ulong hash = HashOf(key);
        ulong* block = BlockOf(words, blocks, hash);
        if (Sse.IsSupported)
            Sse.Prefetch0(block);
        *blockOf = block;
        *lanesHash = (uint)hash;
    }

    /// <summary>
    /// A shared block is added to by a locked OR for each word that lacks a bit: a bit once set stays, so that whatever
    /// the order, the union of what all threads add is there. Words that lack nothing are not written, and their line stays shared.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo<TLanes>(ulong* block, uint hash, bool exclusive) where TLanes : struct, IBlockLanes
    {
        if (exclusive)
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

    /// <summary>The upper half of a hash, scaled to the number of blocks, chooses one; the lower half chooses the bits in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong* BlockOf(ulong* words, uint blocks, ulong hash) => words + ((hash >> 32) * blocks >> 32) * BlockWords;

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
