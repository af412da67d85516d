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

    private readonly PolicyHost _host;
    private readonly MachineState _machine;
    private readonly FrameTable _frames;
    private readonly FrameLists _lists;
    private readonly Lruvec _lruvec;
    private readonly bool _concurrent;

    /// <summary>Lruvecs of other policies are near: whose folio it is has to be asked before its flags or accessed bits are touched.</summary>
    private readonly bool _hasNeighbours;

    private int _listCount;
    private int _stateBytes;
    private int _words;
    private long _fuel;

    internal PolicyView(PolicyHost host, Lruvec lruvec, PolicyDefinition definition, PolicyCall? onlyCall)
    {
        _host = host;
        _machine = host.Machine;
        _frames = _machine.Frames;
        _lists = _machine.Lists;
        _concurrent = _machine.Concurrent;
        _lruvec = lruvec;
        _onlyCall = onlyCall;
        _here = PolicyCall.PlaceOf(PolicyOperation.None, lruvec.Index, host.Number);
        _hasNeighbours = host.Definitions.Length > 1;
        Bind(definition);
    }

    /// <summary>The cgroup of this lruvec.</summary>
    public MemoryCgroup Memcg => _lruvec.Memcg;

    /// <summary>The Linux that the policy is to behave like.</summary>
    public KernelVersion Version { get; private set; }

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

    /// <summary>Its policy's operations; those of the caretaker from the moment on at which the policy is ejected.</summary>
    internal ReclaimOps Ops { get; private set; }

    internal PolicyDefinition Definition { get; private set; }

    internal int ListCount => _listCount;

    /// <summary>What C knows the lruvec by, where its policy is written in C.</summary>
    internal ForeignBinding? Foreign { get; private set; }

    /// <summary>Position of the policy among the engine's: its tag in shadows and its place in a pass.</summary>
    internal int Tag { get; private set; }

    /// <summary>The policy's state for this lruvec, <see cref="PolicyDescriptor.StateBytes"/> bytes of it.</summary>
    /// <exception cref="InvalidOperationException">It declared fewer.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T State<T>() where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() > _stateBytes)
            ThrowStateTooLarge(Unsafe.SizeOf<T>());
        return ref Unsafe.AsRef<T>(_lruvec.State);
    }

    /// <summary>
    /// Word <paramref name="index"/> of those that the policy keeps for a frame. One that does not exist is refused: what is written there is lost.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref uint Word(uint pfn, int index)
    {
        if (pfn >= _frames.Count || unchecked((uint)index) >= (uint)_words)
            return ref RefuseWord();
        return ref _machine.PolicyWords[(nuint)pfn * (nuint)_machine.PolicyWordCount + (nuint)index];
    }

    /// <summary>
    /// A heap over frames of this lruvec, whose nodes are the <see cref="FrameHeap.Words"/> policy words from
    /// <paramref name="firstWord"/> on. It begins at <paramref name="root"/>, which lies in the policy's state and is 0 at first.
    /// </summary>
    internal FrameHeap Heap(int firstWord, ref uint root)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstWord + FrameHeap.Words, _words);
        return new FrameHeap(_machine.PolicyWords + firstWord, _machine.PolicyWordCount, ref root);
    }

    /// <summary>Whether the policy was bound with <paramref name="mechanism"/> on.</summary>
    public bool Has(Mechanism mechanism) => (Definition.Mechanisms & mechanism) != 0;

    /// <summary>Folios of a list.</summary>
    public long Count(int list) => IsList(list) ? _lists.Count(_lruvec.Lists, list) : 0;

    /// <summary>The oldest folio of a list, or <see cref="None"/>; where lists have no order, the next one of its sweep.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Tail(int list) => IsList(list) && MayLook() ? _lists.Tail(_lruvec.Lists, list) : None;

    /// <summary>The most recent folio of a list, or <see cref="None"/>; where lists have no order, any.</summary>
    public uint Head(int list) => IsList(list) && MayLook() ? _lists.Head(_lruvec.Lists, list) : None;

    /// <summary>The next more recent folio of the same list, or <see cref="None"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint TowardHead(uint pfn) => MayLook() && IsHere(pfn) ? _lists.TowardHead(_lruvec.Lists, pfn) : None;

    /// <summary>The next older folio of the same list, or <see cref="None"/>; also where lists have no order.</summary>
    public uint TowardTail(uint pfn) => MayLook() && IsHere(pfn) ? _lists.TowardTail(pfn) : None;

    /// <summary>The list that a folio is on; meaningful while it is on one.</summary>
    public int ListOf(uint pfn) => IsHere(pfn) ? _lists.ListOf(pfn) : 0;

    /// <summary>Puts a folio that is on no list at the recent end of one.</summary>
    /// <returns>False, and an override counted, when the folio is not this lruvec's to place.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AddHead(int list, uint pfn)
    {
        if (!MayPlace(list, pfn))
            return Refuse(IsInRange(list, pfn) ? PolicyOverride.NotItsFolio : PolicyOverride.OutOfRange);
        Call.Placing = None;
        _lruvec.CountResident(_frames.TypeOf(pfn), 1);
        _lists.AddHead(_lruvec.Lists, list, pfn);
        return true;
    }

    /// <summary>Puts a folio that is on no list at the cold end of one.</summary>
    /// <returns>False, and an override counted, when the folio is not this lruvec's to place.</returns>
    public bool AddTail(int list, uint pfn)
    {
        if (!MayPlace(list, pfn))
            return Refuse(IsInRange(list, pfn) ? PolicyOverride.NotItsFolio : PolicyOverride.OutOfRange);
        Call.Placing = None;
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
        MayMove() && (IsOnList(list, pfn) && HasType(list, pfn) ? _lists.TryMove(_lruvec.Lists, list, pfn, toHead: true) : Gone(list, pfn));

    /// <summary>Moves a folio to the cold end of a list, its own or another. As <see cref="MoveToHead"/>; in decisions only.</summary>
    public bool MoveToTail(int list, uint pfn) =>
        MayMove() && MayLook() && (IsOnList(list, pfn) && HasType(list, pfn) ? _lists.TryMove(_lruvec.Lists, list, pfn, toHead: false) : Gone(list, pfn));

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
        if (!Spend())
            return false;
        if (!MayIsolate(batch))
            return false;
        if (_taken.Count == FolioBatch.Capacity)
            return Refuse(PolicyOverride.BatchFull);
        if (!IsOnList(0, pfn))
            return Gone(0, pfn);
        if (!_lists.TryTake(_lruvec.Lists, pfn, out before))
            return false;
        FolioType type = (before & FolioFlags.SwapBacked) != 0 ? FolioType.Anon : FolioType.File;
        batch.CountScanned(type);
        _lruvec.CountResident(type, -1);
        Take(pfn, ref batch);
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
        if (!IsList(list) || !MayIsolate(batch))
            return 0;
        pages = Math.Clamp(pages, 0, FolioBatch.Capacity - _taken.Count);
        if (!Spend(pages + 1))
            return 0;

        Span<uint> pfns = stackalloc uint[FolioBatch.Capacity];
        int count = _lists.TakeTail(_lruvec.Lists, list, pfns[..pages]);
        int file = 0;
        for (int i = 0; i < count; i++)
        {
            file += _frames.TypeOf(pfns[i]) == FolioType.File ? 1 : 0;
            Take(pfns[i], ref batch);
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
        if (!Spend() || !IsHere(pfn))
            return;
        batch.Examined++;
        batch.CountScanned(_frames.TypeOf(pfn));
    }

    /// <summary>State bits of a folio.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioFlags Flags(uint pfn) => IsFrame(pfn) ? _frames.Flags(pfn) : FolioFlags.None;

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
        if (!MayTouch(pfn) || !MayChange())
            return;

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
        return MayTouch(pfn) && MayMove() && _lists.TryChange(_lruvec.Lists, pfn, expected, clear & PolicyFlags, set & PolicyFlags);
    }

    /// <summary>Adds to a number of the policy's own state that notices change: atomic where several threads run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Tally(ref long number, long amount) => Atomic.Add(ref number, amount, _concurrent);

    /// <summary>Anonymous or file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioType TypeOf(uint pfn) => IsFrame(pfn) ? _frames.TypeOf(pfn) : FolioType.Anon;

    /// <summary>Clears the accessed bits of every mapping of a folio; true when one was set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TestAndClearYoung(uint pfn) => MayTouch(pfn) && MayMove() && ReferenceScan.TestAndClearYoung(_machine, pfn);

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

    /// <summary>The same for a reclaim that may be one for evictions or demotions alone.</summary>
    public bool CanReclaimAnon(long pages, in ScanControl scan) =>
        (scan.Mode != ReclaimMode.Demote && _machine.HasSwapFor(Memcg, pages)) || (scan.Mode != ReclaimMode.Evict && _machine.Demotion.CanDemote(Node));

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
    internal int SwappinessNow(in ScanControl scan) => scan.MaySwap && CanReclaimAnon(1, scan) ? SwappinessOf(scan) : 0;

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
        if (!Has(Mechanism.Walk) || !Spend())
            return default;
        if (!Runs(Decisions))
        {
            Refuse(PolicyOverride.WrongOperation);
            return default;
        }

        var sink = new YoungSink(this, YoungSource.Walk);
        WalkResult walked = PageTableWalk.Run(
            _machine, _lruvec, options with { NoFilter = options.NoFilter || !Has(Mechanism.Bloom) }, ref sink);
        Count(Counter.mm_leaf_total, walked.Entries);
        Count(Counter.mm_leaf_young, walked.Young);
        return walked;
    }

    /// <summary>A folio is on a list of this lruvec.</summary>
    internal bool IsListed(uint pfn) => IsOnList(0, pfn);

    /// <summary>The lruvec here of the cgroup that a reclaim is for.</summary>
    internal PolicyView TargetOf(in ScanControl scan) => _host.ViewOf(scan.Target ?? _machine.Root, Node);

    /// <summary>Has the policy place a folio that is on no list; what it leaves lying goes to list 0, or to the first of its type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Place(uint pfn, PlaceHint hint)
    {
        PolicyCall call = Call;
        call.Placing = pfn;
        Ops.Place(this, pfn, hint);
        if (call.Placing != None)
        {
            Refuse(PolicyOverride.NotPlaced);
            AddHead(FirstListFor(pfn), pfn);
        }
    }

    /// <summary>The first list that may hold a folio.</summary>
    internal int FirstListFor(uint pfn) => _frames.IsOrdered ? 0 : (int)_frames.TypeOf(pfn);

    /// <summary>Takes a folio off its list for good.</summary>
    internal void Unlink(uint pfn)
    {
        _lists.TryTake(_lruvec.Lists, pfn, out _);
        _lruvec.CountResident(_frames.TypeOf(pfn), -1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayPlace(int list, uint pfn) =>
        unchecked((uint)list) < (uint)_listCount
        && pfn == Call.Placing
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
    private bool Gone(int list, uint pfn)
    {
        if (!IsInRange(list, pfn))
            return Refuse(PolicyOverride.OutOfRange);
        return !_concurrent && Refuse(PolicyOverride.NotItsFolio);
    }

    private bool IsInRange(int list, uint pfn) => unchecked((uint)list) < (uint)_listCount && pfn < _frames.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsList(int list) => unchecked((uint)list) < (uint)_listCount || Refuse(PolicyOverride.OutOfRange);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsFrame(uint pfn) => pfn < _frames.Count || Refuse(PolicyOverride.OutOfRange);

    /// <summary>Whether a folio is on a list of this lruvec, from which its neighbours can be found.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsHere(uint pfn) => IsOnList(0, pfn) || Gone(0, pfn);

    /// <summary>
    /// Whether flags and accessed bits of a frame are this policy's to touch: it is in use, and where other policies are near, it is
    /// this lruvec's. Among lruvecs of one policy nobody else can be harmed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayTouch(uint pfn) =>
        (IsFrame(pfn) && (_frames.Flags(pfn) & (FolioFlags.Lru | FolioFlags.Isolated)) != 0
            && (!_hasNeighbours || _machine.LruvecIndexOf(pfn) == _lruvec.Index))
        || Gone(0, pfn);

    /// <summary>A step along lists. Where several threads run it takes the lruvec's token, so it is for decisions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayLook() => Spend() && (!_concurrent || Runs(Decisions | Inspections) || Refuse(PolicyOverride.WrongOperation));

    /// <summary>A change of lists.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayMove() => Spend() && MayChange();

    /// <summary>Folios are isolated by the isolation of this lruvec, and by the core itself into a batch of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MayIsolate(in FolioBatch batch)
    {
        PolicyCall call = Call;
        return call.Place == (_here | (long)PolicyOperation.Isolate) || MayIsolateUnguarded(call, batch);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool MayIsolateUnguarded(PolicyCall call, in FolioBatch batch)
    {
        if (call.Place == (_here | (long)PolicyOperation.IsolateOldest))
            return true;
        if (call.Place != 0)
            return Refuse(PolicyOverride.WrongOperation);
        _taken.Copy(batch);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(uint pfn, ref FolioBatch batch)
    {
        _taken[_taken.Count++] = pfn;
        if (batch.Count < FolioBatch.Capacity)
            batch[batch.Count++] = pfn;
    }

    private void ThrowStateTooLarge(int bytes) =>
        throw new InvalidOperationException($"Policy {Definition.Name} asks for {bytes} bytes of state and declared {_stateBytes}.");
}
