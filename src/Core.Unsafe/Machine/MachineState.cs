using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;
using ReclaimNative.Filters;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Memory;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Simd;

namespace ReclaimNative.Machine;

/// <summary>
/// The simulated machine without any decision in it: frames, tables, nodes, cgroups, lruvecs and their bookkeeping.
/// </summary>
/// <remarks>
/// Nothing here allocates after construction, save the objects for a new cgroup, address space or file. Charges, swap and
/// lists are safe from many threads when built <c>concurrent</c>; creation and removal belong to one thread with the
/// <see cref="Gate"/> closed.
/// </remarks>
internal sealed unsafe partial class MachineState : IDisposable
{
    private const int LongsPerLruvec = 12;

    /// <summary>Bits of a filter for each leaf table: about one idle table in 200 is then scanned for nothing.</summary>
    private const int FilterBitsPerTable = 12;

    private readonly ColumnStore _store = new();
    private readonly long _walkSlice;
    private long _walked;
    private long _nowUs;
    private readonly ExtentReserve[] _tableReserves;
    private readonly AddressSpace?[] _spaces;
    private readonly List<PageFile?> _files = [];
    private ulong _created;
    private readonly Lruvec?[] _lruvecs;
    private readonly Column<LruList> _lists;
    private readonly Column<int> _tokens;
    private readonly Column<long> _counts;
    private readonly Column<long> _goneCounts;
    private readonly Column<long> _lruvecLongs;
    private readonly Column<byte> _policyState;
    private readonly Column<ulong> _filters;
    private readonly int _stateBytes;
    private ulong _swapFree;

