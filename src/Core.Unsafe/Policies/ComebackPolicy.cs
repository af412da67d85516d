using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// COMEBACK: new pages are on probation, a small FIFO that is evicted first; the rest of the memory, main, is a clock of pages
/// that have proved themselves. A page does so by an access while on probation, or by a comeback: it was evicted, and is
/// wanted again sooner after its last use than the hand of the clock comes round. What the hand finds idle has not been used
/// for a turn; what comes back within one is hotter, and takes its place.
/// </summary>
/// <remarks>
/// <para>
/// Time is counted in pages brought in. The turn is how long ago the hand saw the page that it will see next, so it measures
/// itself: it grows while nothing enters main, and drops to nothing when all of main proves to be hot. So of a loop over more than
/// fits, main keeps what it has and the rest goes through probation.
/// </para>
/// <para>
/// How large probation is follows from refaults. One that a reach more of probation would have spared is a vote for a page
/// more; one that a reach more of main would have spared, for a page less. How far a list reaches in time is its share in the
/// evictions.
/// </para>
/// <para>
/// Keeps: for each page a word, when it was last known to be in use, and up to three lives, one for each turn in which it was
/// used, which idle turns take away again; for each evicted page that word, and a bit: which list it left; for each lruvec four
/// numbers. It knows accessed bits and faults alone. A batch looks at <see cref="ExamineLimit"/> pages at most; for each page that
/// goes 1 to 3.7 were looked at, 1.7 on average. Anonymous and file pages have lists of their own so that what can't go, for want of swap or at this
/// swappiness, is not even looked at; of what can, the older goes first, whatever its type.
/// </para>
/// <para>
/// What is whose: a probationary FIFO, 2Q (T. Johnson, D. Shasha, VLDB 1994), and its small size, lives and quick demotion,
/// S3-FIFO (J. Yang et al., SOSP 2023); reuse distances against that of the coldest resident page, LIRS (S. Jiang, X. Zhang,
/// SIGMETRICS 2002) and, on a clock, CLOCK-Pro (S. Jiang, F. Chen, X. Zhang, ATC 2005); votes of refaults, ARC (N. Megiddo,
/// D. Modha, FAST 2003). New here: distances are held against the hand's own turn instead of a ghost list, from shadows
/// alone, and a vote counts by what a little more memory would have spared. Method, results and losses: docs/comeback.md.
/// </para>
/// </remarks>
public readonly struct ComebackPolicy : IReclaimPolicy
{
    /// <summary>The first of two lists, for anonymous and for file pages.</summary>
    internal const int Probation = 0;

    /// <summary>As <see cref="Probation"/>.</summary>
    internal const int Main = 2;
    private const int ListCount = 4;

    /// <summary>A swappiness at which pages of either type may go.</summary>
    private const int Either = 100;

    /// <summary>Turns that a page in main outlives without a use after as many with one, 0 to 3: the width of the field.</summary>
    private const uint Lives = 3;

    /// <summary>Probation at least, in per cent of the resident pages, and never less than a page.</summary>
    private const int Least = 1;

    /// <summary>Probation at first, in per cent, from <see cref="Least"/> to <see cref="Most"/>.</summary>
    private const int First = 10;

    /// <summary>Probation at most, in per cent, below 100.</summary>
    private const int Most = 30;

    /// <summary>A refault votes if so many per cent of the resident pages more would have spared it; above 0.</summary>
    private const int Reach = 10;

    /// <summary>
    /// Pages that one batch may pass over, and no more than twice the lists; the hand stays where it is between batches.
    /// </summary>
    private const int ExamineLimit = 4096;

    /// <summary>
    /// The kernel's SWAP_CLUSTER_MAX, the least that a reclaim asks for: a kernel flushes TLBs once for each batch, and what is
    /// won over the kernel's own policies is not to come from smaller ones.
    /// </summary>
    private const int Cluster = 32;

    /// <inheritdoc/>
    public static unsafe PolicyDescriptor Describe() => new()
    {
        Name = "comeback",
        Summary = "probation for new pages; those that come back within a turn of the hand stay",
        Flags = PolicyFlags.ClearOnPlace | PolicyFlags.IgnoresReferences,
        Lists = ListCount,
        LeastReclaim = Cluster,
        StateBytes = sizeof(State),
        WordsPerPage = 1,
        Defaults = Mechanism.Refault,
        Supports = Mechanism.Refault,
    };

    /// <summary>
    /// Until something has to go, main takes all: what came first may well be what stays. What reclaim wanted and only its
    /// writeback has kept is first in turn.
    /// </summary>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref State state = ref view.State<State>();
        LastUse(view, pfn) = state.Time;
        if (hint == PlaceHint.Tail)
        {
            view.ClearFlags(pfn, FolioFlags.Workingset);
            view.AddTail(ListOf(view, Probation, pfn), pfn);
            return;
        }

        if (state.Target == 0)
            view.SetFlags(pfn, FolioFlags.Workingset);
        view.AddHead(ListOf(view, (view.Flags(pfn) & FolioFlags.Workingset) != 0 ? Main : Probation, pfn), pfn);
    }

    /// <summary>A page that comes in is the tick of the clock.</summary>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what == FolioEvent.DescriptorAccess)
            view.SetFlags(pfn, FolioFlags.Young);
        else
            view.State<State>().Time++;
    }

    /// <summary>Main is what another policy takes for warm. What is taken over goes to main as a whole: the clock keeps its order.</summary>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if (reason == RemoveReason.Rebound)
            Takeover.Leave(view, pfn, isWarm: view.ListOf(pfn) >= Main);
    }

    /// <summary>
    /// From probation while its share of what may go is larger than it should be, else from main; and from the other once as many
    /// pages as it has were isolated in this visit and have stayed, because they are pinned or their owner keeps them.
    /// </summary>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref State state = ref view.State<State>();
        long size = SizeOf(view);
        if (state.Target == 0)
            state.Target = Math.Max(1, Percent(size, First));
        int swappiness = view.SwappinessNow(scan);
        ref long isolated = ref LruvecBudget.As<long>(ref budget);
        long stuck = isolated - budget.Reclaimed;
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long limit = Math.Min(ExamineLimit, 2 * view.Evictable(scan));
        while (wanted > 0 && batch.Examined < limit)
        {
            long onProbation = CountOf(view, Probation, swappiness);
            long inMain = CountOf(view, Main, swappiness);
            int part = onProbation * SizeOf(view) > state.Target * (onProbation + inMain) ? Probation : Main;
            if (part == Probation ? stuck >= onProbation && inMain > 0 : stuck >= inMain && onProbation > 0)
                part = Main - part;
            uint pfn = OldestOf(view, part, swappiness);
            if (pfn == PolicyView.None)
                return;
            if (HasProved(view, pfn, part))
            {
                view.PassOver(pfn, ref batch);
                view.SetFlags(pfn, FolioFlags.Workingset);
                view.MoveToHead(ListOf(view, Main, pfn), pfn);
                LastUse(view, pfn) = state.Time;
            }
            else if (view.TryIsolate(pfn, ref batch))
            {
                state.CountOut(part, size);
                isolated++;
                wanted--;
            }
        }
    }

    /// <summary>When the page was last known to be in use, and, by the flag, whether it was in main.</summary>
    public static ShadowEntry MakeShadow(PolicyView view, uint pfn, PolicyView target) =>
        view.ShadowOf(pfn, LastUse(view, pfn) >> view.StampOrder);

    /// <summary>Within a turn it goes to main. The clocks of two lruvecs have nothing to do with each other.</summary>
    public static void OnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault)
    {
        view.CountRefault(pfn);
        if (!ReferenceEquals(view.ViewOf(shadow), view))
            return;
        ref State state = ref view.State<State>();
        long away = AwayFor(view, state, shadow);
        long turn = TurnOf(view, state);
        if (away < turn)
        {
            view.SetFlags(pfn, FolioFlags.Workingset);
            view.Count(Counter.workingset_activate_anon + (int)view.TypeOf(pfn), 1);
        }

        Vote(view, ref state, shadow.Workingset, away, turn);
    }

    /// <inheritdoc/>
    public static bool IsRecent(PolicyView view, uint page, ShadowEntry shadow, FolioType type)
    {
        ref State state = ref view.State<State>();
        return ReferenceEquals(view.ViewOf(shadow), view) && AwayFor(view, state, shadow) < TurnOf(view, state);
    }

    /// <summary>Ticks of the clock since a page was last known to be in use.</summary>
    private static long AwayFor(PolicyView view, in State state, ShadowEntry shadow) =>
        (long)(unchecked((state.Time >> view.StampOrder) - shadow.Stamp) & view.StampMask) << view.StampOrder;

    /// <summary>What is on probation counts as inactive.</summary>
    public static LruSizes Sizes(PolicyView view) =>
        new(view.Count(Probation), view.Count(Main), view.Count(Probation + 1), view.Count(Main + 1));

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        ref State state = ref view.State<State>();
        if (state.OutOfMain > state.Out)
            return $"{state.OutOfMain} of {state.Out} evictions were from main";
        for (int list = 0; list < ListCount; list++)
        {
            for (uint pfn = view.Tail(list); pfn != PolicyView.None; pfn = view.TowardHead(pfn))
            {
                if (list != ListOf(view, (view.Flags(pfn) & FolioFlags.Workingset) != 0 ? Main : Probation, pfn))
                    return $"frame {pfn} is on list {list} and its flags say otherwise";
            }
        }

        return null;
    }

    /// <summary>
    /// Would a reach more of one list have kept the page? Of the pages that came in while it was away, those that left from its
    /// own list have pushed it out, and since it left, further.
    /// </summary>
    private static void Vote(PolicyView view, ref State state, bool wasInMain, long away, long turn)
    {
        long size = SizeOf(view);
        long reach = Percent(size, Reach);
        if (wasInMain)
        {
            if ((away - turn) * state.OutOfMain <= reach * state.Out)
                state.Target--;
        }
        else if (away * (state.Out - state.OutOfMain) <= (CountOf(view, Probation, Either) + reach) * state.Out)
        {
            state.Target++;
        }

        long least = Math.Max(1, Percent(size, Least));
        state.Target = Math.Clamp(state.Target, least, Math.Max(least, Percent(size, Most)));
    }

    /// <summary>Used since it was last looked at, or, in main, used often before.</summary>
    private static bool HasProved(PolicyView view, uint pfn, int part)
    {
        bool young = view.TestAndClearYoung(pfn);
        if (part == Probation)
            return young;
        uint lives = (uint)(view.Flags(pfn) & FolioFlags.RefsMask) >> FolioField.RefsShift;
        if (!young && lives == 0)
            return false;
        lives = young ? Math.Min(lives + 1, Lives) : lives - 1;
        view.Change(pfn, FolioFlags.RefsMask, (FolioFlags)(lives << FolioField.RefsShift));
        return true;
    }

    /// <summary>How long ago the hand saw the page that it will see next; for ever, where main is empty.</summary>
    private static long TurnOf(PolicyView view, in State state)
    {
        uint pfn = OldestOf(view, Main, view.CanReclaimAnon(1) ? view.Memcg.Swappiness : 0);
        return pfn == PolicyView.None ? uint.MaxValue : unchecked(state.Time - LastUse(view, pfn));
    }

    /// <summary>The older of what probation or main has last in its two lists, if it may go at this swappiness; or none.</summary>
    private static uint OldestOf(PolicyView view, int part, int swappiness)
    {
        uint anon = swappiness > 0 ? view.Tail(part) : PolicyView.None;
        uint file = swappiness != ReclaimRequest.AnonOnly ? view.Tail(part + 1) : PolicyView.None;
        if (anon == PolicyView.None || file == PolicyView.None)
            return anon == PolicyView.None ? file : anon;
        uint time = view.State<State>().Time;
        return unchecked(time - LastUse(view, anon) >= time - LastUse(view, file)) ? anon : file;
    }

    private static long CountOf(PolicyView view, int part, int swappiness) =>
        (swappiness > 0 ? view.Count(part) : 0) + (swappiness != ReclaimRequest.AnonOnly ? view.Count(part + 1) : 0);

    private static int ListOf(PolicyView view, int part, uint pfn) => part + (int)view.TypeOf(pfn);

    private static ref uint LastUse(PolicyView view, uint pfn) => ref view.Word(pfn, 0);

    private static long SizeOf(PolicyView view) => view.ResidentOf(FolioType.Anon) + view.ResidentOf(FolioType.File);

    private static long Percent(long pages, int percent) => pages * percent / 100;

    /// <summary>State of one lruvec.</summary>
    internal struct State
    {
        /// <summary>Pages brought in so far, modulo 2^32.</summary>
        public uint Time;

        /// <summary>Pages that probation should have; 0 until something has to go.</summary>
        public long Target;

        /// <summary>Pages evicted lately: about as many as there are resident.</summary>
        public long Out;

        /// <summary>How many of them left main.</summary>
        public long OutOfMain;

        public void CountOut(int part, long size)
        {
            Out++;
            OutOfMain += part == Main ? 1 : 0;
            if (Out > size)
            {
                Out /= 2;
                OutOfMain /= 2;
            }
        }
    }
}
