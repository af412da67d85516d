namespace ReclaimNative;

/// <summary>What became of a series of accesses. Counts accesses, not pages, but for the time.</summary>
public struct AccessTally
{
    /// <summary>The page was there and mapped.</summary>
    public long Hits;

    /// <summary>The page was resident but not mapped here: no page-in.</summary>
    public long MinorFaults;

    /// <summary>The page had never been there: its first touch.</summary>
    public long ColdFaults;

    /// <summary>The page had been evicted and came back.</summary>
    public long Refaults;

    /// <summary>
    /// Refaults of pages that were part of the working set, which their policy says by <c>FolioFlags.Workingset</c> when they come
    /// in: while such a page is read its task is stalled for want of memory. Among <see cref="Refaults"/>. Source: kernel-reclaim
    /// reference 8.1.
    /// </summary>
    public long WorkingsetRefaults;

    /// <summary>The access did not happen: no memory, for reclaim gave up, or the page could not be read.</summary>
    public long Refused;

    /// <summary>Those of <see cref="Refused"/> whose page the engine's owner could not read (<c>Backing.PageIn</c>).</summary>
    public long Failed;

    /// <summary>
    /// Milliseconds that the task is to be stalled for memory.high, at most 2000 for each 64 pages charged above it. Not an
    /// access count. The engine has no clock and goes on at once: whoever drives it may let the task wait so long.
    /// </summary>
    public long ThrottledMs;

    /// <summary>Accesses that found their page absent: first touches and refaults.</summary>
    public readonly long Faults => ColdFaults + Refaults;

    /// <summary>All accesses.</summary>
    public readonly long Accesses => Hits + MinorFaults + ColdFaults + Refaults + Refused;
}
