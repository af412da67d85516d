using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

/// <summary>What an operation does that a policy leaves out: together, FIFO on list 0.</summary>
internal static class DefaultOperations
{
    public static void Place(PolicyView view, uint pfn, PlaceHint hint) => Place(view, 0, pfn, hint);

    public static void Place(PolicyView view, int list, uint pfn, PlaceHint hint)
    {
        if (hint == PlaceHint.Tail)
            view.AddTail(list, pfn);
        else
            view.AddHead(list, pfn);
    }

    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what == FolioEvent.DescriptorAccess)
            view.SetFlags(pfn, FolioFlags.Young);
    }

    public static void OnYoung(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        foreach (uint pfn in pfns)
            view.SetFlags(pfn, FolioFlags.Young);
    }

    /// <summary>Nothing where there is nothing to evict: anonymous pages can't go anywhere without swap or a lower tier.</summary>
    public static bool Budget(PolicyView view, ref ScanControl scan, ref LruvecBudget budget) =>
        !scan.Background
        && scan.NrReclaimed < scan.NrToReclaim
        && (view.ResidentOf(FolioType.File) > 0 || (scan.MaySwap && view.CanReclaimAnon(1, scan)));

    public static void Isolate(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);

        view.IsolateTail(0, (int)wanted, ref batch);
    }

    /// <summary>
    /// Twice round without a page freed is the end: one round may only have cleared accessed bits, a second finds
    /// every page that can be freed at all.
    /// </summary>
    public static bool Continue(PolicyView view, ref ScanControl scan, ref LruvecBudget budget) =>
        scan.NrReclaimed < scan.NrToReclaim
        && budget.Fruitless < 2 * (view.ResidentOf(FolioType.Anon) + view.ResidentOf(FolioType.File));

    public static int ColdestFirst(PolicyView view, Span<int> lists)
    {
        for (int list = 0; list < lists.Length; list++)
            lists[list] = list;
        return lists.Length;
    }

    public static bool IsRecent(PolicyView view, uint page) => view.Remembers(page);

    public static LruSizes Sizes(PolicyView view) => new(view.ResidentOf(FolioType.Anon), 0, view.ResidentOf(FolioType.File), 0);
}
