using ReclaimNative.Frames;
using ReclaimNative.Memory;
using ReclaimNative.Tests.Concurrency;

namespace ReclaimNative.Tests.Frames;

/// <summary>The allocator under several threads: no frame is handed out twice, none is lost, none is hidden.</summary>
public class FrameAllocatorSoakTests
{
    private const int Threads = 4;

    /// <summary>
    /// Random orders and batches from four threads, with a quiet point now and then at which much is held: every frame
    /// has one owner, what is free and what is held make the node, and no free run is hidden by the summary.
    /// </summary>
    [TestCase(37u, 2500u, 30, 2000)]
    [TestCase(512u, 512u, 30, 2000)]
    [TestCase(1000u, 90_000u, 10, 2000)]
    public void EveryFrameHasOneOwner(uint first, uint count, int rounds, int steps)
    {
        using var run = new Run(first, count, concurrent: true);
        for (int round = 0; round < rounds; round++)
        {
            Race.Run(Threads, id => run.Use(id, round, steps));
            Assert.That(run.Wrong, Is.Null, $"round {round}");
            Assert.That(run.Allocator.Free + run.Held, Is.EqualTo(count), $"round {round}");
            Assert.That(run.Allocator.FindProblem(), Is.Null, $"round {round}");
        }

        run.ReturnAll();
        Assert.That(run.Wrong, Is.Null);
        Assert.That(run.Allocator.Free, Is.EqualTo(count));
    }

    [Test]
    public void WithPlainOperationsFramesHaveTwoOwners() => Race.MustGoWrong(() =>
    {
        using var run = new Run(37, 2500, concurrent: false);
        Race.Run(Threads, id =>
        {
            try
            {
                run.Use(id, 1, 2000);
            }
            catch (Exception e)
            {
                run.Report(e.Message); // a debug build asserts before anything else is noticed
            }
        });
        return run.Wrong is not null || run.Allocator.Free + run.Held != 2500;
    });

