using System.Numerics;
using ReclaimNative.Filters;
using ReclaimNative.Memory;
using ReclaimNative.Tests.Simd;

namespace ReclaimNative.Tests.Filters;

public unsafe class SplitBlockBloomFilterTests
{
    private static readonly int[] Widths = [64, 128, 256];

    /// <summary>Blocks of filters small enough for the plain form and large enough for the prefetching one.</summary>
    private static readonly uint[] Sizes = [1, 3, 1000, 40_000];

    [Test]
    public void AKeySetsOneBitInEachLaneOfOneBlock([ValueSource(nameof(Widths))] int width, [Values(1u, 7u, 64u)] uint blocks)
    {
        // The definition, in numbers of any size: block = upper half * blocks / 2^32; lane i gets the top five bits of the low half times its salt.
        uint[] salts = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31];
        using var memory = new Memory(blocks);
        var filter = new SplitBlockBloomFilter(memory.Words, blocks, exclusive: true, vectorBits: width);
        foreach (ulong key in Keys(200, 1))
        {
            filter.Clear();
            filter.Add(key);

            BigInteger hash = SplitBlockBloomFilter.HashOf(key);
            int block = (int)((hash >> 32) * blocks >> 32);
            List<int> expected = [];
            for (int lane = 0; lane < 8; lane++)
                expected.Add(block * 256 + lane * 32 + (int)((((hash & uint.MaxValue) * salts[lane]) & uint.MaxValue) >> 27));
            Assert.That(memory.SetBits(), Is.EqualTo(expected), $"key {key:x}");
        }
    }

    [Test]
    public void HashesAreSplitMixs()
    {
        // First outputs of SplitMix64 from state 0, whose k-th is the finaliser of k times the golden gamma.
        Assert.That(SplitBlockBloomFilter.HashOf(0x9e3779b97f4a7c15), Is.EqualTo(0xe220a8397b1dcdaf));
        Assert.That(SplitBlockBloomFilter.HashOf(unchecked(2 * 0x9e3779b97f4a7c15)), Is.EqualTo(0x6e789e6aa1b965f4));
    }

    [Test]
    public void AllFormsOfAddingSetTheSameBits([ValueSource(nameof(Sizes))] uint blocks, [Values(0, 1, 31, 32, 33, 64, 1000)] int count)
    {
        ulong[] keys = Keys(count, 2);
        using var expected = new Memory(blocks);
        var scalar = new SplitBlockBloomFilter(expected.Words, blocks, exclusive: true, vectorBits: 64);
        foreach (ulong key in keys)
            scalar.Add(key);

        using var memory = new Memory(blocks);
        foreach (int width in Widths)
        {
            foreach (bool exclusive in new[] { true, false })
            {
                var filter = new SplitBlockBloomFilter(memory.Words, blocks, exclusive, width);
                memory.Span.Fill(ulong.MaxValue);
                filter.Clear();
                foreach (ulong key in keys)
                    filter.Add(key);
                Assert.That(memory.Equals(expected), Is.True, $"one by one, width {width}, exclusive {exclusive}");

                filter.Clear();
                filter.AddRange(keys);
                Assert.That(memory.Equals(expected), Is.True, $"at once, width {width}, exclusive {exclusive}");
            }
        }
    }

    [Test]
    public void AnswersInBatchesAreThoseOfSingleKeys([ValueSource(nameof(Widths))] int width, [ValueSource(nameof(Sizes))] uint blocks)
    {
        using var memory = new Memory(blocks);
        var filter = new SplitBlockBloomFilter(memory.Words, blocks, exclusive: true, vectorBits: width);
        filter.AddRange(Keys((int)blocks * 20, 3));
        ulong[] asked = [.. Keys(100, 3).Zip(Keys(100, 4)).SelectMany(p => new[] { p.First, p.Second })];
        for (int count = 0; count <= asked.Length; count++)
        {
            int words = (count + 63) / 64;
            ulong[] answers = new ulong[words + 1];
            answers.AsSpan().Fill(ulong.MaxValue);
            filter.MayContain(asked.AsSpan(0, count), answers);

            for (int i = 0; i < words * 64; i++)
            {
                bool expected = i < count && filter.MayContain(asked[i]);
                if ((answers[i / 64] >> (i & 63) & 1) != (expected ? 1u : 0u))
                    Assert.Fail($"{count} keys, answer {i}");
            }

            Assert.That(answers[words], Is.EqualTo(ulong.MaxValue), "beyond the last word of answers");
        }

        Assert.Throws<ArgumentException>(() => filter.MayContain(asked, new ulong[3]), "200 keys have 4 words of answers");
    }

    /// <summary>A million keys, four million absent ones: at 0.13 % the number that pass has a standard deviation of 1.4 %.</summary>
    [TestCase(8, 0.033)]
    [TestCase(10, 0.0126)]
    [TestCase(12, 0.0054)]
    [TestCase(16, 0.0013)]
    public void AbsentKeysPassAsOftenAsTheTheorySays(int bitsPerKey, double about)
    {
        const int Present = 1_000_000;
        const int Absent = 4_000_000;
        uint blocks = SplitBlockBloomFilter.BlocksFor(Present, bitsPerKey);
        using var memory = new Memory(blocks);
        var filter = new SplitBlockBloomFilter(memory.Words, blocks, exclusive: true);

        // Keys as a walk has them: neighbouring 8-byte entries of a page-table level, present in one half of memory, absent in the other.
        ulong[] keys = new ulong[Absent];
        for (int i = 0; i < Present; i++)
            keys[i] = 0xffff_8880_0000_0000 + (ulong)i * 8;
        filter.AddRange(keys.AsSpan(0, Present));
        Assert.That(Count(filter, keys.AsSpan(0, Present)), Is.EqualTo(Present), "no key that was added is denied");

        for (int i = 0; i < Absent; i++)
            keys[i] = 0xffff_c880_0000_0000 + (ulong)i * 8;
        double measured = (double)Count(filter, keys) / Absent;
        double theory = SplitBlockBloomFilter.TheoreticalFalsePositiveRate(Present, blocks);

        TestContext.Out.WriteLine($"{bitsPerKey} bits a key: {measured:P4} measured, {theory:P4} by theory, ratio {measured / theory:f3}");
        Assert.That(measured, Is.EqualTo(theory).Within(10).Percent);
        Assert.That(theory, Is.EqualTo(about).Within(10).Percent, "the figures of the class's comment");
    }

    [Test]
    public void TheTheoryIsTheSumOverAllLoads([Values(1, 30, 1000, 300_000)] long keys, [Values(1u, 10u, 1000u)] uint blocks)
    {
        // The same mixture, each Poisson weight from its logarithm.
        double mean = (double)keys / blocks;
        double sum = 0, logFactorial = 0;
        for (int k = 0; k < mean + 60 * Math.Sqrt(mean) + 100; k++)
        {
            logFactorial += k > 0 ? Math.Log(k) : 0;
            sum += Math.Exp(k * Math.Log(mean) - mean - logFactorial) * Math.Pow(1 - Math.Pow(31.0 / 32, k), 8);
        }

        Assert.That(SplitBlockBloomFilter.TheoreticalFalsePositiveRate(keys, blocks), Is.EqualTo(sum).Within(1e-4).Percent);
    }

    [Test]
    public void AnEmptyFilterPassesNothingAndAnOverfilledOneEverything()
    {
        Assert.That(SplitBlockBloomFilter.TheoreticalFalsePositiveRate(0, 5), Is.Zero);
        Assert.That(SplitBlockBloomFilter.TheoreticalFalsePositiveRate(10_000_000_000, 1), Is.EqualTo(1).Within(1e-9));
    }

    [TestCase(0, 12, 1u)]
    [TestCase(1, 12, 1u)]
    [TestCase(64, 8, 2u)]
    [TestCase(65, 8, 3u)]
    [TestCase(1000, 10.5, 42u)]
    public void BlocksAreRoundedUpToAtLeastOne(long keys, double bitsPerKey, uint blocks) =>
        Assert.That(SplitBlockBloomFilter.BlocksFor(keys, bitsPerKey), Is.EqualTo(blocks));

    [TestCase(-1, 12)]
    [TestCase(10, 0)]
    [TestCase(10, double.NaN)]
    [TestCase(long.MaxValue, 12)]
    public void SizesThatCannotBeAreRefused(long keys, double bitsPerKey) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SplitBlockBloomFilter.BlocksFor(keys, bitsPerKey));

    [Test]
    public void ASharedFilterIsNotWrittenForAKeyThatItHas([ValueSource(nameof(Widths))] int width)
    {
        using var memory = new GuardedMemory(4096);
        var filter = new SplitBlockBloomFilter((ulong*)memory.Start, 128, exclusive: false, vectorBits: width);
        ulong[] keys = Keys(100, 5);
        filter.AddRange(keys);
        memory.ForbidWrites();
        filter.AddRange(keys);
        foreach (ulong key in keys)
            filter.Add(key);
        memory.AllowWrites();
        Assert.That(Count(filter, keys), Is.EqualTo(keys.Length));
    }

    [Test]
    public void NothingBesideAFilterIsTouched([ValueSource(nameof(Widths))] int width)
    {
        // 128 blocks fill one page between two that cannot be read.
        using var memory = new GuardedMemory(4096);
        var filter = new SplitBlockBloomFilter((ulong*)memory.Start, 128, exclusive: true, vectorBits: width);
        filter.AddRange(Keys(5000, 6));
        Assert.That(Count(filter, Keys(5000, 6)), Is.EqualTo(5000));
        filter.Clear();
        Assert.That(Count(filter, Keys(5000, 6)), Is.Zero);
    }

    [Test]
    public void NoKeyIsLostByAddingFromSeveralThreads([ValueSource(nameof(Widths))] int width) =>
        Assert.That(LostByRacing(exclusive: false, width, rounds: 10), Is.Zero);

    /// <summary>The test above has power: plain stores from several threads are seen to lose bits.</summary>
    [Test]
    public void PlainStoresFromSeveralThreadsAreSeenToLoseBits() =>
        Assert.That(LostByRacing(exclusive: true, width: 256, rounds: 100), Is.Positive);

    /// <summary>
    /// Bits missing from the union of what two threads added, each key once; stops at the first round that lost some. Long
    /// enough for the two to run at the same time for a while, and small enough for them to meet on blocks.
    /// </summary>
    private static int LostByRacing(bool exclusive, int width, int rounds)
    {
        const uint Blocks = 40_000;
        const int Each = 500_000;
        using var memory = new Memory(Blocks);
        using var union = new Memory(Blocks);
        ulong[][] keys = [[.. Enumerable.Range(0, Each).Select(i => 2 * (ulong)i)], [.. Enumerable.Range(0, Each).Select(i => 2 * (ulong)i + 1)]];
        var expected = new SplitBlockBloomFilter(union.Words, Blocks, exclusive: true, vectorBits: 64);
        expected.AddRange(keys[0]);
        expected.AddRange(keys[1]);
        var filter = new SplitBlockBloomFilter(memory.Words, Blocks, exclusive, width);
        for (int round = 0; round < rounds; round++)
        {
            filter.Clear();
            using var gate = new Barrier(keys.Length);
            Thread[] threads = [.. keys.Select(mine => new Thread(() =>
            {
                gate.SignalAndWait();
                filter.AddRange(mine);
            }))];
            Array.ForEach(threads, t => t.Start());
            Array.ForEach(threads, t => t.Join());

            int lost = 0;
            for (int i = 0; i < Blocks * SplitBlockBloomFilter.BlockWords; i++)
                lost += BitOperations.PopCount(memory.Words[i] ^ union.Words[i]);
            if (lost > 0)
            {
                TestContext.Out.WriteLine($"round {round + 1}: {lost} bits lost");
                return lost;
            }
        }

        return 0;
    }

    private static int Count(SplitBlockBloomFilter filter, ReadOnlySpan<ulong> keys)
    {
        ulong[] answers = new ulong[(keys.Length + 63) / 64];
        filter.MayContain(keys, answers);
        return answers.Sum(BitOperations.PopCount);
    }

    private static ulong[] Keys(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
    }

    /// <summary>Memory of one filter.</summary>
    private sealed class Memory(uint blocks) : IDisposable
    {
        private readonly NativeBlock _block = new(blocks * SplitBlockBloomFilter.BlockWords * sizeof(ulong));

        public ulong* Words => (ulong*)_block.Pointer;

        public Span<ulong> Span => new(Words, (int)blocks * SplitBlockBloomFilter.BlockWords);

        public bool Equals(Memory other) => Span.SequenceEqual(other.Span);

        public List<int> SetBits()
        {
            List<int> bits = [];
            for (int bit = 0; bit < (int)blocks * SplitBlockBloomFilter.BlockBits; bit++)
            {
                if ((Words[bit / 64] >> (bit & 63) & 1) != 0)
                    bits.Add(bit);
            }

            return bits;
        }

        public void Dispose() => _block.Dispose();
    }
}
