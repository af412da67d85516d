namespace ReclaimNative.Frames;

/// <summary>
/// State of one folio. High to low:
/// <code>
///  15  14 13  11 10                                   0
/// +------+------+--------------------------------------+
/// | refs | gen  | single-bit flags                     |
/// +------+------+--------------------------------------+
/// </code>
/// The names are the kernel's. A frame is free (no bit), on a list (<see cref="Lru"/>) or owned by the one thread that
/// took it off its list or is about to put it on one (<see cref="Isolated"/>). Source: kernel-reclaim reference 1.2.
/// </summary>
[Flags]
public enum FolioFlags : uint
{
    /// <summary>A free frame.</summary>
    None = 0,

    /// <summary>Linked on one of its lruvec's lists.</summary>
    Lru = 1 << 0,

    /// <summary>On no list: owned by a reclaimer or a fault until it is placed or freed.</summary>
    Isolated = 1 << 1,

    /// <summary>Anonymous or shared memory: eviction goes to swap. Clear means file.</summary>
    SwapBacked = 1 << 2,

    /// <summary>Classic: on, or on its way to, an active list. MGLRU: a message while isolated, clear on a list.</summary>
    Active = 1 << 3,

    /// <summary>One remembered access.</summary>
    Referenced = 1 << 4,

    /// <summary>Was part of the working set: deactivated once, or restored by a refault.</summary>
    Workingset = 1 << 5,

    /// <summary>A file page newer than its backing store; of an anonymous page its table entry says so.</summary>
    Dirty = 1 << 6,

    /// <summary>Being written to its backing store.</summary>
    Writeback = 1 << 7,

    /// <summary>Reclaim wants this folio as soon as its writeback ends.</summary>
    Reclaim = 1 << 8,

    /// <summary>Pinned by its owner: reclaim keeps it where it is.</summary>
    Pinned = 1 << 9,

    /// <summary>A saved accessed bit that somebody other than the policy cleared; counts as one reference.</summary>
    Young = 1 << 10,

    /// <summary>Generation + 1 while on a generation list, 0 otherwise; 3 bits.</summary>
    GenerationMask = 7u << FolioField.GenerationShift,

    /// <summary>Descriptor accesses beyond the first, saturating at 3; 2 bits.</summary>
    RefsMask = 3u << FolioField.RefsShift,
}

/// <summary>Where the multi-bit fields of <see cref="FolioFlags"/> start.</summary>
internal static class FolioField
{
    public const int GenerationShift = 11;
    public const int RefsShift = GenerationShift + 3;
}

/// <summary>The two kinds of memory that reclaim balances; the value is the kernel's index.</summary>
public enum FolioType
{
    /// <summary>Backed by swap.</summary>
    Anon = 0,

    /// <summary>Backed by a file.</summary>
    File = 1,
}
