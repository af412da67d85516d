using ReclaimNative.Lru;

namespace ReclaimNative.Machine;

/// <summary>Forms of the Bloom filter that page-table walks consult.</summary>
public enum TableFilter
{
    /// <summary>Blocks of 256 bits, 12 bits for each leaf table of the engine, tested a block at once.</summary>
    SplitBlock,

    /// <summary>
    /// The kernel's: 2^15 bits and two hash functions for each lruvec, whatever its size. Half of the idle tables pass it
    /// when 20,000 are marked.
    /// </summary>
    Kernel,
}

/// <summary>How reclaim for the whole machine comes by the cgroups of a node.</summary>
public enum HierarchyWalk
{
    /// <summary>Down the tree; several reclaimers share one round and go on where the one before stopped (KR 4.1).</summary>
    SharedCookie,

    /// <summary>
    /// The memcg LRU: two generations of cgroups, old and young, in random bins; who has had a turn waits until all others
    /// have had theirs (KR 4.5).
    /// </summary>
    MemcgLru,
}

/// <summary>
/// The capacities of a machine. All of them are reserved as address space when the machine is built and backed by
/// memory when first used; nothing grows later.
/// </summary>
public record MachineOptions
{
    /// <summary>The nodes, at least one, at most 64, of 2^32 - 1 pages together at most.</summary>
    public required IReadOnlyList<NodeOptions> Nodes { get; init; }

    /// <summary>Memory cgroups including the root, 1 to 65,535. Not looked at with <see cref="NoMemcg"/>.</summary>
    public int Memcgs { get; init; } = 64;

    /// <summary>
    /// A machine without memory cgroups, as a kernel without them: one lruvec for each node, nothing is charged, and
    /// shadows name no cgroup. The root is there to be asked for sizes and counters, and it alone; its usage is 0.
    /// </summary>
    public bool NoMemcg { get; init; }

    /// <summary>
    /// Protection that a cgroup does not hand down to its children by their own settings protects them by their usage: the
    /// mount option <c>memory_recursiveprot</c>, which systemd sets. False: what is not handed down protects nobody.
    /// </summary>
    public bool RecursiveProtection { get; init; } = true;

    /// <summary>
    /// Pressure stall information is kept: <see cref="Engine.SetTaskState"/> and the readings by cgroup and node. Off, nothing is
    /// counted, and its files say that it is not supported.
    /// </summary>
    public bool Pressure { get; init; }

    /// <summary>
    /// Idle ages are kept, one byte a page, by periodic scans that the owner asks for (<see cref="Engine.ScanIdleAges"/>). Off, it costs nothing.
    /// </summary>
    public bool IdleAge { get; init; }

    /// <summary>
    /// The owner moves its pages itself and asks for victims: nothing is reclaimed but by request. An access, an addition or a limit that
    /// would have to reclaim is refused instead, all frames of a node can be used, there are no watermarks, and kswapd is never wanted.
    /// </summary>
    public bool Advisor { get; init; }

    /// <summary>
    /// A page in memory has 8 bytes of its owner's (<see cref="Reclaim.BackedPage.Cookie"/>), which it is given when it is added
    /// (<see cref="Engine.Add(PageTables.AddressSpace, ulong, int, ulong, bool)"/>) and takes along to another node. Off, it costs nothing.
    /// </summary>
    public bool Cookies { get; init; }

    /// <summary>Address spaces alive at once, 1 to 65,535.</summary>
    public int AddressSpaces { get; init; } = 64;

    /// <summary>
    /// Leaf tables of 512 pages for all address spaces and files together, 1 to 2^23; null for four times what the
    /// frames need, at least 4096.
    /// </summary>
    public uint? LeafTables { get; init; }

    /// <summary>Mappings of shared file pages beyond the first, for all pages together; null for one for each 8 frames.</summary>
    public uint? SharedMappings { get; init; }

    /// <summary>Swap in pages; null for no end of it. 0 makes anonymous pages unreclaimable.</summary>
    public ulong? SwapPages { get; init; }

    /// <summary>
    /// Whether lists keep their order. <see cref="ListOrder.Unordered"/> takes 6 bytes a frame less and makes a move half as
    /// expensive; it serves policies that are marked <see cref="Policies.PolicyFlags.OrderFree"/>, such as mglru.
    /// </summary>
    public ListOrder Order { get; init; }

    /// <summary>
    /// How many more positions than frames ordered lists have, in per cent: 25 to 400. A position takes 4.4 bytes. Pages
    /// that move leave holes, and with more slack these have to be closed less often.
    /// </summary>
    public int ListSlack { get; init; } = OrderedLists.LeastSlack;

    /// <summary>
    /// Page p of an address space has a frame of its own, number p of its leaf tables' slots: for an owner whose pages are
    /// where they are, such as a buffer pool or a VMM. There is nothing to translate and no reverse map, which saves 8
    /// bytes a frame; how many pages may be there is said by cgroup limits alone. Nodes have multiples of 512 pages, and
    /// there are no files. An address space lies on its home node.
    /// </summary>
    public bool Identity { get; init; }

    /// <summary>
    /// Reclaim moves pages to a node of a lower memory tier (<see cref="NodeOptions.Tier"/>) before it evicts any, as with
    /// <c>demotion_enabled</c>; anonymous pages are then reclaimable there without swap. <see cref="Engine.SetDemotion"/>
    /// changes it later. Not in an identity engine, whose pages are where they are. Source: kernel-reclaim reference 2.13.
    /// </summary>
    public bool Demotion { get; init; }

