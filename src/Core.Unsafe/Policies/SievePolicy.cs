namespace ReclaimNative.Policies;

/// <summary>
/// SIEVE: like CLOCK, but a page that survives stays where it is, and only the hand moves. New pages enter at the head;
/// the hand goes from tail to head, clears the visited bits that it meets and evicts the first page without one, so
/// that old and new pages are sifted apart without any movement on a hit.
/// </summary>
/// <remarks>
/// Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi, "SIEVE is Simpler than LRU", NSDI 2024. The visited bit is
/// the accessed bit of the page tables, 0 when a page is loaded. O(1) amortised for each eviction.
/// </remarks>
public readonly struct SievePolicy : IReclaimPolicy
{
    /// <summary>
    /// Pages that one batch may pass over, and no more than twice the list, which finds every page that can go; the hand
    /// stays where it is between batches.
    /// </summary>
    private const int ExamineLimit = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "sieve",
        Summary = "one hand over an unmoving queue, by the accessed bit",
        Flags = PolicyFlags.ClearOnPlace | PolicyFlags.IgnoresReferences,
        StateBytes = sizeof(uint),
    };

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view) => view.State<uint>() = PolicyView.None;

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref uint hand = ref view.State<uint>();
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long limit = Math.Min(ExamineLimit, 2 * view.Count(0));
        while (wanted > 0 && batch.Examined < limit)
        {
            if (hand == PolicyView.None)
                hand = view.Tail(0);
            if (hand == PolicyView.None)
                return;
            uint pfn = hand;
            hand = view.TowardHead(pfn);
            if (view.TestAndClearYoung(pfn))
                view.PassOver(pfn, ref batch);
            else if (view.TryIsolate(pfn, ref batch))
                wanted--;
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        ref uint hand = ref view.State<uint>();
        if (hand == pfn)
            hand = view.TowardHead(pfn);
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        uint hand = view.State<uint>();
        if (hand == PolicyView.None)
            return null;
        uint pfn = view.Tail(0);
        while (pfn != PolicyView.None && pfn != hand)
            pfn = view.TowardHead(pfn);
        return pfn == hand ? null : $"the hand is at frame {hand}, which is not on the queue";
    }
}
