namespace ReclaimNative.Reclaim;

/// <summary>What became of a page that its owner wants committed or moved.</summary>
public enum PageOutcome
{
    /// <summary>It is gone, or on the node where it was to be.</summary>
    Done,

    /// <summary>It is not proposed, or not for this: it never was, was answered, or was freed since.</summary>
    NotProposed,

    /// <summary>It was used since it was proposed, and is back on its list and young.</summary>
    Accessed,

    /// <summary>It is pinned, and stays where it is.</summary>
    Pinned,

    /// <summary>The node to move to has no free frame, and it stays where it is.</summary>
    NoMemory,

    /// <summary>It is not in memory.</summary>
    NotResident,

    /// <summary>It is proposed, in use, or its owner keeps it where it is.</summary>
    Busy,
}
