using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Memory;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

/// <summary>
/// A machine with memory to be reclaimed: nodes, cgroups, address spaces, files, and the policies that decide. Owners
/// report accesses; the engine faults pages in, charges them and reclaims by the one path.
/// </summary>
/// <remarks>
/// The engine starts no thread and reads no clock: whoever drives it does both, so one thread gives the same run every
/// time. All memory is reserved by the constructor; an access, a fault or a reclaim allocates nothing. Every refusal is an
/// <see cref="EngineException"/> and changes nothing.
/// <para>
/// Threads: one at a time, unless the engine was built <see cref="MachineOptions.Concurrent"/>. Then any number may call
/// at once. Accesses, faults, charges and reclaim run side by side without a common lock; what changes the machine itself
/// (creating and destroying cgroups, address spaces and files, mapping, discarding, <see cref="Validate"/>) waits until
/// the calls in flight are out and keeps others waiting. A backing's callback must not call the engine.
/// </para>
/// </remarks>
public sealed unsafe partial class Engine : IDisposable
{
    private const int HitCapacity = 1024;

    private readonly EngineOptions _options;
    private readonly MachineState _machine;
    private readonly PolicyHost _host;
    private readonly FolioListEngine _folios;
    private readonly NodePass _pass;
    private readonly ReclaimDrivers _drivers;
    private readonly Backing? _backing;
    private readonly NativeBlock _hitLog;
    private readonly uint* _hits;
    private readonly bool _logsHits;
    private readonly bool _tellsFirstTouch;
    private int _hitCount;
    private bool _disposed;

    /// <summary>Builds an engine.</summary>
    /// <exception cref="EngineException">An option is out of range; the message names it.</exception>
    /// <exception cref="OutOfMemoryException">The system refused to reserve the address space.</exception>
    public Engine(EngineOptions options)
        : this(options, isCopy: false)
    {
    }

