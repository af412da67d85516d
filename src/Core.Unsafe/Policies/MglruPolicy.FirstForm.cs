using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// MGLRU as it was before its rework between 6.12 and 6.18: one observation through page tables promotes, generations are
/// opened by how many pages they hold, the first tiers of both types are compared with each other, and eviction judges
/// references as the classic LRU does. Source: the rows of kernel-reclaim reference 5 and 14 that are marked 6.1 and 6.12.
/// </summary>
public readonly unsafe partial struct MglruPolicy
{
    /// <summary>Folios of one of 6.1's batches.</summary>
    private const int FirstActivationBatch = 15;

    private static bool IsFirstForm(PolicyView view) => view.Version <= KernelVersion.V6_12;

    /// <summary>Three ways: the youngest for what is active, the next for anonymous pages, else among the oldest.</summary>
    private static ulong FirstSeqFor(ref Generations lru, FolioFlags flags, PlaceHint hint)
    {
        bool anon = (flags & FolioFlags.SwapBacked) != 0;
        ulong oldest = lru.MinSeq[anon ? 0 : 1];
        if ((flags & FolioFlags.Active) != 0)
            return lru.MaxSeq;
        if (hint == PlaceHint.Head && (anon || AwaitsWriteback(flags)))
            return Math.Max(lru.MaxSeq - 1, oldest);
        return hint == PlaceHint.Tail || oldest + MinGenerations >= lru.MaxSeq ? oldest : oldest + 1;
    }

    /// <summary>
    /// With three generations left, a new one is opened when the youngest has more than its share of the pages or the oldest
    /// has hardly any.
    /// </summary>
    private static bool FirstShouldAge(ref Generations lru, int swappiness)
    {
        ulong oldest = lru.MinSeq[swappiness > 0 ? 0 : 1];
        if (oldest + MinGenerations != lru.MaxSeq)
            return oldest + MinGenerations > lru.MaxSeq;
        long young = 0;
        long old = 0;
        long total = 0;
        for (int type = 0; type < 2; type++)
        {
            if (!IsEvictable(type, swappiness))
                continue;
            for (ulong seq = lru.MinSeq[type]; seq <= lru.MaxSeq; seq++)
            {
                long pages = Math.Max(0, lru.Pages[(int)(seq % MaxGenerations) * 2 + type]);
                total += pages;
                if (seq == lru.MaxSeq)
                    young += pages;
                else if (seq + MinGenerations == lru.MaxSeq)
                    old += pages;
            }
        }

        return young * MinGenerations > total || old * (MinGenerations + 2) < total;
    }

    /// <summary>6.1: kswapd ages before its pass what is due, but for what it may not take from.</summary>
    private static void FirstAgeInBackground(PolicyView view, in ScanControl scan)
    {
        ref Generations lru = ref view.State<Generations>();
        int swappiness = EffectiveSwappiness(view, scan);
        if (!view.IsBelowMin(scan) && FirstShouldAge(ref lru, swappiness))
            Age(view, ref lru, swappiness);
    }

    /// <summary>
    /// Anonymous pages go first when their generation is older; otherwise the first tiers of both types are compared. The
    /// tiers of the chosen type are then held against the first tier of the other.
    /// </summary>
    private static int FirstTypeToScan(PolicyView view, ref Generations lru, int swappiness, out int lastTier)
    {
        lastTier = -1;
        if (swappiness == 0)
            return (int)FolioType.File;
        if (lru.MinSeq[0] < lru.MinSeq[1])
            return (int)FolioType.Anon;
        if (swappiness == 1)
            return (int)FolioType.File;
        if (swappiness >= 200)
            return (int)FolioType.Anon;
        if (!view.Has(Mechanism.Pid))
            return (int)FolioType.File;
        ReadOnlySpan<long> gain = [swappiness, 200 - swappiness];
        int type = MayEvict(PositionOf(ref lru, 0, 0, 1, gain[0]), PositionOf(ref lru, 1, 0, 1, gain[1])) ? 1 : 0;
        Position setPoint = PositionOf(ref lru, 1 - type, 0, 1, gain[1 - type]);
        lastTier = LastTierWithin(ref lru, setPoint, type, gain[type]);
        return type;
    }

    /// <summary>
    /// 6.1 alone ends a task's visit, to a limited cgroup as well, when it has aged twice, and when it has enough and would
    /// go on swapping.
    /// </summary>
    private static bool FirstAborts(in ScanControl scan, in Work work) =>
        work.Aged > 1 || (work.Swaps && scan.NrReclaimed >= scan.NrToReclaim);

    /// <summary>
    /// One observation promotes. 6.1 activates what a lookaround found as long as it fits a batch of activations, and
    /// otherwise leaves it where it is, as a walk does.
    /// </summary>
    private static void FirstOnYoung(PolicyView view, ReadOnlySpan<uint> pfns, YoungSource source)
    {
        ref Generations lru = ref view.State<Generations>();
        int youngest = (int)(lru.MaxSeq % MaxGenerations);
        bool moves = source == YoungSource.Lookaround;
        if (moves && view.Version == KernelVersion.V6_1)
        {
            int older = 0;
            foreach (uint pfn in pfns)
            {
                int generation = GenerationOf(view.Flags(pfn));
                older += generation >= 0 && generation != youngest ? 1 : 0;
            }

            moves = older < FirstActivationBatch;
        }

        foreach (uint pfn in pfns)
        {
            FolioFlags flags = view.Flags(pfn);
            int generation = GenerationOf(flags);

            // Reclaim has it in its hands, and keeps what is referenced.
            if (generation < 0)
                view.SetFlags(pfn, FolioFlags.Referenced);
            else if (generation != youngest)
                Promote(view, ref lru, pfn, flags, FolioFlags.None, moves);
        }
    }

    /// <summary>Anonymous generations never lead those of files, and hold them back.</summary>
    private static void FirstCoupleMinSeqs(ref Generations lru, Span<ulong> seqs)
    {
        seqs[0] = Math.Min(seqs[0], seqs[1]);
        seqs[1] = Math.Max(seqs[0], lru.MinSeq[1]);
    }

    /// <summary>The classic verdict, and one rule before it: what was seen used since it was isolated stays.</summary>
    private static Verdict FirstVerdict(PolicyView view, uint pfn, References references)
    {
        bool remembered = (view.Flags(pfn) & FolioFlags.Referenced) != 0;
        if (remembered && references.IsMapped)
            return Policies.Verdict.Keep;
        return ClassicVerdict.Of(view, pfn, references);
    }

    /// <summary>All that was rejected starts again among the youngest, but for what is about to be written.</summary>
    private static void FirstAfter(PolicyView view, ref FolioBatch batch)
    {
        for (int i = 0; i < batch.Survivors; i++)
        {
            FolioFlags flags = view.Flags(batch[i]);
            if (AwaitsWriteback(flags))
            {
                if ((flags & FolioFlags.Workingset) != 0)
                    view.SetFlags(batch[i], FolioFlags.Referenced);
            }
            else
            {
                view.Change(batch[i], RefsFlags | FolioFlags.Workingset, FolioFlags.Active);
            }
        }
    }

    private static void FirstOnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault)
    {
        ref Generations lru = ref view.State<Generations>();
        int type = (int)view.TypeOf(pfn);
        bool recent = IsRecent(view, view.PageOf(pfn), shadow, (FolioType)type);
        if (recent || view.Version != KernelVersion.V6_1)
            view.CountRefault(pfn);
        if (!recent)
            return;
        int refs = (int)(shadow.Stamp & 3) + (shadow.Workingset ? 1 : 0);
        view.Tally(ref lru.Refaulted[type * Tiers + FirstTierOfRefs(refs)], 1);
        if (view.Version != KernelVersion.V6_1)
            view.Count(Counter.workingset_activate_anon + type, 1);
        if (inFault || refs >= MaxRefs)
        {
            view.Change(pfn, FolioFlags.None, FolioFlags.Workingset | FolioFlags.RefsMask);
            view.Count(Counter.workingset_restore_anon + type, 1);
        }
    }

    /// <summary>References through descriptors beyond the first, 0 to 4.</summary>
    private static int FirstRefsOf(FolioFlags flags) => RefsField(flags) + ((flags & FolioFlags.Workingset) != 0 ? 1 : 0);

    private static int FirstTierOfRefs(int refs) => TierOfRefs(refs + 1);
}
