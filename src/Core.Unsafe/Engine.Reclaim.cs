using System.Diagnostics;
using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Memory;
using ReclaimNative.Observe;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    private readonly TimeProvider _clock;

    /// <summary>Carries out a proactive request.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellation">Ends it after the batch that is being worked off.</param>
    /// <returns>What became of it: fewer pages than asked when no more could be reclaimed, a limit came first, or it was cancelled.</returns>
    /// <remarks>
    /// Allocates its result and some hundred bytes of accounts, whatever it reclaims. Two at once, in an engine for many threads, are both
    /// served. None is, from a callback of the backing.
    /// </remarks>
    /// <exception cref="EngineException">The request is out of range, or can't be carried out by this engine. Nothing was reclaimed.</exception>
    public ReclaimResult Reclaim(ReclaimRequest request, CancellationToken cancellation = default)
    {
        ReclaimRun run = Check(request, cancellation);
        while (!run.IsOver)
            Step(run);
        return run.ToResult();
    }

    /// <summary>Prepares a request to be carried out step by step; nothing is reclaimed yet.</summary>
    /// <exception cref="EngineException">As <see cref="Reclaim"/>.</exception>
    public ReclaimOperation Begin(ReclaimRequest request, CancellationToken cancellation = default) => new(this, Check(request, cancellation));

    /// <summary>
    /// Carries out a request on a thread of the .NET pool, in an engine for many threads. Cancelled, it ends with what was done and not with an
    /// exception.
    /// </summary>
    /// <exception cref="EngineException">As <see cref="Reclaim"/>, at once; or the engine is one that a single thread drives.</exception>
    public Task<ReclaimResult> ReclaimAsync(ReclaimRequest request, CancellationToken cancellation = default)
    {
        if (!_machine.Concurrent)
            throw new EngineException("The engine is driven by one thread; a request beside it needs one built Concurrent. Begin a request and make its steps instead.");
        ReclaimRun run = Check(request, cancellation);
        return Task.Run(
            () =>
            {
                while (!run.IsOver)
                    Step(run);
                return run.ToResult();
            },
            CancellationToken.None);
    }

    /// <summary>
    /// What a request would do now, by doing it and putting everything back: the same path to the end, and no page, bit, list or counter is
    /// different afterwards. The owner is not asked; it is taken to agree to all.
    /// </summary>
    /// <param name="request">What would be wanted.</param>
    /// <param name="leaving">Gets the pages that would go, in order; null when only the amounts matter.</param>
    /// <param name="cancellation">Ends it early, as the request itself.</param>
    /// <remarks>
    /// Waits for the calls in flight and keeps others waiting. Takes a copy of all metadata, in memory and in time: 16 bytes a page or less.
    /// What stays is an ejection that a policy earned by it, and what a policy in C keeps in memory of its own.
    /// </remarks>
    /// <exception cref="EngineException">As <see cref="Reclaim"/>; or there is no memory for the copy.</exception>
    public ReclaimResult Preview(ReclaimRequest request, ICollection<ProposedPage>? leaving = null, CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        Settle();
        ReclaimRun run = Check(request, cancellation);
        var log = new StateLog();
        PassState(log);
        using ColumnImage image = CopyOfColumns();
        List<ProposedPage>? noted = leaving is null ? null : [];
        _folios.BeginPreview(noted);
        Tracepoint wanted = _machine.Tracer.Wanted;
        _machine.Tracer.Wanted &= Tracepoint.policy_ejected;
        try
        {
            while (!run.IsOver)
                _drivers.Attempt(run);
        }
        finally
        {
            _folios.EndPreview();
            if (_machine.Tracer.Failure is null)
                _machine.Tracer.Wanted = wanted;
            image.Restore();
            log.Restore();
            PassState(log);
            Debug.Assert(log.IsSpent, "what was taken down is what was put back");
        }

        noted?.ForEach(leaving!.Add);
        return run.ToResult();
    }

    /// <summary>
    /// Asks for victims: fills <paramref name="pages"/> with what a request would take, coldest first, and evicts nothing. Each of them is proposed
    /// from now on: on no list, of no interest to other requests, in memory and charged, until it is answered by
    /// <see cref="Commit"/> or <see cref="Abort"/>, in any order, or freed. A proposal lapses, and the page is back on its list, when its
    /// cgroup is bound to another policy.
    /// </summary>
    /// <param name="request">What is wanted; no more than <paramref name="pages"/> has room for.</param>
    /// <param name="pages">At least one element.</param>
    /// <param name="cancellation">Ends it early, as the request itself.</param>
    /// <returns>
    /// As of a request; <see cref="ReclaimResult.Reclaimed"/> is how many elements were filled. The pages are counted as scanned; as stolen
    /// when they are committed.
    /// </returns>
    /// <remarks>
    /// The owner's callbacks are not asked. Swap for anonymous pages is taken, and accessed bits are cleared, so that use afterwards shows.
    /// Callable from any thread of a concurrent engine, with an array of its own.
    /// </remarks>
    /// <exception cref="EngineException">As <see cref="Reclaim"/>; or there is no room, or the request overshoots.</exception>
    public ReclaimResult Propose(ReclaimRequest request, ProposedPage[] pages, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(pages);
        (Node[] nodes, ReclaimAge age) = Admit(request);
        if (pages.Length == 0)
            throw new EngineException("There is no room for proposed pages; at least 1 is accepted.");
        if (request.Overshoots)
            throw new EngineException("A request in the kernel's form overshoots, and no more can be proposed than there is room for.");
        var run = new ProposalRun(_machine, request with { Pages = Math.Min(request.Pages, pages.Length) }, nodes, _clock, cancellation, pages) { Age = age };
        while (!run.IsOver)
            Step(run);
        return run.ToResult();
    }

    /// <summary>One attempt of a request.</summary>
    internal void Step(ReclaimRun run)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        FlushHits();
        if (run.Request.Memcg is { IsRemoved: true })
            run.End(ReclaimStop.Canceled);
        _drivers.Attempt(run);
    }

    /// <summary>What calls change beside the columns, for whoever puts it back.</summary>
    internal void PassState(StateLog log)
    {
        _machine.Pass(log);
        _host.Pass(log);
        _drivers.Pass(log);
    }

    private ColumnImage CopyOfColumns()
    {
        try
        {
            return _machine.CopyColumns();
        }
        catch (Exception none) when (none is OutOfMemoryException or EngineException)
        {
            throw new EngineException($"A preview puts everything back from a copy. {none.Message}", none);
        }
    }

    /// <summary>A request that this engine can carry out, about to begin.</summary>
    private ReclaimRun Check(ReclaimRequest request, CancellationToken cancellation)
    {
        (Node[] nodes, ReclaimAge age) = Admit(request);
        return new ReclaimRun(_machine, request, nodes, _clock, cancellation) { Age = age };
    }

    /// <summary>The nodes that a request takes from, and where it knows idle times from.</summary>
    /// <exception cref="EngineException">This engine can't carry it out.</exception>
    private (Node[] Nodes, ReclaimAge Age) Admit(ReclaimRequest request)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(request);
        if (request.Memcg is not null)
            Own(request.Memcg);
        if ((Problem(request) ?? ProblemOfNodes(request)) is { } problem)
            throw new EngineException(problem);
        bool needsDemotion = request.Mode == ReclaimMode.Demote;
        Node[] nodes = Array.FindAll(_machine.Nodes, n => request.Nodes.Contains(n) && (!needsDemotion || _machine.Demotion.CanDemote(n)));
        if (nodes.Length == 0)
        {
            throw new EngineException(_machine.Demotion.IsOn
                ? $"Nothing can be demoted from nodes {request.Nodes}: no node is of a lower tier."
                : "Demotion is off on this machine, so nothing can be demoted; it is turned on by Engine.SetDemotion or demotion_enabled.");
        }

        return (nodes, AgeFor(request));
    }

    /// <summary>Whoever knows how long pages have been idle; a request is refused rather than answered by a guess.</summary>
    private ReclaimAge AgeFor(ReclaimRequest request)
    {
        if (request.MinIdleMs == 0)
            return ReclaimAge.None;
        if (_machine.Ages is not null)
            return ReclaimAge.IdleAge;
        var walk = new MemcgWalk(request.Memcg ?? Root, null);
        while (walk.MoveNext(out MemoryCgroup memcg))
        {
            if (!KeepsGenerations(memcg))
            {
                throw new EngineException(
                    $"Idle times are not known: the engine keeps none ({nameof(MachineOptions.IdleAge)}), and policy {PolicyNameOf(memcg)} of {memcg.Path} keeps no generations.");
            }
        }

        return ReclaimAge.Generations;
    }

    /// <summary>What no engine accepts, in one sentence, or null.</summary>
    private static string? Problem(ReclaimRequest request) => request switch
    {
        { Pages: < 1 } => $"A request for {request.Pages} pages makes no sense; at least 1 is accepted.",
        { Swappiness: < 0 or > ReclaimRequest.AnonOnly } =>
            $"Swappiness {request.Swappiness} is out of range; a request takes 0 to 200, or {ReclaimRequest.AnonOnly} for anonymous pages alone.",
        { Swappiness: not null, Types: not ReclaimTypes.Any } =>
            $"Swappiness {request.Swappiness} balances types, and the request is for one type ({request.Types}); either of the two is accepted.",
        { Types: < ReclaimTypes.Any or > ReclaimTypes.Anon } => $"There is no type {(int)request.Types} of pages; 0 to {(int)ReclaimTypes.Anon} are accepted.",
        { Mode: < ReclaimMode.Auto or > ReclaimMode.Demote } => $"There is no mode {(int)request.Mode}; 0 to {(int)ReclaimMode.Demote} are accepted.",
        { MinIdleMs: < 0 } => $"A least idle time of {request.MinIdleMs} ms makes no sense; 0 (any) or more are accepted.",
        { MaxScanned: < 1 } => $"A limit of {request.MaxScanned} scanned pages makes no sense; at least 1 is accepted, or null for none.",
        { BatchPages: < 1 } => $"Batches of {request.BatchPages} pages make no sense; at least 1 is accepted.",
        { TimeLimit: { } limit } when limit <= TimeSpan.Zero => $"A time limit of {limit.TotalMilliseconds} ms makes no sense; more than 0 is accepted, or null for none.",
        _ => null,
    };

    private string? ProblemOfNodes(ReclaimRequest request)
    {
        if (request.Nodes.IsAll)
            return null;
        int nodes = _machine.Nodes.Length;
        if (nodes < NodeSet.MostNodes && request.Nodes.Mask >> nodes != 0)
            return $"Nodes {request.Nodes} are not all there; this machine has nodes 0 to {nodes - 1}.";
        bool demotes = false;
        ulong tiers = 0;
        foreach (Node node in _machine.Nodes)
        {
            if (!request.Nodes.Contains(node))
                continue;
            demotes |= _machine.Demotion.CanDemote(node);
            tiers |= 1UL << RankOf(node.Tier);
        }

        return request.Mode == ReclaimMode.Auto && demotes && !ulong.IsPow2(tiers)
            ? $"Nodes {request.Nodes} are of several tiers, and some of them demote; say whether pages are to be evicted or demoted (Mode)."
            : null;
    }

    /// <summary>The place of a tier among those that there are: the first node of it.</summary>
    private int RankOf(int tier)
    {
        int at = 0;
        while (_machine.Nodes[at].Tier != tier)
            at++;
        return at;
    }
}
