using System.Numerics;
using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>
/// The one path: a pass over one node at one priority, and in it the visit to each lruvec, for every policy and every
/// kind of reclaim. Prepare; for each cgroup that is not protected: budget, then isolate, evict, account and put back
/// until the policy has enough. Source: kernel-reclaim reference 12.4.
/// </summary>
internal sealed unsafe class NodePass
{
    /// <summary>What a visit may examine in vain beyond two rounds: a last batch, and short lists that are asked for 32 pages.</summary>
    private const long VisitSlack = 4 * FolioBatch.Capacity;

    /// <summary>Pauses before a lruvec that another reclaimer decides about is passed over.</summary>
    private const int TokenTries = 16;

    private readonly MachineState _machine;
    private readonly PolicyHost _host;
    private readonly FolioListEngine _engine;

    public NodePass(PolicyHost host, FolioListEngine engine)
    {
        _machine = host.Machine;
        _host = host;
        _engine = engine;
    }

    /// <summary>Set by the test that shows that nothing is evicted by another way: passes do nothing.</summary>
    internal bool TestHookRemoved { get; set; }

    /// <summary>
    /// Visits the lruvecs of the reclaim's target on <paramref name="node"/>: all of them, or, when
    /// <paramref name="shared"/>, from where the previous reclaimer stopped and only until enough is reclaimed. For the whole
    /// machine in the order of the memcg LRU, where there is one.
    /// </summary>
    public void Run(Node node, in ScanControl asked, ref ScanControl scan, bool shared)
    {
        if (TestHookRemoved)
            return;
        int priority = scan.Priority;
        long before = scan.NrReclaimed;
        scan.CacheTrim = false;
        MemoryCgroup root = scan.Target ?? _machine.Root;
        PolicyView target = _host.ViewOf(root, node);
        if (root.Below.Length == 0)
        {
            // A target with nothing below it, the common case at a limit, is a walk of one in whatever order.
            PassState pass = default;
            if (target.Ops.Prepares)
            {
                var known = new ScanSums(scan);
                target.Ops.Prepare(target, ref scan, ref pass);
                Mend(target, asked, ref scan, known);
            }

            Visit(target, target, asked, ref scan, ref pass, out bool isDone);
            if (isDone)
                NoteTurn(target);
        }
        else if (scan.IsRootReclaim && _host.MemcgLrus is { } orders)
        {
            RunInOrder(target, root, node, orders[node.Id], asked, ref scan);
        }
        else
        {
            RunBelow(target, root, node, asked, ref scan, shared);
        }

        // A policy may make a reclaim more urgent, never less: the drivers count on the priority to run out.
        scan.Priority = Math.Clamp(scan.Priority, 0, priority);
        if (scan.NrReclaimed == before)
            scan.CacheTrimFailed |= scan.CacheTrim;
        else if (node.KswapdFailures != 0 && scan.Request is not ProposalRun)
            node.KswapdFailures = 0;
    }

    /// <summary>
    /// kswapd's visits to a node before its pass, to every cgroup: policies age what is due. With
    /// <see cref="Engine.MinTtlMs"/>, looks whether anything may be reclaimed at all. Source: kernel-reclaim reference 2.17, 5.13.
    /// </summary>
    /// <returns>False: all that is there was used too short a time ago.</returns>
    public bool RunBackground(Node node, in ScanControl asked, ref ScanControl scan)
    {
        if (TestHookRemoved)
            return true;
        Span<PassState> passes = stackalloc PassState[_host.Definitions.Length];
        MemoryCgroup root = _machine.Root;
        PolicyView target = _host.ViewOf(root, node);
        Prepare(target, root, node, asked, ref scan, passes);
        long bornBefore = _machine.NowMs - _machine.MinTtlMs;
        bool isReclaimable = _machine.MinTtlMs == 0;
        var walk = new MemcgWalk(root, null);
        while (walk.MoveNext(out MemoryCgroup memcg))
        {
            Protection.Refresh(memcg, root, _machine.RecursiveProtection);
            PolicyView view = _host.ViewOf(memcg, node);
            if (_machine.MinTtlMs != 0)
            {
                // What is too young to be taken is not aged either: that would be the first step to taking it.
                if (view.Ops.OldestBirthMs(view, view.SwappinessNow(scan)) >= bornBefore)
                    continue;
                isReclaimable |= !Protection.BelowMin(memcg, root) && view.Evictable(scan) >> scan.Priority != 0;
            }

            Visit(view, target, asked, ref scan, ref passes[view.Tag], out _);
        }

        return isReclaimable;
    }

