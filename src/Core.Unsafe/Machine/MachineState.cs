using System.Runtime.CompilerServices;
using ReclaimNative.Filters;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Memory;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;

namespace ReclaimNative.Machine;

/// <summary>
/// The simulated machine without any decision in it: frames, tables, nodes, cgroups, lruvecs and their bookkeeping.
/// </summary>
/// <remarks>One thread at a time. Nothing here allocates after construction, save the objects for a new cgroup, address
/// space or file.</remarks>
internal sealed unsafe class MachineState : IDisposable
{
    private const int LongsPerLruvec = 6;

    private readonly ColumnStore _store = new();
    private readonly ExtentReserve _tableReserve;
    private readonly List<MemoryCgroup> _memcgs = [];
    private readonly AddressSpace?[] _spaces;
    private readonly List<PageFile> _files = [];
    private readonly Lruvec?[] _lruvecs;
    private readonly Column<ListEnds> _listEnds;
    private readonly Column<long> _counts;
    private readonly Column<long> _lruvecLongs;
    private readonly Column<byte> _policyState;
    private readonly Column<ulong> _filters;
    private readonly int _stateBytes;
    private readonly int _memcgCapacity;

    public MachineState(MachineOptions options, int policyStateBytes, int policyWords)
    {
        try
        {
            ulong frames = 0;
            foreach (NodeOptions node in options.Nodes)
                frames += node.Pages;
            uint tables = options.LeafTables ?? (uint)Math.Min(
                LeafTables.MaxTables, Math.Max(4096, 4 * ((frames + LeafTables.Entries - 1) / LeafTables.Entries)));

            Frames = new FrameTable(_store, (uint)frames);
            Lists = new FrameLists(_store, (uint)frames);
            Tables = new LeafTables(_store, tables);
            Rmap = new ReverseMap(_store, Frames, options.SharedMappings ?? (uint)(frames / 8));
            PolicyWordCount = policyWords;
            PolicyWords = _store.Reserve<uint>("frame.policy", (nuint)frames * (nuint)policyWords).Pointer;
            _tableReserve = new ExtentReserve(tables);
            _spaces = new AddressSpace?[options.AddressSpaces];
            _memcgCapacity = options.Memcgs;
            SwapFree = SwapTotal = options.SwapPages ?? ulong.MaxValue;

            var nodes = new Node[options.Nodes.Count];
            uint first = 0;
            for (int i = 0; i < nodes.Length; i++)
            {
                uint pages = (uint)options.Nodes[i].Pages;
                nodes[i] = new Node(
                    i, first, pages, options.Nodes[i].Tier, Watermarks.ForNode(pages, frames), new FrameAllocator(_store, first, pages));
                first += pages;
            }

            Nodes = nodes;
            int lruvecs = checked(options.Memcgs * nodes.Length);
            _lruvecs = new Lruvec?[lruvecs];
            _stateBytes = (policyStateBytes + 63) & ~63;
            _listEnds = _store.Reserve<ListEnds>("lruvec.lists", (nuint)lruvecs * FrameLists.MaxLists);
            _counts = _store.Reserve<long>("lruvec.counters", (nuint)lruvecs * Counters.Count);
            _lruvecLongs = _store.Reserve<long>("lruvec.sums", (nuint)lruvecs * LongsPerLruvec);
            _policyState = _store.Reserve<byte>("lruvec.policy", (nuint)lruvecs * (nuint)_stateBytes);
            _filters = _store.Reserve<ulong>("lruvec.filters", (nuint)lruvecs * 2 * KernelBloomFilter.Words);
            GlobalCounts = new EventCounts(_store.Reserve<long>("machine.counters", Counters.Count).Pointer);
            Root = AddMemcg("/", null);
            _store.Seal();
        }
        catch
        {
            _store.Dispose();
            throw;
        }
    }

    public FrameTable Frames { get; }

    public FrameLists Lists { get; }

    public LeafTables Tables { get; }

    public ReverseMap Rmap { get; }

    /// <summary>32-bit words that policies keep for each frame, frame-major.</summary>
    public uint* PolicyWords { get; }

    public int PolicyWordCount { get; }

    public Node[] Nodes { get; }

    public MemoryCgroup Root { get; }

    public IReadOnlyList<MemoryCgroup> Memcgs => _memcgs;

    public IReadOnlyList<ColumnCost> Columns => _store.Costs;

    /// <summary>What is counted once for the machine: reclaim for want of free frames, kswapd runs.</summary>
    public EventCounts GlobalCounts { get; }

    /// <summary>Swap in pages; MaxValue when it has no end.</summary>
    public ulong SwapTotal { get; }

    /// <summary>Swap pages left; MaxValue when swap has no end.</summary>
    public ulong SwapFree { get; private set; }

