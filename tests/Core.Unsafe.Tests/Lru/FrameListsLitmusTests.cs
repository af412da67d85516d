using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Memory;
using ReclaimNative.Simd;
using ReclaimNative.Tests.Concurrency;

namespace ReclaimNative.Tests.Lru;

/// <summary>
/// Threads that take frames off the same lists, hold them, move them and put them back. Forbidden: a frame that two of
/// them hold, one that is on two lists or on none, and a list that counts other than it holds. Runs on whatever processor
/// the suite runs on; on x64 only the reordering of a store with a later load can show.
/// </summary>
[NonParallelizable]
public unsafe class FrameListsLitmusTests
{
    private const int Threads = 3;

    [TestCase(40, 2)]
    [TestCase(1000, 2)]
    [TestCase(1000, 7)]
    [TestCase(5000, 8)]
    public void EveryFrameIsOnOneListOrHeldByOneThread(int frames, int seed)
    {
        foreach (ListOrder order in Enum.GetValues<ListOrder>())
            Assert.That(Traffic.Problem(frames, seed, order, rounds: 60_000), Is.Null, $"{order}, seed {seed}");
    }

    [Test]
    public void AFrameIsClaimedByOneThread([Values] ListOrder order) =>
        Assert.That(DoubleClaims(order, weak: false, rounds: 300_000), Is.Zero);

    /// <summary>
    /// The claim of two steps, a load and a store, is that of an engine for one thread. It is tried without lists, where two
    /// that hold one frame would write anywhere.
    /// </summary>
    [Test]
    public void AClaimOfTwoStepsIsSeenToGoWrong([Values] ListOrder order) =>
        Race.MustGoWrong(() => DoubleClaims(order, weak: true, rounds: 20_000) > 0);

    /// <summary>A claim that changes flags and nothing else leaves the frame where every sweep finds it.</summary>
    [Test]
    public void AFrameThatIsClaimedForAMomentIsNotHidden([Values] ListOrder order, [Values] bool moves)
    {
        const uint Pfn = 700;
        for (int attempt = 0; attempt < 20; attempt++)
        {
            using var machine = new ListMachine(1024, 1, 8, concurrent: true, order);
            ListsOf lruvec = machine.Lruvec(0);
            machine.Renew(Pfn, FolioType.File, 0);
            machine.Lists.AddHead(lruvec, 1, Pfn);
            machine.Lists.Drain();
            bool done = false;
            Race.Run(2, thread =>
            {
                if (thread == 0)
                {
                    for (int round = 0; round < 30_000; round++)
                    {
                        FolioFlags flags = machine.Frames.Flags(Pfn);
                        machine.Lists.TryChange(lruvec, Pfn, flags, FolioFlags.Referenced, round % 2 == 0 ? FolioFlags.Referenced : FolioFlags.None);
                        if (moves)
                            machine.Lists.TryMove(lruvec, 1, Pfn, toHead: true);
                    }

                    Volatile.Write(ref done, true);
                    return;
                }

                ref int token = ref machine.TokenOf(0);
                while (!Volatile.Read(ref done))
                {
                    if (Interlocked.CompareExchange(ref token, Environment.CurrentManagedThreadId, 0) != 0)
                        continue;
                    uint found = machine.Lists.Tail(lruvec, 1);
                    Volatile.Write(ref token, 0);
                    if (found is not (Pfn or FrameTable.NoFrame))
                        throw new InvalidOperationException($"the list holds frame {Pfn} and its tail is {found}");
                }
            });
            machine.Lists.Drain();
            Assert.That(machine.Lists.Tail(lruvec, 1), Is.EqualTo(Pfn), $"attempt {attempt}");
            Assert.That(machine.Lists.Count(lruvec, 1), Is.EqualTo(1), $"attempt {attempt}");
        }
    }

