using ReclaimNative.Frames;

namespace ReclaimNative.Policies;

/// <summary>What lru_gen shows of generations, and eviction of the oldest by hand. Source: kernel-reclaim reference 5.18 and 5.19.</summary>
public readonly unsafe partial struct MglruPolicy
{
    /// <summary>The four that there is room for, open or not: pages that could not be evicted may carry a closed one.</summary>
    public static int ReadGenerations(PolicyView view, Span<GenerationReport> reports)
    {
        ref Generations lru = ref view.State<Generations>();
        int count = (int)Math.Min(MaxGenerations, Math.Min(lru.MaxSeq + 1, (ulong)reports.Length));
        for (int i = 0; i < count; i++)
        {
            ulong seq = lru.MaxSeq + 1 - (ulong)(count - i);
            reports[i] = new GenerationReport
            {
                Sequence = seq,
                BirthMs = lru.Birth[(int)(seq % MaxGenerations)],
                Anon = PagesOf(ref lru, seq, (int)FolioType.Anon),
                File = PagesOf(ref lru, seq, (int)FolioType.File),
                Walk = seq == lru.MaxSeq ? lru.Walked : null,
            };
        }

        return count;
    }

    /// <summary>One batch from the oldest generations that may be evicted at a swappiness, without aging.</summary>
    public static void IsolateOldest(PolicyView view, int swappiness, long wanted, ref FolioBatch batch)
    {
        ref Generations lru = ref view.State<Generations>();
        long scanned = IsolateFolios(view, ref lru, swappiness, wanted, ref batch);
        if (TryAdvanceMinSeq(ref lru, view, swappiness))
            scanned++;
        batch.Examined = scanned;
    }

    /// <summary>The youngest generation shows averages over those before it, the oldest of a type what it counts itself.</summary>
    private static GenerationPages PagesOf(ref Generations lru, ulong seq, int type)
    {
        var tiers = default(TierReports);
        bool counts = seq == lru.MinSeq[type];
        bool averages = seq == lru.MaxSeq;
        for (int tier = 0; tier < Tiers; tier++)
        {
            int at = type * Tiers + tier;
            if (averages)
                tiers[tier] = new TierReport(lru.AverageRefaulted[at], lru.AverageTotal[at], 0);
            else if (counts)
                tiers[tier] = new TierReport(lru.Refaulted[at], lru.Evicted[at], lru.Protected[at]);
        }

        return new GenerationPages
        {
            Count = Math.Max(0, lru.Pages[(int)(seq % MaxGenerations) * 2 + type]),
            IsOpen = seq >= lru.MinSeq[type],
            Statistics = averages ? TierStatistics.Averages : counts ? TierStatistics.Counts : TierStatistics.None,
            Tiers = tiers,
        };
    }
}
