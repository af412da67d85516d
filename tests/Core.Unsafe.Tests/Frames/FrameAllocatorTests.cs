using ReclaimNative.Frames;
using ReclaimNative.Memory;
using ReclaimNative.Tests.Concurrency;

namespace ReclaimNative.Tests.Frames;

public class FrameAllocatorTests
{
    /// <summary>First frame and count: whole blocks, less than one, odd at either end, over several groups of 64 blocks.</summary>
    private static readonly (uint First, uint Count)[] Nodes =
        [(0, 512), (0, 1), (100, 50), (513, 1000), (64, 448), (511, 2), (1536, 4096), (37, 40_000), ((1 << 20) - 3, 70_001)];

    private static readonly int[] Orders = [.. Enumerable.Range(0, FrameAllocator.MaxOrder + 1)];

    public static IEnumerable<TestCaseData> NodeCases => Nodes.Select(n => new TestCaseData(n.First, n.Count));

    public static IEnumerable<TestCaseData> SeededNodes =>
        from node in Nodes from seed in (int[])[1, 2] from concurrent in (bool[])[false, true] select new TestCaseData(node.First, node.Count, seed, concurrent);

    /// <summary>Random takes and returns of every order beside a model that looks at every frame.</summary>
    [TestCaseSource(nameof(SeededNodes))]
    public void ItAgreesWithAModelThatLooksAtEveryFrame(uint first, uint count, int seed, bool concurrent)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, first, count, concurrent);
        var model = new Model(first, count);
        var random = new Random(seed);
        uint[] buffer = new uint[200];
        int steps = count > 10_000 ? 300 : 1500;
        for (int step = 0; step < steps; step++)
        {
            string where = $"node [{first}, +{count}), seed {seed}, step {step}";
            // Phases of filling and emptying, so that both ends are reached.
            bool fills = random.Next(100) < (step / 100 % 2 == 0 ? 80 : 30);
            switch (fills, random.Next(3))
            {
                case (true, 0):
                    int asked = random.Next(buffer.Length);
                    int got = allocator.Take(buffer.AsSpan(0, asked));
                    Assert.That(got, Is.EqualTo(Math.Min(asked, model.Free)), where);
                    foreach (uint pfn in buffer.AsSpan(0, got))
                        Assert.That(model.TryTake(pfn, 0), Is.True, $"{where}: frame {pfn}");
                    break;
                case (true, _):
                    int order = random.Next(count > 10_000 ? 7 : 0, FrameAllocator.MaxOrder + 1);
                    order = random.Next(3) == 0 ? 0 : order;
                    bool taken = allocator.TryTake(order, out uint start);
                    Assert.That(taken, Is.EqualTo(model.HasRun(order)), $"{where}: order {order}");
                    Assert.That(taken ? model.TryTake(start, order) : start == FrameTable.NoFrame, Is.True, $"{where}: frame {start}, order {order}");
                    break;
                case (false, 0):
                    uint[] singles = model.Give(random, buffer.Length);
                    Assert.That(allocator.Return(singles), Is.EqualTo(singles.Length), where);
                    break;
                default:
                    if (model.TryGive(random, out uint back, out int backOrder))
                        Assert.That(allocator.Return(back, backOrder), Is.True, $"{where}: frame {back}, order {backOrder}");
                    break;
            }

            Assert.That(allocator.Free, Is.EqualTo((uint)model.Free), where);
            if (step % 25 == 0)
            {
                Assert.That(allocator.FindProblem(), Is.Null, where);
                for (uint pfn = first; pfn < first + count; pfn++)
                {
                    if (allocator.IsFree(pfn) != model.IsFree(pfn))
                        Assert.Fail($"{where}: frame {pfn}");
                }
            }
        }
    }

    [TestCaseSource(nameof(NodeCases))]
    public void AFreshNodeHandsOutItsFramesInOrder(uint first, uint count)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, first, count, concurrent: false);

        for (uint i = 0; i < count; i++)
        {
            bool taken = allocator.TryTake(0, out uint pfn);
            if (!taken || pfn != first + i)
                Assert.Fail($"frame {i} is {pfn}");
        }

        Assert.That(allocator.IsFree(unchecked(first - 1)) || allocator.IsFree(first + count), Is.False, "nobody's frames are not free");
        Assert.That(allocator.TryTake(0, out uint none), Is.False);
        Assert.That(none, Is.EqualTo(FrameTable.NoFrame));
        Assert.That(allocator.Free, Is.Zero);
    }

    [Test]
    public void ABatchFromAFreshNodeIsInOrderToo()
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 1000, 3000, concurrent: true);
        uint[] frames = new uint[3001];

        Assert.That(allocator.Take(frames.AsSpan(0, 70)), Is.EqualTo(70));
        Assert.That(allocator.Take(frames.AsSpan(70)), Is.EqualTo(2930));
        Assert.That(frames.Take(3000), Is.EqualTo(Enumerable.Range(1000, 3000).Select(i => (uint)i)));
        Assert.That(allocator.Take(frames), Is.Zero);
    }

    [TestCaseSource(nameof(NodeCases))]
    public void EveryAlignedRunOfAnOrderIsHandedOutOnceAndNoMore(uint first, uint count)
    {
        foreach (int order in Orders)
        {
            using var store = new ColumnStore();
            var allocator = new FrameAllocator(store, first, count, concurrent: true);
            uint frames = 1u << order;
            uint firstRun = (first + frames - 1) & ~(frames - 1);
            uint runs = firstRun < first + count ? (first + count - firstRun) / frames : 0;
            HashSet<uint> starts = [];
            while (allocator.TryTake(order, out uint pfn))
            {
                Assert.That(pfn % frames, Is.Zero, $"order {order}");
                Assert.That(pfn >= first && pfn + frames <= first + count, Is.True, $"order {order}, frame {pfn}");
                starts.Add(pfn);
                if (starts.Count > runs)
                    break;
            }

            Assert.That(starts, Has.Count.EqualTo(runs), $"order {order}");
            Assert.That(allocator.Free, Is.EqualTo(count - runs * frames), $"order {order}");
            Assert.That(allocator.FindProblem(), Is.Null, $"order {order}");
            foreach (uint pfn in starts)
                Assert.That(allocator.Return(pfn, order), Is.True, $"order {order}");
            Assert.That(allocator.Free, Is.EqualTo(count), $"order {order}");
        }
    }

    /// <summary>One frame in use in each run of an order: none of that order is left, each half is one of the order below.</summary>
    [Test]
    public void OneFrameInUseSpoilsItsRunAndNoOther([Range(1, FrameAllocator.MaxOrder)] int order)
    {
        const uint Count = 70 * FrameAllocator.BlockFrames;
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 512, Count, concurrent: false);
        var random = new Random(order);
        uint frames = 1u << order;
        while (allocator.TryTake(0, out _))
        {
        }

        HashSet<uint> spoilers = [];
        for (uint run = 512; run < 512 + Count; run += frames)
        {
            uint spoiler = run + (uint)random.Next((int)frames);
            spoilers.Add(spoiler);
            for (uint pfn = run; pfn < run + frames; pfn++)
            {
                if (pfn != spoiler)
                    allocator.Return(pfn, 0);
            }
        }

        for (int i = 0; i < 2; i++)
            Assert.That(allocator.TryTake(order, out _), Is.False);
        uint halves = 0;
        while (allocator.TryTake(order - 1, out uint half))
        {
            for (uint pfn = half; pfn < half + frames / 2; pfn++)
                Assert.That(spoilers.Contains(pfn), Is.False, $"frame {pfn} is in use");
            halves++;
        }

        Assert.That(halves, Is.EqualTo(Count / frames));
        Assert.That(allocator.FindProblem(), Is.Null);
    }

    [Test]
    public void TheLastFrameBackIsTheNextOut()
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, 1 << 20, concurrent: false);
        allocator.Take(new uint[1 << 20]);

        uint[] returned = [77, 900_000, 3, 500_000];
        foreach (uint pfn in returned)
            allocator.Return(pfn, 0);
        uint[] taken = new uint[4];
        for (int i = 0; i < 4; i++)
            allocator.TryTake(0, out taken[i]);

        Assert.That(taken, Is.EqualTo(returned.Reverse()));
    }

    /// <summary>
    /// More comes back than is remembered: a batch of the newest first, newest to oldest, the rest from the bottom up.
    /// </summary>
    [Test]
    public void BeyondWhatIsRememberedTheLowestGoesOutFirst([Values(127, 300, 1000)] int words)
    {
        const uint Count = 100_000;
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, Count, concurrent: false);
        allocator.Take(new uint[Count]);
        uint[] ascending = [.. Enumerable.Range(1, words).Select(w => (uint)w * 64 + 5)];
        uint[] descending = [.. ascending.Reverse()];
        uint[] taken = new uint[words];

        foreach (uint pfn in ascending)
            allocator.Return(pfn, 0);
        for (int i = 0; i < words; i++)
            allocator.TryTake(0, out taken[i]);
        int remembered = taken.Zip(descending).TakeWhile(p => p.First == p.Second).Count();
        Assert.That(remembered, Is.InRange(63, 126));
        Assert.That(taken.Skip(remembered), Is.EqualTo(ascending.Take(words - remembered)));

        foreach (uint pfn in descending)
            allocator.Return(pfn, 0);
        for (int i = 0; i < words; i++)
            allocator.TryTake(0, out taken[i]);
        Assert.That(taken, Is.EqualTo(ascending), "newest first and lowest first are the same here");
    }

    /// <summary>Two blocks side by side, the lower one later, and then so much that neither is remembered.</summary>
    [Test]
    public void TheLowestBlockIsNotPassedOver()
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, 100_000, concurrent: false);
        allocator.Take(new uint[100_000]);
        allocator.Return(5 * 512, 0);
        allocator.Return(4 * 512, 0);
        for (uint word = 1000; word < 1200; word++)
            allocator.Return(word * 64, 0);

        uint[] taken = new uint[202];
        for (int i = 0; i < taken.Length; i++)
            allocator.TryTake(0, out taken[i]);
        int lowest = taken.AsSpan().IndexOf(4u * 512);
        Assert.That(lowest, Is.InRange(63, 126));
        Assert.That(taken[lowest + 1], Is.EqualTo(5 * 512));
        Assert.That(taken[lowest + 2], Is.EqualTo(1000 * 64));
    }

    /// <summary>What one thread returns below the place where another searches, the other finds.</summary>
    [Test]
    public void AnotherThreadFindsWhatCameBackBelowItsPlace([Values(0, 3, 7)] int order)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, 64 * 512, concurrent: true);
        bool found = false;
        uint pfn = 0;
        Race.Run(1, _ =>
        {
            while (allocator.TryTake(0, out uint _))
            {
            }

            // This thread's place is the last block now. A look in vain there, with credit for it, says nothing of the others.
            for (uint single = 63 * 512; order > 0 && single < 64 * 512; single += 2)
                allocator.Return(single, 0);
            Assert.That(allocator.TryTake(order, out pfn), Is.False);

            var returner = new Thread(() => allocator.Return(3 * 512, order));
            returner.Start();
            returner.Join();
            found = allocator.TryTake(order, out pfn);
        });

        Assert.That(found, Is.True);
        Assert.That(pfn, Is.EqualTo(3 * 512));
        Assert.That(allocator.FindProblem(), Is.Null);
    }

    /// <summary>A search that stopped between raising a lack and looking again leaves this behind.</summary>
    [Test]
    public unsafe void ASingleFrameIsFoundPastASummaryThatHidesIt([Values] bool concurrent)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, 3 * 512, concurrent);
        new Span<byte>(BytesOf(store, "node.block_lack"), 3).Fill(10);
        *BytesOf(store, "node.group_lack") = 10;

        Assert.That(allocator.TryTake(0, out uint pfn), Is.True);
        Assert.That(pfn, Is.Zero);
        Assert.That(allocator.Free, Is.EqualTo(3 * 512 - 1));
    }

    [Test]
    public void AnOrderIsRefusedOnlyWhileThereIsNoRunOfIt([Values] bool concurrent)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, 66 * 512, concurrent);
        allocator.Take(new uint[66 * 512]);
        foreach (int order in Orders)
        {
            // Scattered frames make the credit large enough; two looks in vain raise blocks, then groups.
            for (uint pfn = 0; pfn < 65 * 512; pfn += 2)
                allocator.Return(pfn, 0);
            for (int i = 0; i < 3 && order > 0; i++)
                Assert.That(allocator.TryTake(order, out _), Is.False, $"order {order}");
            allocator.Return(65 * 512, order);
            Assert.That(allocator.TryTake(order, out uint pfnBack), Is.True, $"order {order}");
            Assert.That(order == 0 || pfnBack == 65 * 512, Is.True, $"order {order}");
            allocator.Return(pfnBack, order);
            allocator.Take(new uint[66 * 512]);
            Assert.That(allocator.FindProblem(), Is.Null, $"order {order}");
        }
    }

    [TestCaseSource(nameof(Orders))]
    public void AFrameThatIsFreeIsNotTakenBack(int order)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 512, 4096, concurrent: true);
        allocator.TryTake(order, out uint pfn);

        Assert.That(allocator.Return(pfn, order), Is.True);
        Assert.That(allocator.Return(pfn, order), Is.False, "twice");
        Assert.That(allocator.Return(4096, order), Is.False, "never taken");
        allocator.TryTake(order, out pfn);
        allocator.Return(pfn + (1u << order) - 1, 0);
        Assert.That(allocator.Return(pfn, order), Is.False, "its last frame is free");
        Assert.That(allocator.Free, Is.EqualTo(4096 - (1u << order) + 1));
        Assert.That(allocator.FindProblem(), Is.Null);
    }

    [Test]
    public void WhatIsNotARunOfTheNodeIsNotTakenBack()
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 100, 1000, concurrent: false);
        allocator.Take(new uint[1000]);

        Assert.That(allocator.Return(99, 0), Is.False);
        Assert.That(allocator.Return(1100, 0), Is.False);
        Assert.That(allocator.Return(0, 0), Is.False);
        Assert.That(allocator.Return(FrameTable.NoFrame, 0), Is.False);
        Assert.That(allocator.Return(96, 3), Is.False, "begins outside");
        Assert.That(allocator.Return(1096, 3), Is.False, "ends outside");
        Assert.That(allocator.Return(129, 1), Is.False, "not aligned");
        Assert.That(allocator.Return(512, 10), Is.False, "no such order");
        Assert.That(allocator.Return(512, -1), Is.False, "no such order");
        Assert.That(allocator.IsFree(99) || allocator.IsFree(1100) || allocator.IsFree(FrameTable.NoFrame), Is.False);
        Assert.That(allocator.Free, Is.Zero);
        Assert.That(allocator.Return(512, 9), Is.True);
    }

    [Test]
    public void ABatchTakesBackWhatItCanAndCountsIt()
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 100, 1000, concurrent: true);
        allocator.Take(new uint[1000]);
        allocator.Return(130, 0);

        // 130 is free, 131 comes twice, 99 and 1100 belong to another node.
        Assert.That(allocator.Return([129, 130, 131, 131, 99, 132, 500, 1100, 501]), Is.EqualTo(5));
        Assert.That(allocator.Free, Is.EqualTo(6));
        Assert.That(Enumerable.Range(0, 1200).Where(i => allocator.IsFree((uint)i)), Is.EqualTo((int[])[129, 130, 131, 132, 500, 501]));
        Assert.That(allocator.FindProblem(), Is.Null);
        Assert.That(allocator.Return([]), Is.Zero);
    }

    [Test]
    public unsafe void ABrokenSummaryOrCreditIsFound()
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 100, 1000, concurrent: false);
        Assert.That(allocator.FindProblem(), Is.Null);

        byte* blockLack = BytesOf(store, "node.block_lack");
        blockLack[1] = 1;
        Assert.That(allocator.FindProblem(), Does.Contain("frame 512").And.Contain("order 9"));
        blockLack[1] = 0;
        byte* groupLack = BytesOf(store, "node.group_lack");
        *groupLack = 10;
        Assert.That(allocator.FindProblem(), Does.Contain("hides"));
        *groupLack = 0;
        BytesOf(store, "node.used")[64] ^= 1;
        Assert.That(allocator.FindProblem(), Does.Contain("999 frames are free and 1000"));
    }

    [Test]
    public void AFrameCostsAnEighthOfAByteAndLittleMore([Values] bool concurrent)
    {
        using var store = new ColumnStore();
        _ = new FrameAllocator(store, 0, 1 << 26, concurrent);
        double bytes = store.Costs.Sum(c => (double)c.ElementBytes * c.Count);

        Assert.That(bytes / (1 << 26), Is.InRange(0.125, 0.1275));
        Assert.That(store.Costs.Select(c => c.Name), Has.All.StartWith("node."));
    }

    /// <summary>2^31 frames, the last block cut short: built and used without backing what is not used.</summary>
    [Test]
    public void TheLargestNodeIsBackedOnlyWhereItIsUsed()
    {
        using var store = new ColumnStore();
        const uint First = 1u << 30;
        const uint Count = (1u << 31) - 100;
        var allocator = new FrameAllocator(store, First, Count, concurrent: false);
        for (uint i = 0; i < 100_000; i++)
            allocator.TryTake(0, out _);
        Assert.That(allocator.TryTake(9, out uint run), Is.True);

        Assert.That(run, Is.EqualTo(First + 100_352), "the first whole block after 100 000 frames");
        Assert.That(allocator.Free, Is.EqualTo(Count - 100_512));
        Assert.That(allocator.IsFree(First + Count - 1), Is.True);
        Assert.That(allocator.IsFree(First + Count), Is.False);
        Assert.That(store.ResidentBytes(), Is.LessThanOrEqualTo(5UL * (2 << 20)), "one huge page a column at most, one more at the end of the bits");
    }

    [Test]
    public void TakingAndReturningAllocateNothing([Values] bool concurrent)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, 5000, concurrent);
        uint[] buffer = new uint[32];
        Use(allocator, buffer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Use(allocator, buffer);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        static void Use(FrameAllocator allocator, uint[] buffer)
        {
            for (int i = 0; i < 100; i++)
            {
                int order = i % 10;
                if (allocator.TryTake(order, out uint pfn))
                    allocator.Return(pfn, order);
                int taken = allocator.Take(buffer);
                allocator.Return(buffer.AsSpan(0, taken));
            }
        }
    }

    private static unsafe byte* BytesOf(ColumnStore store, string name) =>
        store.BytesOf(store.Costs.Select(c => c.Name).ToList().IndexOf(name)).Pointer;

    /// <summary>Which frames are in use, and how they were taken.</summary>
    private sealed class Model(uint first, uint count)
    {
        private readonly HashSet<uint> _used = [];
        private readonly List<(uint Pfn, int Order)> _held = [];

        public int Free => (int)count - _used.Count;

        public bool IsFree(uint pfn) => !_used.Contains(pfn);

        public bool HasRun(int order)
        {
            uint frames = 1u << order;
            for (uint run = (first + frames - 1) & ~(frames - 1); run + frames <= first + count; run += frames)
            {
                if (IsFreeRun(run, frames))
                    return true;
            }

            return false;
        }

        public bool TryTake(uint pfn, int order)
        {
            uint frames = 1u << order;
            if (pfn < first || pfn + frames > first + count || pfn % frames != 0 || !IsFreeRun(pfn, frames))
                return false;
            for (uint i = 0; i < frames; i++)
                _used.Add(pfn + i);
            _held.Add((pfn, order));
            return true;
        }

        /// <summary>Something held, now and then only one half of it.</summary>
        public bool TryGive(Random random, out uint pfn, out int order)
        {
            (pfn, order) = (0, 0);
            if (_held.Count == 0)
                return false;
            int at = random.Next(_held.Count);
            (pfn, order) = _held[at];
            _held[at] = _held[^1];
            _held.RemoveAt(_held.Count - 1);
            while (order > 0 && random.Next(4) == 0)
            {
                order--;
                _held.Add((pfn + (1u << order), order));
            }

            for (uint i = 0; i < 1u << order; i++)
                _used.Remove(pfn + i);
            return true;
        }

        /// <summary>Up to so many frames that were taken one by one, in the order of their being taken, mostly.</summary>
        public uint[] Give(Random random, int most)
        {
            uint[] given = [.. _held.Where(h => h.Order == 0 && random.Next(3) > 0).Select(h => h.Pfn).Take(most)];
            _held.RemoveAll(h => h.Order == 0 && given.AsSpan().Contains(h.Pfn));
            _used.ExceptWith(given);
            return given;
        }

        private bool IsFreeRun(uint run, uint frames)
        {
            for (uint i = 0; i < frames; i++)
            {
                if (_used.Contains(run + i))
                    return false;
            }

            return true;
        }
    }
}
