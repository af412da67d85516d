using System.Diagnostics;
using ReclaimNative.Machine;
using ReclaimNative.Observe;

namespace ReclaimNative.Lab.Stress;

/// <summary>The phases of a stress run on one machine, in the order in which they are written here.</summary>
/// <remarks>
/// Work is handed out by counters that threads add to, so nobody waits for a slower one. With one thread and a length of
/// 0 seconds everything goes by counts, and a run repeats itself.
/// </remarks>
internal sealed class StressPhases(StressMachine machine, Crew crew, StressOptions options, StressProgress progress)
{
    /// <summary>Accesses of one call of the engine: a buffer that stays in the cache.</summary>
    private const int BatchWords = 4096;

    /// <summary>Pages that a thread populates before it takes the next run: long enough that frames of a space stay together.</summary>
    private const uint PopulateRun = 1 << 16;

    /// <summary>Batches of each thread in a phase of 0 seconds.</summary>
    private const int FixedBatches = 128;

    /// <summary>One page in so many is touched between two agings.</summary>
    private const int TouchedShare = 16;

    /// <summary>The fewest batches that those are given out in.</summary>
    private const int TouchBatches = 64;

    /// <summary>Per cent of a cgroup's pages that proactive requests ask for: fewer than the virtual pages to fill up with.</summary>
    private const int ReclaimPercent = 3;

    /// <summary>Pages of one proactive request while others access.</summary>
    private const int SmallRequest = 256;

    /// <summary>Proactive requests that fall due in the course of a phase in which everything happens at once.</summary>
    private const int RequestsAtOnce = 40;

    /// <summary>
    /// Agings of one cgroup in that phase. With full generations one merges the oldest into the next, page by page, which
    /// takes seconds for hundreds of millions of them.
    /// </summary>
    private const int AgingsAtOnce = 1;

    private enum Phase
    {
        Access = 1,
        Touch,
        Mixed,
    }

    private readonly Engine _engine = machine.Engine;
    private readonly IReadOnlyList<StressSpace> _spaces = machine.All;
    private long _refused;

    /// <summary>Accesses so far that found no memory.</summary>
    public long Refused => _refused;

    /// <summary>
    /// Every thread touches runs of pages in ascending order, writing, first those whose home is the node of its number.
    /// </summary>
    /// <returns>Seconds.</returns>
    public double Populate()
    {
        progress.Phase("populating", 350);
        return Fill([.. _spaces.Select(s => (s, 0u, s.Resident))]);
    }

    /// <summary>Every thread accesses pages at random, all of them resident.</summary>
    public Rate Access()
    {
        progress.Phase("accessing", 100);
        (AccessTally tally, double seconds) = AccessAtRandom(Phase.Access, s => s.Resident);
        return new Rate(tally.Accesses, seconds);
    }

    /// <summary>
    /// Ages every cgroup: once to take in what population left behind, every entry being young then, and once more, timed,
    /// after one page in 16 was accessed.
    /// </summary>
    /// <remarks>
    /// Only one aging is timed. The next one would have to merge the oldest generation, which after population holds
    /// nearly all pages, and its time would be that of the merge.
    /// </remarks>
    public Rate Scan()
    {
        progress.Phase("aging", 150);
        AgeAll();
        progress.Report(0.6);
        AccessAtRandom(Phase.Touch, s => s.Resident);
        progress.Report(0.8);
        long before = _engine.Read(_engine.Root, Counter.mm_leaf_total);
        double seconds = AgeAll();
        return new Rate(_engine.Read(_engine.Root, Counter.mm_leaf_total) - before, seconds);
    }

    /// <summary>
    /// Every thread makes proactive requests, one cgroup after the other, until three per cent of the pages are freed or
    /// the time is over. Before, untimed, a first request for each cgroup: of what population left behind every page is
    /// young, and a policy that does not walk has to look at all of them once. Afterwards, untimed, as many pages are touched
    /// for the first time as were freed, so that memory is full again.
    /// </summary>
    public Rate Reclaim()
    {
        progress.Phase("reclaiming", 50);
        ForEachCgroup(memcg => _engine.Reclaim(new ReclaimRequest(1, memcg)));
        long[] goals = [.. machine.Cgroups.Select(c => (long)c.Usage * ReclaimPercent / 100)];
        long goal = goals.Sum();
        long request = Math.Clamp(goal / (16 * crew.Size), 32, 1 << 16);
        long reclaimed = 0;
        double seconds = crew.Run(
            thread =>
            {
                long started = Stopwatch.GetTimestamp();
                for (int i = 0; i < goals.Length; i++)
                {
                    int at = (i + thread * goals.Length / crew.Size) % goals.Length;
                    while (Volatile.Read(ref goals[at]) > 0 && !IsOver(started) && !crew.Stopping)
                    {
                        Interlocked.Add(ref goals[at], -request);
                        long got = _engine.Reclaim(new ReclaimRequest(request, machine.Cgroups[at])).Reclaimed;
                        Interlocked.Add(ref reclaimed, got);
                        if (got == 0)
                            break;
                    }
                }
            },
            () => progress.Report((double)Volatile.Read(ref reclaimed) / Math.Max(1, goal)));
        FillUp();
        return new Rate(reclaimed, seconds);
    }