    public MachineState(MachineOptions options, PolicyNeeds policies)
    {
        Tracer = new Tracer(this);
        try
        {
            ulong frames = 0;
            foreach (NodeOptions node in options.Nodes)
                frames += node.Pages;
            IsIdentity = options.Identity;
            uint tables = IsIdentity ? (uint)(frames / LeafTables.Entries) : options.LeafTables ?? (uint)Math.Min(
                LeafTables.MaxTables, Math.Max(4096, 4 * ((frames + LeafTables.Entries - 1) / LeafTables.Entries)));

            int lruvecs = checked(options.MemcgCapacity * options.Nodes.Count);
            bool concurrent = options.Concurrent;
            ulong positions = options.Order == ListOrder.Exact
                ? OrderedLists.PositionsFor(frames, (ulong)lruvecs * (ulong)policies.Lists, options.ListSlack, concurrent)
                : 0;
            Concurrent = concurrent;
            VectorWidth = VectorWidths.Choose(options.VectorBits);
            Bits = new AccessedBits(VectorWidth, exclusive: !concurrent);
            Sweep = new ByteSweep(VectorWidth);
            Tables = new LeafTables(_store, tables, IsIdentity, concurrent);
            Frames = new FrameTable(_store, (uint)frames, positions, Tables.Memcg, Tables.FileMemcg, IsIdentity, concurrent, options.IdleAge);
            Proposed = new ProposedFrames(_store, (uint)frames, concurrent);
            if (options.Cookies)
                Cookies = _store.Reserve<ulong>("frame.cookie", (nuint)frames).Pointer;
            IsAdvisor = options.Advisor;
            if (options.IdleAge)
                Ages = new PageAges(_store, Tables, options.MemcgCapacity, concurrent);
            if (IsIdentity)
                Tables.KeepShadowsIn(positions > 0 ? Frames.Place : null, _store);
            _lists = _store.Reserve<LruList>("lruvec.lists", (nuint)lruvecs * FrameLists.MaxLists);
            _tokens = _store.Reserve<int>("lruvec.token", (nuint)lruvecs * FrameLists.TokenStride);
            Lists = new FrameLists(_store, Frames, Tables.Entry, _lists.Pointer, _tokens.Pointer, VectorWidth, concurrent);
            Rmap = new ReverseMap(_store, Tables, IsIdentity ? 0 : options.SharedMappings ?? (uint)(frames / 8), concurrent);
            Locks = new SlotLocks(_store, concurrent);
            Gate = new QuiesceGate(_store, concurrent);
            PolicyWordCount = policies.WordsPerPage;
            PolicyWords = _store.Reserve<uint>("frame.policy", (nuint)frames * (nuint)PolicyWordCount).Pointer;
            HistoryWordCount = policies.HistoryWords;
            HistoryWords = _store.Reserve<uint>("page.policy", (nuint)tables * LeafTables.Entries * (nuint)HistoryWordCount).Pointer;
            if (policies.Orders > 0)
                Orders = new PageOrders(_store, (ulong)tables * LeafTables.Entries, lruvecs, policies.Orders);
            _spaces = new AddressSpace?[options.AddressSpaces];
            _memcgAt = new MemoryCgroup?[options.MemcgCapacity];
            HasMemcgs = !options.NoMemcg;
            RecursiveProtection = options.RecursiveProtection;
            _swapFree = SwapTotal = options.SwapPages ?? ulong.MaxValue;

            var nodes = new Node[options.Nodes.Count];
            uint first = 0;
            for (int i = 0; i < nodes.Length; i++)
            {
                uint pages = (uint)options.Nodes[i].Pages;
                nodes[i] = new Node(
                    i,
                    first,
                    pages,
                    options.Nodes[i].Tier,
                    IsIdentity || IsAdvisor ? default : Watermarks.ForNode(pages, frames),
                    IsIdentity ? null : new FrameAllocator(_store, first, pages, concurrent),
                    concurrent);
                first += pages;
            }

            // Where a slot is a frame, the tables of a node are those of its frames.
            _tableReserves = IsIdentity
                ? Array.ConvertAll(nodes, n => new ExtentReserve(n.FirstPfn / LeafTables.Entries, n.Pages / LeafTables.Entries))
                : [new ExtentReserve(0, tables)];

            Nodes = nodes;
            Demotion = new Demotion(nodes, options.Demotion, concurrent);
            _lruvecs = new Lruvec?[lruvecs];
            _stateBytes = (policies.StateBytes + 63) & ~63;
            _counts = _store.Reserve<long>("lruvec.counters", (nuint)lruvecs * Counters.Count);
            _goneCounts = _store.Reserve<long>("lruvec.gone", (nuint)lruvecs * Counters.Count);
            _lruvecLongs = _store.Reserve<long>("lruvec.sums", (nuint)lruvecs * LongsPerLruvec);
            _policyState = _store.Reserve<byte>("lruvec.policy", (nuint)lruvecs * (nuint)_stateBytes);
            Kernel = options.Kernel;
            _walkSlice = options.WalkSlice ?? 0;
            StatisticsPeriod = options.Kernel is KernelVersion.V6_12 or KernelVersion.V6_18 ? options.StatisticsPeriod ?? long.MaxValue : 0;
            TableFilter = options.TableFilter;
            FilterWords = TableFilter == TableFilter.Kernel
                ? KernelBloomFilter.Words
                : Math.Max(KernelBloomFilter.Words, SplitBlockBloomFilter.BlocksFor(tables, FilterBitsPerTable) * SplitBlockBloomFilter.BlockWords);
            _filters = _store.Reserve<ulong>("lruvec.filters", (nuint)lruvecs * 2 * FilterWords);
            GlobalCounts = new EventCounts(_store.Reserve<long>("machine.counters", Counters.Count).Pointer, concurrent);
            Root = AddMemcg(0, "/", null);
            _store.Seal();
        }
        catch
        {
            _store.Dispose();
            throw;
        }
    }

    /// <summary>A page's slot is its frame.</summary>
    public bool IsIdentity { get; }

    /// <summary>Form of the filters that walks consult.</summary>
    public KernelVersion Kernel { get; }

    /// <summary>Pages in and out between two flushes of the cgroup statistics; 0 where they are always fresh.</summary>
    public long StatisticsPeriod { get; }

    /// <summary>Counts entries that a walk has looked at; true when another task has had its turn meanwhile.</summary>
    public bool WalkEndsSlice(int entries)
    {
        if (_walkSlice == 0)
            return false;
        long walked = Atomic.Add(ref _walked, entries, Concurrent);
        return walked / _walkSlice != (walked - entries) / _walkSlice;
    }

    public TableFilter TableFilter { get; }

    /// <summary>64-bit words of one filter.</summary>
    public uint FilterWords { get; }

    /// <summary>Several threads may drive the machine at once.</summary>
    public bool Concurrent { get; }

    /// <summary>Width of every vector kernel of this machine.</summary>
    public VectorWidth VectorWidth { get; }

    /// <summary>Kernels over accessed bits.</summary>
    public AccessedBits Bits { get; }

