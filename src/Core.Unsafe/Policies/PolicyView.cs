using System.Diagnostics;
using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// One lruvec as its policy sees it: its lists, the flags of its folios, its state, and the mechanisms of the core.
/// Everything a policy does to pages goes through here.
/// </summary>
/// <remarks>
/// One object for each lruvec, made with the cgroup. Frame numbers that are not on this lruvec are refused, not
/// trusted. Nothing here allocates.
/// </remarks>
public sealed unsafe partial class PolicyView
{
    /// <summary>No folio: the end of a list.</summary>
    public const uint None = FrameTable.NoFrame;

    /// <summary>The flags that a policy may change.</summary>
    private const FolioFlags PolicyFlags =
        FolioFlags.Active | FolioFlags.Referenced | FolioFlags.Workingset | FolioFlags.Young
        | FolioFlags.GenerationMask | FolioFlags.RefsMask;

    /// <summary>One more than the folio that is being placed by this thread, where there are several.</summary>
    [ThreadStatic]
    private static uint _placingHere;

    private readonly PolicyHost _host;
    private readonly MachineState _machine;
    private readonly FrameTable _frames;
    private readonly FrameLists _lists;
    private readonly Lruvec _lruvec;
    private readonly bool _concurrent;
    private readonly int _listCount;
    private uint _placing = None;

    internal PolicyView(PolicyHost host, Lruvec lruvec, PolicyDefinition definition)
    {
        _host = host;
        _machine = host.Machine;
        _frames = _machine.Frames;
        _lists = _machine.Lists;
        _concurrent = _machine.Concurrent;
        _lruvec = lruvec;
        Definition = definition;
        Ops = definition.Ops;
        Version = definition.Version;
        _listCount = definition.Descriptor.Lists;
        Tag = host.TagOf(definition);
    }

    /// <summary>The cgroup of this lruvec.</summary>
    public MemoryCgroup Memcg => _lruvec.Memcg;

    /// <summary>The Linux that the policy is to behave like.</summary>
    public KernelVersion Version { get; }

    /// <summary>The node of this lruvec.</summary>
    public Node Node => _lruvec.Node;

    /// <summary>The object given with the policy's definition, or null.</summary>
    public object? Instance => Definition.Instance;

    /// <summary>The owner's clock in milliseconds.</summary>
    public long NowMs => _machine.NowMs;

    /// <summary>Frames of the whole machine: frame numbers are in [0, FrameCount).</summary>
    public uint FrameCount => _frames.Count;

    /// <summary>Lists keep their order. Where they don't, the list of a folio on one is its generation and type.</summary>
    internal bool IsOrdered => _frames.IsOrdered;

    /// <summary>Several threads may be at this lruvec.</summary>
    internal bool IsConcurrent => _concurrent;

    internal Lruvec Lruvec => _lruvec;

    internal ReclaimOps Ops { get; }

    internal PolicyDefinition Definition { get; }

    /// <summary>Position of the policy among the engine's: its tag in shadows and its place in a pass.</summary>
    internal int Tag { get; }

    /// <summary>The policy's state for this lruvec, <see cref="PolicyDescriptor.StateBytes"/> bytes of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T State<T>() where T : unmanaged
    {
        Debug.Assert(Unsafe.SizeOf<T>() <= Definition.Descriptor.StateBytes, "state larger than declared");
        return ref Unsafe.AsRef<T>(_lruvec.State);
    }

    /// <summary>Word <paramref name="index"/> of those that the policy keeps for a frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref uint Word(uint pfn, int index)
    {
        Debug.Assert(index < _machine.PolicyWordCount, "more words than declared");
        return ref _machine.PolicyWords[(nuint)pfn * (nuint)_machine.PolicyWordCount + (nuint)index];
    }

    /// <summary>
    /// A heap over frames of this lruvec, whose nodes are the <see cref="FrameHeap.Words"/> policy words from
    /// <paramref name="firstWord"/> on. It begins at <paramref name="root"/>, which lies in the policy's state and is 0 at first.
    /// </summary>
    internal FrameHeap Heap(int firstWord, ref uint root)
    {
        Debug.Assert(firstWord + FrameHeap.Words <= Definition.Descriptor.WordsPerPage, "more words than declared");
        return new FrameHeap(_machine.PolicyWords + firstWord, _machine.PolicyWordCount, ref root);
    }

