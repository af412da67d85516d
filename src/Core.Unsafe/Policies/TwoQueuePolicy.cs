using System.Runtime.CompilerServices;

namespace ReclaimNative.Policies;

/// <summary>
/// 2Q: a page enters the FIFO queue A1in at its first access. What A1in lets go is remembered in the FIFO queue A1out; a page that is
/// accessed while A1out remembers it has been used again after some time, so it is hot, and enters Am, which is
/// managed as an LRU queue. Hits in A1in change nothing: they are correlated references to what has just come in.
/// </summary>
/// <remarks>
/// <para>
/// T. Johnson, D. Shasha, "2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm", VLDB 1994, pp. 439-450.
/// The full version, section 3.2, with the sizes that it recommends: for a cache of C pages Kin is floor(0.25 C) and Kout floor(0.5 C).
/// </para>
/// <para>
/// Not in the paper: a queue in which every page was refused, being pinned or kept by its owner, lets the other one have its turn; and
/// A1out takes back in steps of 64 what is too much after C has fallen.
/// </para>
/// <para>O(1) for each access and eviction. 4 bytes for each frame, and 12 for each page that was ever evicted from A1in.</para>
/// </remarks>
public readonly struct TwoQueuePolicy : IReclaimPolicy
{
    private const int A1in = 0;
    private const int Am = 1;
    private const int A1out = 0;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "2q",
        Summary = "FIFO for new pages, LRU for those that came back; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences | PolicyFlags.SeesArrivals,
        Sight = PolicySight.Accesses,
        Lists = 2,
        Orders = 1,
        WordsPerPage = 1,
        StateBytes = Unsafe.SizeOf<QueueState>(),
    };

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        foreach (uint pfn in pfns)
        {
            if (view.ListOf(pfn) == Am)
                view.MoveToHead(Am, pfn);
        }
    }

    /// <inheritdoc/>
    public static void Arrive(PolicyView view, uint page, bool returns)
    {
        ref QueueState state = ref view.State<QueueState>();
        state.Takeover.End();
        state.Arriving = page;
        state.IsRemembered = view.Order(A1out).Remove(page);
    }

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what == FolioEvent.DescriptorAccess)
            return;
        ref QueueState state = ref view.State<QueueState>();
        uint page = view.PageOf(pfn);
        if (state.Arriving != page)
            Arrive(view, page, returns: false);
        view.Word(pfn, 0) = state.IsRemembered ? (uint)Am : A1in;
        state.Arriving = PolicyView.None;
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref uint queue = ref view.Word(pfn, 0);
        if (view.State<QueueState>().Takeover.IsWarm(view, pfn))
            queue = Am;
        DefaultOperations.Place(view, (int)queue, pfn, hint);
    }

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view) => view.State<QueueState>().Arriving = PolicyView.None;

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref QueueState state = ref view.State<QueueState>();
        state.Takeover.End();
        long kin = view.Capacity / 4;
        for (long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed); wanted > 0; wanted--)
        {
            int queue = state.Queues.Choose(view, view.Count(A1in) > kin ? A1in : Am);
            uint pfn = view.Tail(queue);
            if (pfn == PolicyView.None)
                return;
            state.Queues.CountIsolated(queue);
            view.TryIsolate(pfn, ref batch);
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        int queue = (int)view.Word(pfn, 0);
        if (reason == RemoveReason.Rebound)
            Takeover.Leave(view, pfn, isWarm: queue == Am);
        if (reason is RemoveReason.Freed or RemoveReason.Rebound or RemoveReason.Advised)
            return;
        ref QueueState state = ref view.State<QueueState>();
        state.Queues.CountLeft(queue);
        if (queue == Am || reason != RemoveReason.Evicted)
            return;
        PageOrder remembered = view.Order(A1out);
        remembered.AddHead(view.PageOf(pfn));
        state.RememberedBound = remembered.Trim(view.Capacity / 2);
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view) =>
        Ghosts.FindProblem(view, view.Order(A1out), "A1out", view.State<QueueState>().RememberedBound)
        ?? Ghosts.FindStray(view, A1in, uint.MaxValue, A1in)
        ?? Ghosts.FindStray(view, Am, uint.MaxValue, Am);

    private struct QueueState
    {
        public TwoQueues Queues;

        public Takeover Takeover;

        /// <summary>What A1out may hold since it was last added to.</summary>
        public long RememberedBound;

        /// <summary>The page about to come in, or None.</summary>
        public uint Arriving;

        /// <summary>It was in A1out.</summary>
        public bool IsRemembered;
    }
}