    /// <summary>
    /// Every thread accesses pages at random, absent ones among them, and between its batches does what comes up: kswapd
    /// for a node that wants it, a small proactive request, the aging of a cgroup. One thread at a time is kswapd of a
    /// node, and one ages.
    /// </summary>
    public (Rate Accesses, long Faults, Rate Reclaimed) Mixed()
    {
        progress.Phase("all at once", 100);
        long before = Stolen();
        Duties duties = new(machine);
        (AccessTally tally, double seconds) = AccessAtRandom(Phase.Mixed, s => (uint)s.Space.Pages, duties.Do);
        return (new Rate(tally.Accesses, seconds), tally.Faults, new Rate(Stolen() - before, seconds));
    }

    /// <summary>The engine's own check of everything it holds.</summary>
    public string? Validate()
    {
        progress.Phase("validating", 250);
        return _engine.Validate(share =>
        {
            crew.ThrowIfStopped();
            progress.Report(share);
        });
    }

    private long Stolen() =>
        _engine.Read(_engine.Root, Counter.pgsteal_anon) + _engine.Read(_engine.Root, Counter.pgsteal_file);

    /// <summary>Ages every cgroup on every node, its home first: the walk for one node would clear the upper level of the other's tables.</summary>
    private double AgeAll() => ForEachCgroup(memcg =>
    {
        Node home = _spaces.First(s => ReferenceEquals(s.Memcg, memcg)).Node;
        foreach (Node node in _engine.Nodes.OrderBy(n => ReferenceEquals(n, home) ? 0 : 1))
            _engine.Age(memcg, node);
    });

    /// <summary>Threads take cgroups one by one. Returns the seconds that all took together.</summary>
    private double ForEachCgroup(Action<MemoryCgroup> work)
    {
        int next = -1;
        return crew.Run(_ =>
        {
            for (int at; (at = Interlocked.Increment(ref next)) < machine.Cgroups.Count && !crew.Stopping;)
                work(machine.Cgroups[at]);
        });
    }

    /// <summary>Touches for the first time as many pages of each node's spaces as the node has room for.</summary>
    private void FillUp()
    {
        var ranges = new List<(StressSpace, uint, uint)>();
        foreach (Node node in _engine.Nodes)
        {
            StressSpace[] own = [.. _spaces.Where(s => ReferenceEquals(s.Node, node))];
            uint room = (uint)Math.Max(0, (long)node.Free - (long)node.Watermarks.Low);
            foreach (StressSpace space in own)
                ranges.Add((space, space.Resident, Math.Min((uint)space.Space.Pages, space.Resident + room / (uint)own.Length)));
        }

        Fill(ranges);
    }

    private double Fill(IReadOnlyList<(StressSpace Space, uint Start, uint End)> ranges)
    {
        (StressSpace Space, uint Start, uint End)[][] byNode =
            [.. _engine.Nodes.Select(n => ranges.Where(r => ReferenceEquals(r.Space.Node, n)).ToArray())];
        long[] taken = new long[byNode.Length];
        long total = ranges.Sum(r => (long)(r.End - r.Start));
        long done = 0;
        return crew.Run(
            thread =>
            {
                uint[] words = new uint[BatchWords];
                for (int i = 0; i < byNode.Length; i++)
                {
                    int node = (thread + i) % byNode.Length;
                    long length = byNode[node].Sum(r => (long)(r.End - r.Start));
                    for (long at; (at = Interlocked.Add(ref taken[node], PopulateRun) - PopulateRun) < length && !crew.Stopping;)
                    {
                        FillRun(byNode[node], at, Math.Min(at + PopulateRun, length), words);
                        Interlocked.Add(ref done, PopulateRun);
                    }
                }
            },
            () => progress.Report((double)Volatile.Read(ref done) / Math.Max(1, total)));
    }

    /// <summary>Touches pages [start, end) of ranges laid end to end, writing.</summary>
    private void FillRun((StressSpace Space, uint Start, uint End)[] ranges, long start, long end, uint[] words)
    {
        AccessTally tally = default;
        long passed = 0;
        foreach ((StressSpace space, uint first, uint last) in ranges)
        {
            long from = Math.Max(start - passed, 0) + first;
            long to = Math.Min(end - passed + first, last);
            passed += last - first;
            for (; from < to && !crew.Stopping; from += words.Length)
            {
                int count = (int)Math.Min(words.Length, to - from);
                for (int i = 0; i < count; i++)
                    words[i] = (uint)(from + i) | Engine.WriteBit;
                AccessAll(space, words.AsSpan(0, count), ref tally);
            }
        }

        Interlocked.Add(ref _refused, tally.Refused);
    }