    /// <summary>Kernels over columns of bytes.</summary>
    public ByteSweep Sweep { get; }

    /// <summary>A lock for each page that is being installed or evicted.</summary>
    public SlotLocks Locks { get; }

    /// <summary>Between calls in flight and changes of what there is.</summary>
    public QuiesceGate Gate { get; }

    public FrameTable Frames { get; }

    /// <summary>Which frames hold pages that are proposed.</summary>
    public ProposedFrames Proposed { get; }

    /// <summary>What owners gave their pages, by frame; null where none can be given.</summary>
    public ulong* Cookies { get; }

    /// <summary>Nothing is reclaimed but by request: what finds no room is refused.</summary>
    public bool IsAdvisor { get; }

    public FrameLists Lists { get; }

    public LeafTables Tables { get; }

    public ReverseMap Rmap { get; }

    /// <summary>How long pages have not been used; null where that is not kept.</summary>
    public PageAges? Ages { get; }

    /// <summary>32-bit words that policies keep for each frame, frame-major.</summary>
    public uint* PolicyWords { get; }

    public int PolicyWordCount { get; }

    /// <summary>32-bit words that policies keep for each page, resident or not, page-major; pages are slots.</summary>
    public uint* HistoryWords { get; }

    public int HistoryWordCount { get; }

    /// <summary>Orders over pages that policies keep; null where none asks for one.</summary>
    public PageOrders? Orders { get; }

    public Node[] Nodes { get; }

    /// <summary>Where pages go that leave a node for a lower tier.</summary>
    public Demotion Demotion { get; }

    public MemoryCgroup Root { get; }

    /// <summary>There are cgroups, so pages are charged.</summary>
    public bool HasMemcgs { get; }

    /// <summary>Unclaimed protection of a cgroup protects its children by their usage.</summary>
    public bool RecursiveProtection { get; }

    /// <summary>Some cgroup has had a memory.high: until then no charge looks for one.</summary>
    public bool HasHigh { get; set; }

    /// <summary>Some cgroup has had a memory.swap.max.</summary>
    public bool HasSwapMax { get; set; }

    public IReadOnlyList<ColumnCost> Columns => _store.Costs;

    /// <summary>Bytes of a column that memory backs now; columns are numbered as in <see cref="Columns"/>.</summary>
    public ulong ResidentBytesOf(int column) => _store.ResidentBytes(column);

    /// <summary>Backs a node's part of every column that is as long as the frames.</summary>
    public void FirstTouch(Node node)
    {
        for (int i = 0; i < _store.Costs.Count; i++)
        {
            ColumnCost column = _store.Costs[i];
            if (!column.Name.StartsWith("frame.", StringComparison.Ordinal))
                continue;
            ulong first = (ulong)((UInt128)column.Count * node.FirstPfn / Frames.Count);
            ulong end = (ulong)((UInt128)column.Count * (node.FirstPfn + (ulong)node.Pages) / Frames.Count);
            _store.Populate(i, (nuint)first, (nuint)(end - first));
        }
    }

    /// <summary>What is counted once for the machine: reclaim for want of free frames, kswapd runs.</summary>
    public EventCounts GlobalCounts { get; }

    /// <summary>Who is told of events.</summary>
    public Tracer Tracer { get; }

    /// <summary>Swap in pages; MaxValue when it has no end.</summary>
    public ulong SwapTotal { get; }

    /// <summary>Swap pages left; MaxValue when swap has no end.</summary>
    public ulong SwapFree => Volatile.Read(ref _swapFree);

    /// <summary>The owner's clock in microseconds.</summary>
    public long NowUs
    {
        get => Volatile.Read(ref _nowUs);
        set => Volatile.Write(ref _nowUs, value);
    }

    /// <summary>The owner's clock in milliseconds.</summary>
    public long NowMs => NowUs / 1000;

    /// <summary>How long what was used is to stay at least, in milliseconds; 0 when nothing is asked.</summary>
    public long MinTtlMs { get; set; }

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
    public int LruvecIndexOf(uint pfn) => Frames.MemcgOf(pfn) * Nodes.Length + NodeIdOf(pfn);

    /// <summary>
    /// The same for a file page whose lock is held, by its page-cache slot: the frame's own words need not be read, which a
    /// reclaimer may be changing just now.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int LruvecIndexOfFile(uint page, uint pfn) => Tables.FileMemcg[page] * Nodes.Length + NodeIdOf(pfn);

