using System.Numerics;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// Linux's Multi-Gen LRU: pages are sorted into at most four generations by when they were last seen used. Aging walks
/// page tables, promotes what was used and opens a new youngest generation; eviction takes from the oldest one, sorts
/// out what was promoted meanwhile, and a feedback controller compares refaults to choose between anonymous and file
/// pages and to protect pages that are read through descriptors often (tiers).
/// </summary>
/// <remarks>
/// Source: kernel-reclaim reference section 5, here in the form of 6.18; the other file has what 6.1 and 6.12 do differently.
/// List <c>gen * 2 + type</c> holds generation gen =
/// seq mod 4 of a type; promotion rewrites only the folio's generation field, so the count of a generation is kept
/// apart from the length of its list. Not here yet: large folios, the retry of folios that
/// missed their end of writeback, and setting dirty file pages aside while sorting (the engine handles them).
/// </remarks>
public readonly unsafe partial struct MglruPolicy : IReclaimPolicy
{
    private const int MinGenerations = 2;
    private const int MaxGenerations = 4;
    private const int Tiers = 4;
    private const int MinBatch = 64;
    private const int MaxBatch = 4096;
    private const int MaxRefs = 3;

    /// <summary>Refaults below which the controller does not judge.</summary>
    private const long JudgedRefaults = 64;

    /// <summary>Exec matters in the first form only, whose verdict is the classic one.</summary>
    private const Mechanism Switches = Mechanism.Walk | Mechanism.Bloom | Mechanism.Lookaround | Mechanism.Refault
        | Mechanism.Pid | Mechanism.Tiers | Mechanism.Exec;

    private const FolioFlags RefsFlags = FolioFlags.Referenced | FolioFlags.RefsMask;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "mglru",
        Summary = "Linux's Multi-Gen LRU",
        Flags = PolicyFlags.Concurrent | PolicyFlags.OrderFree | PolicyFlags.MemcgLru,
        Lists = MaxGenerations * 2,
        HasVersions = true,
        LeastReclaim = 32,
        StateBytes = sizeof(Generations),
        Defaults = Switches,
        Supports = Switches,
    };

    /// <inheritdoc/>
    public static void LruvecOnline(PolicyView view)
    {
        ref Generations lru = ref view.State<Generations>();
        lru.MaxSeq = MaxGenerations - 1;
        for (int generation = 0; generation < MaxGenerations; generation++)
            lru.Birth[generation] = view.NowMs;
    }

    /// <summary>One formula for every insertion and putback: how many generations from the youngest.</summary>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref Generations lru = ref view.State<Generations>();
        int type = (int)view.TypeOf(pfn);
        int generation = (int)(SeqFor(view, ref lru, view.Flags(pfn), hint) % MaxGenerations);
        view.Change(pfn, FolioFlags.Active | FolioFlags.GenerationMask, Carrying(generation));
        view.Tally(ref lru.Pages[generation * 2 + type], 1);
        if (hint == PlaceHint.Tail)
            view.AddTail(generation * 2 + type, pfn);
        else
            view.AddHead(generation * 2 + type, pfn);
    }

    /// <summary>What another policy takes over is active if it is in one of the two youngest generations (KR 5.4).</summary>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        int generation = GenerationOf(view.Flags(pfn));
        if (generation < 0)
            return;
        ref Generations lru = ref view.State<Generations>();
        view.Tally(ref lru.Pages[generation * 2 + (int)view.TypeOf(pfn)], -1);
        view.ClearFlags(pfn, FolioFlags.GenerationMask);
        ulong age = (lru.MaxSeq - (ulong)generation) % MaxGenerations;
        if (reason == RemoveReason.Rebound && age < 2)
            view.SetFlags(pfn, FolioFlags.Active);
    }

    /// <summary>Both types of each generation, from the oldest on.</summary>
    public static int ColdestFirst(PolicyView view, Span<int> lists)
    {
        ref Generations lru = ref view.State<Generations>();
        int count = 0;
        for (ulong age = MaxGenerations; age-- > 0;)
        {
            int generation = (int)((lru.MaxSeq + MaxGenerations - age) % MaxGenerations);
            lists[count++] = generation * 2;
            lists[count++] = generation * 2 + 1;
        }

        return count;
    }

    /// <summary>A faulted page starts among the young; descriptor accesses are counted up to the top tier.</summary>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        switch (what)
        {
            case FolioEvent.NewByFault:
                view.SetFlags(pfn, FolioFlags.Active);
                break;
            case FolioEvent.DescriptorAccess:
                FolioFlags flags = view.Flags(pfn);
                int refs = RefsField(flags);
                if ((flags & FolioFlags.Referenced) == 0)
                {
                    view.Change(pfn, FolioFlags.RefsMask, FolioFlags.Referenced);
                }
                else if (IsFirstForm(view) && (flags & FolioFlags.Workingset) == 0)
                {
                    view.SetFlags(pfn, FolioFlags.Workingset);
                }
                else if (refs < MaxRefs)
                {
                    view.Change(pfn, FolioFlags.RefsMask, Refs(refs + 1));
                }
                else if ((flags & FolioFlags.Workingset) == 0)
                {
                    view.SetFlags(pfn, FolioFlags.Workingset);
                }

                break;
        }
    }

    /// <summary>
    /// The second observation through page tables promotes to the youngest generation; the first is remembered. A walk
    /// rewrites the generation and leaves the folio where it is; a lookaround activates it at once, as reclaim does.
    /// </summary>
    public static void OnYoung(PolicyView view, ReadOnlySpan<uint> pfns, YoungSource source)
    {
        if (IsFirstForm(view))
        {
            FirstOnYoung(view, pfns, source);
            return;
        }

        ref Generations lru = ref view.State<Generations>();
        foreach (uint pfn in pfns)
        {
            FolioFlags flags = view.Flags(pfn);
            if (GenerationOf(flags) < 0)
                continue;
            if (IsSecondObservation(flags))
                Promote(view, ref lru, pfn, flags, FolioFlags.Workingset, moves: source == YoungSource.Lookaround);
            else
                view.Change(pfn, FolioFlags.RefsMask, FolioFlags.Referenced);
        }
    }

    /// <summary>Gives a folio on a list the youngest generation; it moves there at once, as if activated, or when eviction meets it.</summary>
    private static void Promote(PolicyView view, ref Generations lru, uint pfn, FolioFlags flags, FolioFlags keep, bool moves)
    {
        int youngest = (int)(lru.MaxSeq % MaxGenerations);
        if (!TryMoveGeneration(view, ref lru, pfn, flags, youngest, keep) || !moves || GenerationOf(flags) == youngest)
            return;
        Relink(view, youngest * 2 + (int)view.TypeOf(pfn), pfn, toHead: true);
        view.Count(Counter.pgactivate, 1);
    }

    /// <summary>A large reclaim of the whole machine starts at the priority that its size calls for.</summary>
    public static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass)
    {
        if (target.Version == KernelVersion.V6_1 || !scan.IsRootReclaim)
            return;
        if (scan.Priority != ScanControl.DefaultPriority || scan.NrToReclaim < MinBatch)
            return;
        LruSizes sizes = target.TotalSizes();
        ulong reclaimable = (ulong)(sizes.InactiveFile + (scan.MaySwap && target.CanReclaimAnon(1, scan) ? sizes.InactiveAnon : 0));
        if (reclaimable > 0)
            scan.Priority = InitialPriority(reclaimable, (ulong)scan.NrToReclaim);
    }

    /// <inheritdoc/>
    public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
    {
        if (!scan.Background)
            return !(view.Version == KernelVersion.Fixed && AnonOnlyWithoutSwap(view, scan));
        if (view.Version == KernelVersion.V6_1)
            FirstAgeInBackground(view, scan);
        return false;
    }

    /// <summary>
    /// Decides anew for each batch how much is left to scan; ages instead when the oldest evictable generation is
    /// among the two youngest or next to them, and then the cgroup has had its turn.
    /// </summary>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref Generations lru = ref view.State<Generations>();
        ref Work work = ref LruvecBudget.As<Work>(ref budget);
        int swappiness = EffectiveSwappiness(view, scan);
        long size = EvictablePages(ref lru, swappiness);
        if (view.Version >= KernelVersion.V6_18)
            size = view.Unprotected(size, ref scan);
        work.ToScan = size >> scan.Priority;
        bool ages = IsFirstForm(view) ? FirstShouldAge(ref lru, swappiness) : ShouldAge(ref lru, swappiness);
        if (ages && scan.Priority != ScanControl.DefaultPriority)
        {
            // There kswapd has aged before its pass.
            if (view.Version == KernelVersion.V6_1 && scan.Reclaimer == Reclaimer.Kswapd)
                return;
            Age(view, ref lru, swappiness);
            work.Aged++;
            budget.Done = view.Version != KernelVersion.V6_1;
            if (budget.Done)
                return;
        }

        if (work.ToScan == 0)
            return;
        long scanned = IsolateFolios(view, ref lru, swappiness, work.ToScan, ref batch);
        if (TryAdvanceMinSeq(ref lru, view, swappiness))
            scanned++;
        if (OldestEvictable(ref lru, swappiness) + MinGenerations > lru.MaxSeq)
            work.Exhausted = true;
        work.Scanned += scanned;
        work.Swaps |= batch.Count > 0 && batch.Type == FolioType.Anon;
        batch.Examined = scanned;
    }

    /// <inheritdoc/>
    public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition)
    {
        if (IsFirstForm(view))
            return FirstVerdict(view, pfn, references);
        if (references.Mappings == 0)
            return Policies.Verdict.Reclaim;
        if (!IsSecondObservation(view.Flags(pfn)))
        {
            view.Change(pfn, FolioFlags.RefsMask, FolioFlags.Referenced);
            return Policies.Verdict.Keep;
        }

        view.Change(pfn, RefsFlags, FolioFlags.Workingset);
        return Policies.Verdict.Activate;
    }

    /// <summary>What was rejected must not land in the oldest generation again, or it would be met at once.</summary>
    public static bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        if (IsFirstForm(view))
        {
            FirstAfter(view, ref batch);
            return false;
        }

        ref Generations lru = ref view.State<Generations>();
        for (int i = 0; i < batch.Survivors; i++)
        {
            uint pfn = batch[i];
            if (SeqFor(view, ref lru, view.Flags(pfn), PlaceHint.Head) == lru.MinSeq[(int)view.TypeOf(pfn)])
            {
                view.Change(pfn, RefsFlags, FolioFlags.Active);
            }
        }

        return false;
    }

    /// <summary>A cgroup is scanned for its whole share; the whole machine only until enough is reclaimed.</summary>
    public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
    {
        ref Work work = ref LruvecBudget.As<Work>(ref budget);
        if (work.Exhausted || work.Scanned >= work.ToScan)
            return false;
        if (view.Version == KernelVersion.V6_1 && scan.Reclaimer != Reclaimer.Kswapd && FirstAborts(scan, work))
            return false;
        if (!scan.IsRootReclaim)
            return true;
        return !scan.HasEnough(view.Node);
    }

    /// <summary>The oldest generation's number and the page's descriptor references; counts the eviction in its tier.</summary>
    public static ShadowEntry MakeShadow(PolicyView view, uint pfn, PolicyView target)
    {
        ref Generations lru = ref view.State<Generations>();
        int type = (int)view.TypeOf(pfn);
        FolioFlags flags = view.Flags(pfn);
        view.Tally(ref lru.Evicted[type * Tiers + TierOf(view, flags)], 1);
        if (!IsFirstForm(view))
            return view.ShadowOf(pfn, TokenOf(lru.MinSeq[type], RefsOf(flags)));
        int refs = FirstRefsOf(flags);
        return view.ShadowOf(pfn, TokenOf(lru.MinSeq[type], refs)) with { Workingset = refs != 0 };
    }

    /// <inheritdoc/>
    public static void OnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault)
    {
        if (shadow.Memcg != view.Memcg.Id || shadow.Node != view.Node.Id)
            return;
        if (IsFirstForm(view))
        {
            FirstOnRefault(view, pfn, shadow, inFault);
            return;
        }

        view.CountRefault(pfn);
        int type = (int)view.TypeOf(pfn);
        if (!IsRecent(view, view.PageOf(pfn), shadow, (FolioType)type))
            return;
        ref Generations lru = ref view.State<Generations>();
        int refs = (int)(shadow.Stamp & 3) + 1;
        view.Tally(ref lru.Refaulted[type * Tiers + (shadow.Workingset ? Tiers - 1 : TierOfRefs(refs))], 1);
        if (inFault)
            view.Count(Counter.workingset_activate_anon + type, 1);
        if (shadow.Workingset)
        {
            view.SetFlags(pfn, FolioFlags.Workingset);
            view.Count(Counter.workingset_restore_anon + type, 1);
        }
        else
        {
            view.Change(pfn, FolioFlags.RefsMask, Refs(refs - 1));
        }
    }

    /// <summary>It left with a generation that is not too old yet; in the first form, with the one that is still the oldest.</summary>
    public static bool IsRecent(PolicyView view, uint page, ShadowEntry shadow, FolioType type)
    {
        if (shadow.Memcg != view.Memcg.Id || shadow.Node != view.Node.Id)
            return false;
        ref Generations lru = ref view.State<Generations>();
        uint seqMask = view.StampMask >> 2;
        uint sequence = shadow.Stamp >> 2;
        if (IsFirstForm(view))
            return sequence == ((uint)lru.MinSeq[(int)type] & seqMask);
        uint age = unchecked((uint)lru.MaxSeq - sequence) & seqMask;
        return Math.Min(age, seqMask + 1 - age) < MaxGenerations;
    }

    /// <summary>
    /// The two youngest generations count as active. All others count, open or not: anonymous pages may carry a closed
    /// one when their type could not be evicted for a while.
    /// </summary>
    public static LruSizes Sizes(PolicyView view)
    {
        ref Generations lru = ref view.State<Generations>();
        Span<long> sums = stackalloc long[4];
        for (int back = 0; back < MaxGenerations; back++)
        {
            int generation = (int)((lru.MaxSeq - (ulong)back) % MaxGenerations);
            int active = back < MinGenerations ? 1 : 0;
            for (int type = 0; type < 2; type++)
                sums[type * 2 + active] += lru.Pages[generation * 2 + type];
        }

        return new LruSizes(sums[0], sums[1], sums[2], sums[3]);
    }

    /// <summary>Set point and process variable of the controller: refaults against what was evicted or protected.</summary>
    internal readonly record struct Position(long Refaulted, long Total, long Gain);

    /// <summary>The process variable refaults no more than the set point, so it may be evicted.</summary>
    internal static bool MayEvict(Position setPoint, Position variable) =>
        variable.Refaulted < JudgedRefaults
        || (Int128)variable.Refaulted * (setPoint.Total + JudgedRefaults) * setPoint.Gain
            <= (Int128)(setPoint.Refaulted + 1) * variable.Total * variable.Gain;

    /// <summary>floor(log2(reclaimable)) less the bits of what is wanted, within 6 to 12.</summary>
    internal static int InitialPriority(ulong reclaimable, ulong wanted)
    {
        int bits = 64 - BitOperations.LeadingZeroCount(wanted - 1);
        return Math.Clamp(BitOperations.Log2(reclaimable) - bits, ScanControl.DefaultPriority / 2, ScanControl.DefaultPriority);
    }

    private static int TierOf(PolicyView view, FolioFlags flags) => IsFirstForm(view) ? FirstTierOfRefs(FirstRefsOf(flags)) : TierOf(flags);

    /// <summary>Tier of a folio: the logarithm of its descriptor references, the top one for the working set.</summary>
    internal static int TierOf(FolioFlags flags) =>
        (flags & FolioFlags.Workingset) != 0 ? Tiers - 1 : TierOfRefs(RefsOf(flags));

    /// <summary>What a shadow remembers: the generation, and in 2 bits the descriptor references beyond the first.</summary>
    internal static uint TokenOf(ulong minSeq, int refs) => unchecked((uint)(minSeq << 2)) | (uint)Math.Max(refs - 1, 0);

    private static ulong SeqFor(PolicyView view, ref Generations lru, FolioFlags flags, PlaceHint hint)
    {
        if (IsFirstForm(view))
            return FirstSeqFor(ref lru, flags, hint);
        int workingset = (flags & FolioFlags.Workingset) != 0 ? 1 : 0;
        bool anon = (flags & FolioFlags.SwapBacked) != 0;
        int fromYoungest;
        if ((flags & FolioFlags.Active) != 0)
            fromYoungest = 2 - workingset;
        else if (hint == PlaceHint.Tail)
            fromYoungest = 4;
        else if (anon || AwaitsWriteback(flags))
            fromYoungest = 2;
        else
            fromYoungest = 4 - workingset;
        return Math.Max(lru.MaxSeq + 1 - (ulong)fromYoungest, lru.MinSeq[anon ? 0 : 1]);
    }

    private static bool AwaitsWriteback(FolioFlags flags) =>
        (flags & FolioFlags.Reclaim) != 0 && (flags & (FolioFlags.Dirty | FolioFlags.Writeback)) != 0;

    /// <summary>
    /// 0 when anonymous pages can't go anywhere: less than a batch of swap is free, and the node demotes none. So a request
    /// for anonymous pages alone turns into one for file pages in 6.18 (KR 15), and finds nothing in the fixed form.
    /// </summary>
    private static int EffectiveSwappiness(PolicyView view, in ScanControl scan) =>
        scan.MaySwap && view.CanReclaimAnon(MinBatch, scan) ? view.SwappinessOf(scan) : 0;

    private static bool AnonOnlyWithoutSwap(PolicyView view, in ScanControl scan) =>
        view.SwappinessOf(scan) == ReclaimRequest.AnonOnly && EffectiveSwappiness(view, scan) == 0;

    private static bool IsEvictable(int type, int swappiness) =>
        type == (int)FolioType.File ? swappiness != ReclaimRequest.AnonOnly : swappiness > 0;

    private static bool BothEvictable(int swappiness) => swappiness is > 0 and not ReclaimRequest.AnonOnly;

    private static ulong OldestEvictable(ref Generations lru, int swappiness) => swappiness switch
    {
        0 => lru.MinSeq[1],
        ReclaimRequest.AnonOnly => lru.MinSeq[0],
        _ => Math.Min(lru.MinSeq[0], lru.MinSeq[1]),
    };

    private static bool ShouldAge(ref Generations lru, int swappiness) =>
        OldestEvictable(ref lru, swappiness) + MinGenerations >= lru.MaxSeq;

    private static long EvictablePages(ref Generations lru, int swappiness)
    {
        long pages = 0;
        for (int type = 0; type < 2; type++)
        {
            if (!IsEvictable(type, swappiness))
                continue;
            for (int generation = 0; generation < MaxGenerations; generation++)
                pages += Math.Max(0, lru.Pages[generation * 2 + type]);
        }

        return pages;
    }

    /// <inheritdoc/>
    public static long OldestBirthMs(PolicyView view, int swappiness)
    {
        ref Generations lru = ref view.State<Generations>();
        ulong oldest = IsFirstForm(view) ? lru.MinSeq[(int)FolioType.File] : OldestEvictable(ref lru, swappiness);
        return lru.Birth[(int)(oldest % MaxGenerations)];
    }

    /// <inheritdoc/>
    public static void Age(PolicyView view, int swappiness, bool force) => Age(view, ref view.State<Generations>(), swappiness, force);

    /// <summary>Walks page tables, then opens a new youngest generation.</summary>
    internal static void Age(PolicyView view, ref Generations lru, int swappiness, bool force = false)
    {
        lru.Walked += view.WalkPageTables(new WalkOptions(force, SkipAnon: swappiness == 0, SkipFile: swappiness == ReclaimRequest.AnonOnly));
        for (int type = 0; type < 2; type++)
        {
            if (lru.MaxSeq - lru.MinSeq[type] + 1 < MaxGenerations)
                continue;
            if (IsEvictable(type, swappiness))
                MergeOldest(view, ref lru, type);
            CarryOver(ref lru, type);
            lru.MinSeq[type]++;
        }

        lru.MaxSeq++;
        lru.Birth[(int)(lru.MaxSeq % MaxGenerations)] = view.NowMs;
    }

    /// <summary>Makes room for a new generation: the oldest one joins the next, except for what was promoted meanwhile.</summary>
    private static void MergeOldest(PolicyView view, ref Generations lru, int type)
    {
        int oldest = (int)(lru.MinSeq[type] % MaxGenerations);
        int next = (oldest + 1) % MaxGenerations;
        uint pfn;
        int missed = 0;
        while (missed < MinBatch && (pfn = view.Tail(oldest * 2 + type)) != PolicyView.None)
        {
            FolioFlags flags = view.Flags(pfn);
            int generation = GenerationOf(flags);
            bool moved = true;
            if (generation == oldest)
            {
                moved = TryMoveGeneration(view, ref lru, pfn, flags, next, FolioFlags.None);
                if (moved && !IsFirstForm(view))
                    view.Tally(ref lru.Protected[type * Tiers + TierOf(flags)], 1);
                generation = next;
            }

            // Only another thread that holds the folio just now can be in the way.
            if (!moved || generation < 0 || !Relink(view, generation * 2 + type, pfn, toHead: false))
                missed++;
        }
    }

    /// <summary>Retires generations whose list has run empty, two always being kept.</summary>
    private static bool TryAdvanceMinSeq(ref Generations lru, PolicyView view, int swappiness)
    {
        Span<ulong> seqs = [lru.MinSeq[0], lru.MinSeq[1]];
        for (int type = 0; type < 2; type++)
        {
            if (!IsEvictable(type, swappiness))
                continue;
            while (seqs[type] + MinGenerations <= lru.MaxSeq && view.Count((int)(seqs[type] % MaxGenerations) * 2 + type) == 0)
                seqs[type]++;
        }

        if (BothEvictable(swappiness))
        {
            if (IsFirstForm(view))
                FirstCoupleMinSeqs(ref lru, seqs);
            else
                CoupleMinSeqs(ref lru, seqs);
        }

        bool advanced = false;
        for (int type = 0; type < 2; type++)
        {
            if (seqs[type] <= lru.MinSeq[type])
                continue;
            CarryOver(ref lru, type);
            lru.MinSeq[type] = seqs[type];
            advanced = true;
        }

        return advanced;
    }

    /// <summary>Neither type may leave the other behind at the boundary between old and young.</summary>
    private static void CoupleMinSeqs(ref Generations lru, Span<ulong> seqs)
    {
        ulong boundary = lru.MaxSeq - MinGenerations;
        if (seqs[0] > boundary && seqs[1] < boundary)
            seqs[0] = boundary;
        else if (seqs[1] > boundary && seqs[0] < boundary)
            seqs[1] = boundary;
    }

    private static long IsolateFolios(PolicyView view, ref Generations lru, int swappiness, long toScan, ref FolioBatch batch)
    {
        int lastTier = -1;
        int type = IsFirstForm(view)
            ? FirstTypeToScan(view, ref lru, swappiness, out lastTier)
            : TypeToScan(view, ref lru, swappiness);
        for (int attempt = 0; attempt < 2; attempt++, type = 1 - type, lastTier = -1)
        {
            if (!IsEvictable(type, swappiness))
                continue;
            long scanned = ScanFolios(view, ref lru, type, lastTier, toScan, ref batch);
            if (scanned > 0)
                return scanned;
        }

        return 0;
    }

    private static long ScanFolios(PolicyView view, ref Generations lru, int type, int lastTier, long toScan, ref FolioBatch batch)
    {
        batch.Type = (FolioType)type;
        if (lru.MaxSeq - lru.MinSeq[type] + 1 == MinGenerations)
            return 0;
        if (lastTier < 0)
            lastTier = LastTierToEvict(view, ref lru, type);
        int oldest = (int)(lru.MinSeq[type] % MaxGenerations);
        long limit = IsFirstForm(view) ? MaxBatch : Math.Min(toScan, MaxBatch);
        long scanned = 0;
        long sorted = 0;
        int skipped = 0;
        uint pfn;
        while (scanned < limit && batch.Count < MinBatch && skipped < MinBatch
            && (pfn = view.Tail(oldest * 2 + type)) != PolicyView.None)
        {
            scanned++;
            if (TrySort(view, ref lru, pfn, type, oldest, lastTier))
            {
                sorted++;
            }
            else if (view.TryIsolate(pfn, ref batch, out FolioFlags before))
            {
                view.Tally(ref lru.Pages[Math.Max(GenerationOf(before), 0) * 2 + type], -1);
                bool referenced = (before & FolioFlags.Referenced) != 0;
                FolioFlags forgotten = referenced ? FolioFlags.None : FolioFlags.RefsMask;
                if (IsFirstForm(view))
                    forgotten |= FolioFlags.Referenced;
                view.ClearFlags(pfn, FolioFlags.GenerationMask | forgotten);
            }
            else
            {
                skipped++;
            }
        }

        view.Count(Counter.pgrefill, sorted);
        return batch.Count > 0 || scanned == limit ? scanned : 0;
    }

    /// <summary>Moves on what does not belong to the oldest generation, or whose tier is protected. True when it did.</summary>
    private static bool TrySort(PolicyView view, ref Generations lru, uint pfn, int type, int oldest, int lastTier)
    {
        FolioFlags flags = view.Flags(pfn);
        int generation = GenerationOf(flags);
        if (generation != oldest)
        {
            if (generation >= 0)
                Relink(view, generation * 2 + type, pfn, toHead: true);
            return true;
        }

        int tier = TierOf(view, flags);
        bool saturated = (IsFirstForm(view) ? RefsField(flags) == MaxRefs : RefsOf(flags) == MaxRefs + 1)
            && (flags & FolioFlags.Workingset) != 0;
        if (!view.Has(Mechanism.Tiers) || (tier <= lastTier && !saturated))
            return false;
        int next = (oldest + 1) % MaxGenerations;
        if (!TryMoveGeneration(view, ref lru, pfn, flags, next, FolioFlags.None))
            return true;
        if (!saturated || IsFirstForm(view))
            view.Tally(ref lru.Protected[type * Tiers + tier], 1);
        if (view.Version == KernelVersion.V6_1)
            view.Count(Counter.workingset_activate_anon + type, 1);
        Relink(view, next * 2 + type, pfn, toHead: !IsFirstForm(view));
        return true;
    }

    private static int TypeToScan(PolicyView view, ref Generations lru, int swappiness)
    {
        if (swappiness <= 1 || !view.Has(Mechanism.Pid))
            return (int)FolioType.File;
        if (swappiness >= 200)
            return (int)FolioType.Anon;
        Position anon = PositionOf(ref lru, 0, 0, Tiers, swappiness);
        Position file = PositionOf(ref lru, 1, 0, Tiers, 200 - swappiness);
        return (int)(MayEvict(anon, file) ? FolioType.File : FolioType.Anon);
    }

    private static int LastTierToEvict(PolicyView view, ref Generations lru, int type)
    {
        if (!view.Has(Mechanism.Pid))
            return Tiers - 1;
        int gain = IsFirstForm(view) ? 1 : 2;
        return LastTierWithin(ref lru, PositionOf(ref lru, type, 0, 1, gain), type, gain + 1);
    }

    /// <summary>The last tier of a type up to which none refaults more than the set point.</summary>
    private static int LastTierWithin(ref Generations lru, Position setPoint, int type, long gain)
    {
        int tier = 1;
        while (tier < Tiers && MayEvict(setPoint, PositionOf(ref lru, type, tier, tier + 1, gain)))
            tier++;
        return tier - 1;
    }

    private static Position PositionOf(ref Generations lru, int type, int fromTier, int toTier, long gain)
    {
        long refaulted = 0;
        long total = 0;
        for (int i = type * Tiers + fromTier; i < type * Tiers + toTier; i++)
        {
            refaulted += lru.AverageRefaulted[i] + lru.Refaulted[i];
            total += lru.AverageTotal[i] + lru.Evicted[i] + lru.Protected[i];
        }

        return new Position(refaulted, total, gain);
    }

    /// <summary>Folds the statistics of the generation that was evicted into the averages: the controller's integral term.</summary>
    private static void CarryOver(ref Generations lru, int type)
    {
        for (int i = type * Tiers; i < (type + 1) * Tiers; i++)
        {
            lru.AverageRefaulted[i] = (lru.AverageRefaulted[i] + lru.Refaulted[i]) / 2;
            lru.AverageTotal[i] = (lru.AverageTotal[i] + lru.Evicted[i] + lru.Protected[i]) / 2;
            lru.Refaulted[i] = lru.Evicted[i] = lru.Protected[i] = 0;
        }
    }

    /// <summary>The first observation only sets the referenced flag; who belongs to the working set is past it.</summary>
    private static bool IsSecondObservation(FolioFlags flags) => (flags & (FolioFlags.Referenced | FolioFlags.Workingset)) != 0;

    /// <summary>Gives a folio on a list another generation, unless it has changed since its flags were read.</summary>
    private static bool TryMoveGeneration(PolicyView view, ref Generations lru, uint pfn, FolioFlags flags, int to, FolioFlags set)
    {
        if (!view.TryChange(pfn, flags, Forgotten(view) | FolioFlags.GenerationMask, Carrying(to) | set))
            return false;
        int type = (flags & FolioFlags.SwapBacked) != 0 ? (int)FolioType.Anon : (int)FolioType.File;
        view.Tally(ref lru.Pages[GenerationOf(flags) * 2 + type], -1);
        view.Tally(ref lru.Pages[to * 2 + type], 1);
        return true;
    }

    /// <summary>
    /// Links a folio where its generation says. Without an order it is there already or, where several threads run, where a
    /// later change has put it: to move it back would be a change of generation that nobody counts.
    /// </summary>
    private static bool Relink(PolicyView view, int list, uint pfn, bool toHead) =>
        !view.IsOrdered || (toHead ? view.MoveToHead(list, pfn) : view.MoveToTail(list, pfn));

    /// <summary>What a folio loses of its references when it changes generation.</summary>
    private static FolioFlags Forgotten(PolicyView view) => IsFirstForm(view) ? RefsFlags | FolioFlags.Workingset : RefsFlags;

    private static FolioFlags Carrying(int generation) => (FolioFlags)((uint)(generation + 1) << FolioField.GenerationShift);

    private static FolioFlags Refs(int refs) => (FolioFlags)((uint)refs << FolioField.RefsShift);

    private static int GenerationOf(FolioFlags flags) => (int)((uint)(flags & FolioFlags.GenerationMask) >> FolioField.GenerationShift) - 1;

    private static int RefsField(FolioFlags flags) => (int)((uint)(flags & FolioFlags.RefsMask) >> FolioField.RefsShift);

    /// <summary>Descriptor references, 0 to 4: none without the referenced flag.</summary>
    private static int RefsOf(FolioFlags flags) => (flags & FolioFlags.Referenced) == 0 ? 0 : RefsField(flags) + 1;

    private static int TierOfRefs(int refs) => refs <= 1 ? 0 : 32 - BitOperations.LeadingZeroCount((uint)(refs - 1));

    private struct Work
    {
        /// <summary>Pages to scan in this visit, as last decided.</summary>
        public long ToScan;

        /// <summary>Pages scanned in this visit.</summary>
        public long Scanned;

        /// <summary>Generations opened in this visit.</summary>
        public int Aged;

        /// <summary>Anonymous pages were taken in this visit.</summary>
        public bool Swaps;

        /// <summary>No type has a generation left that may be evicted.</summary>
        public bool Exhausted;
    }

    /// <summary>State of one lruvec. Arrays over type and tier are type-major; over generation and type, generation-major.</summary>
    internal struct Generations
    {
        /// <summary>Number of the youngest generation, for both types.</summary>
        public ulong MaxSeq;

        /// <summary>Number of the oldest generation of each type.</summary>
        public fixed ulong MinSeq[2];

        /// <summary>When each generation was opened, in the owner's milliseconds.</summary>
        public fixed long Birth[MaxGenerations];

        /// <summary>Pages of each generation and type by their own generation field.</summary>
        public fixed long Pages[MaxGenerations * 2];

        public fixed long AverageRefaulted[2 * Tiers];
        public fixed long AverageTotal[2 * Tiers];
        public fixed long Refaulted[2 * Tiers];
        public fixed long Evicted[2 * Tiers];
        public fixed long Protected[2 * Tiers];

        /// <summary>What page-table walks have seen so far.</summary>
        public WalkResult Walked;
    }
}
