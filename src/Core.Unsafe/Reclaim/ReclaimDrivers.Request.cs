using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

internal sealed unsafe partial class ReclaimDrivers
{
    /// <summary>Share of a node's pages, as a divisor, that must be unmapped page cache before 6.18's node file looks at it at all.</summary>
    private const long GateDivisor = 100;

    /// <summary>
    /// One attempt at a request: aims at a quarter of what is missing (6.1: at all of it), and no more than the request wants at a time. At
    /// the 17th that frees nothing, counted over all of the request, it has failed. Source: kernel-reclaim reference 6.4 and 6.5.
    /// </summary>
    public void Attempt(ReclaimRun run)
    {
        run.Look();
        if (run.IsOver)
            return;
        ReclaimRequest request = run.Request;
        long missing = request.Pages - run.Reclaimed;
        long quarter = _machine.Kernel == KernelVersion.V6_1 ? missing : missing / 4;

        // In the kernel a quarter of three pages is none, which whole nodes take for one pass at the least urgency.
        bool roundsDown = request.Overshoots && _machine.Kernel == KernelVersion.V6_18;
        long batch = Math.Min(roundsDown ? quarter : Math.Max(quarter, 1), request.BatchPages);
        run.Attempts++;
        long got = request.Memcg is null ? AttemptNodes(run, batch) : AttemptMemcg(run, batch);
        if (got == 0 && run.Fruitless++ == MostRetries)
            run.End(ReclaimStop.Exhausted);
        run.Look();
        if (run.Reclaimed >= request.Pages)
            run.End(ReclaimStop.Done);
        if (run.IsOver)
            run.Protected = ProtectedFrom(run);
    }

    private long AttemptMemcg(ReclaimRun run, long batch) => TryToFree(run.Nodes, AskedBy(run, batch));

    /// <summary>
    /// The form for whole nodes: passes of rising urgency and no second chances, so that memory.low holds. The kernel's own form serves one
    /// request a node at a time.
    /// </summary>
    private long AttemptNodes(ReclaimRun run, long batch)
    {
        bool isKernels = run.Request.Overshoots;
        int claimed = 0;
        try
        {
            for (; isKernels && claimed < run.Nodes.Length; claimed++)
            {
                if (run.Nodes[claimed].TryClaim())
                    continue;
                run.End(ReclaimStop.Busy);
                return 0;
            }

            ScanControl asked = AskedBy(run, batch);
            ScanControl scan = ScanControl.Begin(asked);
            using var traced = new TracedReclaim(_machine, TracepointOf(asked), 0, ref scan);
            _machine.Lists.Drain();
            ReadOnlySpan<Node> nodes = isKernels && _machine.Kernel == KernelVersion.V6_18 ? Array.FindAll(run.Nodes, PassesGate) : run.Nodes;
            if (nodes.Length > 0)
                PressOn(nodes, asked, ref scan, shared: _machine.Kernel != KernelVersion.V6_1, batch);
            return scan.NrReclaimed > 0 ? Succeed(scan) : 0;
        }
        finally
        {
            while (claimed > 0)
                run.Nodes[--claimed].EndClaim();
        }
    }

    private long ProtectedFrom(ReclaimRun run)
    {
        long sum = 0;
        MemoryCgroup root = run.Request.Memcg ?? _machine.Root;
        var walk = new MemcgWalk(root, null);
        while (walk.MoveNext(out MemoryCgroup memcg))
        {
            Protection.Refresh(memcg, root, _machine.RecursiveProtection);
            if (!Protection.BelowMin(memcg, root) && !Protection.BelowLow(memcg, root))
                continue;
            foreach (Node node in run.Nodes)
            {
                PolicyView view = _host.ViewOf(memcg, node);
                sum += view.ResidentOf(FolioType.Anon) + view.ResidentOf(FolioType.File);
            }
        }

        return sum;
    }

    private ScanControl AskedBy(ReclaimRun run, long batch)
    {
        ReclaimRequest request = run.Request;
        return new ScanControl
        {
            Target = request.Memcg,
            Reclaimer = Reclaimer.Proactive,
            Swappiness = request.Types == ReclaimTypes.Anon ? ReclaimRequest.AnonOnly : request.Swappiness,
            MaySwap = request.Types is ReclaimTypes.Any or ReclaimTypes.Anon,
            NrToReclaim = Math.Max(batch, LeastFor(request.Memcg ?? _machine.Root)),
            Mode = request.Mode,
            Request = run,
        };
    }

    /// <summary>
    /// What 6.18's node file inherited from node reclaim: without page cache worth the name it does nothing, whatever anonymous pages there
    /// are. Dirty pages, which it takes off, are not counted here. Source: kernel-reclaim reference 2.19 and 15, row 5.
    /// </summary>
    private bool PassesGate(Node node)
    {
        Lruvec root = _machine.LruvecOf(_machine.Root, node);
        LruSizes sizes = _host.TotalSizes(root);
        long unmapped = Math.Max(0, sizes.InactiveFile + sizes.ActiveFile - _host.TotalMapped(root));
        return unmapped > node.Pages / GateDivisor;
    }
}