    /// <summary>
    /// The folio that the core has the policy place, until it is placed. The only one that may be put on a list: others are
    /// isolated as well, and a reclaimer relies on what it has isolated staying so.
    /// </summary>
    private uint Placing
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _concurrent ? unchecked(_placingHere - 1) : _placing;
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if (_concurrent)
                _placingHere = unchecked(value + 1);
            else
                _placing = value;
        }
    }

    /// <summary>Whether the policy was bound with <paramref name="mechanism"/> on.</summary>
    public bool Has(Mechanism mechanism) => (Definition.Mechanisms & mechanism) != 0;

    /// <summary>Folios of a list.</summary>
    public long Count(int list) => _lists.Count(_lruvec.Lists, list);

    /// <summary>The oldest folio of a list, or <see cref="None"/>; where lists have no order, the next one of its sweep.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Tail(int list) => _lists.Tail(_lruvec.Lists, list);

    /// <summary>The most recent folio of a list, or <see cref="None"/>; where lists have no order, any.</summary>
    public uint Head(int list) => _lists.Head(_lruvec.Lists, list);

    /// <summary>The next more recent folio of the same list, or <see cref="None"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint TowardHead(uint pfn) => _lists.TowardHead(_lruvec.Lists, pfn);

    /// <summary>The next older folio of the same list, or <see cref="None"/>; also where lists have no order.</summary>
    public uint TowardTail(uint pfn) => _lists.TowardTail(pfn);

    /// <summary>The list that a folio is on; meaningful while it is on one.</summary>
    public int ListOf(uint pfn) => _lists.ListOf(pfn);

    /// <summary>Puts a folio that is on no list at the recent end of one.</summary>
    /// <returns>False, and an override counted, when the folio is not this lruvec's to place.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AddHead(int list, uint pfn)
    {
        if (!MayPlace(list, pfn))
            return Override();
        Placing = None;
        _lruvec.CountResident(_frames.TypeOf(pfn), 1);
        _lists.AddHead(_lruvec.Lists, list, pfn);
        return true;
    }

    /// <summary>Puts a folio that is on no list at the cold end of one.</summary>
    /// <returns>False, and an override counted, when the folio is not this lruvec's to place.</returns>
    public bool AddTail(int list, uint pfn)
    {
        if (!MayPlace(list, pfn))
            return Override();
        Placing = None;
        _lruvec.CountResident(_frames.TypeOf(pfn), 1);
        bool taken = _lruvec.EnterToken();
        _lists.AddTail(_lruvec.Lists, list, pfn);
        if (taken)
            _lruvec.ReleaseToken();
        return true;
    }

    /// <summary>Moves a folio to the recent end of a list, its own or another.</summary>
    /// <returns>
    /// False when the folio is not on a list of this lruvec: an override is counted, unless another thread may have
    /// taken it meanwhile.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveToHead(int list, uint pfn) =>
        IsOnList(list, pfn) && HasType(list, pfn) ? _lists.TryMove(_lruvec.Lists, list, pfn, toHead: true) : Gone(list, pfn);

    /// <summary>Moves a folio to the cold end of a list, its own or another. As <see cref="MoveToHead"/>; in decisions only.</summary>
    public bool MoveToTail(int list, uint pfn) =>
        IsOnList(list, pfn) && HasType(list, pfn) ? _lists.TryMove(_lruvec.Lists, list, pfn, toHead: false) : Gone(list, pfn);

    /// <summary>
    /// Takes a folio off its list into <paramref name="batch"/>. Refused, and an override counted, when it is not this
    /// lruvec's, on no list, or the batch is full; refused without, when another thread was faster. Counts it as examined
    /// either way. A folio that its owner has pinned can be isolated and will survive.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryIsolate(uint pfn, ref FolioBatch batch) => TryIsolate(pfn, ref batch, out _);

    /// <summary><see cref="TryIsolate(uint, ref FolioBatch)"/>, and the folio's flags as they were on its list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryIsolate(uint pfn, ref FolioBatch batch, out FolioFlags before)
    {
        batch.Examined++;
        before = FolioFlags.None;
        if (batch.Count == FolioBatch.Capacity)
            return Override();
        if (!IsOnList(0, pfn))
            return Gone(0, pfn);
        if (!_lists.TryTake(_lruvec.Lists, pfn, out before))
            return false;
        FolioType type = (before & FolioFlags.SwapBacked) != 0 ? FolioType.Anon : FolioType.File;
        batch.CountScanned(type);
        _lruvec.CountResident(type, -1);
        batch[batch.Count++] = pfn;
        return true;
    }

    /// <summary>
    /// Isolates up to <paramref name="pages"/> of the coldest folios of a list into <paramref name="batch"/>, as
    /// <see cref="TryIsolate(uint, ref FolioBatch)"/> does one by one, and as far as the batch has room.
    /// </summary>
    /// <returns>How many.</returns>
    [SkipLocalsInit]
    public int IsolateTail(int list, int pages, ref FolioBatch batch)
    {
        if (unchecked((uint)list) >= (uint)_listCount)
        {
            Override();
            return 0;
        }

        Span<uint> pfns = stackalloc uint[FolioBatch.Capacity];
        int count = _lists.TakeTail(_lruvec.Lists, list, pfns[..Math.Clamp(pages, 0, FolioBatch.Capacity - batch.Count)]);
        int file = 0;
        for (int i = 0; i < count; i++)
        {
            file += _frames.TypeOf(pfns[i]) == FolioType.File ? 1 : 0;
            batch[batch.Count++] = pfns[i];
        }

        batch.Examined += count;
        batch.Scanned += count;
        batch.ScannedFile += file;
        if (file > 0)
            _lruvec.CountResident(FolioType.File, -file);
        if (count > file)
            _lruvec.CountResident(FolioType.Anon, file - count);
        return count;
    }

    /// <summary>Counts a folio that the policy looked at for eviction and leaves on its list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PassOver(uint pfn, ref FolioBatch batch)
    {
        batch.Examined++;
        batch.CountScanned(TypeOf(pfn));
    }

    /// <summary>State bits of a folio.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioFlags Flags(uint pfn) => _frames.Flags(pfn);

    /// <summary>Sets those of <paramref name="flags"/> that a policy may change.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetFlags(uint pfn, FolioFlags flags) => Change(pfn, FolioFlags.None, flags);

    /// <summary>Clears those of <paramref name="flags"/> that a policy may change.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ClearFlags(uint pfn, FolioFlags flags) => Change(pfn, flags, FolioFlags.None);

    /// <summary>Clears, then sets, in one atomic step, those flags that a policy may change.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Change(uint pfn, FolioFlags clear, FolioFlags set)
    {
        // Without order the generation of a folio on a list is the list: it changes by TryChange, which counts it.
        FolioFlags own = _frames.IsOrdered ? PolicyFlags : PolicyFlags & ~FolioFlags.GenerationMask;
        _frames.Change(pfn, clear & own, set & own);
    }

    /// <summary>
    /// Clears, then sets, if the folio is on a list of this lruvec and its flags still are <paramref name="expected"/>.
    /// Where lists have no order, a change of generation moves it.
    /// </summary>
    /// <returns>False: something changed meanwhile, and nothing was done.</returns>
    public bool TryChange(uint pfn, FolioFlags expected, FolioFlags clear, FolioFlags set)
    {
        return _lists.TryChange(_lruvec.Lists, pfn, expected, clear & PolicyFlags, set & PolicyFlags);
    }

    /// <summary>Adds to a number of the policy's own state that notices change: atomic where several threads run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Tally(ref long number, long amount) => Atomic.Add(ref number, amount, _concurrent);

    /// <summary>Anonymous or file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioType TypeOf(uint pfn) => _frames.TypeOf(pfn);

    /// <summary>Clears the accessed bits of every mapping of a folio; true when one was set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TestAndClearYoung(uint pfn) => ReferenceScan.TestAndClearYoung(_machine, pfn);

    /// <summary>Pages of one type on the lists of this lruvec alone.</summary>
    public long ResidentOf(FolioType type) => _lruvec.OwnResident[(int)type];

    /// <summary>Counts <paramref name="amount"/> under a kernel name.</summary>
    public void Count(Counter counter, long amount) => _lruvec.Counts.Add(counter, amount);

    /// <summary>Events counted here and in every cgroup below, on this node.</summary>
    public long Total(Counter counter) => _host.Total(_lruvec, counter);

    /// <summary>Pages by class here and in every cgroup below, on this node, each counted by its own policy.</summary>
    public LruSizes TotalSizes() => _host.TotalSizes(_lruvec);

    /// <summary>
    /// <see cref="TotalSizes"/> as the cgroup statistics have them, which the profiles 6.12 and 6.18 flush only now and then
    /// (<see cref="MachineOptions.StatisticsPeriod"/>).
    /// </summary>
    public LruSizes Statistics() => _host.StatisticsOf(_lruvec);

    /// <summary>workingset_activate of a type here and below, as the cgroup statistics have it.</summary>
    public long ActivationsSeen(FolioType type) => _host.ActivationsOf(_lruvec, (int)type);

    /// <summary>Pages by class of this lruvec alone.</summary>
    public LruSizes Sizes() => Ops.Sizes(this);

    /// <summary>0 to 200 for this reclaim, or 201 for anonymous pages alone: the request's, or else the cgroup's.</summary>
    public int SwappinessOf(in ScanControl scan) => scan.Swappiness ?? Memcg.Swappiness;

    /// <summary>Swap has room for <paramref name="pages"/> more, and so has memory.swap.max of this cgroup and of all above it.</summary>
    public bool HasSwapFor(long pages) => _machine.HasSwapFor(Memcg, pages);

    /// <summary>
    /// Anonymous pages of this lruvec can go somewhere: swap has room for <paramref name="pages"/>, or the node demotes. Where
    /// it is false they are neither scanned nor aged. Source: kernel-reclaim reference 2.8 and 2.13.
    /// </summary>
    public bool CanReclaimAnon(long pages) => _machine.HasSwapFor(Memcg, pages) || _machine.Demotion.CanDemote(Node);

    /// <summary>
    /// Aging anonymous pages is worth it: there is swap, full or not, or the node demotes. Source: kernel-reclaim reference 2.10.
    /// </summary>
    public bool CanAgeAnon => _machine.SwapTotal > 0 || _machine.Demotion.CanDemote(Node);

    /// <summary>memory.min covers all that the cgroup has; never so of the reclaim's target.</summary>
    public bool IsBelowMin(in ScanControl scan) => Protection.BelowMin(Memcg, scan.Target ?? _machine.Root);

    /// <summary>Pages on the lists of this lruvec alone that may go somewhere at this reclaim's swappiness.</summary>
    internal long Evictable(in ScanControl scan)
    {
        int swappiness = SwappinessNow(scan);
        return (swappiness > 0 ? ResidentOf(FolioType.Anon) : 0) + (swappiness != ReclaimRequest.AnonOnly ? ResidentOf(FolioType.File) : 0);
    }

    /// <summary><see cref="SwappinessOf"/>, and 0 while anonymous pages can't go anywhere.</summary>
    internal int SwappinessNow(in ScanControl scan) => scan.MaySwap && CanReclaimAnon(1) ? SwappinessOf(scan) : 0;

    /// <summary>What memory.min and memory.low leave of <paramref name="size"/> pages to scan.</summary>
    public long Unprotected(long size, ref ScanControl scan)
    {
        if (ReferenceEquals(Memcg, scan.Target))
            return size;
        ulong protection = Memcg.EffectiveMin;
        if (!scan.IgnoreLow && Memcg.EffectiveLow > Memcg.EffectiveMin)
        {
            protection = Memcg.EffectiveLow;
            scan.LowSkipped = true;
        }

        return (long)Protection.Open((ulong)size, protection, Memcg.Usage);
    }

    /// <summary>Cost of reclaiming a type lately, here and below.</summary>
    public long CostOf(FolioType type) => _lruvec.Cost[(int)type];

    /// <summary>Adds to the cost of reclaiming a type, here and above.</summary>
    public void AddCost(FolioType type, long cost) => CostModel.Add(_lruvec, type, cost);

    /// <summary>Evictions and activations so far, in pages.</summary>
    public ulong NonresidentAge => _lruvec.NonresidentAge;

    /// <summary>Advances <see cref="NonresidentAge"/>, here and above.</summary>
    public void AdvanceNonresidentAge(uint pages) => Mechanisms.NonresidentAge.Advance(_lruvec, pages);

    /// <summary>workingset_activate of a type at the end of the previous reclaim cycle.</summary>
    public long RefaultSnapshot(FolioType type) => _lruvec.RefaultSnapshot[(int)type];

    /// <summary>All bits of a shadow's stamp; stamps compare modulo this.</summary>
    public uint StampMask => _host.Shadows.StampMask;

    /// <summary>log2 of the pages that one tick of a page-counting stamp stands for.</summary>
    public int StampOrder => _host.Shadows.BucketOrder;

    /// <summary>A shadow for a folio of this lruvec with the folio's working-set flag.</summary>
    public ShadowEntry ShadowOf(uint pfn, uint stamp) =>
        new(stamp, Memcg.Id, (byte)Node.Id, _frames.Has(pfn, FolioFlags.Workingset));

    /// <summary>The lruvec that a shadow names, or null when its cgroup is gone.</summary>
    public PolicyView? ViewOf(in ShadowEntry shadow) => _host.ViewOf(shadow);

    /// <summary>Counts workingset_refault for a folio's type.</summary>
    public void CountRefault(uint pfn) => _lruvec.Counts.AddTyped(Counter.workingset_refault_anon, (int)TypeOf(pfn), 1);

    /// <summary>
    /// Walks the page tables of this cgroup's address spaces, clears accessed bits of pages on this lruvec and reports
    /// each to the policy's <see cref="IReclaimPolicy.OnYoung"/>. Does nothing when the mechanism is off.
    /// </summary>
    public WalkResult WalkPageTables(WalkOptions options)
    {
        if (!Has(Mechanism.Walk))
            return default;
        var sink = new YoungSink(this, YoungSource.Walk);
        WalkResult walked = PageTableWalk.Run(
            _machine, _lruvec, options with { NoFilter = options.NoFilter || !Has(Mechanism.Bloom) }, ref sink);
        Count(Counter.mm_leaf_total, walked.Entries);
        Count(Counter.mm_leaf_young, walked.Young);
        return walked;
    }

    /// <summary>Has the policy place a folio that is on no list; what it leaves lying goes to list 0, or to the first of its type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Place(uint pfn, PlaceHint hint)
    {
        Placing = pfn;
        Ops.Place(this, pfn, hint);
        if (Placing != None)
        {
            Override();
            AddHead(_frames.IsOrdered ? 0 : (int)_frames.TypeOf(pfn), pfn);
        }
    }

    /// <summary>Takes a folio off its list for good.</summary>
    internal void Unlink(uint pfn)
    {
        _lists.TryTake(_lruvec.Lists, pfn, out _);
        _lruvec.CountResident(_frames.TypeOf(pfn), -1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayPlace(int list, uint pfn) =>
        unchecked((uint)list) < (uint)_listCount
        && pfn == Placing
        && pfn != None
        && (!_concurrent || _machine.LruvecIndexOf(pfn) == _lruvec.Index)
        && HasType(list, pfn);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsOnList(int list, uint pfn) =>
        unchecked((uint)list) < (uint)_listCount
        && pfn < _frames.Count
        && _frames.Has(pfn, FolioFlags.Lru)
        && _lists.IsOf(_lruvec.Lists, pfn);

    /// <summary>Without an order, which list of a generation a folio is on is its type.</summary>
    private bool HasType(int list, uint pfn) => _frames.IsOrdered || (list & 1) == (int)_frames.TypeOf(pfn);

    /// <summary>What is not on a list can have left it a moment ago where several threads run: no fault of the policy's.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Gone(int list, uint pfn) =>
        _concurrent && unchecked((uint)list) < (uint)Definition.Descriptor.Lists && pfn < _frames.Count ? false : Override();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Override()
    {
        _lruvec.Counts.Add(Counter.policy_overrides, 1);
        return false;
    }
}
