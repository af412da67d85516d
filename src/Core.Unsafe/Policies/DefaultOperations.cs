using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

/// <summary>What an operation does that a policy leaves out: together, FIFO on list 0.</summary>
internal static class DefaultOperations
{
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        if (hint == PlaceHint.Tail)
            view.AddTail(0, pfn);
        else
            view.AddHead(0, pfn);
    }

    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what == FolioEvent.DescriptorAccess)
            view.SetFlags(pfn, FolioFlags.Young);
    }

    public static void OnYoung(PolicyView view, uint pfn) => view.SetFlags(pfn, FolioFlags.Young);

    public static bool Budget(PolicyView view, ref ScanControl scan, ref LruvecBudget budget) =>
        !scan.Background && scan.NrReclaimed < scan.NrToReclaim;

    public static void Isolate(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        uint pfn = view.Tail(0);
        while (wanted > 0 && pfn != PolicyView.None)
        {
            uint newer = view.TowardHead(pfn);
            if (view.TryIsolate(pfn, ref batch))
                wanted--;
            pfn = newer;
        }
    }

    public static LruSizes Sizes(PolicyView view) => new(view.ResidentOf(FolioType.Anon), 0, view.ResidentOf(FolioType.File), 0);
}
