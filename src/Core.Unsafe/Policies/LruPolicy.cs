namespace ReclaimNative.Policies;

/// <summary>
/// Exact least recently used: a page moves to the head of one list at every access, and the tail is evicted. No kernel
/// can afford it, since it has to see each access; it is here as the yardstick. O(1) for each access.
/// </summary>
public readonly struct LruPolicy : IReclaimPolicy
{
    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "lru",
        Summary = "exact least recently used; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences,
        Sight = PolicySight.Accesses,
    };

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        foreach (uint pfn in pfns)
            view.MoveToHead(0, pfn);
    }
}