    private void RunBelow(PolicyView target, MemoryCgroup root, Node node, in ScanControl asked, ref ScanControl scan, bool shared)
    {
        Span<PassState> passes = stackalloc PassState[_host.Definitions.Length];
        Prepare(target, root, node, asked, ref scan, passes);

        var walk = new MemcgWalk(root, shared ? target.Lruvec.Cookie : null);
        while (walk.MoveNext(out MemoryCgroup memcg))
        {
            Protection.Refresh(memcg, root, _machine.RecursiveProtection);
            if (Protection.BelowMin(memcg, root))
                continue;
            bool belowLow = Protection.BelowLow(memcg, root);
            if (belowLow && !scan.IgnoreLow)
            {
                scan.LowSkipped = true;
                continue;
            }

            PolicyView view = _host.ViewOf(memcg, node);
            if (belowLow)
                view.Count(Counter.low, 1);
            Visit(view, target, asked, ref scan, ref passes[view.Tag], out bool isDone);
            if (isDone)
                NoteTurn(view);
            if ((shared && scan.NrReclaimed >= scan.NrToReclaim) || scan.IsOver)
                break;
        }
    }

    /// <summary>By the memcg LRU: no walk that is shared, because who had a turn is remembered in the order itself.</summary>
    private void RunInOrder(PolicyView target, MemoryCgroup root, Node node, MemcgLru order, in ScanControl asked, ref ScanControl scan)
    {
        Span<PassState> passes = stackalloc PassState[_host.Definitions.Length];
        Prepare(target, root, node, asked, ref scan, passes);

        MemcgLru.Walk walk = order.Begin();
        MemcgMove move = MemcgMove.None;
        while (walk.Step(move, out int id, out MemcgSegment segment))
        {
            MemoryCgroup memcg = _machine.MemcgAt(id);

            // Up to 6.18 this walk goes by what kswapd last worked out.
            if (_machine.Kernel == KernelVersion.Fixed)
                Protection.RefreshPath(memcg, root, _machine.RecursiveProtection);
            PolicyView view = _host.ViewOf(memcg, node);
            bool belowLow = Protection.BelowLow(memcg, root);

            // The kernel's order takes what memory.low protects at the second time around. A request of ours for the machine leaves it alone.
            bool leftAlone = Protection.BelowMin(memcg, root) || (belowLow && scan.Request is { Request.Overshoots: false });
            if (MemcgLru.Instead(leftAlone, belowLow, segment) is { } instead)
            {
                move = instead;
                continue;
            }

            if (belowLow)
                view.Count(Counter.low, 1);
            move = Visit(view, target, asked, ref scan, ref passes[view.Tag], out bool isDone)
                ? MemcgLru.After(isDone, view.Evictable(scan) >> scan.Priority != 0, segment)
                : MemcgMove.None; // another reclaimer is at it, and says where it goes
            if (scan.HasEnough(node) || scan.IsOver)
            {
                order.Move(id, move);
                break;
            }
        }
    }

    /// <summary>A reclaim for a cgroup gave it a turn, which counts for the whole machine as well.</summary>
    private void NoteTurn(PolicyView view) => _host.MemcgLrus?[view.Node.Id].Move(view.Memcg.Id, MemcgMove.Young);