    /// <summary>
    /// Many threads may call at once: tasks that access pages, one kswapd for each node, direct and proactive reclaim. Every
    /// change to shared state is then atomic. When false, one thread at a time drives the engine, and the same calls in the
    /// same order give the same run. Takes policies that say that they can (<see cref="Policies.PolicyFlags.Concurrent"/>).
    /// </summary>
    public bool Concurrent { get; init; }

    /// <summary>
    /// Widest vectors to use: 64 (none), 128, 256 or 512 bits; null for the widest that this build holds and this CPU
    /// has. More than that is not an error: the widest there is serves. Every width gives the same results.
    /// </summary>
    public int? VectorBits { get; init; }

    /// <summary>The Linux that the core behaves like, where versions differ outside of their policies.</summary>
    public KernelVersion Kernel { get; init; } = KernelVersion.Fixed;

    /// <summary>
    /// How reclaim for the whole machine (kswapd, tasks that find no free frame, requests to the root) comes by the cgroups.
    /// Reclaim for a cgroup goes down its tree always. Null: as the kernel of the profile does it, the memcg LRU from 6.12 on
    /// where every policy asks for it (<see cref="Policies.PolicyFlags.MemcgLru"/>, mglru), else the shared cookie.
    /// </summary>
    public HierarchyWalk? HierarchyWalk { get; init; }

    /// <summary>
    /// Page-table entries that a walk gets through before another task has its turn, at least 1; null for walks that take no
    /// time. A task that was switched out and in has used its address space as far as walks know, so that the next walk looks
    /// at it, although nothing was accessed (KR 5.6).
    /// </summary>
    public long? WalkSlice { get; init; }

    /// <summary>
    /// For the profiles 6.12 and 6.18, whose classic LRU acts on cgroup statistics (sizes of lists, refaults) that are flushed
    /// now and then: pages faulted in and reclaimed from one flush to the next, at least 1, as when another task reads
    /// <c>memory.stat</c> again and again. Null: only <see cref="Engine.FlushStatistics"/> does. Other profiles see fresh ones.
    /// </summary>
    public long? StatisticsPeriod { get; init; }

    /// <summary>The Bloom filter by which a page-table walk knows the leaf tables that are worth a scan.</summary>
    public TableFilter TableFilter { get; init; }

    internal const int MinNodePages = 256;

    internal const string NoDemotion = "In an identity engine every page is where it is, so none can be demoted to another node.";

    /// <summary>Cgroups to make room for.</summary>
    internal int MemcgCapacity => NoMemcg ? 1 : Memcgs;

    /// <summary>Says in one sentence what is wrong, or returns null.</summary>
    internal string? Problem()
    {
        if (Nodes is null || Nodes.Count is < 1 or > 64)
            return $"A machine has 1 to 64 nodes, not {Nodes?.Count ?? 0}.";
        ulong frames = 0;
        for (int i = 0; i < Nodes.Count; i++)
        {
            NodeOptions node = Nodes[i];
            if (node.Pages < MinNodePages || node.Pages >= uint.MaxValue)
                return $"Node {i} has {node.Pages} pages; {MinNodePages} to {uint.MaxValue - 1} are accepted.";
            if (Identity && node.Pages % PageTables.LeafTables.Entries != 0)
                return $"Node {i} has {node.Pages} pages; in an identity engine a multiple of {PageTables.LeafTables.Entries} is accepted.";
            if (node.Tier < 0)
                return $"Node {i} has memory tier {node.Tier}; tiers start at 0.";
            frames += node.Pages;
        }

        if (frames >= uint.MaxValue)
            return $"The nodes have {frames} pages together; frame numbers are 32 bits wide, so {uint.MaxValue - 1} is the most.";
        if (Memcgs is < 1 or > 65535)
            return $"Capacity for {Memcgs} memory cgroups was asked for; 1 to 65535 are accepted.";
        if (AddressSpaces is < 1 or > 65535)
            return $"Capacity for {AddressSpaces} address spaces was asked for; 1 to 65535 are accepted.";
        if (LeafTables is < 1 or > PageTables.LeafTables.MaxTables)
            return $"Capacity for {LeafTables} leaf tables was asked for; 1 to {PageTables.LeafTables.MaxTables} are accepted.";
        if (ListSlack is < OrderedLists.LeastSlack or > 400)
            return $"A list slack of {ListSlack} per cent was asked for; {OrderedLists.LeastSlack} to 400 are accepted.";
        if (Identity && LeafTables is not null)
            return "An identity engine has exactly the leaf tables of its frames; no number of them is accepted.";
        if (Identity && Demotion)
            return NoDemotion;
        if (WalkSlice is < 1)
            return $"A walk slice of {WalkSlice} entries was asked for; 1 or more are accepted.";
        if (StatisticsPeriod is < 1)
            return $"A statistics period of {StatisticsPeriod} pages was asked for; 1 or more are accepted.";
        if (HierarchyWalk is { } walk && !Enum.IsDefined(walk))
            return $"There is no hierarchy walk {walk}; {nameof(Machine.HierarchyWalk.SharedCookie)} and {nameof(Machine.HierarchyWalk.MemcgLru)} are accepted.";
        if (VectorBits is not (null or 64 or 128 or 256 or 512))
            return $"A vector width of {VectorBits} bits was asked for; 64 (none), 128, 256 and 512 are accepted.";
        return null;
    }
}