    /// <summary>
    /// One thread has frames evicted and takes them for pages of another cgroup; two more go on moving what they saw on
    /// their own cgroup's lists a moment ago.
    /// </summary>
    [Test]
    public void NobodyMovesAFrameThatHasBecomeAnothers([Values] ListOrder order)
    {
        const int Frames = 4;
        for (int attempt = 0; attempt < 10; attempt++)
        {
            using var machine = new ListMachine(Frames, 2, 8, concurrent: true, order);
            int[] memcgOf = new int[Frames];
            for (uint pfn = 0; pfn < Frames; pfn++)
            {
                machine.Renew(pfn, FolioType.File, 0);
                machine.Lists.AddHead(machine.Lruvec(0), 1, pfn);
            }

            bool done = false;
            Race.Run(3, thread =>
            {
                var random = new Random(HashCode.Combine(attempt, thread));
                if (thread > 0)
                {
                    ListsOf own = machine.Lruvec(thread - 1);
                    while (!Volatile.Read(ref done))
                    {
                        uint pfn = (uint)random.Next(Frames);
                        int list = random.Next(4) * 2 + 1;
                        FolioFlags flags = machine.Frames.Flags(pfn);
                        if (random.Next(2) == 0)
                            machine.Lists.TryMove(own, list, pfn, toHead: true);
                        else
                            machine.Lists.TryChange(own, pfn, flags, FolioFlags.None, FolioFlags.Referenced);
                    }

                    return;
                }

                for (int round = 0; round < 40_000; round++)
                {
                    uint pfn = (uint)random.Next(Frames);
                    if (!machine.Lists.TryTake(machine.Lruvec(memcgOf[pfn]), pfn, out _))
                    {
                        machine.Lists.Drain();
                        continue;
                    }

                    memcgOf[pfn] = 1 - memcgOf[pfn];
                    machine.Renew(pfn, FolioType.File, (ushort)memcgOf[pfn]);
                    machine.Lists.AddHead(machine.Lruvec(memcgOf[pfn]), random.Next(4) * 2 + 1, pfn);
                }

                Volatile.Write(ref done, true);
            });
            machine.Lists.Drain();
            for (int memcg = 0; memcg < 2; memcg++)
            {
                ListsOf lruvec = machine.Lruvec(memcg);
                List<uint> found = [];
                for (int list = 0; list < 8; list++)
                {
                    int length = 0;
                    for (uint at = machine.Lists.Tail(lruvec, list); at != FrameTable.NoFrame; at = machine.Lists.TowardHead(lruvec, at), length++)
                        found.Add(at);
                    Assert.That(machine.Lists.Count(lruvec, list), Is.EqualTo(length), $"attempt {attempt}, cgroup {memcg}, list {list}");
                }

                Assert.That(found, Is.EquivalentTo(Enumerable.Range(0, Frames).Where(pfn => memcgOf[pfn] == memcg)), $"attempt {attempt}, cgroup {memcg}");
            }
        }
    }

    [Test]
    public void NoSweepMissesAFrameForGood([Values] VectorWidth width) => Assert.That(Sweeps.Problem(concurrent: true, width, rounds: 200_000), Is.Null);

    /// <summary>The same without the second look that a sweep takes after it has struck a list off a block.</summary>
    [Test]
    public void ABlockThatIsChangedInTwoStepsIsSeenToHideFrames() =>
        Race.MustGoWrong(() => Sweeps.Problem(concurrent: false, VectorWidth.Scalar, rounds: 20_000) is not null);

    /// <summary>How often a thread was given a frame that another one held.</summary>
    private static long DoubleClaims(ListOrder order, bool weak, int rounds)
    {
        const int Frames = 3;
        using var machine = new ListMachine(Frames, 1, 8, concurrent: true, order, weakFrames: weak);
        int[] holder = new int[Frames];
        long twice = 0;
        for (uint pfn = 0; pfn < Frames; pfn++)
            machine.Frames.Publish(pfn, 0);
        Race.Run(Threads, thread =>
        {
            var random = new Random(thread);
            for (int round = 0; round < rounds; round++)
            {
                uint pfn = (uint)random.Next(Frames);
                machine.Frames.Change(pfn, FolioFlags.None, FolioFlags.Referenced);
                if (!machine.Frames.TryClaim(pfn, out _))
                    continue;
                if (Interlocked.Exchange(ref holder[pfn], thread + 1) != 0)
                    Interlocked.Increment(ref twice);
                machine.Frames.Change(pfn, FolioFlags.Referenced, FolioFlags.Workingset);
                Volatile.Write(ref holder[pfn], 0);
                machine.Frames.Publish(pfn, 0);
            }
        });
        return twice;
    }