    /// <summary>An engine, or one that is to become a copy: without policies at its root, which come with what there is.</summary>
    private Engine(EngineOptions options, bool isCopy)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problem() is { } problem)
            throw new EngineException(problem);
        _options = options;
        PolicyDefinition[] definitions = options.Bindable;
        _backing = options.Backing;
        _clock = options.Clock ?? TimeProvider.System;
        _machine = new MachineState(options, options.Needs());
        try
        {
            _host = new PolicyHost(_machine, definitions, options.Fallback?.Name, options.MemcgCapacity, options.UsesMemcgLru, options.ProgressFile)
            {
                CallNanoseconds = options.PolicyCallMs * 1_000_000L,
            };
            _folios = new FolioListEngine(_host, _backing);
            _pass = new NodePass(_host, _folios);
            _drivers = new ReclaimDrivers(_host, _pass);
            _hitLog = new NativeBlock(HitCapacity * sizeof(uint));
            _hits = (uint*)_hitLog.Pointer;
            _logsHits = _host.HandsOverAccesses;
            _tellsFirstTouch = options.FirstTouch;
            if (!isCopy)
                _host.Online(_machine.Root, definitions[0]);
            _pressure = options.Pressure ? new PressureMonitor(_machine) : null;
        }
        catch
        {
            // Native memory has no finaliser: what a failed constructor reserved would stay reserved.
            _host?.Dispose();
            _machine.Dispose();
            _hitLog?.Dispose();
            throw;
        }
    }

    /// <summary>The root of the cgroup tree.</summary>
    public MemoryCgroup Root => _machine.Root;

    /// <summary>The nodes by number.</summary>
    public IReadOnlyList<Node> Nodes => _machine.Nodes;

    /// <summary>Every cgroup, in the order of creation: each comes after the one above it.</summary>
    public IReadOnlyList<MemoryCgroup> Memcgs => _machine.Memcgs;

    /// <summary>The address spaces that there are, by number.</summary>
    public IEnumerable<AddressSpace> AddressSpaces
    {
        get
        {
            for (int id = 0; id < _machine.SpaceCapacity; id++)
            {
                if (_machine.SpaceAt(id) is { } space)
                    yield return space;
            }
        }
    }

    /// <summary>What it was built from.</summary>
    public EngineOptions Options => _options;

    /// <summary>
    /// Thrashing prevention: when on a node that kswapd is called for nothing may be reclaimed that was not last used at least
    /// this many milliseconds ago, there is too little memory, and that is an <see cref="Counter.oom"/> event of the machine
    /// instead of hidden in refaults. At least 0, which is off and the default. Ages are those of <see cref="NowMs"/>, in
    /// policies that keep them (mglru). Source: kernel-reclaim reference 5.13.
    /// </summary>
    /// <exception cref="EngineException">It is negative.</exception>
    public long MinTtlMs
    {
        get => _machine.MinTtlMs;
        set => _machine.MinTtlMs = value >= 0
            ? value
            : throw new EngineException($"A least time to live of {value} ms was asked for; 0 (off) or more are accepted.");
    }

    /// <summary>Swap pages left, or null when swap has no end.</summary>
    public ulong? SwapFree => _machine.SwapFree == ulong.MaxValue ? null : _machine.SwapFree;

    internal MachineState Machine => _machine;

    internal PolicyHost Host => _host;

    internal NodePass Pass => _pass;

    /// <summary>Creates an address space of anonymous pages [0, pages).</summary>
    /// <param name="name">For messages, reports and <see cref="FindAddressSpace"/>; need not be new.</param>
    /// <param name="pages">Its length, at least 1; what is never touched costs nothing but leaf tables of the reserve.</param>
    /// <param name="memcg">The cgroup that its pages are charged to; null for the root.</param>
    /// <param name="homeNode">The node that its pages come from first.</param>
    public AddressSpace CreateAddressSpace(string name, ulong pages, MemoryCgroup? memcg = null, int homeNode = 0)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        MemoryCgroup charged = Own(memcg);
        if (pages == 0)
            throw new EngineException("An address space has at least 1 page.");
        CheckNode(homeNode);
        return _machine.TryAddSpace(name, pages, charged, homeNode, out string? problem) ?? throw new EngineException(problem!);
    }

    /// <summary>The address space of a name, the oldest where several have it; null where none has.</summary>
    public AddressSpace? FindAddressSpace(ReadOnlySpan<char> name)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        AddressSpace? found = null;
        for (int id = 0; id < _machine.SpaceCapacity; id++)
        {
            if (_machine.SpaceAt(id) is { } space && name.SequenceEqual(space.Name) && (found is null || space.Created < found.Created))
                found = space;
        }

        return found;
    }

    /// <summary>
    /// Maps pages [start, end) of an address space to a file from <paramref name="fileOffset"/> on, or, without a file,
    /// makes them anonymous. What was there is freed.
    /// </summary>
    public void Map(AddressSpace space, ulong start, ulong end, PageFile? file, ulong fileOffset = 0, VmaFlags flags = VmaFlags.None)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        Own(space);
        CheckRange(space, start, end);
        if (file is not null)
            Own(file);
        if (file is not null && (fileOffset > file.Pages || end - start > file.Pages - fileOffset))
            throw new EngineException($"{end - start} pages from page {fileOffset} on do not lie in a file of {file.Pages} pages.");
        DiscardQuietly(space, start, end);
        space.Cover(new Vma(start, end, file, fileOffset, flags));
    }

    /// <summary>Frees the anonymous pages of [start, end) and unmaps the file pages there, as if they had never been touched.</summary>
    public void Discard(AddressSpace space, ulong start, ulong end)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        Own(space);
        CheckRange(space, start, end);
        DiscardQuietly(space, start, end);
    }

    private void DiscardQuietly(AddressSpace space, ulong start, ulong end)
    {
        Settle();
        LeafTables tables = _machine.Tables;
        for (ulong page = start; page < end; page++)
        {
            uint slot = space.BaseSlot + (uint)page;
            uint pfn = tables.FrameAt(slot);
            if (pfn == FrameTable.NoFrame)
            {
                if (tables.ShadowAt(slot) != 0 && space.VmaAt(page).File is null)
                    _machine.ReturnSwap(_machine.MemcgAt(space.MemcgId));
                _host.Forget(slot);
                tables.SetShadow(slot, 0);
            }
            else if (_machine.Frames.Has(pfn, FolioFlags.SwapBacked))
            {
                Free(pfn);
                _host.Forget(slot);
                tables.Clear(tables.Present, slot);
                tables.Clear(tables.Accessed, slot);
                tables.Clear(tables.Dirty, slot);
                tables.SetShadow(slot, 0);
                space.AddResident(-1, _machine.Concurrent);
            }
            else
            {
                // Like the kernel, what is found accessed while it is unmapped counts as one access by descriptor.
                bool used = LeafTables.Test(tables.Accessed, slot) && (space.VmaAt(page).Flags & VmaFlags.NoRecency) == 0;
                _folios.Unmap(pfn, _machine.Frames.OwnerOf(pfn), slot);
                if (used)
                {
                    _machine.Ages?.Use(_machine.Frames.OwnerOf(pfn), FolioType.File);
                    UseByDescriptor(_host.ViewAt(_machine.LruvecIndexOf(pfn)), pfn);
                }
            }
        }
    }

    /// <summary>Ends an address space; its anonymous pages are freed, its leaf tables go back to the reserve.</summary>
    public void Destroy(AddressSpace space)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        Own(space);
        DiscardQuietly(space, 0, space.Pages);
        _pressure?.SetState(space, TaskState.Idle);
        _machine.RemoveSpace(space);
    }

    /// <summary>Keeps a resident page of an address space from being evicted, or lets it go again.</summary>
    /// <returns>False when the page is not resident.</returns>
    public bool SetPinned(AddressSpace space, ulong page, bool pinned)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        CheckPage(space, page);
        uint slot = space.BaseSlot + (uint)page;

        // Under the lock of the page itself, which is that of its page-cache slot when it belongs to a file: either the
        // page is pinned before an eviction looks, or it has gone.
        while (true)
        {
            uint pfn = _machine.Tables.FrameAt(slot);
            if (pfn == FrameTable.NoFrame)
            {
                if (!IsPresentUnderLock(space, page, slot))
                    return false;
                continue;
            }

            // Between the look at the present bit and that at the entry the page may go and leave a shadow there.
            if (pfn >= _machine.Frames.Count || !_machine.Frames.TryOwnerOf(pfn, out uint owner))
                continue;
            _machine.Locks.Enter(owner);
            bool still = _machine.Tables.FrameAt(slot) == pfn;
            if (still && pinned)
                _machine.Frames.Set(pfn, FolioFlags.Pinned);
            else if (still)
                _machine.Frames.Clear(pfn, FolioFlags.Pinned);
            _machine.Locks.Exit(owner);
            if (still)
                return true;
        }
    }

    /// <summary>Whether a page of an address space is resident and mapped.</summary>
    public bool IsResident(AddressSpace space, ulong page)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        CheckPage(space, page);
        uint slot = space.BaseSlot + (uint)page;
        return LeafTables.Test(_machine.Tables.Present, slot) || IsPresentUnderLock(space, page, slot);
    }

    /// <summary>A page that is being moved to another node is out of its table for a moment, and resident all the same.</summary>
    private bool IsPresentUnderLock(AddressSpace space, ulong page, uint slot)
    {
        if (!_machine.Concurrent || !_machine.Demotion.IsOn)
            return false;
        Vma vma = space.VmaAt(page);
        uint locked = vma.File is { } file ? file.SlotOf(vma.FileOffset + (page - vma.Start)) : slot;
        _machine.Locks.Enter(locked);
        bool present = LeafTables.Test(_machine.Tables.Present, slot);
        _machine.Locks.Exit(locked);
        return present;
    }

    /// <summary>One balance run of kswapd for a node; to be called while <see cref="Node.KswapdWanted"/>.</summary>
    /// <returns>Pages reclaimed.</returns>
    public long RunKswapd(Node node)
    {
        ThrowIfDisposed();
        Own(node);
        using QuiesceGate.Passage call = EnterCall();
        FlushHits();
        return _drivers.RunKswapd(node);
    }

    /// <summary>
    /// Ages a cgroup on one node now, as its policy does it, without evicting anything: mglru walks page tables and opens a
    /// generation. Policies that age as they evict do nothing.
    /// </summary>
    /// <returns>False: another thread was deciding about this cgroup, and nothing was done.</returns>
    public bool Age(MemoryCgroup memcg, Node node)
    {
        ThrowIfDisposed();
        Own(node);
        PolicyView view = _host.ViewOf(Own(memcg), node);
        return Age(view, view.Memcg.Swappiness, force: false);
    }

    private bool Age(PolicyView view, int swappiness, bool force)
    {
        using QuiesceGate.Passage call = EnterCall();
        FlushHits();
        if (!view.Lruvec.TryTakeToken())
            return false;
        view.Ops.Age(view, swappiness, force);
        view.Lruvec.ReleaseToken();
        return true;
    }

    /// <summary>
    /// Turns demotion to lower memory tiers on or off (<see cref="MachineOptions.Demotion"/>), as a write to
    /// <c>demotion_enabled</c> does. On, nodes whose kswapd had given up are tried again. Source: kernel-reclaim reference 2.13.
    /// </summary>
    /// <exception cref="EngineException">On, in an identity engine.</exception>
    public void SetDemotion(bool on)
    {
        ThrowIfDisposed();
        if (on && _machine.IsIdentity)
            throw new EngineException(MachineOptions.NoDemotion);
        using QuiesceGate.Passage call = EnterCall();
        _machine.Demotion.IsOn = on;
        if (!on)
            return;
        foreach (Node node in _machine.Nodes)
            node.KswapdFailures = 0;
    }

    /// <summary>
    /// Brings the cgroup statistics up to date that the classic LRU of the profiles 6.12 and 6.18 acts on, as a read of
    /// <c>memory.stat</c> does. In other profiles they always are.
    /// </summary>
    public void FlushStatistics()
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        _host.FlushStatistics();
    }

    /// <summary>An event counter of a cgroup and all below it, over all nodes.</summary>
    public long Read(MemoryCgroup memcg, Counter counter)
    {
        ThrowIfDisposed();
        Own(memcg);
        long sum = 0;
        foreach (Node node in _machine.Nodes)
            sum += _host.Total(_machine.LruvecOf(memcg, node), counter);
        return sum;
    }

    /// <summary>An event counter of a cgroup alone, over all nodes.</summary>
    public long ReadLocal(MemoryCgroup memcg, Counter counter)
    {
        ThrowIfDisposed();
        Own(memcg);
        long sum = 0;
        foreach (Node node in _machine.Nodes)
            sum += _machine.LruvecOf(memcg, node).Counts[counter];
        return sum;
    }

    /// <summary>
    /// An event counter of the machine as <c>/proc/vmstat</c> has it: reclaim by class, its stalls and kswapd's runs only as
    /// far as they were for the whole machine, everything else summed over all cgroups.
    /// </summary>
    public long ReadMachine(Counter counter) => counter switch
    {
        Counter.pgscan_kswapd or Counter.pgscan_direct or Counter.pgscan_proactive
            or Counter.pgsteal_kswapd or Counter.pgsteal_direct or Counter.pgsteal_proactive
            or Counter.allocstall_normal or Counter.pageoutrun => ReadGlobal(counter),
        Counter.oom => ReadGlobal(counter) + Read(Root, counter),
        _ => Read(Root, counter),
    };

    /// <summary>An event counter of the machine: what is counted only where reclaim was for the whole of it.</summary>
    public long ReadGlobal(Counter counter)
    {
        ThrowIfDisposed();
        return _machine.GlobalCounts[counter];
    }

    /// <summary>Pages by class of a cgroup and all below it on one node.</summary>
    public LruSizes SizesOf(MemoryCgroup memcg, Node node)
    {
        ThrowIfDisposed();
        Own(node);
        return _host.TotalSizes(_machine.LruvecOf(Own(memcg), node));
    }

    /// <summary>Frees all memory. Objects of the engine are dead afterwards.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _host.Dispose();
        _machine.Dispose();
        _hitLog.Dispose();
    }

    private void Free(uint pfn)
    {
        EndProposal(pfn);
        PolicyView view = _host.ViewAt(_machine.LruvecIndexOf(pfn));
        view.Ops.Remove(view, pfn, RemoveReason.Freed);
        view.Unlink(pfn);
        _folios.Free(view, pfn);
    }

    private void Own(AddressSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        if (!ReferenceEquals(_machine.SpaceAt(space.Id), space))
            throw new EngineException($"Address space {space.Name} is destroyed or belongs to another engine.");
    }

    private void Own(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (node.Id >= _machine.Nodes.Length || !ReferenceEquals(_machine.Nodes[node.Id], node))
            throw new EngineException("The node belongs to another engine.");
    }

    private static void CheckRange(AddressSpace space, ulong start, ulong end)
    {
        if (start >= end || end > space.Pages)
            throw new EngineException($"Pages [{start}, {end}) do not lie in address space {space.Name} of {space.Pages} pages.");
    }

    private static void CheckPage(AddressSpace space, ulong page)
    {
        if (page >= space.Pages)
            throw new EngineException($"Page {page} lies beyond address space {space.Name} of {space.Pages} pages.");
    }

    private void CheckNode(int node)
    {
        if (node < 0 || node >= _machine.Nodes.Length)
            throw new EngineException($"There is no node {node}; nodes are 0 to {_machine.Nodes.Length - 1}.");
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);
}
