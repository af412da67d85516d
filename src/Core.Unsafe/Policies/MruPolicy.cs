namespace ReclaimNative.Policies;

/// <summary>
/// Most recently used: the page that was accessed last goes first. Right for one thing, a loop over more pages than there is room for, of
/// which it keeps a part instead of nothing; here as the other extreme to <see cref="LruPolicy"/>.
/// </summary>
/// <remarks>
/// <para>
/// Described for such loops by H.-T. Chou, D. J. DeWitt, "An Evaluation of Buffer Management Strategies for Relational Database Systems",
/// VLDB 1985, pp. 127-141.
/// </para>
/// <para>
/// A page that could not go, being pinned or kept by its owner, is set aside, or it would be the candidate for ever. A visit
/// first brings back the one that was set aside longest ago, and a hit brings back what it hits.
/// </para>
/// <para>O(1) for each access and eviction. 4 bytes for each frame.</para>
/// </remarks>
public readonly struct MruPolicy : IReclaimPolicy
{
    private const int Queue = 0;
    private const int Aside = 1;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "mru",
        Summary = "exact most recently used; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences,
        Sight = PolicySight.Accesses,
        Lists = 2,
        WordsPerPage = 1,
    };

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        foreach (uint pfn in pfns)
            view.MoveToHead(Queue, pfn);
    }

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what != FolioEvent.DescriptorAccess)
            view.Word(pfn, 0) = 0;
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint) =>
        view.AddHead(view.Word(pfn, 0) == TriedHere(view) ? Aside : Queue, pfn);

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        if (budget.Examined == 0 && view.Tail(Aside) is var back && back != PolicyView.None)
            view.MoveToHead(Queue, back);
        for (long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed); wanted > 0; wanted--)
        {
            uint pfn = view.Head(Queue);
            if (pfn == PolicyView.None)
                pfn = view.Tail(Aside);
            if (pfn == PolicyView.None)
                return;
            view.Word(pfn, 0) = TriedHere(view);
            view.TryIsolate(pfn, ref batch);
        }
    }

    /// <summary>The mark of a page that was a candidate on this node: one that has come from another node since is none.</summary>
    private static uint TriedHere(PolicyView view) => (uint)view.Node.Id + 1;
}
