namespace ReclaimNative;

/// <summary>What became of a series of accesses. Counts accesses, not pages.</summary>
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

    /// <summary>No memory: reclaim gave up and the access did not happen.</summary>
    public long Refused;

    /// <summary>Accesses that found their page absent: first touches and refaults.</summary>
    public readonly long Faults => ColdFaults + Refaults;

    /// <summary>All accesses.</summary>
    public readonly long Accesses => Hits + MinorFaults + ColdFaults + Refaults + Refused;
}
