using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Policies;

/// <summary>
/// Belady's optimal policy: evict the page whose next use lies farthest ahead. It needs the future, so it exists only
/// in the Lab, where the trace is known; no policy that always loads a missed page can fault less.
/// </summary>
/// <remarks>
/// L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966.
/// Its instance is a <see cref="FutureUse"/>. A tie is between pages that are never used again, so it does not matter
/// which goes. O(log n) for each access.
/// </remarks>
public readonly struct OptPolicy : IReclaimPolicy
{
    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "opt",
        Summary = "Belady's optimum; needs the whole trace in advance",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences,
        Sight = PolicySight.Future,
    };

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view) => Future(view).Reset(view.FrameCount);

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what is FolioEvent.NewByFault or FolioEvent.NewByRead)
            Future(view).Arrive(pfn);
    }

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        FutureUse future = Future(view);
        foreach (uint pfn in pfns)
            future.Use(pfn);
    }

    /// <summary>What it hears from its owner it knows already: a page that is placed after advice goes when the future says.</summary>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        if (hint == PlaceHint.Tail)
            Future(view).Return(pfn);
        view.AddHead(0, pfn);
    }

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        FutureUse future = Future(view);
        if (!future.TryFarthest(out uint pfn))
            return;
        if (view.TryIsolate(pfn, ref batch))
            future.Leave(pfn);
    }

    /// <inheritdoc/>
    public static bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        for (int i = 0; i < batch.Survivors; i++)
            Future(view).Return(batch[i]);
        return false;
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if (reason is RemoveReason.Freed or RemoveReason.Advised)
            Future(view).Leave(pfn);
    }

    private static FutureUse Future(PolicyView view) =>
        view.Instance as FutureUse ?? throw new InvalidOperationException("opt was defined without a future.");
}