    public Lruvec LruvecAt(int index) => _lruvecs[index]!;

    public Lruvec LruvecOf(MemoryCgroup memcg, Node node) => _lruvecs[memcg.Id * Nodes.Length + node.Id]!;

    public AddressSpace? SpaceAt(int id) => (uint)id < (uint)_spaces.Length ? _spaces[id] : null;

    public int SpaceCapacity => _spaces.Length;

    /// <summary>The address space that a leaf table belongs to; null for one of a file, and for one in reserve.</summary>
    public AddressSpace? SpaceOfTable(uint table) =>
        SpaceAt(Tables.Space[table]) is { } space && table - space.FirstTable < space.Tables ? space : null;

    /// <summary>The file of an id; null where there is none.</summary>
    public PageFile? FileAt(int id) => id < _files.Count ? _files[id] : null;

    /// <summary>Ids of files are below it.</summary>
    public int FileIds => _files.Count;

    /// <summary>The file that a leaf table belongs to; null for one of an address space, and for one in reserve.</summary>
    public PageFile? FileOfTable(uint table) =>
        FileAt(Tables.Space[table]) is { } file && table - file.FirstTable < file.Tables ? file : null;

    /// <summary>Creates an address space, or null with the reason.</summary>
    public AddressSpace? TryAddSpace(string name, ulong pages, MemoryCgroup memcg, int homeNode, out string? problem)
    {
        int id = Array.IndexOf(_spaces, null);
        if (id < 0)
        {
            problem = $"The engine was built for {_spaces.Length} address spaces and has that many.";
            return null;
        }

        if (!TryTakeTables(pages, homeNode, out uint first, out uint tables, out problem))
            return null;
        for (uint table = first; table < first + tables; table++)
        {
            Tables.Space[table] = (ushort)id;
            Tables.Memcg[table] = memcg.Id;
        }

        return _spaces[id] = new AddressSpace((ushort)id, name, pages, first, tables, memcg.Id, homeNode) { Created = _created++ };
    }

    /// <summary>Creates a file, or null with the reason.</summary>
    public PageFile? TryAddFile(string name, ulong pages, out string? problem)
    {
        int id = _files.IndexOf(null);
        if (id < 0)
            id = _files.Count;
        if (id > ushort.MaxValue)
        {
            problem = "The engine has 65536 files, which is the most.";
            return null;
        }

        if (!TryTakeTables(pages, 0, out uint first, out uint tables, out problem))
            return null;
        for (uint table = first; table < first + tables; table++)
            Tables.Space[table] = (ushort)id;
        var file = new PageFile(id, name, pages, first, tables) { Created = _created++ };
        if (id < _files.Count)
            _files[id] = file;
        else
            _files.Add(file);
        return file;
    }

    /// <summary>Gives an empty address space's tables back.</summary>
    public void RemoveSpace(AddressSpace space)
    {
        Tables.Wipe(space.FirstTable, space.Tables);
        ReserveOf(space.HomeNode).Return(space.FirstTable, space.Tables);
        _spaces[space.Id] = null;
        space.Destroyed = true;
    }

    /// <summary>Gives the tables of a file back that has no page in memory and is mapped nowhere.</summary>
    public void RemoveFile(PageFile file)
    {
        Tables.WipeOfFile(file.FirstTable, file.Tables);
        ReserveOf(0).Return(file.FirstTable, file.Tables);
        _files[file.Id] = null;
    }

    /// <summary>Adds one page to the usage of a cgroup and of all above it, unless one of them is at its limit.</summary>
    /// <returns>The cgroup whose limit stands in the way, with nothing charged; null when the page is charged.</returns>
    /// <remarks>
    /// Adds first and looks after, so that several threads can't pass a limit together; what was added before the limit
    /// in the way is taken back. Source: kernel-reclaim reference 4.4.
    /// </remarks>
    public MemoryCgroup? TryCharge(MemoryCgroup memcg)
    {
        if (!HasMemcgs)
            return null;
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
        {
            if (at.AddUsage(1, Concurrent) <= at.Max)
                continue;
            MemoryCgroup over = at;
            over.AddUsage(-1, Concurrent);
            for (at = memcg; !ReferenceEquals(at, over); at = at.Parent!)
                at.AddUsage(-1, Concurrent);
            return over;
        }

        return null;
    }

