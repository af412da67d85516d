using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// Moves to far memory what has been idle for long enough, and finds out for each cgroup how long that is: as short as it can be without more
/// pages coming back than its service can bear.
/// </summary>
/// <remarks>
/// <para>
/// After A. Lagar-Cavilla et al., "Software-Defined Far Memory in Warehouse-Scale Computers", ASPLOS 2019. Source: kernel-reclaim reference
/// 10. Pages are scanned for their ages; about once a minute the best threshold of that minute is the least age T with
/// sum(promotions of age >= T) &lt;= P * (pages used within the least T); the threshold in force is the greater of a
/// percentile of all of them so far and the last. Pages of that age or older are asked back.
/// </para>
/// <para>
/// What differs: far memory is whatever the engine evicts or demotes to. There is no autotuner, and no share of pages that don't compress. The
/// percentile is ours, 98, since the paper leaves it to the tuner.
/// </para>
/// </remarks>
public sealed class FarMemoryController : IController
{
    private const int Ages = 256;

    /// <summary>The age that no page has: a threshold of nothing.</summary>
    private const int Never = Ages - 1;

    private const long MinuteUs = 60_000_000;

    private readonly Engine _engine;
    private readonly Job[] _jobs;
    private readonly double _promotionShare;
    private readonly double _percentile;
    private readonly long _warmupUs;
    private readonly long[] _histogram = new long[Ages];
    private long _decidedUs;

    private FarMemoryController(Engine engine, IReadOnlyList<MemoryCgroup> memcgs, ControllerValues values)
    {
        _engine = engine;
        _jobs = [.. memcgs.Select(m => new Job(m))];
        _promotionShare = values["promotion_percent"] / 100;
        _percentile = values["percentile"];
        _warmupUs = values.Microseconds("warmup");
        PeriodUs = values.Microseconds("scan");
        engine.IdleAgePeriodMs = PeriodUs / 1000;
    }

    /// <summary>How it is asked for.</summary>
    public static ControllerDescriptor Descriptor { get; } = new()
    {
        Name = "far-memory",
        Summary = "reclaims what is idle for a time that keeps promotions rare, cgroup by cgroup",
        Parameters =
        [
            new("scan", 120, 0.001, 86_400, "seconds from one scan of ages to the next, the least threshold"),
            new("promotion_percent", 0.2, 0.0001, 10_000, "pages that may come back in a minute, in per cent of the working set"),
            new("percentile", 98, 0, 100, "of the best thresholds so far"),
            new("warmup", 240, 0, 86_400, "seconds in which nothing is asked of a new cgroup"),
        ],
        LooksAfterMemcgs = true,
        Aggressiveness = "promotion_percent",
        ReadsIdleAges = true,
        Create = (engine, memcgs, values) => new FarMemoryController(engine, memcgs, values),
    };

    /// <inheritdoc/>
    public long PeriodUs { get; }

    /// <inheritdoc/>
    public void Tick(long nowUs)
    {
        _engine.ScanIdleAges();
        if (nowUs - _decidedUs >= MinuteUs)
        {
            foreach (Job job in _jobs)
                Decide(job, (double)(nowUs - _decidedUs) / MinuteUs);
            _decidedUs = nowUs;
        }

        if (nowUs < _warmupUs)
            return;
        foreach (Job job in _jobs)
            Reclaim(job);
    }

    /// <summary>The threshold in force from now on, by the promotions since the last decision.</summary>
    private void Decide(Job job, double minutes)
    {
        _engine.ReadPromotions(job.Memcg, _histogram);
        Span<long> recent = stackalloc long[Ages];
        for (int age = 0; age < Ages; age++)
            recent[age] = _histogram[age] - job.Promotions[age];
        _histogram.CopyTo(job.Promotions, 0);
        _engine.ReadIdleAges(job.Memcg, _histogram);
        int best = BestThreshold(recent, minutes * _promotionShare * _histogram[0]);
        job.Bests.Add(best);
        job.Threshold = Math.Max(Percentile(job.Bests, _percentile), best);
    }

    private void Reclaim(Job job)
    {
        _engine.ReadIdleAges(job.Memcg, _histogram);
        long cold = 0;
        for (int age = job.Threshold; age < Ages; age++)
            cold += _histogram[age];
        if (cold > 0)
            _engine.Reclaim(new ReclaimRequest(cold, job.Memcg) { MinIdleMs = job.Threshold * _engine.IdleAgePeriodMs });
    }

    /// <summary>The least age, in ticks and at least 1, such that no more than <paramref name="allowed"/> of the promotions were of that age or older.</summary>
    internal static int BestThreshold(ReadOnlySpan<long> promotions, double allowed)
    {
        long older = 0;
        int threshold = Never;
        while (threshold > 1 && older + promotions[threshold - 1] <= allowed)
            older += promotions[--threshold];
        return threshold;
    }

    /// <summary>The least of some values that a share of them, in per cent, does not exceed.</summary>
    internal static int Percentile(IReadOnlyList<int> values, double percent)
    {
        int[] sorted = [.. values.Order()];
        return sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    /// <summary>What it remembers of a cgroup.</summary>
    private sealed class Job(MemoryCgroup memcg)
    {
        public MemoryCgroup Memcg { get; } = memcg;

        /// <summary>Promotions by age up to the last decision.</summary>
        public long[] Promotions { get; } = new long[Ages];

        /// <summary>The best threshold of each minute.</summary>
        public List<int> Bests { get; } = [];

        /// <summary>Ticks for which a page is idle that is asked back.</summary>
        public int Threshold { get; set; } = Never;
    }
}