    /// <summary>
    /// Ages or evicts from one lruvec as long as its policy wants to; <paramref name="isDone"/> when the policy says that this
    /// was the cgroup's turn. False: another thread is deciding about it.
    /// </summary>
    [SkipLocalsInit]
    private bool Visit(PolicyView view, PolicyView target, in ScanControl asked, ref ScanControl scan, ref PassState pass, out bool isDone)
    {
        isDone = false;
        if (!TryTakeToken(view, ref scan))
            return false;
        ReclaimOps ops = view.Ops;
        LruvecBudget budget = default;
        var known = new ScanSums(scan);
        bool wants = ops.Budget(view, ref scan, ref pass, ref budget);
        Mend(view, asked, ref scan, known);
        if (!wants)
        {
            view.Lruvec.ReleaseToken();
            return true;
        }

        // Twice round finds every page that can be freed; a policy that goes on looking is stopped here. What it says it
        // has examined is believed only within what it took and what ends the visit, and the sum is kept from it.
        long resident = view.ResidentOf(FolioType.Anon) + view.ResidentOf(FolioType.File);
        long bound = 2 * resident + VisitSlack;
        long most = 2 * scan.NrToReclaim + (resident >> Math.Clamp(scan.Priority, 0, ScanControl.DefaultPriority)) + VisitSlack;
        long examined = 0;
        long fruitless = 0;
        do
        {
            if (scan.Request is { } aged && aged.HasOnlyYoung(view))
            {
                view.Lruvec.ReleaseToken();
                break;
            }

            Unsafe.SkipInit(out FolioBatch batch);
            batch.Begin();
            view.BeginIsolation();
            ops.Isolate(view, ref scan, ref pass, ref budget, ref batch);
            view.Reconcile(ref batch);
            Mend(view, asked, ref scan, known);

            // Decisions are over for now: working a batch off may take as long as its owner's store takes.
            view.Lruvec.ReleaseToken();
            Trace(Tracepoint.lru_isolate, view, scan, batch);
            long looked = Math.Clamp(batch.Examined, batch.Count, bound + 1);
            examined += looked;
            fruitless += looked;
            if (batch.Count == 0)
            {
                Account(view, ref scan, batch);
                known = new ScanSums(scan);
            }
            else if (WorkOff(view, target, asked, ref scan, ref known, ref budget, ref batch) > 0)
            {
                fruitless = 0;
            }

            if (looked == 0)
                break;
            if (fruitless > bound)
            {
                view.Refuse(PolicyOverride.Endless);
                break;
            }

            if (budget.Reclaimed > most)
            {
                view.Refuse(PolicyOverride.TooMany);
                break;
            }

            if (scan.Request is { } request)
            {
                request.Look();
                if (request.IsOver)
                    break;
            }

            // Who was ejected in this visit is not asked again; the caretaker gets a visit of its own.
            if (!ReferenceEquals(view.Ops, ops))
                break;
            budget.Examined = examined;
            budget.Fruitless = fruitless;
            if (!TryTakeToken(view, ref scan))
                break;
            wants = ops.Continue(view, ref scan, ref pass, ref budget);
            Mend(view, asked, ref scan, known);
            if (!wants)
            {
                view.Lruvec.ReleaseToken();
                break;
            }
        }
        while (true);

        isDone = budget.Done;
        if (view.Ops.MindsVisits)
        {
            view.Ops.Visited(view, ref scan, isDone ? VisitOutcome.Done : VisitOutcome.Partial);
            Mend(view, asked, ref scan, known);
        }

        return true;
    }

