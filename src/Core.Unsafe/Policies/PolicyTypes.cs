namespace ReclaimNative.Policies;

/// <summary>Where a policy is asked to put a folio.</summary>
public enum PlaceHint
{
    /// <summary>By the folio's own flags, at the recent end.</summary>
    Head,

    /// <summary>At the cold end: its writeback has ended and reclaim wanted it, or its owner says that it is cold.</summary>
    Tail,
}

/// <summary>Why a folio leaves its lruvec.</summary>
public enum RemoveReason
{
    /// <summary>Reclaim evicted it; it was isolated and is on no list.</summary>
    Evicted,

    /// <summary>Its owner freed it.</summary>
    Freed,

    /// <summary>
    /// Its page moves to a frame of another node, with its flags and the policy's words; it was isolated and is on no list.
    /// The policy then places the new frame on the lruvec there.
    /// </summary>
    Migrated,

    /// <summary>
    /// Another policy takes its lruvec over; it is still on its list. The policy leaves <see cref="Frames.FolioFlags.Active"/> on what it
    /// thinks warm and takes it from what it thinks cold; its words and its own flags are cleared by the core.
    /// </summary>
    Rebound,

    /// <summary>
    /// Its owner advises that it is cold. It is still on its list, from which the core isolates it: the policy does what it does at an
    /// isolation of its own and forgets what speaks for the page. Then it is evicted, or placed with <see cref="PlaceHint.Tail"/>.
    /// </summary>
    Advised,
}

/// <summary>Something that happened to a resident folio.</summary>
public enum FolioEvent
{
    /// <summary>Comes in through a fault in an area with recency; sent before it is placed.</summary>
    NewByFault,

    /// <summary>Comes in through a read; sent before it is placed.</summary>
    NewByRead,

    /// <summary>Was read or written through a descriptor.</summary>
    DescriptorAccess,
}

/// <summary>Who found a folio accessed through its page table.</summary>
public enum YoungSource
{
    /// <summary>A page-table walk of the policy's own.</summary>
    Walk,

    /// <summary>A look at the neighbours of an eviction candidate that was young itself.</summary>
    Lookaround,
}

/// <summary>What a policy decides about one isolated folio.</summary>
public enum Verdict
{
    /// <summary>Evict it, writing it first when needed.</summary>
    Reclaim,

    /// <summary>Evict it if that takes no write to swap, else keep it. A dirty file page goes to the flusher either way.</summary>
    ReclaimClean,

    /// <summary>Put it back where its flags say.</summary>
    Keep,

    /// <summary>Put it back as active.</summary>
    Activate,
}

/// <summary>What an isolated batch is for.</summary>
public enum Disposition
{
    /// <summary>Candidates for eviction.</summary>
    Shrink,

    /// <summary>Aging: the verdict is Keep for those that stay active, anything else deactivates.</summary>
    Deactivate,
}

/// <summary>How a visit to one lruvec ended.</summary>
public enum VisitOutcome
{
    /// <summary>Some of its budget was used.</summary>
    Partial,

    /// <summary>The cgroup has had its turn in this round: its policy aged it instead of taking more (<see cref="LruvecBudget.Done"/>).</summary>
    Done,
}

/// <summary>What a policy is told of the accesses to its pages; a result is compared only within one of these.</summary>
public enum PolicySight
{
    /// <summary>Accessed bits, as a kernel has them.</summary>
    Bits,

    /// <summary>Every access, in order.</summary>
    Accesses,

    /// <summary>The future.</summary>
    Future,
}

/// <summary>How the core treats the pages of a policy.</summary>
[Flags]
public enum PolicyFlags
{
    /// <summary>A policy that lives on accessed bits, like a kernel's.</summary>
    None = 0,

    /// <summary>Every hit is handed over, in order, in batches, before the next decision. Costs a store for each access.</summary>
    SeesAccesses = 1,

    /// <summary>After a fault the accessed bit is 0, not 1: the access that brought the page in does not count as a use.</summary>
    ClearOnPlace = 2,

    /// <summary>Eviction does not look at accessed bits: the policy has decided when it isolates.</summary>
    IgnoresReferences = 4,

    /// <summary>
    /// Its operations may run on several threads at once: decisions about one lruvec one at a time, under its token;
    /// notices and verdicts in parallel. What notices change of its state they change atomically
    /// (<see cref="PolicyView.Tally"/>, <see cref="PolicyView.TryChange"/>).
    /// </summary>
    Concurrent = 8,

    /// <summary>
    /// Needs no order inside a list: its lists are generations, list <c>2 * generation + type</c>, at most four
    /// generations. Such a policy also runs where <see cref="Machine.MachineOptions.Order"/> is unordered.
    /// </summary>
    OrderFree = 16,

    /// <summary>
    /// Told of a page that is about to come in, before room is made for it (<see cref="IReclaimPolicy.Arrive"/>): what a
    /// directory of evicted pages knows of it may decide who goes.
    /// </summary>
    SeesArrivals = 64,

    /// <summary>
    /// Reports with <see cref="LruvecBudget.Done"/> that a cgroup has had its turn, and wants to be led around by the memcg LRU:
    /// <see cref="Machine.MachineOptions.HierarchyWalk"/>.
    /// </summary>
    MemcgLru = 32,
}

/// <summary>Mechanisms of the core that a policy may use, each a switch: off means that its code does not run.</summary>
[Flags]
public enum Mechanism
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Page-table walks when the policy ages.</summary>
    Walk = 1,

    /// <summary>The Bloom filter that spares walks the tables that were not worth it.</summary>
    Bloom = 2,

    /// <summary>Looking at the neighbours of a page found young through the reverse map.</summary>
    Lookaround = 4,

    /// <summary>Shadows of evicted pages, and what the policy concludes when one comes back.</summary>
    Refault = 8,

    /// <summary>The feedback controller that compares refaults of types and tiers.</summary>
    Pid = 16,

    /// <summary>Tiers of pages accessed through descriptors.</summary>
    Tiers = 32,

    /// <summary>Balancing anonymous against file pages by what reclaiming each has cost.</summary>
    Cost = 64,

    /// <summary>The inactive list may be the smaller the more pages a type has; off, half of them is asked for.</summary>
    Ratio = 128,

    /// <summary>Referenced file pages of executable mappings stay active.</summary>
    Exec = 256,

    /// <summary>Anonymous pages are left alone while there are cold file pages enough (cache trim mode).</summary>
    Trim = 512,
}

/// <summary>Pages of a lruvec by type and temperature, in the kernel's four classes.</summary>
/// <param name="InactiveAnon">Cold anonymous pages.</param>
/// <param name="ActiveAnon">Warm anonymous pages.</param>
/// <param name="InactiveFile">Cold file pages.</param>
/// <param name="ActiveFile">Warm file pages.</param>
public readonly record struct LruSizes(long InactiveAnon, long ActiveAnon, long InactiveFile, long ActiveFile)
{
    /// <summary>Adds class by class.</summary>
    public static LruSizes operator +(LruSizes a, LruSizes b) => new(
        a.InactiveAnon + b.InactiveAnon, a.ActiveAnon + b.ActiveAnon, a.InactiveFile + b.InactiveFile, a.ActiveFile + b.ActiveFile);

    /// <summary>Cold pages of a type.</summary>
    public long Inactive(Frames.FolioType type) => type == Frames.FolioType.Anon ? InactiveAnon : InactiveFile;

    /// <summary>Warm pages of a type.</summary>
    public long Active(Frames.FolioType type) => type == Frames.FolioType.Anon ? ActiveAnon : ActiveFile;
}