    /// <summary>
    /// As many frames as the threads hold at most, together. A frame that was returned is there for the next taker at
    /// once, so no take of one frame may ever fail.
    /// </summary>
    [Test]
    public void ATakeOfOneFrameFailsOnlyWhenAllAreTaken([Values(1u, 16u, 700u)] uint each)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 100, Threads * each, concurrent: true);
        int refused = 0;
        int beyond = 0;
        Race.Run(Threads, id =>
        {
            var random = new Random(id);
            uint[] held = new uint[each];
            int count = 0;
            for (int step = 0; step < 40_000; step++)
            {
                if (count < held.Length && random.Next(2) == 0)
                {
                    if (allocator.TryTake(0, out held[count]))
                        count++;
                    else
                        Interlocked.Increment(ref refused);
                }
                else if (count > 0)
                {
                    int at = random.Next(count);
                    if (!allocator.Return(held[at], 0))
                        Interlocked.Increment(ref refused);
                    held[at] = held[--count];
                }

                if (allocator.Free > Threads * each)
                    Interlocked.Increment(ref beyond);
            }

            if (allocator.Return(held.AsSpan(0, count)) != count)
                Interlocked.Increment(ref refused);
        });

        Assert.That(refused, Is.Zero);
        Assert.That(beyond, Is.Zero, "more were free than there are");
        Assert.That(allocator.Free, Is.EqualTo(Threads * each));
    }

    /// <summary>Whole words from both ends of two blocks, so that runs meet half way and are put back.</summary>
    [Test]
    public void RunsOfWholeWordsHaveOneOwner()
    {
        using var run = new Run(512, 1024, concurrent: true);
        for (int round = 0; round < 10; round++)
        {
            Race.Run(2, id =>
            {
                var random = new Random(2 * round + id);
                for (int step = 0; step < 20_000 && run.Wrong is null; step++)
                    run.TakeAndReturn(id, random.Next(6, FrameAllocator.MaxOrder + 1));
            });
            Assert.That(run.Wrong, Is.Null, $"round {round}");
            Assert.That(run.Allocator.FindProblem(), Is.Null, $"round {round}");
            Assert.That(run.Allocator.Free, Is.EqualTo(1024), $"round {round}");
        }
    }

    /// <summary>
    /// Litmus of the summary: one thread returns a frame that completes a pair, another looks for a pair all the time.
    /// Forbidden: a look in vain that begins after the return has ended.
    /// </summary>
    [Test]
    public void AReturnIsNotHiddenByALookInVain() => Assert.That(HiddenPairs(30_000, concurrent: true), Is.Zero);

    [Test]
    public void WithPlainOperationsAReturnIsHidden() => Race.MustGoWrong(() => HiddenPairs(30_000, concurrent: false) > 0);

    /// <summary>Pairs that were hidden: 0 or, because it ends there, 1.</summary>
    private static int HiddenPairs(int rounds, bool concurrent)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 0, 512, concurrent);
        allocator.Take(new uint[512]);
        // Frame 0 waits for its neighbour; the others have none, and are there for credit and to lower the summary with.
        allocator.Return(0, 0);
        for (uint pfn = 256; pfn < 512; pfn += 2)
            allocator.Return(pfn, 0);
        int hidden = 0;
        int returned = 0;
        int found = 0;
        Race.Run(2, id =>
        {
            if (id == 0)
            {
                for (int round = 1; round <= rounds; round++)
                {
                    SpinWait spin = default;
                    while (Volatile.Read(ref found) != round - 1 && Volatile.Read(ref hidden) == 0)
                        spin.SpinOnce(sleep1Threshold: -1);
                    Thread.SpinWait(round % 8);
                    allocator.Return(1, 0);
                    Volatile.Write(ref returned, round);
                }

                return;
            }

            while (found < rounds && hidden == 0)
            {
                // A return lowers the summary, the first look in vain raises the block, the next the group.
                allocator.TryTake(0, out uint single);
                allocator.Return(single, 0);
                for (int look = 0; look < 2; look++)
                {
                    bool isThere = Volatile.Read(ref returned) == found + 1;
                    if (allocator.TryTake(1, out uint pair))
                    {
                        allocator.TryTake(0, out single);
                        allocator.Return(pair, 0);   // frame 0 alone
                        allocator.Return(single, 0); // and the next single comes from this one's word
                        Volatile.Write(ref found, found + 1);
                        break;
                    }

                    if (isThere)
                        Volatile.Write(ref hidden, 1);
                }
            }
        });
        return hidden;
    }

    /// <summary>An allocator, who owns each of its frames, and what each thread holds.</summary>
    private sealed class Run : IDisposable
    {
        private readonly ColumnStore _store = new();
        private readonly int[] _owner;
        private readonly List<(uint Pfn, int Order)>[] _held = [.. Enumerable.Range(0, Threads).Select(_ => new List<(uint, int)>())];
        private readonly uint _first;
        private readonly uint _count;
        private string? _wrong;

        public Run(uint first, uint count, bool concurrent)
        {
            (_first, _count) = (first, count);
            _owner = new int[count];
            Allocator = new FrameAllocator(_store, first, count, concurrent);
        }

        public FrameAllocator Allocator { get; }

        public string? Wrong => _wrong;

        public uint Held => (uint)_held.Sum(h => h.Sum(r => 1L << r.Order));

        public void Use(int id, int round, int steps)
        {
            var random = new Random(round * Threads + id);
            List<(uint Pfn, int Order)> held = _held[id];
            uint[] buffer = new uint[40];
            for (int step = 0; step < steps && Volatile.Read(ref _wrong) is null; step++)
            {
                int choice = random.Next(8);
                if (choice < 3)
                {
                    int order = choice == 0 ? random.Next(FrameAllocator.MaxOrder + 1) : random.Next(4);
                    if (Allocator.TryTake(order, out uint pfn))
                        Own(id, pfn, order);
                }
                else if (choice == 3)
                {
                    int taken = Allocator.Take(buffer.AsSpan(0, random.Next(buffer.Length)));
                    foreach (uint pfn in buffer.AsSpan(0, taken))
                        Own(id, pfn, 0);
                }
                else if (choice == 4)
                {
                    int count = 0;
                    for (int i = held.Count - 1; i >= 0 && count < buffer.Length; i--)
                    {
                        if (held[i].Order != 0)
                            continue;
                        buffer[count++] = held[i].Pfn;
                        Disown(id, held[i].Pfn, 0);
                        held.RemoveAt(i);
                    }

                    if (Allocator.Return(buffer.AsSpan(0, count)) != count)
                        Report("a batch was not taken back whole");
                }
                else if (held.Count > 0)
                {
                    int at = random.Next(held.Count);
                    (uint pfn, int order) = held[at];
                    held[at] = held[^1];
                    held.RemoveAt(held.Count - 1);
                    Disown(id, pfn, order);
                    if (!Allocator.Return(pfn, order))
                        Report($"frame {pfn} of order {order} was not taken back");
                }
            }
        }

        public void TakeAndReturn(int id, int order)
        {
            if (!Allocator.TryTake(order, out uint pfn))
                return;
            Own(id, pfn, order);
            _held[id].Clear();
            Disown(id, pfn, order);
            if (!Allocator.Return(pfn, order))
                Report($"frame {pfn} of order {order} was not taken back");
        }

        public void ReturnAll()
        {
            foreach ((uint pfn, int order) in _held.SelectMany(h => h))
            {
                if (!Allocator.Return(pfn, order))
                    Report($"frame {pfn} of order {order} was not taken back");
            }
        }

        public void Report(string problem) => Interlocked.CompareExchange(ref _wrong, problem, null);

        public void Dispose() => _store.Dispose();

        private void Own(int id, uint pfn, int order)
        {
            _held[id].Add((pfn, order));
            for (uint i = 0; i < 1u << order; i++)
            {
                uint at = unchecked(pfn + i - _first);
                if (at >= _count || pfn % (1u << order) != 0)
                    Report($"frame {pfn} of order {order} is not a run of the node");
                else if (Interlocked.CompareExchange(ref _owner[at], id + 1, 0) is int other and not 0)
                    Report($"frame {pfn + i} is handed out to thread {id} and belongs to {other - 1}");
            }
        }

        private void Disown(int id, uint pfn, int order)
        {
            for (uint i = 0; i < 1u << order; i++)
            {
                if (Interlocked.Exchange(ref _owner[pfn + i - _first], 0) != id + 1)
                    Report($"frame {pfn + i} was lost to another thread");
            }
        }
    }
}
