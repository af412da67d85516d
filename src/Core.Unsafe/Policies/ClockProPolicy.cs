using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

/// <summary>
/// CLOCK-Pro: what LIRS knows, at the price of CLOCK. Pages of a small reuse distance are hot, the others cold, and only cold ones are
/// evicted. A page that comes in is cold and begins a test period, which it goes through evicted if need be; used again before the
/// period ends, it becomes hot, and a hot page that was not used for longer becomes cold. How many pages are to be cold follows
/// from how tests end.
/// </summary>
/// <remarks>
/// S. Jiang, F. Chen, X. Zhang, "CLOCK-Pro: An Effective Improvement of the CLOCK Replacement", USENIX Annual Technical Conference
/// 2005, pp. 323-336. All pages, resident or not, are on one clock: the order of this lruvec, whose head is the paper's list head.
/// HAND_hot stands at its tail, as in the paper right before the list head, so that passing a page is to move it to the head, and
/// HAND_cold and HAND_test are page numbers that go from tail to head and round. m, the size of memory, is what the lruvec held when
/// it was last reclaimed from: a lruvec that shares its node has fewer pages than the node. m_c, the target for
/// resident cold pages, is 1 at first and in [1, m]: one more when a page is used within its test period, one less when a test
/// period ends without.
/// <para>
/// It lives on accessed bits alone, as a kernel can: a page has been used when a hand finds its bit set, and each step of HAND_cold or
/// HAND_hot over a resident page is one look through the reverse map. Between two visits of a hand many uses count as one; the test
/// period of an evicted page needs no bit, since its next use is a fault. The load itself is no use: the bit is 0 when a
/// page is placed.
/// </para>
/// <para>
/// O(1) amortised for each eviction. It keeps of a page its place on the clock, which evicted pages in their test have as well: 12 bytes of
/// each page of the machine's tables that was touched; that a resident page is in its test is a flag of its folio. At most m
/// pages that are not resident are on the clock.
/// </para>
/// </remarks>
public readonly struct ClockProPolicy : IReclaimPolicy
{
    private const int Cold = 0;
    private const int Hot = 1;

    /// <summary>A resident cold page is in its test period. Of evicted pages those alone are on the clock that are.</summary>
    private const FolioFlags InTest = FolioFlags.Referenced;

    /// <summary>Steps of the hands in one batch or placement, and no more than four rounds; hands stay where they are between.</summary>
    private const int ExamineLimit = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "clockpro",
        Summary = "hot, cold and test pages on one clock, by the accessed bit",
        Flags = PolicyFlags.ClearOnPlace | PolicyFlags.IgnoresReferences,
        Lists = 2,
        Orders = 1,
        StateBytes = 48,
    };

    private struct Clock
    {
        /// <summary>The paper's m; 0 before the first reclaim, when nothing is to be balanced yet.</summary>
        public long M;

        /// <summary>The paper's m_c.</summary>
        public long ColdTarget;

        /// <summary>Pages on the clock that are not resident.</summary>
        public long NonResident;

        /// <summary>The pages at which the hands stand; None on an empty clock alone.</summary>
        public uint HandCold;
        public uint HandTest;

        /// <summary>A page that comes in and is yet to be placed.</summary>
        public uint Arriving;

        public Takeover Takeover;
    }

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view)
    {
        ref Clock clock = ref view.State<Clock>();
        clock.ColdTarget = 1;
        clock.HandCold = clock.HandTest = clock.Arriving = PolicyView.None;
    }

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what == FolioEvent.DescriptorAccess)
        {
            DefaultOperations.OnEvent(view, pfn, what);
            return;
        }

        view.State<Clock>().Arriving = pfn;
        view.State<Clock>().Takeover.End();
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref Clock clock = ref view.State<Clock>();
        uint page = view.PageOf(pfn);
        bool isNew = clock.Arriving == pfn;
        if (isNew)
            clock.Arriving = PolicyView.None;

        // A survivor of eviction keeps its place on the clock.
        if (!isNew && view.Order(0).Contains(page))
        {
            view.AddHead(Cold, pfn);
            return;
        }

        // "If the page is on the list", it is in its test period and becomes hot.
        if (view.Order(0).Contains(page))
        {
            clock.NonResident--;
            ToListHead(view, page);
            view.AddHead(Hot, pfn);
            AdjustTarget(ref clock, 1);
            int steps = Limit(view);
            BalanceHot(view, ref steps);
            return;
        }

        // What is taken over from another policy begins no test, and its flag meant something else there. It is cold, in order, and
        // its accessed bits say the rest: to take what the other held warm for hot made no difference (2689 misses for 2694, docs/policies.md).
        if (isNew)
            view.SetFlags(pfn, InTest);
        else if (clock.Takeover.IsGoingOn)
            view.ClearFlags(pfn, InTest);
        ToListHead(view, page);
        view.AddHead(Cold, pfn);
    }

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        view.State<Clock>().M = view.Count(Cold) + view.Count(Hot);
        view.State<Clock>().Takeover.End();
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        int steps = Limit(view);
        while (wanted > 0 && steps > 0)
        {
            // No cold page, or nothing but cold pages that can't be evicted: a hot one goes.
            bool isTaken;
            if (view.Count(Hot) > 0 && budget.Fruitless >= view.Count(Cold))
                isTaken = RunHandHot(view, ref steps, out uint pfn) && view.TryIsolate(pfn, ref batch);
            else if (view.Count(Cold) > 0)
                isTaken = RunHandCold(view, ref steps, ref batch);
            else
                break;
            wanted -= isTaken ? 1 : 0;
        }

        // Steps over hot or evicted pages alone are no reason to end the visit.
        if (steps == 0 && batch.Examined == 0)
            batch.Examined = 1;
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if (reason == RemoveReason.Rebound)
        {
            // The core takes the clock away as a whole. What is referenced means something else to others.
            view.ClearFlags(pfn, InTest);
            Takeover.Leave(view, pfn, isWarm: view.ListOf(pfn) == Hot);
            return;
        }

        if (reason == RemoveReason.Advised)
            view.ClearFlags(pfn, InTest);
        ref Clock clock = ref view.State<Clock>();
        uint page = view.PageOf(pfn);
        if (reason == RemoveReason.Evicted)
        {
            // Room for one more non-resident page; HAND_test may come by this one meanwhile.
            for (int steps = Limit(view); steps > 0 && clock.NonResident >= clock.M && IsInTest(view, pfn);)
                RunHandTest(view, ref steps);
            if (IsInTest(view, pfn))
            {
                clock.NonResident++;
                return;
            }
        }

        TakeOff(view, page);
    }

    /// <inheritdoc/>
    public static void Forget(PolicyView view, uint page)
    {
        view.State<Clock>().NonResident--;
        TakeOff(view, page);
    }

    /// <inheritdoc/>
    public static LruSizes Sizes(PolicyView view) => DefaultOperations.Sizes(view);

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        ref Clock clock = ref view.State<Clock>();
        PageOrder order = view.Order(0);
        long nonResident = 0;
        long isolated = 0;
        for (uint page = order.Tail; page != PolicyView.None; page = order.TowardHead(page))
        {
            uint pfn = view.FrameOf(page);
            nonResident += pfn == PolicyView.None ? 1 : 0;
            isolated += pfn != PolicyView.None && !view.IsListed(pfn) ? 1 : 0;
        }

        if (nonResident != clock.NonResident)
            return $"{nonResident} non-resident pages are on the clock, counted as {clock.NonResident}";
        if (order.Count - nonResident - isolated != view.Count(Cold) + view.Count(Hot))
            return $"{order.Count - nonResident - isolated} of {view.Count(Cold) + view.Count(Hot)} resident pages are on the clock";
        foreach (uint hand in (ReadOnlySpan<uint>)[clock.HandCold, clock.HandTest])
        {
            if (order.Count == 0 ? hand != PolicyView.None : !order.Contains(hand))
                return $"a hand is at page {hand}, which is not on the clock";
        }

        return clock.ColdTarget < 1 ? $"the target for cold pages is {clock.ColdTarget}" : null;
    }

    private static int Limit(PolicyView view) => (int)Math.Min(ExamineLimit, 4 * view.Order(0).Count + 1);

    private static bool IsInTest(PolicyView view, uint pfn) => (view.Flags(pfn) & InTest) != 0;

    private static bool IsOnList(PolicyView view, uint pfn) => pfn != PolicyView.None && (view.Flags(pfn) & FolioFlags.Lru) != 0;

    private static bool IsHot(PolicyView view, uint pfn) => IsOnList(view, pfn) && view.ListOf(pfn) == Hot;

    private static void AdjustTarget(ref Clock clock, long by) => clock.ColdTarget = Math.Clamp(clock.ColdTarget + by, 1, Math.Max(1, clock.M));

    /// <summary>HAND_cold looks for a cold page that is not used and goes by the first. Whether it has isolated it.</summary>
    private static bool RunHandCold(PolicyView view, ref int steps, ref FolioBatch batch)
    {
        ref Clock clock = ref view.State<Clock>();
        while (steps-- > 0 && clock.HandCold != PolicyView.None)
        {
            uint page = clock.HandCold;
            uint pfn = view.FrameOf(page);
            clock.HandCold = Next(view, page);
            if (!IsOnList(view, pfn) || view.ListOf(pfn) == Hot)
                continue;
            if (!view.TestAndClearYoung(pfn))
                return view.TryIsolate(pfn, ref batch);

            // "If its bit is set and it is in its test period, we turn it into a hot page"; out of it, it begins another.
            view.PassOver(pfn, ref batch);
            ToListHead(view, page);
            if (IsInTest(view, pfn))
            {
                view.ClearFlags(pfn, InTest);
                view.MoveToHead(Hot, pfn);
                AdjustTarget(ref clock, 1);
                BalanceHot(view, ref steps);
                if (view.Count(Cold) == 0)
                    return false;
            }
            else
            {
                view.SetFlags(pfn, InTest);
            }
        }

        steps = Math.Max(steps, 0);
        return false;
    }

    /// <summary>Hot pages beyond m - m_c become cold.</summary>
    private static void BalanceHot(PolicyView view, ref int steps)
    {
        ref Clock clock = ref view.State<Clock>();
        while (clock.M > 0 && view.Count(Hot) > clock.M - clock.ColdTarget && RunHandHot(view, ref steps, out _))
        {
        }
    }

    /// <summary>
    /// HAND_hot passes hot pages that were used and makes the first cold that was not; on its way it ends the test periods of cold
    /// pages, and stops at a hot page. Whether it has made one cold.
    /// </summary>
    private static bool RunHandHot(PolicyView view, ref int steps, out uint cooled)
    {
        PageOrder order = view.Order(0);
        cooled = PolicyView.None;
        while (view.Count(Hot) > 0 && steps-- > 0)
        {
            uint page = order.Tail;
            uint pfn = view.FrameOf(page);
            if (!IsHot(view, pfn))
            {
                EndTest(view, page, pfn);
                if (order.Contains(page))
                    Rotate(view, page);
                continue;
            }

            if (cooled != PolicyView.None)
                break;
            if (!view.TestAndClearYoung(pfn))
            {
                view.MoveToHead(Cold, pfn);
                cooled = pfn;
            }

            Rotate(view, page);
        }

        steps = Math.Max(steps, 0);
        return cooled != PolicyView.None;
    }

    /// <summary>HAND_test ends the test period of the page where it stands and goes on to the next cold page.</summary>
    private static void RunHandTest(PolicyView view, ref int steps)
    {
        ref Clock clock = ref view.State<Clock>();
        while (clock.HandTest != PolicyView.None && steps-- > 0)
        {
            uint page = clock.HandTest;
            uint pfn = view.FrameOf(page);
            clock.HandTest = Next(view, page);
            if (IsHot(view, pfn))
                continue;
            EndTest(view, page, pfn);
            break;
        }
    }

    /// <summary>The test period of a cold page, if it is in one, ends without a use; a page that is not resident leaves the clock.</summary>
    private static void EndTest(PolicyView view, uint page, uint pfn)
    {
        ref Clock clock = ref view.State<Clock>();
        if (pfn == PolicyView.None)
        {
            clock.NonResident--;
            AdjustTarget(ref clock, -1);
            TakeOff(view, page);
        }
        else if (IsInTest(view, pfn))
        {
            view.ClearFlags(pfn, InTest);
            AdjustTarget(ref clock, -1);
        }
    }

    /// <summary>The next page on the clock: after the head comes the tail.</summary>
    private static uint Next(PolicyView view, uint page)
    {
        PageOrder order = view.Order(0);
        return order.TowardHead(page) is var next && next != PolicyView.None ? next : order.Tail;
    }

    /// <summary>HAND_hot passes the page at the tail, which changes nothing of the circle.</summary>
    private static void Rotate(PolicyView view, uint page) => view.Order(0).AddHead(page);

    /// <summary>To the list head, from its place on the clock or as a new page; hands that stand at it go on first.</summary>
    private static void ToListHead(PolicyView view, uint page)
    {
        ref Clock clock = ref view.State<Clock>();
        if (view.Order(0).Contains(page))
            PassHands(view, page);
        view.Order(0).AddHead(page);
        if (clock.HandCold == PolicyView.None)
            clock.HandCold = page;
        if (clock.HandTest == PolicyView.None)
            clock.HandTest = page;
    }

    private static void TakeOff(PolicyView view, uint page)
    {
        if (!view.Order(0).Contains(page))
            return;
        PassHands(view, page);
        view.Order(0).Remove(page);
    }

    /// <summary>Hands do not stay at a page that leaves its place.</summary>
    private static void PassHands(PolicyView view, uint page)
    {
        ref Clock clock = ref view.State<Clock>();
        uint next = view.Order(0).Count > 1 ? Next(view, page) : PolicyView.None;
        if (clock.HandCold == page)
            clock.HandCold = next;
        if (clock.HandTest == page)
            clock.HandTest = next;
    }
}
