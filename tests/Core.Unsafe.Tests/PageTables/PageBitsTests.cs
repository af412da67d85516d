using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.PageTables;

/// <summary>Quick hits against ordinary ones: the same accesses leave the same bits and come to the same tally.</summary>
public unsafe class PageBitsTests
{
    private const int Pages = 1500;

    [TestCase(64)]
    [TestCase(512)]
    public void QuickHitsAndTheRestAreWhatOrdinaryAccessesAre(int vectorBits)
    {
        const int Seed = 20260101;
        var random = new Random(Seed);
        EngineOptions options = SmallMachine.Options(SmallMachine.Policy("mglru")) with { VectorBits = vectorBits };
        using var ordinary = new Engine(options);
        using var quick = new Engine(options);
        AddressSpace[] spaces = [ordinary.CreateAddressSpace("o", Pages), quick.CreateAddressSpace("q", Pages)];
        PageBits bits = quick.BitsOf(spaces[1]);
        AccessTally expected = default;
        AccessTally got = default;
        long quickly = 0;
        for (int step = 0; step < 3000; step++)
        {
            uint[] words = Batch(random);
            ordinary.Access(spaces[0], words, ref expected);
            fixed (uint* at = words)
            {
                int hits = bits.TryHits(at, words.Length);
                quickly += hits;
                got.Hits += hits;
                quick.Access(spaces[1], words.AsSpan(hits), ref got);
            }

            uint page = (uint)random.Next(Pages);
            bool write = random.Next(2) == 0;
            if (bits.TryHit(page, write))
                got.Hits++;
            else
                quick.Access(spaces[1], [page | (write ? Engine.WriteBit : 0)], ref got);
            ordinary.Access(spaces[0], [page | (write ? Engine.WriteBit : 0)], ref expected);

            if (step % 50 == 0)
            {
                var request = new ReclaimRequest(random.Next(1, 40));
                ordinary.Reclaim(request);
                quick.Reclaim(request);
            }

            Assert.That(got, Is.EqualTo(expected), $"step {step}, seed {Seed}");
            if (step % 20 == 0)
                Same(ordinary, spaces[0], quick, spaces[1], step);
        }

        Assert.That(quickly, Is.GreaterThan(10_000), "the quick way was taken");
        Assert.That(quick.Validate(), Is.Null);
    }

    [Test]
    public void ResidencyIsToldAsTheEngineTellsIt()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru")));
        AddressSpace space = engine.CreateAddressSpace("of the test", Pages);
        AccessTally tally = default;
        engine.Access(space, [3, 64, 65, 700], ref tally);
        PageBits bits = engine.BitsOf(space);
        for (ulong page = 0; page < Pages; page++)
        {
            Assert.That(bits.Look(page), Is.EqualTo(engine.IsResident(space, page) ? 1 : 0), $"page {page}");
        }

        Assert.That(bits.Look(Pages), Is.EqualTo(-1));
        Assert.That(bits.TryHit(Pages, false), Is.False);
        Assert.That(bits.TryHit(ulong.MaxValue, false), Is.False);
        Assert.That(bits.TryHit(5, true), Is.False, "it is not there");
        uint beyond = Pages - 1;
        Assert.That(bits.TryHits(&beyond, 1), Is.Zero);
    }

    [TestCase("lru", false, TestName = "NothingIsQuickUnderAPolicyThatSeesEveryAccess")]
    [TestCase("mglru", true, TestName = "NothingIsQuickInAnEngineForManyThreads")]
    public void NothingIsQuick(string policy, bool concurrent)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Concurrent = concurrent });
        AddressSpace space = engine.CreateAddressSpace("of the test", Pages);
        AccessTally tally = default;
        engine.Access(space, [3], ref tally);
        PageBits bits = engine.BitsOf(space);
        uint word = 3;
        Assert.That(bits.TryHits(&word, 1), Is.Zero);
        Assert.That(bits.TryHit(3, false), Is.False);
        Assert.That(bits.Look(3), Is.EqualTo(-1));
    }

    private static void Same(Engine ordinary, AddressSpace left, Engine quick, AddressSpace right, int step)
    {
        LeafTables a = ordinary.Machine.Tables;
        LeafTables b = quick.Machine.Tables;
        Assert.That(left.BaseSlot, Is.EqualTo(right.BaseSlot));
        for (uint word = left.BaseSlot / 64; word < (left.BaseSlot + Pages) / 64 + 1; word++)
        {
            Assert.That(b.Present[word], Is.EqualTo(a.Present[word]), $"present, word {word}, step {step}");
            Assert.That(b.Accessed[word], Is.EqualTo(a.Accessed[word]), $"accessed, word {word}, step {step}");
            Assert.That(b.Dirty[word], Is.EqualTo(a.Dirty[word]), $"dirty, word {word}, step {step}");
        }

        for (uint table = left.FirstTable; table < left.FirstTable + left.Tables; table++)
            Assert.That(b.TableYoung[table], Is.EqualTo(a.TableYoung[table]), $"young, table {table}, step {step}");
    }

    /// <summary>Runs of every length and start, some of them written, and pages at random.</summary>
    private static uint[] Batch(Random random)
    {
        int count = random.Next(1, 100);
        uint first = (uint)random.Next(Pages - 100);
        uint flag = random.Next(2) == 0 ? Engine.WriteBit : 0;
        bool run = random.Next(3) != 0;
        return [.. Enumerable.Range(0, count).Select(i => run ? first + (uint)i | flag : (uint)random.Next(Pages) | flag)];
    }
}
