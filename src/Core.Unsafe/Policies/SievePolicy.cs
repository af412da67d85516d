using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// SIEVE: like CLOCK, but a page that survives stays where it is, and only the hand moves. New pages enter at the head;
/// the hand goes from tail to head, clears the visited bits that it meets and evicts the first page without one, so
/// that old and new pages are sifted apart without any movement on a hit.
/// </summary>
/// <remarks>
/// Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is Simpler than LRU", NSDI 2024. The visited bit is
/// the accessed bit of the page tables, 0 when a page is loaded. O(1) amortised for each eviction.
/// <para>
/// With a walk on, which is not in the paper, the hand does not look through the reverse map at each page that it passes. When it has
/// gone round, or as many pages have been evicted as a quarter of the queue, page tables are walked and what is young is marked;
/// the hand reads the mark alone. It goes no further than the newest page that the last walk saw: it would find all that came
/// later unmarked and evict it, however much it is used, and so stay near the head for good while marks grow old in the rest of the
/// queue. A page used since the last walk counts as not visited, and so do uses through address spaces of other cgroups.
/// </para>
/// </remarks>
public readonly struct SievePolicy : IReclaimPolicy
{
    /// <summary>
    /// Pages that one batch may pass over, and no more than twice the list, which finds every page that can go; the hand
    /// stays where it is between batches.
    /// </summary>
    private const int ExamineLimit = 4096;

    /// <summary>
    /// Tables are walked when one page of so many of the queue has been evicted. Misses on cloudPhysicsIO and OLTP with 10 % of their pages in
    /// memory, and entries walked for each eviction on the latter: 1: 91,542, 308,007, 10; 2: 91,121, 300,605, 14; 4: 90,752, 296,319,
    /// 25; 8: 90,486, 295,649, 48; 16: 90,322, 298,402, 87.
    /// </summary>
    private const long WalkShare = 4;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "sieve",
        Summary = "one hand over an unmoving queue, by the accessed bit",
        Flags = PolicyFlags.ClearOnPlace | PolicyFlags.IgnoresReferences,
        StateBytes = 16,
        Supports = Mechanism.Walk,
    };

    private struct Sieve
    {
        public uint Hand;

        /// <summary>With walks, the newest page that the last walk saw: the hand goes from the tail to here.</summary>
        public uint Newest;

        /// <summary>Pages evicted since tables were walked.</summary>
        public long SinceWalk;
    }

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view) => view.State<Sieve>() = new Sieve { Hand = PolicyView.None, Newest = PolicyView.None };

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref Sieve sieve = ref view.State<Sieve>();
        bool walks = view.Has(Mechanism.Walk);
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long limit = Math.Min(ExamineLimit, 2 * view.Count(0));
        while (wanted > 0 && batch.Examined < limit)
        {
            if (walks && (sieve.Hand == PolicyView.None || sieve.SinceWalk >= view.Count(0) / WalkShare))
                Walk(view, ref sieve);
            if (sieve.Hand == PolicyView.None)
                sieve.Hand = view.Tail(0);
            if (sieve.Hand == PolicyView.None)
                return;
            uint pfn = sieve.Hand;
            sieve.Hand = view.TowardHead(pfn);
            if (pfn == sieve.Newest)
                sieve.Hand = sieve.Newest = PolicyView.None;
            if (walks ? TestAndClearMark(view, pfn) : view.TestAndClearYoung(pfn))
                view.PassOver(pfn, ref batch);
            else if (view.TryIsolate(pfn, ref batch))
                wanted--;
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        ref Sieve sieve = ref view.State<Sieve>();
        if (sieve.Hand == pfn)
            sieve.Hand = pfn == sieve.Newest ? PolicyView.None : view.TowardHead(pfn);
        if (sieve.Newest == pfn)
            sieve.Newest = view.TowardTail(pfn);
        if (reason == RemoveReason.Evicted)
            sieve.SinceWalk++;
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        Sieve sieve = view.State<Sieve>();
        bool hasHand = sieve.Hand == PolicyView.None;
        bool hasNewest = sieve.Newest == PolicyView.None;
        for (uint pfn = view.Tail(0); pfn != PolicyView.None; pfn = view.TowardHead(pfn))
        {
            hasHand |= pfn == sieve.Hand;
            hasNewest |= pfn == sieve.Newest;
            if (hasNewest && !hasHand && sieve.Newest != PolicyView.None)
                return $"the hand is at frame {sieve.Hand}, beyond the newest that was walked";
        }

        if (!hasHand)
            return $"the hand is at frame {sieve.Hand}, which is not on the queue";
        return hasNewest ? null : $"the newest page that was walked is to be in frame {sieve.Newest}, which is not on the queue";
    }

    /// <summary>Marks what was used since the last walk: OnYoung's default sets the flag.</summary>
    private static void Walk(PolicyView view, ref Sieve sieve)
    {
        sieve.SinceWalk = 0;
        sieve.Newest = view.Head(0);
        view.WalkPageTables(new WalkOptions());
    }

    private static bool TestAndClearMark(PolicyView view, uint pfn)
    {
        bool marked = (view.Flags(pfn) & FolioFlags.Young) != 0;
        if (marked)
            view.ClearFlags(pfn, FolioFlags.Young);
        return marked;
    }
}