    /// <summary>An operation gets the parameters of the reclaim to read and to set some of them; what it may not set is put back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mend(PolicyView view, in ScanControl asked, ref ScanControl scan, in ScanSums known)
    {
        if (!scan.IsIntact(known))
            MendTampered(view, asked, ref scan, known);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MendTampered(PolicyView view, in ScanControl asked, ref ScanControl scan, in ScanSums known)
    {
        scan = scan.Mended(asked, known);
        view.Refuse(PolicyOverride.Tampered);
    }

    /// <summary>The right to decide about a lruvec, tried for a moment: another reclaimer is at it, and there are others to go to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryTakeToken(PolicyView view, ref ScanControl scan) => view.Lruvec.TryTakeToken() || TryTakeAgain(view, ref scan);

    private static bool TryTakeAgain(PolicyView view, ref ScanControl scan)
    {
        var backoff = default(Backoff);
        for (int i = 0; i < TokenTries; i++)
        {
            if (view.Lruvec.TryTakeToken())
                return true;
            backoff.Pause();
        }

        scan.Contended = true;
        return false;
    }

    /// <summary>Evicts from a batch or ages it, and puts back what is left. Returns the pages that left.</summary>
    private long WorkOff(
        PolicyView view, PolicyView target, in ScanControl asked, ref ScanControl scan, ref ScanSums known, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long before = scan.NrReclaimed;
        scan.Isolated += batch.Count;
        if (batch.Disposition == Disposition.Deactivate)
        {
            _engine.Deactivate(view, scan, ref batch);
            Trace(Tracepoint.lru_shrink_active, view, scan, batch);
        }
        else
        {
            _engine.Shrink(view, target, scan, ref batch);
            Account(view, ref scan, batch);
            budget.Reclaimed += batch.Reclaimed;
        }

        known = new ScanSums(scan);
        if (view.Ops.LooksAfter)
        {
            bool again = AskAfter(view, ref scan, ref budget, ref batch);
            Mend(view, asked, ref scan, known);
            if (again && batch.Survivors > 0)
            {
                RetryOnce(view, target, ref scan, ref budget, ref batch);
                known = new ScanSums(scan);
            }
        }

        _engine.PutBack(view, ref batch);
        return scan.NrReclaimed - before;
    }

    /// <summary>Shows the policy what became of a batch; the survivors stay what they are, whatever it makes of them.</summary>
    [SkipLocalsInit]
    private static bool AskAfter(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        Unsafe.SkipInit(out IsolatedFolios known);
        known.Copy(batch, batch.Survivors);
        bool again = view.Ops.After(view, ref scan, ref budget, ref batch);
        if (!batch.HasSurvivors(known))
        {
            batch.RestoreSurvivors(known);
            view.Refuse(PolicyOverride.Tampered);
        }

        return again;
    }

    /// <summary>The policy asked for the survivors that are clean, unmapped and not active to be tried once more.</summary>
    [SkipLocalsInit]
    private void RetryOnce(PolicyView view, PolicyView target, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        Unsafe.SkipInit(out FolioBatch retry);
        retry.Begin();
        int kept = 0;
        for (int i = 0; i < batch.Survivors; i++)
        {
            uint pfn = batch[i];
            bool mapped = _machine.Frames.Has(pfn, FolioFlags.SwapBacked) || _machine.Rmap.IsMapped(_machine.Frames.OwnerOf(pfn));
            if (mapped || (view.Flags(pfn) & (FolioFlags.Active | FolioFlags.Dirty | FolioFlags.Writeback)) != 0)
                batch[kept++] = pfn;
            else
                retry[retry.Count++] = pfn;
        }

        if (retry.Count == 0)
            return;
        _engine.Shrink(view, target, scan, ref retry);
        Account(view, ref scan, retry);
        budget.Reclaimed += retry.Reclaimed;
        for (int i = 0; i < retry.Survivors; i++)
            batch[kept++] = retry[i];
        batch.Survivors = kept;
    }

    private void Prepare(PolicyView target, MemoryCgroup root, Node node, in ScanControl asked, ref ScanControl scan, Span<PassState> passes)
    {
        ulong bound = _host.Definitions.Length == 1 ? 1 : BoundBelow(root, node);
        while (bound != 0)
        {
            int tag = BitOperations.TrailingZeroCount(bound);
            bound &= bound - 1;
            var known = new ScanSums(scan);
            target.Call.Blamed = tag;
            _host.OpsOf(tag).Prepare(target, ref scan, ref passes[tag]);
            Mend(target, asked, ref scan, known);
            target.Call.Blamed = PolicyCall.ItsOwn;
        }
    }

    private ulong BoundBelow(MemoryCgroup memcg, Node node)
    {
        ulong bound = 1UL << _host.ViewOf(memcg, node).Tag;
        foreach (MemoryCgroup child in memcg.Below)
            bound |= BoundBelow(child, node);
        return bound;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Trace(Tracepoint tracepoint, PolicyView view, in ScanControl scan, in FolioBatch batch)
    {
        if (_machine.Tracer.Wants(tracepoint))
            TracedBatch.Raise(_machine, tracepoint, view, scan, batch);
    }

    private void Account(PolicyView view, ref ScanControl scan, in FolioBatch batch)
    {
        scan.NrScanned += batch.Scanned;
        scan.NrReclaimed += batch.Reclaimed;
        scan.KeptByPolicy += batch.KeptByPolicy;
        (Counter scanned, Counter stolen, Counter demoted) = scan.Reclaimer switch
        {
            Reclaimer.Kswapd => (Counter.pgscan_kswapd, Counter.pgsteal_kswapd, Counter.pgdemote_kswapd),
            Reclaimer.Proactive => (Counter.pgscan_proactive, Counter.pgsteal_proactive, Counter.pgdemote_proactive),
            _ => (Counter.pgscan_direct, Counter.pgsteal_direct, Counter.pgdemote_direct),
        };
        scan.Request?.Account(view.Node, batch);
        Trace(Tracepoint.lru_shrink_inactive, view, scan, batch);
        EventCounts counts = view.Lruvec.Counts;
        counts.Add(scanned, batch.Scanned);
        counts.Add(Counter.pgscan_anon, batch.Scanned - batch.ScannedFile);
        counts.Add(Counter.pgscan_file, batch.ScannedFile);
        if (!scan.IsCgroupReclaim)
            _machine.GlobalCounts.Add(scanned, batch.Scanned);

        // What is proposed is counted as stolen when it is committed.
        if (scan.Request is ProposalRun)
            return;
        counts.Add(stolen, batch.Reclaimed);
        counts.Add(Counter.pgsteal_anon, batch.Reclaimed - batch.ReclaimedFile);
        counts.Add(Counter.pgsteal_file, batch.ReclaimedFile);
        if (batch.Demoted > 0)
            counts.Add(demoted, batch.Demoted);
        if (!scan.IsCgroupReclaim)
            _machine.GlobalCounts.Add(stolen, batch.Reclaimed);
    }

    /// <summary>One batch from the oldest generations of a lruvec that keeps them, at the request's swappiness and whatever protects it.</summary>
    /// <returns>Pages that the policy says it looked at; 0 when there are no more, or another thread is deciding about the lruvec.</returns>
    [SkipLocalsInit]
    public long EvictOldest(PolicyView view, in ScanControl asked, ref ScanControl scan)
    {
        if (TestHookRemoved || !TryTakeToken(view, ref scan))
            return 0;
        Unsafe.SkipInit(out FolioBatch batch);
        batch.Begin();
        view.BeginIsolation();
        view.Ops.IsolateOldest(view, view.SwappinessOf(scan), scan.NrToReclaim - scan.NrReclaimed, ref batch);
        view.Reconcile(ref batch);
        view.Lruvec.ReleaseToken();
        Trace(Tracepoint.lru_isolate, view, scan, batch);
        long looked = Math.Max(batch.Examined, batch.Count);
        var known = new ScanSums(scan);
        LruvecBudget budget = default;
        if (batch.Count == 0)
            Account(view, ref scan, batch);
        else
            WorkOff(view, view, asked, ref scan, ref known, ref budget, ref batch);
        return looked;
    }
}
