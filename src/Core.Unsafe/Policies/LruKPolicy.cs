using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// LRU-K with K = 2: evicts the page whose K-th last reference is the oldest, so that one use is no reason to stay. Pages with fewer
/// than K known references go first, by LRU. What is known of a page outlives its eviction for a while, else none but pages that
/// are used twice in one stay would ever count.
/// </summary>
/// <remarks>
/// E. J. O'Neil, P. E. O'Neil, G. Weikum, "The LRU-K Page Replacement Algorithm For Database Disk Buffering", SIGMOD 1993,
/// pp. 297-306. HIST(p, 1) and HIST(p, 2) are the times of the last two references, in references to pages of this lruvec. The
/// Correlated Reference Period is 0: each reference counts, and LAST(p) is HIST(p, 1). The Retained Information Period is 16C
/// references after the last one; C is what the lruvec held when it was last reclaimed from, and its capacity before that, since a lruvec
/// that shares its node has fewer pages than the node.
/// <para>
/// What the paper leaves open. A page that could not be evicted because its owner keeps it, or that has come from another node, counts as
/// referenced K times just now. Histories are not purged, but overlooked when they are
/// too old: their memory is there anyway.
/// </para>
/// <para>
/// It sees every access. O(log n) amortised for each: the page's place in a heap changes. It keeps of a resident page 20 bytes for the heap,
/// and its history, which evicted pages have as well: 16 bytes of each page of the machine's tables that was touched.
/// </para>
/// </remarks>
public readonly struct LruKPolicy : IReclaimPolicy
{
    private const int K = 2;

    /// <summary>The Retained Information Period in references for each page of memory.</summary>
    private const long RetainedPeriod = 16;

    /// <summary>Set in the keys of pages with K references, which come after all others.</summary>
    private const ulong HasK = 1UL << 63;

    /// <summary>Pages that one batch may look at; the rest is the next batch's.</summary>
    private const int ExamineLimit = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "lruk",
        Summary = "evicts by the age of the second last use; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences,
        Sight = PolicySight.Accesses,
        StateBytes = 32,
        WordsPerPage = FrameHeap.Words,
        HistoryWords = 2 * K,
    };

    private struct Buffer
    {
        /// <summary>References so far: the time t.</summary>
        public ulong T;

        /// <summary>Pages that the lruvec held when it was last reclaimed from; 0 before.</summary>
        public long Held;

        /// <summary>A page that comes in and is yet to be placed, plus one.</summary>
        public uint Arriving;

        /// <summary>Where the heap of resident pages begins, by <see cref="KeyOf"/>.</summary>
        public uint Root;
    }

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what is not (FolioEvent.NewByFault or FolioEvent.NewByRead))
            return;
        ref Buffer buffer = ref view.State<Buffer>();
        buffer.Arriving = pfn + 1;
        uint page = view.PageOf(pfn);

        // Beyond the Retained Information Period nothing is known; nor where another node's time is ahead of this one's.
        long c = buffer.Held != 0 ? buffer.Held : view.Capacity;
        if (buffer.T + 1 - Hist(view, page, 1) > (ulong)(RetainedPeriod * c))
            SetHist(view, page, 1, 0);
        Refer(view, page);
    }

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        FrameHeap heap = HeapOf(view);
        foreach (uint pfn in pfns)
        {
            uint page = view.PageOf(pfn);
            Refer(view, page);
            heap.Remove(pfn);
            heap.Insert(pfn, KeyOf(view, page));
        }
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref Buffer buffer = ref view.State<Buffer>();
        uint page = view.PageOf(pfn);
        for (int i = 0; i < K && buffer.Arriving != pfn + 1 && hint == PlaceHint.Head; i++)
            Refer(view, page);
        buffer.Arriving = 0;
        HeapOf(view).Insert(pfn, KeyOf(view, page));
        view.AddHead(0, pfn);
    }

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        view.State<Buffer>().Held = view.Count(0);
        FrameHeap heap = HeapOf(view);
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long limit = Math.Min(ExamineLimit, 2 * view.Count(0));
        while (wanted > 0 && batch.Examined < limit && heap.Minimum is var victim && victim != PolicyView.None)
        {
            if (!view.TryIsolate(victim, ref batch))
                return;
            heap.Remove(victim);
            wanted--;
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if (reason is RemoveReason.Freed or RemoveReason.Advised)
            HeapOf(view).Remove(pfn);
        for (int i = 1; i <= K && reason == RemoveReason.Advised; i++)
            SetHist(view, view.PageOf(pfn), i, 0);
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        for (uint pfn = view.Tail(0); pfn != PolicyView.None; pfn = view.TowardHead(pfn))
        {
            ulong last = Hist(view, view.PageOf(pfn), 1);
            if (last > view.State<Buffer>().T || Hist(view, view.PageOf(pfn), K) > last)
                return $"the history of frame {pfn} is not in order";
        }

        return HeapOf(view).FindProblem(view.Count(0));
    }

    /// <summary>A reference at time t: HIST(p, 2) := HIST(p, 1), HIST(p, 1) := t.</summary>
    private static void Refer(PolicyView view, uint page)
    {
        SetHist(view, page, K, Hist(view, page, 1));
        SetHist(view, page, 1, ++view.State<Buffer>().T);
    }

    /// <summary>The page with the least of these has the greatest backward K-distance; those of an infinite one are among themselves by LRU.</summary>
    private static ulong KeyOf(PolicyView view, uint page) => Hist(view, page, K) is var second and not 0 ? HasK | second : Hist(view, page, 1);

    private static FrameHeap HeapOf(PolicyView view) => view.Heap(0, ref view.State<Buffer>().Root);

    /// <summary>HIST(p, i): the time of the i-th last reference to a page, or 0 when there is none that is known.</summary>
    private static ulong Hist(PolicyView view, uint page, int i) =>
        (ulong)view.History(page, 2 * i - 1) << 32 | view.History(page, 2 * i - 2);

    private static void SetHist(PolicyView view, uint page, int i, ulong t)
    {
        view.History(page, 2 * i - 1) = (uint)(t >> 32);
        view.History(page, 2 * i - 2) = (uint)t;
    }
}
