using System.Numerics;
using ReclaimNative.Simd;

namespace ReclaimNative.Tests.Simd;

/// <summary>Every width against loops over single bits, for every short length, at both ends of readable memory.</summary>
[TestFixtureSource(nameof(Widths))]
public unsafe class AccessedBitsTests(VectorWidth width)
{
    /// <summary>Every length up to beyond a block of 64 words, and those about the ends of larger pieces.</summary>
    private static readonly int[] Lengths =
        [.. Enumerable.Range(0, 76), 127, 128, 129, 136, 191, 192, 200, 255, 256, 257, 263, 264, 265, 320, 383, 511, 512, 513, 521, 600];

    private const int Longest = 600;

    private static readonly VectorWidth[] Widths = VectorWidths.All.ToArray();

    /// <summary>Shares of young pages, in ten thousandths.</summary>
    private static readonly int[] Densities = [0, 1, 20, 100, 1000, 5000, 10_000];

    private readonly GuardedMemory _words = new(8 * (Longest + 1));
    private readonly GuardedMemory _others = new(8 * (Longest + 1));
    private readonly GuardedMemory _out = new(8 * (Longest + 1));

    [OneTimeTearDown]
    public void Free()
    {
        _words.Dispose();
        _others.Dispose();
        _out.Dispose();
    }

    [Test]
    public void CountsAreTheSumsOfSingleBits() => EveryPlacement((words, others, n, where) =>
    {
        long count = 0, both = 0;
        for (int bit = 0; bit < n * 64; bit++)
        {
            count += Bit(words, bit);
            both += Bit(words, bit) & Bit(others, bit);
        }

        var bits = new AccessedBits(width, exclusive: false);
        Assert.That(bits.Count(words, (nuint)n), Is.EqualTo(count), where);
        Assert.That(bits.CountBoth(words, others, (nuint)n), Is.EqualTo(both), where);
    });

    [Test]
    public void EveryWordIsFoundThatHasABitInEither() => EveryPlacement((words, others, n, where) =>
    {
        var bits = new AccessedBits(width, exclusive: true);
        var found = new List<int>();
        for (nuint at = 0; (at = bits.FindEither(words, others, at, (nuint)n)) < (nuint)n; at++)
            found.Add((int)at);
        var wanted = new List<int>();
        for (int i = 0; i < n; i++)
        {
            if ((words[i] | others[i]) != 0)
                wanted.Add(i);
        }

        Assert.That(found, Is.EqualTo(wanted), where);
    });

    [Test]
    public void HarvestMovesEveryBitAndMaskedOnlyThoseOfTheMask([Values] bool exclusive, [Values] bool masked) => EveryPlacement((words, mask, n, where) =>
    {
        var bits = new AccessedBits(width, exclusive);
        ulong[] before = new Span<ulong>(words, n).ToArray();
        bool atEnd = (byte*)(words + n) == _words.End;
        ulong* harvested = _out.Place<ulong>(n, atEnd);
        new Span<ulong>(harvested, n).Fill(0xDEAD_BEEF_DEAD_BEEF);

        // The word beside the range: at the other end from the unreadable page.
        ulong* besideWords = atEnd ? words - 1 : words + n;
        ulong* besideHarvested = atEnd ? harvested - 1 : harvested + n;
        *besideWords = *besideHarvested = ulong.MaxValue;
        long taken = masked ? bits.HarvestMasked(words, mask, harvested, (nuint)n) : bits.Harvest(words, harvested, (nuint)n);

        long expected = 0;
        for (int i = 0; i < n; i++)
        {
            ulong take = masked ? before[i] & mask[i] : before[i];
            expected += BitOperations.PopCount(take);
            if (harvested[i] != take || words[i] != (before[i] & ~take))
                Assert.Fail($"{where}: word {i} of {n} was {before[i]:x}, harvested {harvested[i]:x}, left {words[i]:x}");
        }

        Assert.That(taken, Is.EqualTo(expected), where);
        Assert.That((*besideWords, *besideHarvested), Is.EqualTo((ulong.MaxValue, ulong.MaxValue)), $"{where}: beside the range");
    });