    /// <summary>The owner's clock in milliseconds.</summary>
    public long NowMs { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NodeIdOf(uint pfn)
    {
        Node[] nodes = Nodes;
        int id = 0;
        while (id + 1 < nodes.Length && pfn >= nodes[id + 1].FirstPfn)
            id++;
        return id;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LruvecIndexOf(uint pfn) => Frames.Memcg[pfn] * Nodes.Length + NodeIdOf(pfn);

    public Lruvec LruvecAt(int index) => _lruvecs[index]!;

    public Lruvec LruvecOf(MemoryCgroup memcg, Node node) => _lruvecs[memcg.Id * Nodes.Length + node.Id]!;

    public AddressSpace? SpaceAt(int id) => (uint)id < (uint)_spaces.Length ? _spaces[id] : null;

    public int SpaceCapacity => _spaces.Length;

    public IReadOnlyList<PageFile> Files => _files;

    /// <summary>Creates a cgroup with its lruvecs, or null when the reserve is used up.</summary>
    public MemoryCgroup? TryAddMemcg(string path, MemoryCgroup parent) =>
        _memcgs.Count == _memcgCapacity ? null : AddMemcg(path, parent);

    /// <summary>Creates an address space, or null with the reason.</summary>
    public AddressSpace? TryAddSpace(string name, ulong pages, MemoryCgroup memcg, int homeNode, out string? problem)
    {
        int id = Array.IndexOf(_spaces, null);
        if (id < 0)
        {
            problem = $"The engine was built for {_spaces.Length} address spaces and has that many.";
            return null;
        }

        if (!TryTakeTables(pages, out uint first, out uint tables, out problem))
            return null;
        for (uint table = first; table < first + tables; table++)
            Tables.Space[table] = (ushort)id;
        return _spaces[id] = new AddressSpace((ushort)id, name, pages, first, tables, memcg.Id, homeNode);
    }

    /// <summary>Creates a file, or null with the reason.</summary>
    public PageFile? TryAddFile(ulong pages, out string? problem)
    {
        if (_files.Count > ushort.MaxValue)
        {
            problem = "The engine has 65536 files, which is the most.";
            return null;
        }

        if (!TryTakeTables(pages, out uint first, out uint tables, out problem))
            return null;
        for (uint table = first; table < first + tables; table++)
            Tables.Space[table] = (ushort)_files.Count;
        var file = new PageFile(_files.Count, pages, first, tables);
        _files.Add(file);
        return file;
    }

    /// <summary>Gives an empty address space's tables back.</summary>
    public void RemoveSpace(AddressSpace space)
    {
        Tables.Wipe(space.FirstTable, space.Tables);
        _tableReserve.Return(space.FirstTable, space.Tables);
        _spaces[space.Id] = null;
        space.Destroyed = true;
    }

    /// <summary>Adds pages to the usage of a cgroup and of all above it.</summary>
    public static void Charge(MemoryCgroup memcg, ulong pages)
    {
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
            at.Usage += pages;
    }

    public static void Uncharge(MemoryCgroup memcg, ulong pages)
    {
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
            at.Usage -= pages;
    }

    /// <summary>The first cgroup on the way up that <paramref name="pages"/> more would put over its limit, or null.</summary>
    public static MemoryCgroup? OverLimit(MemoryCgroup memcg, ulong pages)
    {
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
        {
            if (at.Max - Math.Min(at.Max, at.Usage) < pages)
                return at;
        }

        return null;
    }

    /// <summary>Takes one swap page if there is one.</summary>
    public bool TryTakeSwap()
    {
        if (SwapFree == 0)
            return false;
        if (SwapFree != ulong.MaxValue)
            SwapFree--;
        return true;
    }

    public void ReturnSwap()
    {
        if (SwapFree != ulong.MaxValue)
            SwapFree++;
    }

    public void Dispose() => _store.Dispose();

    /// <summary>Leaf tables in a row for <paramref name="pages"/> pages, at least 1.</summary>
    private bool TryTakeTables(ulong pages, out uint first, out uint tables, out string? problem)
    {
        (first, tables) = (0, 0);
        ulong wanted = (pages - 1) / LeafTables.Entries + 1;
        if (wanted > LeafTables.MaxTables || !_tableReserve.TryTake((uint)wanted, out first))
        {
            problem = $"{pages} pages need {wanted} leaf tables in a row; the longest free run of the {_tableReserve.Capacity} reserved is {_tableReserve.LongestRun}.";
            return false;
        }

        tables = (uint)wanted;
        problem = null;
        return true;
    }

    private MemoryCgroup AddMemcg(string path, MemoryCgroup? parent)
    {
        var memcg = new MemoryCgroup((ushort)_memcgs.Count, path, parent);
        _memcgs.Add(memcg);
        foreach (Node node in Nodes)
        {
            int index = memcg.Id * Nodes.Length + node.Id;
            ListEnds* lists = _listEnds.Pointer + (nuint)index * FrameLists.MaxLists;
            for (int i = 0; i < FrameLists.MaxLists; i++)
                FrameLists.Reset(ref lists[i]);
            long* longs = _lruvecLongs.Pointer + (nuint)index * LongsPerLruvec;
            _lruvecs[index] = new Lruvec(
                index,
                memcg,
                node,
                lists,
                new EventCounts(_counts.Pointer + (nuint)index * Counters.Count),
                _policyState.Pointer + (nuint)index * (nuint)_stateBytes,
                _filters.Pointer + (nuint)index * 2 * KernelBloomFilter.Words)
            {
                Cost = longs,
                RefaultSnapshot = longs + 2,
                OwnResident = longs + 4,
                Parent = parent is null ? null : LruvecOf(parent, node),
            };
        }

        return memcg;
    }
}