    /// <summary>
    /// Every thread accesses pages at random until the phase is over, and after each batch does what
    /// <paramref name="between"/> finds to do, given how much of the phase is over.
    /// </summary>
    private (AccessTally Tally, double Seconds) AccessAtRandom(Phase phase, Func<StressSpace, uint> pagesOf, Action<double>? between = null)
    {
        AccessTally[] tallies = new AccessTally[crew.Size];
        long taken = 0;
        int words = phase == Phase.Touch ? TouchWords() : BatchWords;
        long touches = Math.Max(1, machine.Frames / TouchedShare / words);
        double progressed = 0;
        double seconds = crew.Run(
            thread =>
            {
                SkewedAccesses source = new(options.Seed, thread, (int)phase);
                uint[] buffer = new uint[words];
                AccessTally tally = default;
                long started = Stopwatch.GetTimestamp();
                for (int batch = 0; ; batch++)
                {
                    double share = phase == Phase.Touch ? (double)(Interlocked.Increment(ref taken) - 1) / touches
                        : options.Seconds > 0 ? Stopwatch.GetElapsedTime(started).TotalSeconds / options.Seconds
                        : (double)batch / FixedBatches;
                    if (share >= 1 || crew.Stopping)
                        break;
                    Volatile.Write(ref progressed, share);
                    StressSpace space = _spaces[(thread + batch) % _spaces.Count];
                    source.Fill(buffer, pagesOf(space));
                    AccessAll(space, buffer, ref tally);
                    between?.Invoke(share);
                }

                tallies[thread] = tally;
            },
            phase == Phase.Touch ? null : () => progress.Report(Volatile.Read(ref progressed)));
        AccessTally sum = default;
        foreach (AccessTally tally in tallies)
        {
            sum.Hits += tally.Hits;
            sum.MinorFaults += tally.MinorFaults;
            sum.ColdFaults += tally.ColdFaults;
            sum.Refaults += tally.Refaults;
            sum.Refused += tally.Refused;
        }

        _refused += sum.Refused;
        return (sum, seconds);
    }

    /// <summary>Accesses of a batch of touches: on a small machine as few as let every space have its share.</summary>
    private int TouchWords() =>
        (int)Math.Clamp(machine.Frames / TouchedShare / (TouchBatches * SkewedAccesses.RunPages), 1, BatchWords / SkewedAccesses.RunPages) * SkewedAccesses.RunPages;

    /// <summary>A refused access ends a call; the words after it are still to be done.</summary>
    private void AccessAll(StressSpace space, ReadOnlySpan<uint> words, ref AccessTally tally)
    {
        while (words.Length > 0)
            words = words[_engine.Access(space.Space, words, ref tally)..];
    }

    private bool IsOver(long started) => options.Seconds > 0 && Stopwatch.GetElapsedTime(started).TotalSeconds >= options.Seconds;

    /// <summary>What comes up while threads access: kswapd for nodes that want it, and what falls due as the phase goes on.</summary>
    private sealed class Duties(StressMachine machine)
    {
        private readonly int[] _kswapd = new int[machine.Engine.Nodes.Count];
        private int _requests;
        private int _aging;
        private int _aged;

        /// <summary>Does what nobody else is doing; <paramref name="share"/> of the phase is over.</summary>
        public void Do(double share)
        {
            foreach (Node node in machine.Engine.Nodes)
            {
                if (!node.KswapdWanted || Interlocked.Exchange(ref _kswapd[node.Id], 1) != 0)
                    continue;
                machine.Engine.RunKswapd(node);
                Volatile.Write(ref _kswapd[node.Id], 0);
            }

            int request = Volatile.Read(ref _requests);
            if (request < share * RequestsAtOnce && Interlocked.CompareExchange(ref _requests, request + 1, request) == request)
                machine.Engine.Reclaim(new ReclaimRequest(SmallRequest, machine.Cgroups[request % machine.Cgroups.Count]));
            if (Volatile.Read(ref _aged) < share * AgingsAtOnce && Interlocked.Exchange(ref _aging, 1) == 0)
            {
                MemoryCgroup memcg = machine.Cgroups[_aged % machine.Cgroups.Count];
                machine.Engine.Age(memcg, machine.Engine.Nodes[_aged % machine.Engine.Nodes.Count]);
                Volatile.Write(ref _aged, _aged + 1);
                Volatile.Write(ref _aging, 0);
            }
        }
    }
}
