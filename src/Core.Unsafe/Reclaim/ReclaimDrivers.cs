using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Memory;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>
/// Who starts node passes and when they have had enough: a task at a cgroup's limit, a task that finds no free frame,
/// kswapd, and a request from outside. Source: kernel-reclaim reference 2.16, 2.17, 4.4 and 6.4.
/// </summary>
internal sealed unsafe partial class ReclaimDrivers
{
    private const int MostRetries = 16;

    /// <summary>What a task that stays above memory.high reclaims in each round after the first.</summary>
    private const long HighRetryPages = 32;

    private readonly MachineState _machine;
    private readonly PolicyHost _host;
    private readonly NodePass _pass;
    private readonly Node[][] _fallbacks;
    private readonly Node[][] _alone;

    /// <summary>Fruitless attempts before an allocation or a charge is refused; in an advisor's engine there is none, fruitful or not.</summary>
    private readonly int _retries;
    private long _progress;

    public ReclaimDrivers(PolicyHost host, NodePass pass)
    {
        _machine = host.Machine;
        _host = host;
        _pass = pass;
        _retries = _machine.IsAdvisor ? 0 : MostRetries;
        _alone = Array.ConvertAll(_machine.Nodes, n => new[] { n });
        _fallbacks = new Node[_machine.Nodes.Length][];
        for (int home = 0; home < _fallbacks.Length; home++)
        {
            Node first = _machine.Nodes[home];
            int Tiers(Node node) => Math.Abs(node.Tier - first.Tier);
            int Distance(Node node) => Math.Abs(node.Id - first.Id);
            Node[] order = [.. _machine.Nodes];
            Array.Sort(order, (a, b) => a == first || b == first ? (a == first ? 0 : 1) - (b == first ? 0 : 1)
                : Tiers(a) != Tiers(b) ? Tiers(a).CompareTo(Tiers(b))
                : Distance(a) != Distance(b) ? Distance(a).CompareTo(Distance(b))
                : a.Id.CompareTo(b.Id));
            _fallbacks[home] = order;
        }
    }

    /// <summary>
    /// Reclaims of all threads that have freed something. Whoever found nothing while others did has not found that there is nothing: they had
    /// it isolated, and it is gone or back by now.
    /// </summary>
    private long Progress => Volatile.Read(ref _progress);

    /// <summary>What it keeps.</summary>
    public void Pass(StateLog log) => log.Pass(ref _progress);

    /// <summary>Charges one page, reclaiming at the limits in the way, and after it for memory.high.</summary>
    /// <param name="memcg">The cgroup.</param>
    /// <param name="throttledMs">How long the task is to wait for memory.high.</param>
    /// <returns>False: no memory, after the kernel's retries.</returns>
    public bool TryCharge(MemoryCgroup memcg, out long throttledMs)
    {
        throttledMs = 0;
        int retries = _retries;
        while (_machine.TryCharge(memcg) is { } over)
        {
            CountEvent(over, Counter.max);
            long progress = Progress;
            if (ReclaimMemcg(over, 1) == 0 && Progress == progress && retries-- == 0)
            {
                CountOom(over, null);
                return false;
            }
        }

        if (_machine.HasHigh && memcg.IsAboveHigh() && !memcg.TryTakeFromBatch(_machine.Concurrent))
        {
            throttledMs = ReclaimHigh(memcg);
            memcg.AnswerFor(memcg.IsAboveHigh() ? HighThrottle.Batch - 1 : 0);
        }

        return true;
    }

    /// <summary>Reclaims from a cgroup until no more than <paramref name="pages"/> are charged to it: a limit was set below its usage.</summary>
    /// <returns>False: 16 rounds freed nothing, and more than that is charged.</returns>
    public bool ReclaimDownTo(MemoryCgroup memcg, ulong pages)
    {
        for (int fruitless = 0; fruitless < _retries;)
        {
            ulong usage = memcg.Usage;
            if (usage <= pages)
                return true;
            if (ReclaimMemcg(memcg, (long)(usage - pages)) == 0)
                fruitless++;
        }

        return memcg.Usage <= pages;
    }