    [Test]
    public void WordsWithoutAnythingToTakeAreNotWritten()
    {
        var bits = new AccessedBits(width, exclusive: false);
        ulong* words = _words.Place<ulong>(Longest, atEnd: true);
        ulong* mask = _others.Place<ulong>(Longest, atEnd: true);
        ulong* harvested = _out.Place<ulong>(Longest, atEnd: true);
        var random = new Random(5);
        for (int i = 0; i < Longest; i++)
        {
            words[i] = (ulong)random.NextInt64();
            mask[i] = ~words[i];
        }

        _words.ForbidWrites();
        try
        {
            foreach (int n in Lengths)
                Assert.That(bits.HarvestMasked(words, mask, harvested, (nuint)n), Is.Zero);
        }
        finally
        {
            _words.AllowWrites();
        }

        // The whole block: runs are taken from its start, which lies before the words placed at its end.
        new Span<byte>(_words.Start, _words.Bytes).Clear();
        _words.ForbidWrites();
        try
        {
            foreach (int n in Lengths)
                Assert.That(bits.Harvest(words, harvested, (nuint)n), Is.Zero);
            for (int order = 0; order <= AccessedBits.MaxOrder; order++)
                Assert.That(bits.HarvestRun((ulong*)_words.Start, 0, order), Is.Zero);
        }
        finally
        {
            _words.AllowWrites();
        }
    }

    [Test]
    public void ExtractListsTheSetBitsInOrderAndStaysWithinItsSlack() => EveryPlacement((words, _, n, where) => ExtractAgrees(words, n, 1_000_000, where));

    [Test]
    public void ExtractFollowsADensityThatChangesOnTheWay()
    {
        const int Tables = 400;
        using var memory = new GuardedMemory(Tables * 64);
        ulong* words = (ulong*)memory.Start;
        foreach (int seed in new[] { 1, 2, 3 })
        {
            var random = new Random(seed);
            for (int table = 0; table < Tables;)
            {
                int density = Densities[random.Next(Densities.Length)];
                for (int stop = Math.Min(Tables, table + random.Next(1, 40)); table < stop; table++)
                    Fill(words + table * 8, 8, density, random);
            }

            ExtractAgrees(words, Tables * 8, uint.MaxValue - Tables * 512 + 1, $"seed {seed}, ending at slot 2^32 - 1");
            ExtractAgrees(words + 3, Tables * 8 - 5, 64, $"seed {seed}, from an odd word");
        }
    }

    [Test]
    public void TheWholeSlackIsUsedByAnEmptyWordAtTheEnd()
    {
        // Eight young pages in each word but the last make the kernel write twelve slots a word, here all of them beyond the end.
        ulong* words = _words.Place<ulong>(16, atEnd: true);
        for (int i = 0; i < 16; i++)
            words[i] = (i & 7) == 7 ? 0UL : 0x0101_0101_0101_0101;

        ExtractAgrees(words, 16, 0, "two tables");
    }

    [Test]
    public void TablesWithAnyBitAreNamedAndNoneBeyondTheLast()
    {
        const int Most = 200;
        using var memory = new GuardedMemory(Most * 64);
        var bits = new AccessedBits(width, exclusive: false);
        ulong* bitmap = stackalloc ulong[4];
        var random = new Random(9);
        for (int tables = 0; tables <= Most; tables++)
        {
            ulong* words = memory.Place<ulong>(tables * 8, atEnd: true);
            new Span<ulong>(words, tables * 8).Clear();
            bool[] expected = new bool[256];
            for (int table = 0; table < tables; table++)
            {
                // One bit in one word at most: a word of the eight that is not looked at is then missed.
                expected[table] = random.Next(2) == 0;
                if (expected[table])
                    words[table * 8 + random.Next(8)] = 1UL << random.Next(64);
            }

            int written = (tables + 63) / 64;
            new Span<ulong>(bitmap, 4).Fill(ulong.MaxValue);
            long found = bits.NonZeroTables(words, (nuint)tables, bitmap);

            Assert.That(found, Is.EqualTo(expected.Count(e => e)), $"{tables} tables");
            for (int bit = 0; bit < 256; bit++)
            {
                if (Bit(bitmap, bit) != 0 != (bit >= written * 64 || expected[bit]))
                    Assert.Fail($"{tables} tables, bit {bit}");
            }
        }
    }

