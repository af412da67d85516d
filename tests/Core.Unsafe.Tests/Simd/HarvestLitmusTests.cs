using System.Numerics;
using System.Runtime.Intrinsics;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Tests.Simd;

/// <summary>
/// One thread sets bits with a locked OR and counts those that were clear; others take bits. At the end each bit must
/// have been taken exactly as often as it became set, save for the last time if it is still there. Runs on whatever
/// processor the suite runs on, usually x64; the claim is about single words and does not need its ordering.
/// </summary>
public unsafe class HarvestLitmusTests
{
    /// <summary>A chunk of four blocks, one line and three words: each path of the kernel.</summary>
    private const int Length = 256 + 8 + 3;

    private const int Bits = Length * 64;

    private delegate void Taking(ulong* words, ulong* harvested);

    [Test]
    public void NoSetIsLostByAHarvest([Values] VectorWidth width) =>
        NothingIsLost((words, harvested) => new AccessedBits(width, exclusive: false).Harvest(words, harvested, Length), harvesters: 1);

    [Test]
    public void NoSetIsLostByAMaskedHarvestBesideAWholeOne([Values] VectorWidth width)
    {
        using var block = new NativeBlock(Length * sizeof(ulong));
        ulong* mask = (ulong*)block.Pointer;
        for (int i = 0; i < Length; i++)
            mask[i] = 0x5555_5555_0000_FFFF;
        var bits = new AccessedBits(width, exclusive: false);
        int turn = 0;
        NothingIsLost(
            (words, harvested) =>
            {
                if ((Interlocked.Increment(ref turn) & 3) == 0)
                    bits.Harvest(words, harvested, Length);
                else
                    bits.HarvestMasked(words, mask, harvested, Length);
            },
            harvesters: 2);
    }

    [Test]
    public void NoSetIsLostByTakingRuns([Values] VectorWidth width)
    {
        // What a run's call returns is a number: bits become one by being looked at one page at a time.
        var bits = new AccessedBits(width, exclusive: false);
        NothingIsLost(
            (words, harvested) =>
            {
                new Span<ulong>(harvested, Length).Clear();
                for (uint slot = 0; slot < Bits; slot++)
                {
                    if (bits.HarvestRun(words, slot, 0) != 0)
                        harvested[slot / 64] |= 1UL << (int)(slot & 63);
                }
            },
            harvesters: 1);
    }

    [Test]
    public void NoSetIsLostFromTheTotalOfRunsOfAnyOrder([Values] VectorWidth width)
    {
        var bits = new AccessedBits(width, exclusive: false);
        using var race = new Race();
        long taken = 0;
        uint turn = 0;
        race.Run([() =>
        {
            turn = unchecked(turn * 5 + 1);
            for (int order = 0; order <= AccessedBits.MaxOrder; order++)
                taken += bits.HarvestRun(race.Words, (turn & 511) >> order << order, order);
        }]);

        Assert.That(taken, Is.Positive, "the harvester ran at the same time as the setter");
        Assert.That(taken + race.Left, Is.EqualTo(race.TimesSet.Sum(t => (long)t)));
    }

    /// <summary>The litmus has power: a harvest that stores zeroes over a vector that it has read loses bits.</summary>
    [Test]
    public void AVectorStoreAfterAVectorLoadIsSeenToLoseBits()
    {
        const int Rounds = 200;
        for (int round = 1; round <= Rounds; round++)
        {
            (long set, long taken) = Totals(StoreZeroes, harvesters: 1);
            Assert.That(taken, Is.LessThanOrEqualTo(set), "a bit cannot be taken more often than it became set");
            if (taken < set)
            {
                TestContext.Out.WriteLine($"round {round}: {set - taken} of {set} sets lost");
                return;
            }
        }

        Assert.Fail($"{Rounds} rounds lost nothing: this litmus cannot see what it looks for");

        static void StoreZeroes(ulong* words, ulong* harvested)
        {
            for (int i = 0; i < Length; i++)
                harvested[i] = 0;
            for (int i = 0; i + 8 <= Length; i += 8)
            {
                Vector512<ulong> line = Vector512.Load(words + i);
                if (line != Vector512<ulong>.Zero)
                    Vector512<ulong>.Zero.Store(words + i);
                line.Store(harvested + i);
            }
        }
    }