    /// <summary>Counts an event of a cgroup as such, which is shown with those of all below it.</summary>
    public void CountEvent(MemoryCgroup memcg, Counter counter) => _host.ViewOf(memcg, _machine.Nodes[0]).Count(counter, 1);

    /// <summary>Counts that reclaim gave up, for a cgroup, or for the machine on a node.</summary>
    public void CountOom(MemoryCgroup? memcg, Node? node)
    {
        if (memcg is null)
            _machine.GlobalCounts.Add(Counter.oom, 1);
        else
            CountEvent(memcg, Counter.oom);
        _machine.Tracer.Tell(Tracepoint.oom, memcg, node);
    }

    /// <summary>
    /// A free frame for a task at home on a node, reclaiming when every node is short, or, when <paramref name="alone"/>, of that node and no
    /// other; NoFrame: no memory.
    /// </summary>
    public uint Allocate(int homeNode, bool alone)
    {
        Node[] nodes = (alone ? _alone : _fallbacks)[homeNode];
        foreach (Node node in nodes)
        {
            if (node.Free > node.Watermarks.Low && node.Allocator.TryTake(0, out uint pfn))
                return pfn;
        }

        foreach (Node node in nodes)
            Wake(node);

        int retries = _retries;
        while (true)
        {
            foreach (Node node in nodes)
            {
                if (node.Free > node.Watermarks.Min && node.Allocator.TryTake(0, out uint pfn))
                    return pfn;
            }

            long progress = Progress;
            if (ReclaimDirect(nodes) == 0 && Progress == progress && retries-- == 0)
            {
                CountOom(null, nodes[0]);
                return FrameTable.NoFrame;
            }
        }
    }

    /// <summary>Reclaims at least <paramref name="pages"/> from a cgroup and below, because a limit is in the way.</summary>
    /// <returns>Pages reclaimed; more than asked is usual, 0 means that nothing could be.</returns>
    private long ReclaimMemcg(MemoryCgroup target, long pages)
    {
        if (_machine.IsAdvisor)
            return 0;
        ScanControl asked = new()
        {
            Target = target,
            Reclaimer = Reclaimer.Direct,
            MaySwap = true,
            NrToReclaim = Math.Max(pages, LeastFor(target)),
        };
        return TryToFree(_machine.Nodes, asked);
    }

    /// <summary>
    /// One balance run of kswapd: passes of rising urgency until the node is above its high watermark.
    /// </summary>
    /// <returns>Pages reclaimed.</returns>
    public long RunKswapd(Node node)
    {
        if (node.IsBalanced)
        {
            node.KswapdWanted = false;
            return 0;
        }

        _machine.GlobalCounts.Add(Counter.pageoutrun, 1);
        _machine.Lists.Drain();
        bool contended = false;
        ScanControl run = new() { Reclaimer = Reclaimer.Kswapd, NrToReclaim = (long)node.Watermarks.High };
        using var traced = new TracedReclaim(_machine, Tracepoint.kswapd_wake, node.Id, ref run);
        Descend(node, noCacheTrim: false, ref run, ref contended, out bool cacheTrimFailed);
        if (run.NrReclaimed == 0 && cacheTrimFailed && _machine.Kernel >= KernelVersion.V6_12)
            Descend(node, noCacheTrim: true, ref run, ref contended, out _);
        long total = run.NrReclaimed;

        SnapshotRefaults(_machine.Root, node);

        // Another thread that was at a lruvec, or has freed enough meanwhile, says nothing against the node.
        if (total == 0 && !contended && !node.IsBalanced)
            node.KswapdFailures++;
        if (node.IsBalanced)
            node.KswapdWanted = false;
        else
            node.WantKswapd();
        return total;
    }

