using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

/// <summary>
/// LIRS: pages are ranked not by how long ago they were used (recency) but by how many others were used between their last
/// two uses (inter-reference recency, IRR). Nearly all of memory belongs to pages of low IRR, the LIR set; the rest is a short
/// queue for the others, the HIR pages, from which alone pages are evicted. A HIR page that is used again while it is more recent than
/// the LIR page of the highest recency has the lower IRR, and the two change roles.
/// </summary>
/// <remarks>
/// S. Jiang, X. Zhang, "LIRS: An Efficient Low Inter-reference Recency Set Replacement Policy to Improve Buffer Cache
/// Performance", SIGMETRICS 2002, pp. 31-42. As there: stack S has the LIR pages, and those HIR pages, resident or not, that were used since
/// the LIR page at its bottom was; queue Q has the resident HIR pages. L_hirs is 1 % of memory and at least 2 pages, L_lirs the rest and at
/// least 1.
/// <para>
/// What the paper leaves open. S would grow without bound under a long scan, so it has at most 2C non-resident pages, and the
/// least recent of them leaves first. C is what the lruvec held when it was last reclaimed from, and its capacity before that: a
/// lruvec that shares its node has fewer pages than the node. While the LIR set is not full, a page that is used
/// becomes LIR, at the start as well as after pages were freed. A page that could not be evicted goes to the end of Q, with
/// its place in S as it was. Pages that were evicted and come back on another node start anew.
/// </para>
/// <para>
/// It sees every access. O(1) amortised for each: a page is pruned from S once for each time that it was pushed. It keeps of a page its
/// place in S, which evicted pages have as well: 12 bytes of each page of the machine's tables that was touched.
/// </para>
/// </remarks>
public readonly struct LirsPolicy : IReclaimPolicy
{
    /// <summary>The LIR set: the list's order is not used, S has it.</summary>
    private const int Lir = 0;

    /// <summary>Queue Q of resident HIR pages: its front, where pages are evicted, is the tail.</summary>
    private const int Q = 1;

    /// <summary>L_hirs in percent of memory, and the least it is: the paper's 1 %, and 2 pages so that a small memory has a queue as well.</summary>
    private const long HirPercent = 1;
    private const long LeastHir = 2;

    /// <summary>S has so many times C non-resident pages at most.</summary>
    private const long NonResidentFactor = 2;

    /// <summary>Pages that one batch may look at; the rest is the next batch's.</summary>
    private const int ExamineLimit = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "lirs",
        Summary = "ranks pages by the distance of their last two uses; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences,
        Sight = PolicySight.Accesses,
        Lists = 2,
        Orders = 1,
        StateBytes = 40,
    };

    private struct Stack
    {
        /// <summary>Pages that the lruvec held when it was last reclaimed from; 0 before.</summary>
        public long Held;

        /// <summary>Non-resident pages of S.</summary>
        public long NonResident;

        /// <summary>The least recent non-resident page of S is not below this one, unless it was evicted out of turn.</summary>
        public uint Oldest;

        /// <summary>A page that comes in and is yet to be placed.</summary>
        public uint Arriving;

        public Takeover Takeover;
    }

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view) => view.State<Stack>().Oldest = view.State<Stack>().Arriving = PolicyView.None;

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what is not (FolioEvent.NewByFault or FolioEvent.NewByRead))
            return;
        view.State<Stack>().Arriving = pfn;
        view.State<Stack>().Takeover.End();
    }

    /// <summary>Q goes before the LIR pages, whose order is that of their last promotion: S is gone by then.</summary>
    public static int ColdestFirst(PolicyView view, Span<int> lists)
    {
        (lists[0], lists[1]) = (Q, Lir);
        return 2;
    }

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        PageOrder s = view.Order(0);
        foreach (uint pfn in pfns)
        {
            uint page = view.PageOf(pfn);

            // "Upon accessing an LIR block X": to the top of S, and S is pruned if X was at the bottom.
            if (view.ListOf(pfn) == Lir)
            {
                bool wasBottom = s.Tail == page;
                Push(view, page);
                if (wasBottom)
                    Prune(view);
            }

            // "Upon accessing an HIR resident block X": LIR if it is in S, and the LIR page at the bottom goes to the end of Q.
            else if (s.Contains(page) || view.Count(Lir) < LirSize(view))
            {
                Push(view, page);
                view.MoveToHead(Lir, pfn);
                if (view.Count(Lir) > LirSize(view))
                    DemoteBottom(view);
            }
            else
            {
                Push(view, page);
                view.MoveToHead(Q, pfn);
            }
        }
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref Stack stack = ref view.State<Stack>();
        if (stack.Arriving != pfn)
        {
            // Of another policy's pages the warm ones are LIR, as far as there is room: those used long ago as well, so that a
            // scan right after a switch does not take them.
            if (stack.Takeover.IsWarm(view, pfn) && view.Count(Lir) < LirSize(view))
            {
                Push(view, view.PageOf(pfn));
                view.AddHead(Lir, pfn);
                return;
            }

            // Survivors come from Q, and so do pages from another node.
            if (hint == PlaceHint.Tail)
                view.AddTail(Q, pfn);
            else
                view.AddHead(Q, pfn);
            return;
        }

        stack.Arriving = PolicyView.None;
        uint page = view.PageOf(pfn);
        bool wasInS = view.Order(0).Contains(page);
        if (wasInS)
            LeaveNonResident(view, page);
        Push(view, page);

        // "Upon accessing an HIR non-resident block X": room has been made at the front of Q.
        if (wasInS || view.Count(Lir) < LirSize(view))
        {
            view.AddHead(Lir, pfn);
            if (view.Count(Lir) > LirSize(view))
                DemoteBottom(view);
        }
        else
        {
            view.AddHead(Q, pfn);
        }
    }

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long resident = view.Count(Lir) + view.Count(Q);
        view.State<Stack>().Held = resident;
        view.State<Stack>().Takeover.End();
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long limit = Math.Min(ExamineLimit, 2 * resident);
        for (int demoted = 0; demoted < limit && view.Count(Lir) > LirSize(view); demoted++)
            DemoteBottom(view);
        while (wanted > 0 && batch.Examined < limit)
        {
            // A Q of nothing but pages that can't be evicted is as good as an empty one: a LIR page goes.
            bool isQUsedUp = view.Count(Lir) > 0 && budget.Fruitless >= view.Count(Q);
            if (isQUsedUp)
                DemoteBottom(view);
            if (view.Count(Q) == 0)
                return;
            if (view.TryIsolate(isQUsedUp ? view.Head(Q) : view.Tail(Q), ref batch))
                wanted--;
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if (reason == RemoveReason.Rebound)
        {
            // The core takes all of S away at once.
            Takeover.Leave(view, pfn, isWarm: view.ListOf(pfn) == Lir);
            return;
        }

        uint page = view.PageOf(pfn);
        PageOrder s = view.Order(0);
        if (!s.Contains(page))
            return;
        if (reason != RemoveReason.Evicted)
        {
            PassOldest(view, page);
            s.Remove(page);
            Prune(view);
            return;
        }

        ref Stack stack = ref view.State<Stack>();
        long bound = NonResidentFactor * C(view);
        while (stack.NonResident > 0 && stack.NonResident >= bound)
            DropOldest(view);
        if (stack.NonResident++ == 0)
            stack.Oldest = page;
    }

    /// <inheritdoc/>
    public static void Forget(PolicyView view, uint page)
    {
        LeaveNonResident(view, page);
        view.Order(0).Remove(page);
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        PageOrder s = view.Order(0);
        long lir = 0;
        long nonResident = 0;
        for (uint page = s.Tail; page != PolicyView.None; page = s.TowardHead(page))
        {
            lir += IsLir(view, page) ? 1 : 0;
            nonResident += IsResident(view, page) ? 0 : 1;
        }

        ref Stack stack = ref view.State<Stack>();
        if (lir != view.Count(Lir))
            return $"{lir} of {view.Count(Lir)} LIR pages are in S";
        if (nonResident != stack.NonResident)
            return $"{nonResident} non-resident pages are in S, counted as {stack.NonResident}";
        if (s.Count > 0 && !IsLir(view, s.Tail))
            return $"page {s.Tail} at the bottom of S is not LIR";
        return stack.Oldest == PolicyView.None || s.Contains(stack.Oldest) ? null : $"page {stack.Oldest} is not in S, and no older one is to be non-resident";
    }

    /// <summary>The paper's cache size: what the lruvec really gets.</summary>
    private static long C(PolicyView view) => view.State<Stack>().Held is var held and not 0 ? held : view.Capacity;

    /// <summary>L_lirs.</summary>
    private static long LirSize(PolicyView view)
    {
        long c = C(view);
        return Math.Max(1, c - Math.Max(LeastHir, c * HirPercent / 100));
    }

    private static bool IsResident(PolicyView view, uint page) => view.FrameOf(page) != PolicyView.None;

    private static bool IsLir(PolicyView view, uint page) =>
        view.FrameOf(page) is var pfn && pfn != PolicyView.None && (view.Flags(pfn) & FolioFlags.Lru) != 0 && view.ListOf(pfn) == Lir;

    /// <summary>To the top of S, from wherever in it or outside.</summary>
    private static void Push(PolicyView view, uint page)
    {
        PassOldest(view, page);
        view.Order(0).AddHead(page);
    }

    /// <summary>The LIR page of the highest recency becomes HIR and goes to the end of Q.</summary>
    private static void DemoteBottom(PolicyView view)
    {
        uint bottom = view.Order(0).Tail;
        if (bottom == PolicyView.None)
            return;
        view.MoveToHead(Q, view.FrameOf(bottom));
        Prune(view);
    }

    /// <summary>The paper's stack pruning: HIR pages leave the bottom of S until a LIR page is there.</summary>
    private static void Prune(PolicyView view)
    {
        PageOrder s = view.Order(0);
        while (s.Tail is var bottom && bottom != PolicyView.None && !IsLir(view, bottom))
        {
            if (IsResident(view, bottom))
                PassOldest(view, bottom);
            else
                LeaveNonResident(view, bottom);
            s.Remove(bottom);
        }
    }

    /// <summary>
    /// The non-resident page of the highest recency leaves S. It is looked for upward from where the last one was: pages are evicted in the
    /// order in which they were pushed, but for survivors of an eviction, and those are looked for from the bottom in the end.
    /// </summary>
    private static void DropOldest(PolicyView view)
    {
        PageOrder s = view.Order(0);
        ref Stack stack = ref view.State<Stack>();
        if (stack.Oldest == PolicyView.None)
            stack.Oldest = s.Tail;
        while (stack.Oldest != PolicyView.None && IsResident(view, stack.Oldest))
            stack.Oldest = s.TowardHead(stack.Oldest);
        uint page = stack.Oldest;
        if (page == PolicyView.None)
            return;
        LeaveNonResident(view, page);
        s.Remove(page);
    }

    /// <summary>A non-resident page of S comes in or goes for good.</summary>
    private static void LeaveNonResident(PolicyView view, uint page)
    {
        PassOldest(view, page);
        view.State<Stack>().NonResident--;
    }

    /// <summary>A page is about to leave its place in S.</summary>
    private static void PassOldest(PolicyView view, uint page)
    {
        ref Stack stack = ref view.State<Stack>();
        if (stack.Oldest == page)
            stack.Oldest = view.Order(0).TowardHead(page);
    }
}