    private static void NothingIsLost(Taking take, int harvesters)
    {
        using var race = new Race();
        long[][] taken = race.Run(take, harvesters);
        for (int bit = 0; bit < Bits; bit++)
        {
            long times = taken.Sum(t => t[bit]);
            long left = (long)(race.Words[bit / 64] >> (bit & 63) & 1);
            Assert.That(times + left, Is.EqualTo(race.TimesSet[bit]), $"bit {bit}: taken {times} times, {left} left");
        }

        Assert.That(taken.Sum(t => t.Sum()), Is.Positive, "the harvesters ran at the same time as the setter");
    }

    private static (long Set, long Taken) Totals(Taking take, int harvesters)
    {
        using var race = new Race();
        long[][] taken = race.Run(take, harvesters);
        return (race.TimesSet.Sum(t => (long)t), taken.Sum(t => t.Sum()) + race.Left);
    }

    /// <summary>A bitmap, a setter on the calling thread, and harvesters that go on until the setter is done.</summary>
    private sealed class Race : IDisposable
    {
        /// <summary>The setter goes on for at least so many sets, and until every harvester made so many passes beside it.</summary>
        private const int Sets = 1_000_000;
        private const int Passes = 500;

        private readonly NativeBlock _block = new(Length * sizeof(ulong));
        private volatile bool _done;

        public ulong* Words => (ulong*)_block.Pointer;

        /// <summary>For each bit, how often the setter found it clear and set it.</summary>
        public int[] TimesSet { get; } = new int[Bits];

        public long Left => new AccessedBits(VectorWidth.Scalar, exclusive: true).Count(Words, Length);

        public long[][] Run(Taking take, int harvesters)
        {
            long[][] taken = [.. Enumerable.Range(0, harvesters).Select(_ => new long[Bits])];
            Run([.. taken.Select<long[], Action>(mine =>
            {
                ulong[] copy = new ulong[Length];
                return () =>
                {
                    fixed (ulong* harvested = copy)
                    {
                        take(Words, harvested);
                        for (int i = 0; i < copy.Length; i++)
                        {
                            for (ulong bits = harvested[i]; bits != 0; bits &= bits - 1)
                                mine[i * 64 + BitOperations.TrailingZeroCount(bits)]++;
                        }
                    }
                };
            })]);
            return taken;
        }

        public void Run(Action[] harvesters)
        {
            using var gate = new Barrier(harvesters.Length + 1);
            int[] passes = new int[harvesters.Length];
            Thread[] threads = [.. harvesters.Select((step, mine) => new Thread(() =>
            {
                gate.SignalAndWait();
                while (!_done)
                {
                    step();
                    Volatile.Write(ref passes[mine], passes[mine] + 1);
                }
            }))];
            foreach (Thread thread in threads)
                thread.Start();

            var random = new Random(17);
            gate.SignalAndWait();
            for (int i = 0; i < Sets || Fewest(passes) < Passes; i++)
            {
                int bit = random.Next(Bits);
                ulong one = 1UL << (bit & 63);
                if ((Interlocked.Or(ref Words[bit / 64], one) & one) == 0)
                    TimesSet[bit]++;
            }

            _done = true;
            foreach (Thread thread in threads)
                thread.Join();
        }

        private static int Fewest(int[] passes)
        {
            int fewest = int.MaxValue;
            foreach (ref int each in passes.AsSpan())
                fewest = Math.Min(fewest, Volatile.Read(ref each));
            return fewest;
        }

        public void Dispose() => _block.Dispose();
    }
}