    /// <summary>Two lists of one lruvec; one thread at a time holds the token and reclaims.</summary>
    private static class Traffic
    {
        public static string? Problem(int frames, int seed, ListOrder order, int rounds)
        {
            using var machine = new ListMachine(frames, 1, 8, concurrent: true, order);
            ListsOf lruvec = machine.Lruvec(0);
            int[] holder = new int[frames];
            var held = new List<uint>[Threads];
            for (uint pfn = 0; pfn < frames; pfn++)
                machine.Lists.AddHead(lruvec, (int)(pfn % 2) * 2 + 1, pfn);
            machine.Lists.Drain();
            string? problem = null;
            Race.Run(Threads, thread =>
            {
                var random = new Random(HashCode.Combine(seed, thread));
                List<uint> mine = held[thread] = [];
                Span<uint> batch = stackalloc uint[32];
                for (int round = 0; round < rounds && Volatile.Read(ref problem) is null; round++)
                {
                    uint pfn = (uint)random.Next(frames);
                    int list = random.Next(2) * 2 + 1;
                    switch (random.Next(10))
                    {
                        case < 4:
                            machine.Lists.TryMove(lruvec, list, pfn, toHead: true);
                            break;
                        case < 6:
                            if (machine.Lists.TryTake(lruvec, pfn, out _))
                                Hold(pfn);
                            break;
                        case < 8:
                            while (mine.Count > random.Next(40))
                                PutBack(list, toHead: true);
                            break;
                        default:
                            if (!TryTakeToken())
                                break;
                            Reclaim(list, batch);
                            while (mine.Count > 20)
                                PutBack(list, toHead: random.Next(4) != 0);
                            machine.TokenOf(0) = 0;
                            break;
                    }
                }

                bool TryTakeToken() => Interlocked.CompareExchange(ref machine.TokenOf(0), Environment.CurrentManagedThreadId, 0) == 0;

                void Hold(uint pfn)
                {
                    if (Interlocked.CompareExchange(ref holder[pfn], thread + 1, 0) is var other && other != 0)
                        problem = $"frame {pfn} is held by thread {other - 1} and was given to thread {thread}";
                    if (machine.Frames.OwnerOf(pfn) != machine.SlotOf(pfn))
                        problem = $"frame {pfn} was given to thread {thread} with owner {machine.Frames.OwnerOf(pfn)} instead of {machine.SlotOf(pfn)}";
                    mine.Add(pfn);
                }

                void PutBack(int list, bool toHead)
                {
                    int at = random.Next(mine.Count);
                    uint pfn = mine[at];
                    mine[at] = mine[^1];
                    mine.RemoveAt(mine.Count - 1);
                    Volatile.Write(ref holder[pfn], 0);
                    if (toHead)
                        machine.Lists.AddHead(lruvec, list, pfn);
                    else
                        machine.Lists.AddTail(lruvec, list, pfn);
                }

                void Reclaim(int list, Span<uint> batch)
                {
                    if (random.Next(3) == 0)
                    {
                        foreach (uint pfn in batch[..machine.Lists.TakeTail(lruvec, list, batch)])
                            Hold(pfn);
                        return;
                    }

                    // One by one along the list, as a policy with a hand does it.
                    uint at = machine.Lists.Tail(lruvec, list);
                    for (int i = 0; i < 32 && at != FrameTable.NoFrame; i++)
                    {
                        uint next = machine.Lists.TowardHead(lruvec, at);
                        if (random.Next(3) != 0 && machine.Lists.TryTake(lruvec, at, out _))
                            Hold(at);
                        at = next;
                    }
                }
            });
            machine.Lists.Drain();
            return problem ?? Compare(machine, lruvec, held);
        }

        private static string? Compare(ListMachine machine, in ListsOf lruvec, List<uint>[] held)
        {
            int[] found = new int[machine.Frames.Count];
            foreach (uint pfn in held.SelectMany(h => h))
                found[pfn]++;
            for (int list = 0; list < 8; list++)
            {
                int length = 0;
                for (uint at = machine.Lists.Tail(lruvec, list); at != FrameTable.NoFrame && length <= found.Length; at = machine.Lists.TowardHead(lruvec, at))
                {
                    found[at]++;
                    length++;
                }

                if (machine.Lists.Count(lruvec, list) != length)
                    return $"list {list} counts {machine.Lists.Count(lruvec, list)} frames and holds {length}";
                if (machine.Lists.Ordered is { } ordered && ordered.Check(ref machine.EndsOf(list), list) is { } chain)
                    return $"list {list}: {chain}";
            }

            int wrong = Array.FindIndex(found, times => times != 1);
            return wrong < 0 ? null : $"frame {wrong} is in {found[wrong]} places";
        }
    }

    /// <summary>Frames of two blocks that change lists all the time, and a thread that sweeps one list after the other.</summary>
    private static class Sweeps
    {
        public static string? Problem(bool concurrent, VectorWidth width, int rounds)
        {
            const uint Frames = 1024;
            using var machine = new ListMachine((int)Frames, 1, 8, concurrent: true, ListOrder.Unordered);
            using var store = new ColumnStore();
            var lists = new UnorderedLists(store, machine.Frames, width, concurrent);
            ListsOf lruvec = machine.Lruvec(0);
            LruList[] ends = new LruList[8];
            int sweeps = 0;
            bool done = false;
            Race.Run(2, thread =>
            {
                var random = new Random(thread);
                if (thread == 0)
                {
                    // A few frames, so that blocks run empty of a list all the time.
                    for (int round = 0; round < rounds || Volatile.Read(ref sweeps) < 1000; round++)
                    {
                        uint pfn = (uint)random.Next(3) * 400;
                        int generation = random.Next(4);
                        machine.Frames.Publish(pfn, generation);
                        lists.Announce(pfn, 0, generation * 2 + 1);
                    }

                    Volatile.Write(ref done, true);
                    return;
                }

                while (!Volatile.Read(ref done))
                {
                    for (int list = 1; list < 8; list += 2)
                    {
                        // What a list counts is not under test: it is never empty.
                        ends[list].Count = 1;
                        lists.Tail(ref ends[list], lruvec, list);
                    }

                    Volatile.Write(ref sweeps, sweeps + 1);
                }
            });
            return lists.Check(_ => 0);
        }
    }
}
