using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ReclaimNative.Simd;

/// <summary>
/// The kernels over bitmaps of accessed bits, written once for every width. <see cref="AccessedBits"/> checks nothing
/// either, but says what each of them does; it is what the engine calls.
/// </summary>
/// <remarks>
/// Words are taken in lines of 8 (one leaf table, one cache line) and lines in blocks of 8, so that one 64-bit number
/// says which words of a block are not zero. What follows a block is then one loop over that number's bits, and its end
/// is mispredicted at most once per block: a branch per line or per word is a coin toss as soon as about half of them
/// hold a young page.
/// </remarks>
internal static unsafe class AccessedBitScan<TLanes, TVector>
    where TLanes : struct, IWordLanes<TVector>
    where TVector : unmanaged
{
    private const int LineWords = 8;
    private const int BlockWords = 64;

    /// <summary>Words that are moved before they are counted: 4 KiB, still in the L1 cache.</summary>
    private const int PieceWords = 512;

    /// <summary>Distance of the prefetch of a harvest: 4 KiB.</summary>
    private const int PrefetchWords = 512;

    /// <summary>Vectors that <see cref="Count"/> adds up before it counts: seven full adders to one population count.</summary>
    private const int AdderVectors = 8;

    private static nuint Step => (nuint)TLanes.Words;

    /// <summary>The first word from <paramref name="at"/> on that is not zero in both; <paramref name="n"/> when there is none.</summary>
    public static nuint FindEither(ulong* words, ulong* others, nuint at, nuint n)
    {
        uint all = (1u << TLanes.Words) - 1;
        for (; n - at >= Step; at += Step)
        {
            uint zero = TLanes.ZeroWords(TLanes.Or(TLanes.Load(words + at), TLanes.Load(others + at)));
            if (zero != all)
                return at + (nuint)BitOperations.TrailingZeroCount(~zero);
        }

        while (at < n && (words[at] | others[at]) == 0)
            at++;
        return at;
    }

    public static long Count(ulong* words, nuint n) => CountOf<Plain>(words, words, n);

    public static long CountBoth(ulong* words, ulong* others, nuint n) => CountOf<Masked>(words, others, n);

    /// <summary>
    /// Bits of eight vectors are added position by position into ones, twos, fours and eights (a carry-save adder), and
    /// only the eights are counted, once per eight vectors. Source: W. Mula, N. Kurz and D. Lemire, "Faster population
    /// counts using AVX2 instructions", 2018. The scalar width has an instruction for it, and calls for fewer words than
    /// one group, such as one leaf table, are faster with that too.
    /// </summary>
    private static long CountOf<TMask>(ulong* words, ulong* others, nuint n) where TMask : struct
    {
        nuint group = AdderVectors * Step;
        nuint at = 0;
        ulong sum = 0;
        if (TLanes.Words > 1 && n >= group)
        {
            TVector ones = default, twos = default, fours = default, total = default;
            for (; n - at >= group; at += group)
            {
                PrefetchGroup<TMask>(words + at, others + at);
                TVector twosA = Adder(ref ones, Read<TMask>(words, others, at), Read<TMask>(words, others, at + Step));
                TVector twosB = Adder(ref ones, Read<TMask>(words, others, at + 2 * Step), Read<TMask>(words, others, at + 3 * Step));
                TVector foursA = Adder(ref twos, twosA, twosB);
                twosA = Adder(ref ones, Read<TMask>(words, others, at + 4 * Step), Read<TMask>(words, others, at + 5 * Step));
                twosB = Adder(ref ones, Read<TMask>(words, others, at + 6 * Step), Read<TMask>(words, others, at + 7 * Step));
                TVector foursB = Adder(ref twos, twosA, twosB);
                TVector eights = Adder(ref fours, foursA, foursB);
                total = TLanes.Add(total, TLanes.PopCounts(eights));
            }

            sum = (8 * TLanes.SumOfWords(total))
                + (4 * TLanes.SumOfWords(TLanes.PopCounts(fours)))
                + (2 * TLanes.SumOfWords(TLanes.PopCounts(twos)))
                + TLanes.SumOfWords(TLanes.PopCounts(ones));
        }

        for (; at < n; at++)
            sum += (ulong)BitOperations.PopCount(typeof(TMask) == typeof(Masked) ? words[at] & others[at] : words[at]);
        return (long)sum;
    }

    /// <summary>See <see cref="AccessedBits.Harvest"/>, while other threads set bits.</summary>
    public static long HarvestShared(ulong* words, ulong* harvested, nuint n) => HarvestSharedOf<Plain>(words, words, harvested, n);

    /// <summary>See <see cref="AccessedBits.HarvestMasked"/>, while other threads set bits.</summary>
    public static long HarvestSharedMasked(ulong* words, ulong* mask, ulong* harvested, nuint n) => HarvestSharedOf<Masked>(words, mask, harvested, n);

    /// <summary>See <see cref="AccessedBits.Harvest"/>, for the only thread.</summary>
    public static long HarvestAlone(ulong* words, ulong* harvested, nuint n) => HarvestAloneOf<Plain>(words, words, harvested, n);

    /// <summary>See <see cref="AccessedBits.HarvestMasked"/>, for the only thread.</summary>
    public static long HarvestAloneMasked(ulong* words, ulong* mask, ulong* harvested, nuint n) => HarvestAloneOf<Masked>(words, mask, harvested, n);

    /// <summary>
    /// Copies block by block and stores over those that held something: one branch for 64 words instead of one per line.
    /// Storing over a line costs no more than reading it, so the lines of such a block that held nothing are stored over too.
    /// </summary>
    private static long HarvestAloneOf<TMask>(ulong* words, ulong* mask, ulong* harvested, nuint n) where TMask : struct
    {
        long taken = 0;
        nuint at = 0;
        for (nuint counted = 0; n - at >= LineWords; counted = at)
        {
            for (; at - counted < PieceWords && n - at >= BlockWords; at += BlockWords)
                MoveLines<TMask>(words + at, mask + at, harvested + at, BlockWords);

            if (at == counted)
            {
                MoveLines<TMask>(words + at, mask + at, harvested + at, LineWords);
                at += LineWords;
            }

            taken += CountOf<Plain>(harvested + counted, harvested + counted, at - counted);
        }

        for (; at < n; at++)
        {
            harvested[at] = ExclusiveClearing.Take(ref words[at], typeof(TMask) == typeof(Masked) ? mask[at] : ulong.MaxValue);
            taken += BitOperations.PopCount(harvested[at]);
        }

        return taken;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MoveLines<TMask>(ulong* words, ulong* mask, ulong* harvested, nuint n) where TMask : struct
    {
        TVector some = default;
        for (nuint line = 0; line < n; line += LineWords)
        {
            if (Sse.IsSupported)
                Sse.Prefetch0(words + line + PrefetchWords);
            for (nuint i = line; i < line + LineWords; i += Step)
            {
                TVector take = Read<TMask>(words, mask, i);
                TLanes.Store(harvested + i, take);
                some = TLanes.Or(some, take);
            }
        }

        if (TLanes.IsZero(some))
            return;
        for (nuint i = 0; i < n; i += Step)
        {
            if (typeof(TMask) == typeof(Masked))
                TLanes.Store(words + i, TLanes.Xor(TLanes.Load(words + i), TLanes.Load(harvested + i)));
            else
                TLanes.Store(words + i, default);
        }
    }

    /// <summary>
    /// Goes over a block with vector reads alone, with a prefetch well ahead, and then takes what it holds. A locked
    /// instruction holds back the reads after it until it is done, but not what was prefetched before it. At 0.01 % young, one
    /// line at a time and without the prefetch reached 0.75 of a plain read.
    /// </summary>
    private static long HarvestSharedOf<TMask>(ulong* words, ulong* mask, ulong* harvested, nuint n) where TMask : struct
    {
        long taken = 0;
        nuint at = 0;
        for (; n - at >= BlockWords; at += BlockWords)
            taken += Take<TMask>(words + at, mask + at, harvested + at, PassOverBlock<TMask>(words + at, mask + at, harvested + at));

        for (; n - at >= LineWords; at += LineWords)
            taken += Take<TMask>(words + at, mask + at, harvested + at, ~PassOverLine<TMask>(words + at, mask + at, harvested + at) & 0xFF);

        for (; at < n; at++)
        {
            harvested[at] = 0;
            ulong some = typeof(TMask) == typeof(Masked) ? words[at] & mask[at] : words[at];
            taken += Take<TMask>(words + at, mask + at, harvested + at, some != 0 ? 1u : 0u);
        }

        return taken;
    }

    /// <summary>Zeroes one block of the output and says which words of the input hold something to take.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong PassOverBlock<TMask>(ulong* words, ulong* mask, ulong* harvested) where TMask : struct
    {
        PrefetchBlock<TMask>(words, mask);
        ulong empty = PassOverLine<TMask>(words, mask, harvested);
        empty |= (ulong)PassOverLine<TMask>(words + 8, mask + 8, harvested + 8) << 8;
        empty |= (ulong)PassOverLine<TMask>(words + 16, mask + 16, harvested + 16) << 16;
        empty |= (ulong)PassOverLine<TMask>(words + 24, mask + 24, harvested + 24) << 24;
        empty |= (ulong)PassOverLine<TMask>(words + 32, mask + 32, harvested + 32) << 32;
        empty |= (ulong)PassOverLine<TMask>(words + 40, mask + 40, harvested + 40) << 40;
        empty |= (ulong)PassOverLine<TMask>(words + 48, mask + 48, harvested + 48) << 48;
        empty |= (ulong)PassOverLine<TMask>(words + 56, mask + 56, harvested + 56) << 56;
        return ~empty;
    }

    /// <summary>Zeroes one line of the output and says which words of the input have nothing to take: 8 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint PassOverLine<TMask>(ulong* words, ulong* mask, ulong* harvested) where TMask : struct
    {
        // Written out, because a loop of one to eight steps of a constant known only to the specialised code is not unrolled.
        uint empty = PassOver<TMask>(words, mask, harvested, 0);
        if (TLanes.Words <= 4)
            empty |= PassOver<TMask>(words, mask, harvested, 4);
        if (TLanes.Words <= 2)
            empty |= PassOver<TMask>(words, mask, harvested, 2) | PassOver<TMask>(words, mask, harvested, 6);
        if (TLanes.Words == 1)
        {
            empty |= PassOver<TMask>(words, mask, harvested, 1) | PassOver<TMask>(words, mask, harvested, 3);
            empty |= PassOver<TMask>(words, mask, harvested, 5) | PassOver<TMask>(words, mask, harvested, 7);
        }

        return empty;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint PassOver<TMask>(ulong* words, ulong* mask, ulong* harvested, int at) where TMask : struct
    {
        uint empty = TLanes.ZeroWords(Read<TMask>(words, mask, (nuint)at)) << at;
        TLanes.Store(harvested + at, default);
        return empty;
    }

    /// <summary>
    /// Asks for the block that will be read a while from now: past the end too, for a prefetch reads nothing and cannot fault. Written
    /// out and all at once: in a loop, or one beside each read, it was worth half as much.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchBlock<TMask>(ulong* words, ulong* mask) where TMask : struct
    {
        if (!Sse.IsSupported)
            return;
        PrefetchLines(words + PrefetchWords);
        if (typeof(TMask) == typeof(Masked))
            PrefetchLines(mask + PrefetchWords);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchGroup<TMask>(ulong* words, ulong* others) where TMask : struct
    {
        if (!Sse.IsSupported)
            return;
        if (TLanes.Words == 8)
        {
            PrefetchLines(words + PrefetchWords);
            return;
        }

        Sse.Prefetch0(words + PrefetchWords);
        Sse.Prefetch0(words + PrefetchWords + 8);
        if (TLanes.Words == 4)
        {
            Sse.Prefetch0(words + PrefetchWords + 16);
            Sse.Prefetch0(words + PrefetchWords + 24);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchLines(ulong* words)
    {
        Sse.Prefetch0(words);
        Sse.Prefetch0(words + 8);
        Sse.Prefetch0(words + 16);
        Sse.Prefetch0(words + 24);
        Sse.Prefetch0(words + 32);
        Sse.Prefetch0(words + 40);
        Sse.Prefetch0(words + 48);
        Sse.Prefetch0(words + 56);
    }

    /// <summary>
    /// Takes the bits of the words that <paramref name="found"/> names.
    /// </summary>
    /// <remarks>
    /// The vector test that made <paramref name="found"/> is only a hint. A word that became nonzero after it was tested
    /// is left as it is, for the next harvest. A word that was nonzero is taken by one atomic read-modify-write, and in
    /// that word's modification order every set of a bit stands either before it, and is in the value that it returns,
    /// or after it, and is still in memory: none is lost and none is counted twice. This needs the setters to be atomic
    /// as well (a locked OR), and no order between words.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Take<TMask>(ulong* words, ulong* mask, ulong* harvested, ulong found) where TMask : struct
    {
        long taken = 0;
        while (found != 0)
        {
            uint i = (uint)BitOperations.TrailingZeroCount(found);
            found &= found - 1;
            ulong bits = typeof(TMask) == typeof(Masked) ? SharedClearing.Take(ref words[i], mask[i]) : SharedClearing.TakeAll(ref words[i]);
            harvested[i] = bits;
            taken += BitOperations.PopCount(bits);
        }

        return taken;
    }

    /// <summary>See <see cref="AccessedBits.AnyInRun"/>, for runs of at least one word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Any(ulong* words, nuint n)
    {
        Debug.Assert(BitOperations.IsPow2(n), "an aligned run has a power of two of words");
        if (n < Step)
        {
            ulong some = 0;
            for (nuint i = 0; i < n; i++)
                some |= words[i];
            return some != 0;
        }

        TVector all = TLanes.Load(words);
        for (nuint i = Step; i < n; i += Step)
            all = TLanes.Or(all, TLanes.Load(words + i));
        return !TLanes.IsZero(all);
    }

    /// <summary>See <see cref="AccessedBits.NonZeroTables"/>.</summary>
    public static long NonZeroTables(ulong* words, nuint tables, ulong* bitmap)
    {
        long count = 0;
        for (nuint first = 0; first < tables; first += 64)
        {
            int here = (int)nuint.Min(64, tables - first);
            ulong found = 0;
            for (int table = 0; table < here; table++)
                found |= (Any(words + (first + (nuint)table) * LineWords, LineWords) ? 1UL : 0UL) << table;
            bitmap[first / 64] = found;
            count += BitOperations.PopCount(found);
        }

        return count;
    }

    /// <summary>See <see cref="AccessedBits.Extract"/>.</summary>
    public static long Extract(ulong* words, nuint n, uint firstSlot, uint* slots)
    {
        uint* to = slots;
        nuint at = 0;
        if (n >= LineWords)
        {
            // 64 times the bits of a line, averaged over about the last eight; the first line stands for those before it.
            int recent = 64 * (int)CountOf<Plain>(words, words, LineWords);
            for (; n - at >= LineWords; at += LineWords)
            {
                uint* from = to;
                uint slot = firstSlot + (uint)at * 64;
                if (recent < SparseLine)
                    to = ExtractSparse(words + at, slot, to);
                else if (recent <= Flatten4Line)
                    to = ExtractFlat4(words + at, slot, to);
                else if (recent <= Flatten12Line)
                    to = ExtractFlat12(words + at, slot, to);
                else
                    to = ExtractDense(words + at, slot, to);
                recent += (64 * (int)(to - from) - recent) >> 3;
            }
        }

        for (; at < n; at++)
            to = ExtractWord(words[at], firstSlot + (uint)at * 64, to);
        return to - slots;
    }

    /// <summary>Below this many bits in 64 lines most lines are empty, and a branch that skips them is predictable.</summary>
    private const int SparseLine = 16;

    /// <summary>Up to 2 % of a line's bits, four steps without a branch per word are enough.</summary>
    private const int Flatten4Line = 64 * 512 * 2 / 100;

    /// <summary>Up to 15 %, twelve.</summary>
    private const int Flatten12Line = 64 * 512 * 15 / 100;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint* ExtractSparse(ulong* line, uint slot, uint* to)
    {
        if (!Any(line, LineWords))
            return to;
        for (int i = 0; i < LineWords; i++)
            to = ExtractWord(line[i], slot + (uint)i * 64, to);
        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint* ExtractWord(ulong word, uint slot, uint* to)
    {
        while (word != 0)
        {
            *to++ = slot + (uint)BitOperations.TrailingZeroCount(word);
            word &= word - 1;
        }

        return to;
    }

    /// <summary>
    /// Writes a fixed number of slots whether or not the word has that many bits, and advances by the number that it has:
    /// the only branch is the one for words that have more. Source: the flatten technique of J. Langdale and D. Lemire,
    /// "Parsing gigabytes of JSON per second", 2019.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint* ExtractFlat4(ulong* line, uint first, uint* to)
    {
        for (int i = 0; i < LineWords; i++)
        {
            ulong word = line[i];
            int bits = BitOperations.PopCount(word);
            uint slot = first + (uint)i * 64;
            word = Put4(word, slot, to);
            if (bits > 4)
                _ = ExtractWord(word, slot, to + 4);
            to += bits;
        }

        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint* ExtractFlat12(ulong* line, uint first, uint* to)
    {
        for (int i = 0; i < LineWords; i++)
        {
            ulong word = line[i];
            int bits = BitOperations.PopCount(word);
            uint slot = first + (uint)i * 64;
            word = Put4(word, slot, to);
            word = Put4(word, slot, to + 4);
            word = Put4(word, slot, to + 8);
            if (bits > 12)
                _ = ExtractWord(word, slot, to + 12);
            to += bits;
        }

        return to;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint* ExtractDense(ulong* line, uint slot, uint* to)
    {
        for (int i = 0; i < LineWords; i++)
            to = ExtractWord(line[i], slot + (uint)i * 64, to);
        return to;
    }

    /// <summary>Four lowest bits out of <paramref name="word"/>; when they run out, numbers past the word are written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Put4(ulong word, uint slot, uint* to)
    {
        unchecked
        {
            for (int i = 0; i < 4; i++)
            {
                to[i] = slot + (uint)BitOperations.TrailingZeroCount(word);
                word &= word - 1;
            }
        }

        return word;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Read<TMask>(ulong* words, ulong* mask, nuint at) where TMask : struct =>
        typeof(TMask) == typeof(Masked) ? TLanes.And(TLanes.Load(words + at), TLanes.Load(mask + at)) : TLanes.Load(words + at);

    /// <summary>Adds three bits at each position: the sum replaces <paramref name="sum"/>, the carry is returned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Adder(ref TVector sum, TVector a, TVector b)
    {
        TVector carry = TLanes.Carry(sum, a, b);
        sum = TLanes.Sum(sum, a, b);
        return carry;
    }

    /// <summary>Every bit of a word counts.</summary>
    private readonly struct Plain;

    /// <summary>Only bits that are set in the mask too.</summary>
    private readonly struct Masked;
}