    /// <summary>kswapd's passes from the least urgent on, until the node is balanced; what they did is added to <paramref name="run"/>.</summary>
    private void Descend(Node node, bool noCacheTrim, ref ScanControl run, ref bool contended, out bool cacheTrimFailed)
    {
        cacheTrimFailed = false;
        long wanted = Math.Max((long)node.Watermarks.High, LeastFor(_machine.Root));
        int priority = ScanControl.DefaultPriority;
        while (priority >= 1 && !node.IsBalanced)
        {
            ScanControl before = new()
            {
                Reclaimer = Reclaimer.Kswapd,
                Background = true,
                MaySwap = true,
                Priority = priority,
                NrToReclaim = wanted,
            };
            ScanControl background = ScanControl.Begin(before);
            if (!_pass.RunBackground(node, before, ref background))
                CountOom(null, node);
            ScanControl asked = new()
            {
                Reclaimer = Reclaimer.Kswapd,
                MaySwap = true,
                Priority = priority,
                NrToReclaim = wanted,
                NoCacheTrim = noCacheTrim,
            };
            ScanControl scan = ScanControl.Begin(asked);
            _pass.Run(node, asked, ref scan, shared: false);
            run.NrScanned += scan.NrScanned;
            run.NrReclaimed += scan.NrReclaimed;
            contended |= scan.Contended;
            cacheTrimFailed |= scan.CacheTrimFailed;
            priority = scan.Priority;
            if (scan.NrScanned < scan.NrToReclaim || scan.NrReclaimed == 0)
                priority--;
        }
    }

    /// <summary>
    /// A charge has gone above memory.high, here or further up: reclaims a batch from each cgroup that is above, and, as long
    /// as the penalty is worth it, 32 pages more in each round that made progress, and in 16 that did not.
    /// Source: kernel-reclaim reference 4.4.
    /// </summary>
    /// <returns>How long the task is to wait, in ms; 0 when it need not.</returns>
    private long ReclaimHigh(MemoryCgroup memcg)
    {
        long pages = HighThrottle.Batch;
        int retries = _retries;
        while (true)
        {
            long reclaimed = 0;
            for (MemoryCgroup at = memcg; !at.IsRoot; at = at.Parent!)
            {
                if (at.Usage <= at.High)
                    continue;
                CountEvent(at, Counter.high);
                reclaimed += ReclaimMemcg(at, pages);
            }

            ulong overage = 0;
            for (MemoryCgroup at = memcg; !at.IsRoot; at = at.Parent!)
                overage = Math.Max(overage, HighThrottle.Overage(at.Usage, at.High));
            ulong penalty = HighThrottle.Penalty(overage, HighThrottle.Batch, HighThrottle.TicksPerSecond);
            if (!HighThrottle.IsWorthIt(penalty, HighThrottle.TicksPerSecond))
                return 0;
            if (reclaimed == 0 && retries-- == 0)
                return (long)penalty;
            pages = HighRetryPages;
        }
    }

    private long ReclaimDirect(Node[] nodes)
    {
        if (_machine.IsAdvisor)
            return 0;
        ScanControl asked = new()
        {
            Reclaimer = Reclaimer.Direct,
            MaySwap = true,
            NrToReclaim = LeastFor(_machine.Root),
        };
        return TryToFree(nodes, asked);
    }

    private long TryToFree(ReadOnlySpan<Node> nodes, in ScanControl asked)
    {
        ScanControl scan = ScanControl.Begin(asked);
        using var traced = new TracedReclaim(_machine, TracepointOf(asked), asked.IsCgroupReclaim ? 0 : nodes[0].Id, ref scan);
        // 6.1 has no walk that reclaimers share.
        bool fullWalk = _machine.Kernel == KernelVersion.V6_1;
        int ejections = _host.Ejections;
        _machine.Lists.Drain();
        while (true)
        {
            if (!scan.IsCgroupReclaim && scan.Reclaimer == Reclaimer.Direct)
                _machine.GlobalCounts.Add(Counter.allocstall_normal, 1);
            PressOn(nodes, asked, ref scan, shared: !fullWalk, scan.NrToReclaim);
            if (_host.UsesRefaults)
            {
                foreach (Node node in nodes)
                    SnapshotRefaults(scan.Target ?? _machine.Root, node);
            }

            if (scan.NrReclaimed > 0)
                return Succeed(scan);
            if (scan.IsOver)
                return 0;

            if (!fullWalk)
            {
                fullWalk = true;
            }
            else if (scan.SkippedDeactivate && !scan.ForceDeactivate)
            {
                scan.ForceDeactivate = true;
                scan.SkippedDeactivate = false;
            }
            else if (scan.LowSkipped && !scan.IgnoreLow)
            {
                scan.IgnoreLow = true;
            }
            else
            {
                if (_host.HasFallback)
                    Judge(scan, nodes);
                if (_host.Ejections == ejections)
                    return 0;

                // A policy was ejected on the way: its pages are looked after by another now, who gets all of the chances.
                ejections = _host.Ejections;
                fullWalk = _machine.Kernel == KernelVersion.V6_1;
            }
        }
    }

