using ReclaimNative.Lru;

namespace ReclaimNative.Policies;

/// <summary>
/// Who looks after the pages of an ejected policy: it finds them on whatever lists they are and evicts from the tail of each list in
/// turn, whatever was used since. Needs no state, so it can step in at any moment, in the middle of a reclaim as well.
/// </summary>
internal readonly struct CaretakerPolicy : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => new()
    {
        Name = "caretaker",
        Summary = "keeps an ejected policy's pages",
        Flags = PolicyFlags.IgnoresReferences | PolicyFlags.Concurrent | PolicyFlags.OrderFree,
        Lists = FrameLists.MaxLists,
    };

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        int wanted = (int)Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        for (int list = 0; list < view.ListCount && wanted > 0; list++)
            wanted -= view.IsolateTail(list, wanted, ref batch);
    }

    public static void Place(PolicyView view, uint pfn, PlaceHint hint) => view.AddHead(view.FirstListFor(pfn), pfn);
}
