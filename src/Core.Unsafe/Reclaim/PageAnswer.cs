namespace ReclaimNative.Reclaim;

/// <summary>What the owner of a victim says to its eviction. The values are those of <c>RECLAIM_EVICT</c> and <c>RECLAIM_KEEP_</c>.</summary>
public enum PageAnswer
{
    /// <summary>It goes: when the answer is given, the page is gone.</summary>
    Evict = 0,

    /// <summary>Not now. The policy puts it where it puts what it looked at in vain.</summary>
    Keep = 1,

    /// <summary>Somebody relies on its place. As <see cref="Keep"/>, and counted as pinned.</summary>
    Pinned = 2,

    /// <summary>It would have to be written first. As <see cref="Keep"/>, and counted as dirty.</summary>
    Dirty = 3,

    /// <summary>Somebody is at it. As <see cref="Keep"/>, and counted as busy.</summary>
    Busy = 4,

    /// <summary>It was used: it becomes as young as its policy makes such a page.</summary>
    Accessed = 5,
}