    /// <summary>Passes over some nodes, each more urgent than the one before, until <paramref name="wanted"/> pages are freed or none is more urgent.</summary>
    private void PressOn(ReadOnlySpan<Node> nodes, in ScanControl asked, ref ScanControl scan, bool shared, long wanted)
    {
        scan.Priority = ScanControl.DefaultPriority;
        var backoff = default(Backoff);
        while (scan.Priority >= 0)
        {
            int priority = scan.Priority;
            scan.Contended = false;
            foreach (Node node in nodes)
            {
                _pass.Run(node, asked, ref scan, shared);
                if (scan.IsOver)
                    return;
            }

            if (scan.NrReclaimed >= wanted)
                return;

            // A lruvec that another thread was at has not been scanned in vain, so it gets another pass and not a more
            // urgent one: whoever arrives at priority 0 when the other is done takes all of it for the sake of a few.
            if (!scan.Contended)
            {
                scan.Priority--;
                continue;
            }

            scan.Priority = priority;
            backoff.Pause();
        }
    }

    /// <summary>Somebody has freed something.</summary>
    public void NoteProgress() => Atomic.Add(ref _progress, 1, _machine.Concurrent);

    private long Succeed(in ScanControl scan)
    {
        // What is proposed is not free: nobody else can count on it.
        if (scan.Request is ProposalRun)
            return scan.NrReclaimed;
        NoteProgress();
        if (_host.HasFallback)
            _host.Succeed();
        return scan.NrReclaimed;
    }

    /// <summary>
    /// A reclaim has failed. Was it a policy? One that proposed nothing, or kept whatever it was asked about, though it had pages that
    /// could go and that nothing protects.
    /// </summary>
    private void Judge(in ScanControl scan, ReadOnlySpan<Node> nodes)
    {
        if (scan.Isolated != scan.KeptByPolicy)
            return;
        PolicyOverride kind = scan.Isolated == 0 ? PolicyOverride.Withheld : PolicyOverride.KeptAll;
        ulong blamed = 0;
        var walk = new MemcgWalk(scan.Target ?? _machine.Root, null);
        while (walk.MoveNext(out MemoryCgroup memcg))
        {
            foreach (Node node in nodes)
            {
                PolicyView view = _host.ViewOf(memcg, node);
                if ((blamed & (1UL << view.Tag)) != 0 || view.Evictable(scan) == 0 || memcg.EffectiveMin != 0 || memcg.EffectiveLow != 0)
                    continue;
                blamed |= 1UL << view.Tag;
                view.Refuse(kind);
            }
        }
    }

    /// <summary>Remembers how many refaults were activated, so that the next cycle sees whether there were more.</summary>
    private void SnapshotRefaults(MemoryCgroup target, Node node)
    {
        Lruvec lruvec = _machine.LruvecOf(target, node);
        lruvec.RefaultSnapshot[0] = _host.ActivationsOf(lruvec, 0);
        lruvec.RefaultSnapshot[1] = _host.ActivationsOf(lruvec, 1);
    }

    /// <summary>Has kswapd wanted on a node; that it is from now on is an event.</summary>
    private void Wake(Node node)
    {
        bool was = node.KswapdWanted;
        node.WantKswapd();
        if (!was && node.KswapdWanted)
            _machine.Tracer.Tell(Tracepoint.wakeup_kswapd, null, node);
    }

    /// <summary>The event that a reclaim of a task's begins.</summary>
    private static Tracepoint TracepointOf(in ScanControl asked) =>
        asked.Request is not null ? Tracepoint.request_begin
        : asked.IsCgroupReclaim ? Tracepoint.memcg_reclaim_begin
        : Tracepoint.direct_reclaim_begin;

    private long LeastFor(MemoryCgroup memcg) => _host.ViewOf(memcg, _machine.Nodes[0]).Definition.Descriptor.LeastReclaim;
}
