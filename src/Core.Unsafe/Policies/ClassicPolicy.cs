using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// Linux's classic LRU: an active and an inactive list for each of anonymous and file memory. New pages start inactive;
/// a second reference activates; the active list is cut back as long as the inactive one is too small, and what came
/// back from eviction sooner than an active page would have left is activated at once (refault distance).
/// </summary>
/// <remarks>
/// Source: kernel-reclaim reference sections 2 and 3. Versions differ in what is charged to a type, in whose swap a refault
/// asks for, and in how fresh the statistics are (<see cref="PolicyView.Statistics"/>). Not here: large folios, writeback
/// throttling.
/// </remarks>
public readonly unsafe struct ClassicPolicy : IReclaimPolicy
{
    private const int InactiveAnon = 0;
    private const int ActiveAnon = 1;
    private const int InactiveFile = 2;
    private const int ActiveFile = 3;
    private const int ListCount = 4;

    /// <summary>The kernel's SWAP_CLUSTER_MAX: pages of one isolation, and the least that a reclaim asks for.</summary>
    private const int Cluster = 32;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "classic",
        Summary = "Linux's active and inactive lists",
        Flags = PolicyFlags.Concurrent,
        Lists = ListCount,
        HasVersions = true,
        LeastReclaim = Cluster,
        StateBytes = sizeof(Aging),
        Defaults = Mechanism.Refault | Mechanism.Cost | Mechanism.Ratio | Mechanism.Exec | Mechanism.Trim,
        Supports = Mechanism.Refault | Mechanism.Cost | Mechanism.Ratio | Mechanism.Exec | Mechanism.Trim
            | Mechanism.Lookaround | Mechanism.Walk | Mechanism.Bloom,
    };

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        if (hint == PlaceHint.Tail)
        {
            view.ClearFlags(pfn, FolioFlags.Active);
            view.AddTail(ListFor(view, pfn), pfn);
        }
        else
        {
            view.AddHead(ListFor(view, pfn), pfn);
        }
    }

    /// <inheritdoc/>
    public static int ColdestFirst(PolicyView view, Span<int> lists)
    {
        (lists[0], lists[1], lists[2], lists[3]) = (InactiveAnon, InactiveFile, InactiveAnon + 1, InactiveFile + 1);
        return 4;
    }

    /// <summary>The two-touch machine of descriptor accesses.</summary>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what != FolioEvent.DescriptorAccess)
            return;
        FolioFlags flags = view.Flags(pfn);
        if ((flags & FolioFlags.Referenced) == 0)
        {
            view.SetFlags(pfn, FolioFlags.Referenced);
        }
        else if ((flags & FolioFlags.Active) == 0)
        {
            view.Change(pfn, FolioFlags.Referenced, FolioFlags.Active);
            view.MoveToHead(ListFor(view, pfn), pfn);
            view.AdvanceNonresidentAge(1);
            view.Count(Counter.pgactivate, 1);
        }
    }

    /// <summary>A young entry found in passing counts as one access, as the kernel counts one that it meets while unmapping.</summary>
    public static void OnYoung(PolicyView view, ReadOnlySpan<uint> pfns, YoungSource source)
    {
        foreach (uint pfn in pfns)
            OnEvent(view, pfn, FolioEvent.DescriptorAccess);
    }

    /// <summary>What holds for the whole pass: costs, and which lists may be cut back.</summary>
    public static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass)
    {
        ref Pass prepared = ref PassState.As<Pass>(ref pass);
        LruSizes sizes = target.Statistics();
        if (scan.Background)
        {
            prepared.AgesAnon = target.CanAgeAnon && InactiveIsLow(target, sizes, FolioType.Anon);
            return;
        }

        prepared.AnonCost = target.CostOf(FolioType.Anon);
        prepared.FileCost = target.CostOf(FolioType.File);
        prepared.MayDeactivateAnon = MayDeactivate(target, scan, sizes, FolioType.Anon);
        prepared.MayDeactivateFile = MayDeactivate(target, scan, sizes, FolioType.File);
        prepared.CacheTrim = target.Has(Mechanism.Trim) && !scan.NoCacheTrim
            && sizes.InactiveFile >> scan.Priority != 0 && !prepared.MayDeactivateFile;
        scan.CacheTrim |= prepared.CacheTrim;
        if (scan.IsRootReclaim)
        {
            Node node = target.Node;
            prepared.FileIsTiny = (ulong)(sizes.InactiveFile + sizes.ActiveFile) + node.Free <= node.Watermarks.High
                && !prepared.MayDeactivateAnon
                && sizes.InactiveAnon >> scan.Priority != 0;
        }
    }

    /// <summary>How many pages of each list to scan (get_scan_count).</summary>
    public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
    {
        ref Work work = ref LruvecBudget.As<Work>(ref budget);
        ref Pass prepared = ref PassState.As<Pass>(ref pass);
        if (scan.Background)
            return prepared.AgesAnon;
        if (view.Has(Mechanism.Walk))
            WalkInTurn(view);

        int swappiness = view.SwappinessOf(scan);
        Balance balance = BalanceOf(view, scan, prepared, swappiness);
        (ulong anonShare, ulong fileShare) = balance == Balance.Fraction
            ? CostModel.Weights(swappiness, view.Has(Mechanism.Cost) ? prepared.AnonCost : 0, view.Has(Mechanism.Cost) ? prepared.FileCost : 0)
            : (1, 1);
        for (int list = 0; list < ListCount; list++)
        {
            bool file = list >= InactiveFile;
            ulong count = (ulong)(view.Unprotected(view.Count(list), ref scan) >> scan.Priority);
            work.Target[list] = work.Left[list] = balance switch
            {
                Balance.Equal => (long)count,
                Balance.Fraction => (long)(count * (file ? fileShare : anonShare) / (anonShare + fileShare)),
                Balance.File => file ? (long)count : 0,
                Balance.Nothing => 0,
                _ => file ? 0 : (long)count,
            };
        }

        work.FullEffort = scan.Target is null && scan.Reclaimer != Reclaimer.Kswapd && scan.Priority == ScanControl.DefaultPriority;
        return true;
    }

    /// <summary>The next 32 pages of the next list; at the end of the visit, 32 of active_anon when the inactive side is low.</summary>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        ref Work work = ref LruvecBudget.As<Work>(ref budget);
        ref Pass prepared = ref PassState.As<Pass>(ref pass);
        while (!scan.Background && TryNextList(ref work, scan, budget.Reclaimed, out int list))
        {
            int pages = (int)Math.Min(Cluster, work.Left[list]);
            work.Left[list] -= pages;
            if (IsActive(list) && !(list >= InactiveFile ? prepared.MayDeactivateFile : prepared.MayDeactivateAnon))
            {
                scan.SkippedDeactivate = true;
                continue;
            }

            Take(view, list, pages, ref batch);
            if (batch.Examined > 0)
                return;
        }

        if (!work.AnonAged)
        {
            work.AnonAged = true;
            if (scan.Background || (view.CanAgeAnon && InactiveIsLow(view, view.Statistics(), FolioType.Anon)))
                Take(view, ActiveAnon, Cluster, ref batch);
        }
    }

    /// <inheritdoc/>
    public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition)
    {
        bool file = view.TypeOf(pfn) == FolioType.File;
        if (disposition == Disposition.Deactivate)
        {
            if (references.Mappings != 0 && references.Executable && file && view.Has(Mechanism.Exec))
                return Policies.Verdict.Keep;
            view.Change(pfn, FolioFlags.Active, FolioFlags.Workingset);
            return Policies.Verdict.Reclaim;
        }

        return ClassicVerdict.Of(view, pfn, references);
    }

    /// <summary>Charges what the batch has cost to its type, and lets activations age the shadows.</summary>
    public static bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        int active = 0;
        for (int i = 0; i < batch.Survivors; i++)
        {
            if ((view.Flags(batch[i]) & FolioFlags.Active) != 0)
                active++;
        }

        if (active > 0)
            view.AdvanceNonresidentAge((uint)active);
        long cost;
        if (batch.Disposition == Disposition.Deactivate)
        {
            view.Count(Counter.pgrefill, batch.Scanned);
            view.Count(Counter.pgdeactivate, batch.Survivors - active);
            cost = CountsWritesOnly(view) ? 0 : active;
        }
        else
        {
            cost = CountsWritesOnly(view)
                ? batch.Written
                : CostModel.InputOutput * batch.Written + (batch.Scanned - batch.Reclaimed);
        }

        if (cost > 0 && view.Has(Mechanism.Cost))
            view.AddCost(batch.Type, cost);
        return false;
    }

    /// <summary>The visit ends by its own budget; see <see cref="TryNextList"/>.</summary>
    public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => true;

    /// <summary>The nonresident age at which the page left, read from the reclaim's target.</summary>
    public static ShadowEntry MakeShadow(PolicyView view, uint pfn, PolicyView target)
    {
        uint stamp = unchecked((uint)(target.NonresidentAge >> view.StampOrder));
        target.AdvanceNonresidentAge(1);
        return view.ShadowOf(pfn, stamp) with { Memcg = target.Memcg.Id, Node = (byte)target.Node.Id };
    }

    /// <summary>
    /// A page is activated when it came back within as many evictions and activations as pages that it would have had
    /// to outlive.
    /// </summary>
    public static void OnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault)
    {
        view.CountRefault(pfn);
        FolioType type = view.TypeOf(pfn);
        if (!IsRecent(view, view.PageOf(pfn), shadow, type))
            return;

        view.SetFlags(pfn, FolioFlags.Active);
        view.AdvanceNonresidentAge(1);
        view.Count(Counter.workingset_activate_anon + (int)type, 1);
        if (shadow.Workingset)
        {
            view.SetFlags(pfn, FolioFlags.Workingset);
            if (view.Has(Mechanism.Cost))
                view.AddCost(type, CountsWritesOnly(view) ? 1 : CostModel.InputOutput);
            view.Count(Counter.workingset_restore_anon + (int)type, 1);
        }
    }

    /// <summary>It has been away for no longer than the pages last that it competes with (refault distance).</summary>
    public static bool IsRecent(PolicyView view, uint page, ShadowEntry shadow, FolioType type)
    {
        if (view.ViewOf(shadow) is not { } evictedFrom)
            return false;
        int order = view.StampOrder;
        ulong width = ((ulong)view.StampMask << order) | ((1UL << order) - 1);
        ulong distance = unchecked(evictedFrom.NonresidentAge - ((ulong)shadow.Stamp << order)) & width;
        LruSizes sizes = evictedFrom.Statistics();
        long size = sizes.ActiveFile;
        if (type == FolioType.Anon)
            size += sizes.InactiveFile;
        if ((view.Version == KernelVersion.V6_1 ? view : evictedFrom).HasSwapFor(1))
            size += sizes.ActiveAnon + (type == FolioType.File ? sizes.InactiveAnon : 0);
        return distance <= (ulong)size;
    }

    /// <inheritdoc/>
    public static LruSizes Sizes(PolicyView view) =>
        new(view.Count(InactiveAnon), view.Count(ActiveAnon), view.Count(InactiveFile), view.Count(ActiveFile));

    /// <summary>The inactive list is smaller than the active one divided by a ratio that grows with the root of its size.</summary>
    /// <param name="sizes">The lists.</param>
    /// <param name="type">Which of them.</param>
    /// <param name="grows">False: the ratio stays 1.</param>
    internal static bool InactiveIsLow(LruSizes sizes, FolioType type, bool grows = true)
    {
        long inactive = sizes.Inactive(type);
        long active = sizes.Active(type);
        long gigabytes = (inactive + active) >> (30 - 12);
        long ratio = gigabytes == 0 || !grows ? 1 : (long)Math.Sqrt(10 * gigabytes);
        return inactive * ratio < active;
    }

    private static bool InactiveIsLow(PolicyView view, LruSizes sizes, FolioType type) =>
        InactiveIsLow(sizes, type, view.Has(Mechanism.Ratio));

    /// <summary>
    /// After a full round over the lists with enough reclaimed, the type with less left is dropped and the other is cut
    /// to the same share of its target, so that the balance holds although the scan stops early.
    /// </summary>
    /// <returns>False when the visit is to stop.</returns>
    internal static bool StopRule(Span<long> target, Span<long> left)
    {
        long anonLeft = left[InactiveAnon] + left[ActiveAnon];
        long fileLeft = left[InactiveFile] + left[ActiveFile];
        if (anonLeft == 0 || fileLeft == 0)
            return false;
        int small = fileLeft > anonLeft ? InactiveAnon : InactiveFile;
        int other = InactiveFile - small;
        long percent = Math.Min(anonLeft, fileLeft) * 100 / (target[small] + target[small + 1] + 1);
        left[small] = left[small + 1] = 0;
        for (int list = other; list <= other + 1; list++)
        {
            long done = target[list] - left[list];
            long scaled = target[list] * (100 - percent) / 100;
            left[list] = scaled - Math.Min(scaled, done);
        }

        return true;
    }

    private static bool MayDeactivate(PolicyView target, in ScanControl scan, LruSizes sizes, FolioType type) =>
        scan.ForceDeactivate
        || target.ActivationsSeen(type) != target.RefaultSnapshot(type)
        || InactiveIsLow(target, sizes, type);

    /// <summary>6.1 knows the cost of writes and of refaults alone, a page of each counting 1.</summary>
    private static bool CountsWritesOnly(PolicyView view) => view.Version == KernelVersion.V6_1;

    /// <summary>
    /// With a walk on, which no kernel has: once as many pages have left or become active as the inactive lists hold, page
    /// tables are walked, and what is young counts as accessed once. So the inactive lists are looked through once a turn.
    /// </summary>
    private static void WalkInTurn(PolicyView view)
    {
        ref Aging aging = ref view.State<Aging>();
        ulong age = view.NonresidentAge;
        if (age - aging.WalkedAt < (ulong)(view.Count(InactiveAnon) + view.Count(InactiveFile)))
            return;
        aging.WalkedAt = age;
        view.WalkPageTables(new WalkOptions());
    }

    internal static Balance BalanceOf(PolicyView view, in ScanControl scan, in Pass prepared, int swappiness)
    {
        bool anonOnly = swappiness == ReclaimRequest.AnonOnly;
        bool swaps = scan.MaySwap && view.CanReclaimAnon(1, scan);

        // 6.18 scans files then, of all things (KR 15).
        if (anonOnly && !swaps && view.Version == KernelVersion.Fixed)
            return Balance.Nothing;
        if (!swaps)
            return Balance.File;
        if (scan.IsCgroupReclaim && swappiness == 0)
            return Balance.File;
        if (anonOnly)
            return Balance.Anon;
        if (scan.Priority == 0 && swappiness != 0)
            return Balance.Equal;
        if (prepared.FileIsTiny)
            return Balance.Anon;
        return prepared.CacheTrim ? Balance.File : Balance.Fraction;
    }

    private static bool TryNextList(ref Work work, in ScanControl scan, long reclaimed, out int list)
    {
        while (true)
        {
            // active_anon alone does not keep the loop going.
            if (work.Next == 0 && work.Left[InactiveAnon] == 0 && work.Left[ActiveFile] == 0 && work.Left[InactiveFile] == 0)
            {
                list = -1;
                return false;
            }

            while (work.Next < ListCount)
            {
                list = work.Next++;
                if (work.Left[list] > 0)
                    return true;
            }

            work.Next = 0;
            bool enough = reclaimed >= scan.NrToReclaim && !work.FullEffort;
            if (enough && !StopRule(work.Target, work.Left))
                work.Left = default;
        }
    }

    private static void Take(PolicyView view, int list, int pages, ref FolioBatch batch)
    {
        batch.Disposition = IsActive(list) ? Disposition.Deactivate : Disposition.Shrink;
        batch.Type = list >= InactiveFile ? FolioType.File : FolioType.Anon;
        view.IsolateTail(list, pages, ref batch);
    }

    private static int ListFor(PolicyView view, uint pfn)
    {
        FolioFlags flags = view.Flags(pfn);
        return ((flags & FolioFlags.SwapBacked) != 0 ? InactiveAnon : InactiveFile) + ((flags & FolioFlags.Active) != 0 ? 1 : 0);
    }

    private static bool IsActive(int list) => (list & 1) != 0;

    /// <summary>How the scan is shared between anonymous and file pages.</summary>
    internal enum Balance
    {
        Equal,
        Fraction,
        File,
        Anon,
        Nothing,
    }

    /// <summary>State of one lruvec.</summary>
    private struct Aging
    {
        /// <summary>The nonresident age at the last walk.</summary>
        public ulong WalkedAt;
    }

    /// <summary>What holds for one pass.</summary>
    internal struct Pass
    {
        public long AnonCost;
        public long FileCost;
        public bool MayDeactivateAnon;
        public bool MayDeactivateFile;
        public bool CacheTrim;
        public bool FileIsTiny;

        /// <summary>Before kswapd's pass: on the node as a whole too few anonymous pages are inactive.</summary>
        public bool AgesAnon;
    }

    /// <summary>What is left of one visit.</summary>
    internal struct Work
    {
        /// <summary>Pages to scan of each list when the visit began.</summary>
        public Lists Target;

        /// <summary>Pages still to scan of each list.</summary>
        public Lists Left;

        /// <summary>The list whose turn it is.</summary>
        public int Next;

        /// <summary>The first pass of a direct reclaim of the whole machine scans everything it planned.</summary>
        public bool FullEffort;

        /// <summary>active_anon has had its closing look.</summary>
        public bool AnonAged;
    }

    [InlineArray(ListCount)]
    internal struct Lists
    {
        private long _first;
    }
}
