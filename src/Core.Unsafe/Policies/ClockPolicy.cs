namespace ReclaimNative.Policies;

/// <summary>
/// CLOCK, or second chance: the oldest page is evicted unless it was used since the hand last saw it; then its
/// reference bit is cleared and it goes round again. The bit is the accessed bit of the page tables, 0 when a page is
/// loaded and 1 after a hit.
/// </summary>
/// <remarks>
/// F. J. Corbató, "A Paging Experiment with the Multics System", MIT Project MAC report MAC-M-384, 1968. The circular
/// buffer is kept as a list whose tail is under the hand: to pass a page is to move it to the head.
/// </remarks>
public readonly struct ClockPolicy : IReclaimPolicy
{
    /// <summary>
    /// Pages that one batch may pass over, and no more than twice the list, which finds every page that can go; the hand
    /// stays where it is between batches.
    /// </summary>
    private const int ExamineLimit = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "clock",
        Summary = "second chance by the accessed bit",
        Flags = PolicyFlags.ClearOnPlace | PolicyFlags.IgnoresReferences | PolicyFlags.Concurrent,
    };

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long limit = Math.Min(ExamineLimit, 2 * view.Count(0));
        while (wanted > 0 && batch.Examined < limit)
        {
            uint pfn = view.Tail(0);
            if (pfn == PolicyView.None)
                return;
            if (view.TestAndClearYoung(pfn))
            {
                view.PassOver(pfn, ref batch);
                view.MoveToHead(0, pfn);
            }
            else if (view.TryIsolate(pfn, ref batch))
            {
                wanted--;
            }
        }
    }
}
