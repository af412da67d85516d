using System.Runtime.CompilerServices;

namespace ReclaimNative.Policies;

/// <summary>
/// ARC: two LRU lists, T1 of pages accessed once lately and T2 of pages accessed at least twice, share the cache. B1 and B2 remember as many
/// pages that these lists let go. A return to B1 says that T1 should have been longer and raises its target size p; a
/// return to B2 lowers it. So the cache shifts by itself between recency and frequency.
/// </summary>
/// <remarks>
/// <para>
/// N. Megiddo, D. S. Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 03, 2003, pp. 115-130. Figure 4, with p
/// a real number; c is the capacity. The cases of the figure are named in the code.
/// </para>
/// <para>
/// Not in the paper: a list in which every page was refused, being pinned or kept by its owner, lets the other one have its turn; B1
/// and B2 take back in steps of 64 what is too much after c has fallen; pages that are evicted for no arrival leave by REPLACE.
/// </para>
/// <para>O(1) for each access and eviction. 4 bytes for each frame, and 12 for each page that was ever evicted.</para>
/// </remarks>
public readonly struct ArcPolicy : IReclaimPolicy
{
    private const int T1 = 0;
    private const int T2 = 1;
    private const int B1 = 0;
    private const int B2 = 1;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "arc",
        Summary = "adapts between recency and frequency by what returns; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences | PolicyFlags.SeesArrivals,
        Sight = PolicySight.Accesses,
        Lists = 2,
        Orders = 2,
        WordsPerPage = 1,
        StateBytes = Unsafe.SizeOf<ArcState>(),
    };

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        // Case I: x in T1 or T2. It moves to the recent end of T2.
        foreach (uint pfn in pfns)
        {
            view.Word(pfn, 0) = T2;
            view.MoveToHead(T2, pfn);
        }
    }

    /// <inheritdoc/>
    public static void Arrive(PolicyView view, uint page, bool returns)
    {
        ref ArcState state = ref view.State<ArcState>();
        PageOrder b1 = view.Order(B1);
        PageOrder b2 = view.Order(B2);
        long c = view.Capacity;
        long l1 = view.Count(T1) + b1.Count;
        state.Takeover.End();
        state.Arriving = page;
        if (b1.Contains(page))
        {
            // Case II: x in B1. p = min(p + d1, c), where d1 = 1 if |B1| >= |B2|, else |B2| / |B1|.
            state.P = Math.Min(state.P + Math.Max(1.0, (double)b2.Count / b1.Count), c);
            state.ArrivesFrom = Directory.B1;
            b1.Remove(page);
        }
        else if (b2.Contains(page))
        {
            // Case III: x in B2. p = max(p - d2, 0), where d2 = 1 if |B2| >= |B1|, else |B1| / |B2|.
            state.P = Math.Max(state.P - Math.Max(1.0, (double)b1.Count / b2.Count), 0);
            state.ArrivesFrom = Directory.B2;
            b2.Remove(page);
        }
        else if (l1 >= c && view.Count(T1) >= c)
        {
            // Case IV, A: |L1| = c, and B1 is empty: the oldest page of T1 goes and is not remembered.
            state.ArrivesFrom = Directory.NoneAndT1IsFull;
        }
        else
        {
            // Case IV. A, |L1| = c: the oldest of B1 is forgotten. B, |L1| < c: the oldest of B2 is, when all that is known is 2c.
            state.ArrivesFrom = Directory.None;
            if (l1 >= c)
                b1.Trim(c - 1 - view.Count(T1));
            else if (l1 + view.Count(T2) + b2.Count >= 2 * c)
                b2.Trim(2 * c - 1 - l1 - view.Count(T2));
        }
    }

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what == FolioEvent.DescriptorAccess)
            return;
        ref ArcState state = ref view.State<ArcState>();
        uint page = view.PageOf(pfn);
        if (state.Arriving != page)
            Arrive(view, page, returns: false);
        view.Word(pfn, 0) = state.ArrivesFrom is Directory.B1 or Directory.B2 ? (uint)T2 : T1;
        state.Arriving = PolicyView.None;
        state.ArrivesFrom = Directory.None;
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref uint list = ref view.Word(pfn, 0);
        if (view.State<ArcState>().Takeover.IsWarm(view, pfn))
            list = T2;
        DefaultOperations.Place(view, (int)list, pfn, hint);
    }

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view) => view.State<ArcState>().Arriving = PolicyView.None;

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref ArcState state = ref view.State<ArcState>();
        state.Takeover.End();
        for (long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed); wanted > 0; wanted--)
        {
            // REPLACE: from T1 when |T1| > p, or when x is in B2 and |T1| = p; else from T2.
            long t1 = view.Count(T1);
            bool fromT1 = t1 > state.P
                || (state.ArrivesFrom == Directory.B2 && t1 == state.P)
                || state.ArrivesFrom == Directory.NoneAndT1IsFull;
            int list = state.Queues.Choose(view, fromT1 ? T1 : T2);
            uint pfn = view.Tail(list);
            if (pfn == PolicyView.None)
                return;
            state.Queues.CountIsolated(list);
            view.TryIsolate(pfn, ref batch);
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        int list = (int)view.Word(pfn, 0);
        if (reason == RemoveReason.Rebound)
            Takeover.Leave(view, pfn, isWarm: list == T2);
        if (reason is RemoveReason.Freed or RemoveReason.Rebound or RemoveReason.Advised)
            return;
        ref ArcState state = ref view.State<ArcState>();
        state.Queues.CountLeft(list);
        if (reason != RemoveReason.Evicted || (list == T1 && state.ArrivesFrom == Directory.NoneAndT1IsFull))
            return;
        PageOrder b1 = view.Order(B1);
        PageOrder b2 = view.Order(B2);
        (list == T1 ? b1 : b2).AddHead(view.PageOf(pfn));

        // |L1| <= c and |L1| + |L2| <= 2c, also where pages came from another node without an arrival.
        long c = view.Capacity;
        long t1 = view.Count(T1);
        state.B1Bound = b1.Trim(c - t1);
        state.B2Bound = b2.Trim(2 * c - t1 - view.Count(T2) - b1.Count);
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        ArcState state = view.State<ArcState>();
        if (!(state.P >= 0))
            return $"the target size of T1 is {state.P}";
        return Ghosts.FindProblem(view, view.Order(B1), "B1", state.B1Bound)
            ?? Ghosts.FindProblem(view, view.Order(B2), "B2", state.B2Bound)
            ?? Ghosts.FindStray(view, T1, uint.MaxValue, T1)
            ?? Ghosts.FindStray(view, T2, uint.MaxValue, T2);
    }

    /// <summary>Where the page about to come in is remembered.</summary>
    private enum Directory : byte
    {
        None,
        NoneAndT1IsFull,
        B1,
        B2,
    }

    private struct ArcState
    {
        public TwoQueues Queues;

        public Takeover Takeover;

        /// <summary>What T1 should have.</summary>
        public double P;

        /// <summary>What B1 and B2 may hold since one of them was last added to.</summary>
        public long B1Bound;
        public long B2Bound;

        /// <summary>The page about to come in, or None.</summary>
        public uint Arriving;

        public Directory ArrivesFrom;
    }
}