    public void Uncharge(MemoryCgroup memcg)
    {
        if (!HasMemcgs)
            return;
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
            at.AddUsage(-1, Concurrent);
    }

    /// <summary>Takes one swap page for a cgroup if there is one, and none of those above it is at its memory.swap.max.</summary>
    public bool TryTakeSwap(MemoryCgroup memcg)
    {
        if (!TryTakeSlot())
            return false;
        if (!HasMemcgs)
            return true;
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
        {
            // As with charges: added first and looked at after, so that several threads can't pass a limit together.
            if (at.AddSwapUsage(1, Concurrent) <= at.SwapMax)
                continue;
            MemoryCgroup over = at;
            over.AddSwapUsage(-1, Concurrent);
            for (at = memcg; !ReferenceEquals(at, over); at = at.Parent!)
                at.AddSwapUsage(-1, Concurrent);
            ReturnSlot();
            return false;
        }

        return true;
    }

    /// <summary>A page of a cgroup has left swap: it has come back, or is wanted no more.</summary>
    public void ReturnSwap(MemoryCgroup memcg)
    {
        ReturnSlot();
        if (!HasMemcgs)
            return;
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
            at.AddSwapUsage(-1, Concurrent);
    }

    /// <summary>Whether a cgroup could put so many more pages in swap now: there is room, also below its limit and those above it.</summary>
    public bool HasSwapFor(MemoryCgroup memcg, long pages)
    {
        if (SwapFree < (ulong)pages)
            return false;
        if (!HasSwapMax)
            return true;
        for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
        {
            if (at.SwapUsage + (ulong)pages > at.SwapMax)
                return false;
        }

        return true;
    }

    /// <summary>Zeroes what policies keep of a page that may not be resident.</summary>
    public void ForgetPage(uint page) =>
        new Span<uint>(HistoryWords + (nuint)page * (nuint)HistoryWordCount, HistoryWordCount).Clear();

    /// <summary>
    /// A copy of all columns, to be put back by a thread that is alone in the machine. Without the gate's, at which others wait meanwhile.
    /// </summary>
    public ColumnImage CopyColumns() => _store.Copy(QuiesceGate.ColumnName);

    /// <summary>What calls change beside the columns; what the owner sets, and what there is, is not among it.</summary>
    public void Pass(StateLog log)
    {
        log.Pass(ref _walked);
        log.Pass(ref _swapFree);
        Demotion.Pass(log);
        Lists.Pass(log);
        Proposed.Pass(log);
        Rmap.Pass(log);
        foreach (Node node in Nodes)
            node.Pass(log);
        foreach (MemoryCgroup memcg in _memcgs)
            memcg.Pass(log);
        foreach (Lruvec? lruvec in _lruvecs)
            lruvec?.Pass(log, this);
        foreach (AddressSpace? space in _spaces)
            space?.Pass(log);
        foreach (PageFile? file in _files)
            file?.Pass(log);
    }

    public void Dispose() => _store.Dispose();

    private bool TryTakeSlot()
    {
        while (true)
        {
            ulong free = SwapFree;
            if (free is 0 or ulong.MaxValue)
                return free != 0;
            if (Atomic.CompareExchange(ref _swapFree, free - 1, free, Concurrent) == free)
                return true;
        }
    }

    private void ReturnSlot()
    {
        if (SwapTotal != ulong.MaxValue)
            Atomic.Add(ref _swapFree, 1, Concurrent);
    }

    /// <summary>Leaf tables in a row for <paramref name="pages"/> pages, at least 1.</summary>
    private bool TryTakeTables(ulong pages, int node, out uint first, out uint tables, out string? problem)
    {
        ExtentReserve reserve = ReserveOf(node);
        (first, tables) = (0, 0);
        ulong wanted = (pages - 1) / LeafTables.Entries + 1;
        if (wanted > LeafTables.MaxTables || !reserve.TryTake((uint)wanted, out first))
        {
            problem = $"{pages} pages need {wanted} leaf tables in a row; the longest free run of the {reserve.Capacity} reserved is {reserve.LongestRun}.";
            return false;
        }

        tables = (uint)wanted;
        problem = null;
        return true;
    }

    private ExtentReserve ReserveOf(int node) => _tableReserves[IsIdentity ? node : 0];
}
