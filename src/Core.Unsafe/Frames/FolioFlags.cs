namespace ReclaimNative.Frames;

/// <summary>
/// State bits of one folio, in one 32-bit word. High to low:
/// <code>
///  31          21 20  19 18  16 15                                   0
/// +--------------+------+------+--------------------------------------+
/// |   reserved   | refs | gen  | single-bit flags                     |
/// +--------------+------+------+--------------------------------------+
/// </code>
/// The names are the kernel's. Source: kernel-reclaim reference 1.2.
/// </summary>
[Flags]
public enum FolioFlags : uint
{
    /// <summary>A free frame, or a folio with nothing to say.</summary>
    None = 0,

    /// <summary>Linked on one of its lruvec's lists.</summary>
    Lru = 1 << 0,

    /// <summary>Taken off its list by a reclaimer, which owns it until it is freed or put back.</summary>
    Isolated = 1 << 1,

    /// <summary>Anonymous or shared memory: eviction goes to swap. Clear means file.</summary>
    SwapBacked = 1 << 2,

    /// <summary>Classic: on, or on its way to, an active list. MGLRU: a message while isolated, clear on a list.</summary>
    Active = 1 << 3,

    /// <summary>One remembered access.</summary>
    Referenced = 1 << 4,

    /// <summary>Was part of the working set: deactivated once, or restored by a refault.</summary>
    Workingset = 1 << 5,

    /// <summary>Newer than its backing store.</summary>
    Dirty = 1 << 6,

    /// <summary>Being written to its backing store.</summary>
    Writeback = 1 << 7,

    /// <summary>Reclaim wants this folio as soon as its writeback ends.</summary>
    Reclaim = 1 << 8,

    /// <summary>May not be evicted; counted, on no list.</summary>
    Unevictable = 1 << 9,

    /// <summary>Pinned by its owner: reclaim keeps it where it is.</summary>
    Pinned = 1 << 10,

    /// <summary>A saved accessed bit that somebody other than the policy cleared; counts as one reference.</summary>
    Young = 1 << 11,

    /// <summary>Mapped by more than one page-table entry: the mapping word heads a chain.</summary>
    SharedMapping = 1 << 12,

    /// <summary>In use: belongs to an address space or a file. Clear means that the frame is free.</summary>
    InUse = 1 << 13,

    /// <summary>Generation + 1 while on a generation list, 0 otherwise; 3 bits.</summary>
    GenerationMask = 7u << FolioField.GenerationShift,

    /// <summary>Descriptor accesses beyond the first, saturating at 3; 2 bits.</summary>
    RefsMask = 3u << FolioField.RefsShift,
}

/// <summary>Where the multi-bit fields of <see cref="FolioFlags"/> start.</summary>
internal static class FolioField
{
    public const int GenerationShift = 16;
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