    [Test]
    public void ARunIsYoungWhenOneOfItsPagesIs([Values] bool exclusive)
    {
        // Two tables, one young page at a time: every run of every order has an opinion about each.
        const int Slots = 1024;
        var bits = new AccessedBits(width, exclusive);
        ulong* words = _words.Place<ulong>(Slots / 64, atEnd: true);
        for (int order = 0; order <= AccessedBits.MaxOrder; order++)
        {
            for (int young = 0; young < Slots; young += order < 3 ? 1 : 7)
            {
                new Span<ulong>(words, Slots / 64).Clear();
                words[young / 64] = 1UL << (young & 63);
                for (int first = 0; first < Slots; first += 1 << order)
                {
                    bool expected = young >> order == first >> order;
                    if (bits.AnyInRun(words, (uint)first, order) != expected)
                        Assert.Fail($"order {order}, run at {first}, young page {young}");
                }
            }
        }
    }

    [Test]
    public void HarvestingARunClearsItAndNothingElse([Values] bool exclusive)
    {
        const int Slots = 1024;
        var bits = new AccessedBits(width, exclusive);
        ulong* words = _words.Place<ulong>(Slots / 64, atEnd: true);
        for (int order = 0; order <= AccessedBits.MaxOrder; order++)
        {
            for (int first = 0; first < Slots; first += 1 << order)
            {
                var random = new Random(order * Slots + first);
                Fill(words, Slots / 64, Densities[random.Next(Densities.Length)], random);
                ulong[] before = new Span<ulong>(words, Slots / 64).ToArray();
                int taken = bits.HarvestRun(words, (uint)first, order);

                int expected = 0;
                fixed (ulong* was = before)
                {
                    for (int slot = 0; slot < Slots; slot++)
                    {
                        bool inside = slot >> order == first >> order;
                        expected += inside ? Bit(was, slot) : 0;
                        if (Bit(words, slot) != (inside ? 0 : Bit(was, slot)))
                            Assert.Fail($"order {order}, run at {first}, slot {slot}");
                    }
                }

                Assert.That(taken, Is.EqualTo(expected), $"order {order}, run at {first}");
            }
        }
    }

    private delegate void Body(ulong* words, ulong* others, int n, string where);

    /// <summary>All lengths and densities, ending and starting at an unreadable page.</summary>
    private void EveryPlacement(Body body)
    {
        foreach (int density in Densities)
        {
            foreach (int n in Lengths)
            {
                foreach (bool atEnd in new[] { true, false })
                {
                    var random = new Random(density * 1000 + n);
                    ulong* words = _words.Place<ulong>(n, atEnd);
                    ulong* others = _others.Place<ulong>(n, atEnd);
                    Fill(words, n, density, random);
                    Fill(others, n, 5000, random);
                    body(words, others, n, $"{n} words, {density / 100.0} % young, {(atEnd ? "ending" : "starting")} at the unreadable page");
                }
            }
        }
    }

    private void ExtractAgrees(ulong* words, int n, uint firstSlot, string where)
    {
        List<uint> expected = [];
        for (int bit = 0; bit < n * 64; bit++)
        {
            if (Bit(words, bit) != 0)
                expected.Add(firstSlot + (uint)bit);
        }

        using var memory = new GuardedMemory((expected.Count + AccessedBits.ExtractSlack) * sizeof(uint));
        uint* slots = memory.Place<uint>(expected.Count + AccessedBits.ExtractSlack, atEnd: true);
        long found = new AccessedBits(width, exclusive: false).Extract(words, (nuint)n, firstSlot, slots);

        Assert.That(found, Is.EqualTo(expected.Count), where);
        Assert.That(new Span<uint>(slots, (int)found).SequenceEqual(expected.ToArray()), Is.True, where);
    }

    private static int Bit(ulong* words, int bit) => (int)(words[bit / 64] >> (bit & 63) & 1);

    private static void Fill(ulong* words, int n, int tenThousandths, Random random)
    {
        new Span<ulong>(words, n).Fill(tenThousandths == 10_000 ? ulong.MaxValue : 0);
        if (tenThousandths is 0 or 10_000)
            return;

        // Gaps between set bits are geometric: one random number for each set bit.
        double scale = 1 / Math.Log(1 - tenThousandths / 10_000.0);
        for (double bit = Gap(); bit < n * 64; bit += 1 + Gap())
            words[(int)bit / 64] |= 1UL << ((int)bit & 63);

        double Gap() => Math.Floor(Math.Log(1 - random.NextDouble()) * scale);
    }
}
