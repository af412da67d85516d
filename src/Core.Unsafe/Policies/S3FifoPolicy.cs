using System.Runtime.CompilerServices;

namespace ReclaimNative.Policies;

/// <summary>
/// S3-FIFO: three static FIFO queues. A new page enters a small queue S, a tenth of the cache, where most pages that are used only
/// once die quickly. Those that were used again there move to the main queue M, where a page with uses left goes round
/// again. The ghost queue G remembers what S let go; what returns while G remembers it enters M at once.
/// </summary>
/// <remarks>
/// <para>
/// J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO Queues Are All You Need for Cache Eviction", SOSP 2023, pp. 130-149.
/// Algorithm 1. With a cache of C pages, S has floor(0.1 C), M the rest and G remembers floor(0.9 C).
/// </para>
/// <para>
/// Not in the paper: a queue in which every page was refused, being pinned or kept by its owner, lets the other one have its turn; and G
/// takes back in steps of 64 what is too much after C has fallen.
/// </para>
/// <para>
/// A hit adds to a number, at most to 3, and moves nothing. An eviction is O(1) amortised: each page that it passes over loses a use or
/// leaves S. 4 bytes for each frame, and 12 for each page that was ever evicted from S.
/// </para>
/// </remarks>
public readonly struct S3FifoPolicy : IReclaimPolicy
{
    private const int S = 0;
    private const int M = 1;
    private const int G = 0;

    /// <summary>Uses of a page, in the low bits of its word.</summary>
    private const uint Freq = 3;

    /// <summary>Uses that take a page from S to M.</summary>
    private const uint MoveToMainThreshold = 2;

    /// <summary>The bit of a page's word that says it belongs in M, on a list or not.</summary>
    private const uint InMain = 4;

    /// <summary>Pages that one batch may pass over; the queues stay as they are between batches.</summary>
    private const int ExamineLimit = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "s3fifo",
        Summary = "small, main and ghost FIFO queues; sees every access",
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
            ref uint word = ref view.Word(pfn, 0);
            if ((word & Freq) < Freq)
                word++;
        }
    }

    /// <inheritdoc/>
    public static void Arrive(PolicyView view, uint page, bool returns)
    {
        ref QueueState state = ref view.State<QueueState>();
        state.Takeover.End();
        state.Arriving = page;
        state.IsRemembered = view.Order(G).Remove(page);
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
        view.Word(pfn, 0) = state.IsRemembered ? InMain : 0;
        state.Arriving = PolicyView.None;
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref uint word = ref view.Word(pfn, 0);
        if (view.State<QueueState>().Takeover.IsWarm(view, pfn))
            word |= InMain;
        DefaultOperations.Place(view, ListOf(word), pfn, hint);
    }

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view) => view.State<QueueState>().Arriving = PolicyView.None;

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref QueueState state = ref view.State<QueueState>();
        state.Takeover.End();
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long mainSize = view.Capacity - view.Capacity / 10;
        while (wanted > 0 && batch.Examined < ExamineLimit)
        {
            int queue = state.Queues.Choose(view, state.GoesOnInSmall || view.Count(M) <= mainSize ? S : M);
            uint pfn = view.Tail(queue);
            state.GoesOnInSmall = queue == S;
            if (pfn == PolicyView.None)
                return;
            ref uint word = ref view.Word(pfn, 0);
            if (queue == S ? (word & Freq) >= MoveToMainThreshold : (word & Freq) > 0)
            {
                word = queue == S ? InMain : word - 1;
                view.PassOver(pfn, ref batch);
                view.MoveToHead(M, pfn);
            }
            else
            {
                state.GoesOnInSmall = false;
                state.Queues.CountIsolated(queue);
                if (view.TryIsolate(pfn, ref batch))
                    wanted--;
            }
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if (reason == RemoveReason.Rebound)
            Takeover.Leave(view, pfn, isWarm: ListOf(view.Word(pfn, 0)) == M);
        else if (reason == RemoveReason.Advised)
            view.Word(pfn, 0) &= InMain;
        if (reason is RemoveReason.Freed or RemoveReason.Rebound or RemoveReason.Advised)
            return;
        ref QueueState state = ref view.State<QueueState>();
        int queue = ListOf(view.Word(pfn, 0));
        state.Queues.CountLeft(queue);
        if (queue == M || reason != RemoveReason.Evicted)
            return;
        PageOrder ghost = view.Order(G);
        ghost.AddHead(view.PageOf(pfn));
        state.GhostBound = ghost.Trim(view.Capacity * 9 / 10);
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view) =>
        Ghosts.FindProblem(view, view.Order(G), "the ghost queue", view.State<QueueState>().GhostBound)
        ?? Ghosts.FindStray(view, S, InMain, 0)
        ?? Ghosts.FindStray(view, M, InMain, InMain);

    private static int ListOf(uint word) => (word & InMain) != 0 ? M : S;

    private struct QueueState
    {
        public TwoQueues Queues;

        public Takeover Takeover;

        /// <summary>What G may hold since it was last added to.</summary>
        public long GhostBound;

        /// <summary>The page about to come in, or None.</summary>
        public uint Arriving;

        /// <summary>It was in G.</summary>
        public bool IsRemembered;

        /// <summary>An eviction that has begun in S ends there, also when M has meanwhile become too long.</summary>
        public bool GoesOnInSmall;
    }
}
