using System.Numerics;
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
    private readonly MachineState _machine;
    private readonly PolicyHost _host;
    private readonly FolioListEngine _engine;
    private readonly WalkCookie[] _cookies;

    public NodePass(PolicyHost host, FolioListEngine engine, int memcgs)
    {
        _machine = host.Machine;
        _host = host;
        _engine = engine;
        _cookies = new WalkCookie[memcgs * _machine.Nodes.Length];
        for (int i = 0; i < _cookies.Length; i++)
            _cookies[i] = new WalkCookie();
    }

    /// <summary>
    /// Visits the lruvecs of the reclaim's target on <paramref name="node"/>: all of them, or, when
    /// <paramref name="shared"/>, from where the previous reclaimer stopped and only until enough is reclaimed.
    /// </summary>
    public void Run(Node node, ref ScanControl scan, bool shared)
    {
        MemoryCgroup root = scan.Target ?? _machine.Root;
        PolicyView target = _host.ViewOf(root, node);
        Span<PassState> passes = stackalloc PassState[_host.Definitions.Length];
        if (!scan.Background)
            Prepare(target, root, node, ref scan, passes);

        var walk = new MemcgWalk(root, shared ? _cookies[target.Lruvec.Index] : null);
        while (walk.MoveNext(out MemoryCgroup memcg))
        {
            Protection.Refresh(memcg, root);
            if (Protection.BelowMin(memcg))
                continue;
            if (Protection.BelowLow(memcg) && !scan.IgnoreLow)
            {
                scan.LowSkipped = true;
                continue;
            }

            PolicyView view = _host.ViewOf(memcg, node);
            Visit(view, target, ref scan, ref passes[view.Tag]);
            if (shared && scan.NrReclaimed >= scan.NrToReclaim)
                break;
        }
    }

    private void Visit(PolicyView view, PolicyView target, ref ScanControl scan, ref PassState pass)
    {
        ReclaimOps ops = view.Ops;
        LruvecBudget budget = default;
        if (!ops.Budget(view, ref scan, ref pass, ref budget))
            return;

        // No policy needs to look at a page more than a few times in one visit; one that does is stopped here.
        long bound = 4 * (view.ResidentOf(FolioType.Anon) + view.ResidentOf(FolioType.File)) + 8192;
        do
        {
            FolioBatch batch = default;
            ops.Isolate(view, ref scan, ref pass, ref budget, ref batch);
            budget.Examined += batch.Examined;
            if (batch.Count > 0)
                WorkOff(view, target, ref scan, ref budget, ref batch);
            else if (batch.Examined == 0)
                break;
            if (budget.Examined > bound)
            {
                view.Count(Counter.policy_overrides, 1);
                break;
            }
        }
        while (ops.Continue(view, ref scan, ref pass, ref budget));

        ops.Visited(view, ref scan, budget.Done ? VisitOutcome.Done : VisitOutcome.Partial);
    }

    private void WorkOff(PolicyView view, PolicyView target, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        if (batch.Disposition == Disposition.Deactivate)
        {
            _engine.Deactivate(view, scan, ref batch);
        }
        else
        {
            _engine.Shrink(view, target, scan, ref batch);
            Account(view, scan, batch);
            scan.NrScanned += batch.Scanned;
            scan.NrReclaimed += batch.Reclaimed;
            budget.Reclaimed += batch.Reclaimed;
        }

        if (view.Ops.After(view, ref scan, ref budget, ref batch) && batch.Survivors > 0)
            RetryOnce(view, target, ref scan, ref budget, ref batch);
        _engine.PutBack(view, ref batch);
    }

    /// <summary>The policy asked for the survivors that are clean, unmapped and not active to be tried once more.</summary>
    private void RetryOnce(PolicyView view, PolicyView target, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        FolioBatch retry = new() { Type = batch.Type };
        int kept = 0;
        for (int i = 0; i < batch.Survivors; i++)
        {
            uint pfn = batch[i];
            bool mapped = _machine.Frames.Has(pfn, FolioFlags.SwapBacked) || _machine.Frames.Mapping[pfn] != FrameTable.NoSlot;
            if (mapped || (view.Flags(pfn) & (FolioFlags.Active | FolioFlags.Dirty | FolioFlags.Writeback)) != 0)
                batch[kept++] = pfn;
            else
                retry[retry.Count++] = pfn;
        }

        if (retry.Count == 0)
            return;
        _engine.Shrink(view, target, scan, ref retry);
        Account(view, scan, retry);
        scan.NrReclaimed += retry.Reclaimed;
        budget.Reclaimed += retry.Reclaimed;
        for (int i = 0; i < retry.Survivors; i++)
            batch[kept++] = retry[i];
        batch.Survivors = kept;
    }

    private void Prepare(PolicyView target, MemoryCgroup root, Node node, ref ScanControl scan, Span<PassState> passes)
    {
        ulong bound = _host.Definitions.Length == 1 ? 1 : BoundBelow(root, node);
        while (bound != 0)
        {
            int tag = BitOperations.TrailingZeroCount(bound);
            bound &= bound - 1;
            _host.Definitions[tag].Ops.Prepare(target, ref scan, ref passes[tag]);
        }
    }

    private ulong BoundBelow(MemoryCgroup memcg, Node node)
    {
        ulong bound = 1UL << _host.ViewOf(memcg, node).Tag;
        foreach (MemoryCgroup child in memcg.Children)
            bound |= BoundBelow(child, node);
        return bound;
    }

    private void Account(PolicyView view, in ScanControl scan, in FolioBatch batch)
    {
        (Counter scanned, Counter stolen) = scan.Reclaimer switch
        {
            Reclaimer.Kswapd => (Counter.pgscan_kswapd, Counter.pgsteal_kswapd),
            Reclaimer.Proactive => (Counter.pgscan_proactive, Counter.pgsteal_proactive),
            _ => (Counter.pgscan_direct, Counter.pgsteal_direct),
        };
        EventCounts counts = view.Lruvec.Counts;
        counts.Add(scanned, batch.Scanned);
        counts.Add(stolen, batch.Reclaimed);
        counts.AddTyped(Counter.pgscan_anon, (int)batch.Type, batch.Scanned);
        counts.AddTyped(Counter.pgsteal_anon, (int)batch.Type, batch.Reclaimed);
        if (!scan.IsCgroupReclaim)
        {
            _machine.GlobalCounts.Add(scanned, batch.Scanned);
            _machine.GlobalCounts.Add(stolen, batch.Reclaimed);
        }
    }
}
