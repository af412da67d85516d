using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// Senpai: finds how much memory each cgroup needs by taking it away, a little at a time, until its tasks begin to wait for it. It reads the
/// "some" pressure of a cgroup and moves its memory.high, so that as much pressure comes about as it is told to aim at.
/// </summary>
/// <remarks>
/// <para>
/// Source: kernel-reclaim reference 9.2: the original's law, tick by tick, with bytes where it has bytes. With <c>immediate=1</c> the other
/// form of 9.3: no integral and no limit, but a request for a hundredth of the cgroup every interval in which it was at ease.
/// </para>
/// <para>
/// What differs from the original: the least size is 16 MiB and not 100, since scenarios are small. From the plugin of 9.3: there is no pressure
/// of io to be read, and no guard over swap.
/// </para>
/// </remarks>
public sealed class SenpaiController : IController
{
    private const long SecondUs = 1_000_000;
    private const ulong Unlimited = ulong.MaxValue;

    private readonly Engine _engine;
    private readonly Watched[] _watched;
    private readonly SenpaiLaw _law;
    private readonly long _interval;
    private readonly ulong _minBytes;
    private readonly ulong _maxBytes;
    private readonly bool _immediate;
    private readonly double _easePercent;

    private SenpaiController(Engine engine, IReadOnlyList<MemoryCgroup> memcgs, ControllerValues values)
    {
        _engine = engine;
        _law = new SenpaiLaw(values["pressure_us"], values["max_probe"], values["max_backoff"], values["coeff_probe"], values["coeff_backoff"]);
        _interval = (long)values["interval"];
        _minBytes = (ulong)values.Bytes("min_mib");
        _maxBytes = (ulong)values.Bytes("max_mib");
        _immediate = values["immediate"] > 0;
        _easePercent = 100 * values["pressure_us"] / (_interval * SecondUs);
        _watched = [.. memcgs.Select(m => new Watched(m, _interval))];
    }

    /// <summary>How it is asked for.</summary>
    public static ControllerDescriptor Descriptor { get; } = new()
    {
        Name = "senpai",
        Summary = "lowers memory.high until pressure shows, cgroup by cgroup",
        Parameters =
        [
            new("interval", 6, 1, 3600, "seconds from one adjustment to the next, unless pressure calls for one", IsWhole: true),
            new("pressure_us", 10_000, 1, 3.6e9, "microseconds of pressure allowed in an interval"),
            new("max_probe", 0.01, 0, 1, "most that the limit is lowered at once, as a share of it"),
            new("max_backoff", 1, 0, 1000, "most that the limit is raised at once, as a share of it"),
            new("coeff_probe", 10, 0.001, 1e6, "how sharply it is lowered less as pressure nears what is allowed"),
            new("coeff_backoff", 20, 0.001, 1e6, "times of the allowed pressure at which it is raised the most"),
            new("min_mib", 16, 0, 1 << 24, "MiB that a cgroup keeps"),
            new("max_mib", 102_400, 1, 1 << 24, "MiB above which no limit is set"),
            new("immediate", 0, 0, 1, "1: requests instead of a limit", IsWhole: true),
        ],
        LooksAfterMemcgs = true,
        Aggressiveness = "pressure_us",
        Create = (engine, memcgs, values) => new SenpaiController(engine, memcgs, values),
    };

    /// <inheritdoc/>
    public long PeriodUs => SecondUs;

    /// <inheritdoc/>
    public void Tick(long nowUs)
    {
        foreach (Watched cgroup in _watched)
        {
            if (_immediate)
                TickAtOnce(cgroup);
            else
                TickByIntegral(cgroup);
        }
    }

    private void TickByIntegral(Watched cgroup)
    {
        long total = _engine.ReadPressure(cgroup.Memcg).Some.TotalUs;
        cgroup.Integral += total - cgroup.Total;
        cgroup.Total = total;
        if (_law.IsTooMuch(cgroup.Integral))
            Apply(cgroup);
        else if (cgroup.Grace > 0)
            cgroup.Grace--;
        else
            Apply(cgroup);
    }

    private void Apply(Watched cgroup)
    {
        ulong high = HighOf(cgroup.Memcg);
        double adjusted = high + high * _law.Adjustment(cgroup.Integral);

        // Somebody else changed it, or this is the start: from here on.
        double wanted = high == cgroup.Limit ? Math.Truncate(adjusted) : cgroup.Memcg.Usage * (double)Scenario.PageBytes;
        ulong limit = (ulong)Math.Clamp(wanted, _minBytes, _maxBytes) / Scenario.PageBytes;
        cgroup.Limit = limit * Scenario.PageBytes;
        _engine.SetHigh(cgroup.Memcg, limit);
        cgroup.Integral = 0;
        cgroup.Grace = _interval - 1;
    }

    private static ulong HighOf(MemoryCgroup memcg) => memcg.High == MemoryCgroup.Unlimited ? Unlimited : memcg.High * Scenario.PageBytes;

    private void TickAtOnce(Watched cgroup)
    {
        if (--cgroup.Grace > 0)
            return;
        cgroup.Grace = _interval;
        ulong least = Math.Max(_minBytes / Scenario.PageBytes, cgroup.Memcg.Min);
        ulong usage = cgroup.Memcg.Usage;
        PressureShare some = _engine.ReadPressure(cgroup.Memcg).Some;
        if (usage <= least || Math.Max(some.Avg10.Percent, some.Avg60.Percent) >= _easePercent)
            return;
        long pages = (long)((usage - least) / 100);
        if (pages > 0)
            _engine.Reclaim(new ReclaimRequest(pages, cgroup.Memcg));
    }

    /// <summary>What it remembers of a cgroup.</summary>
    private sealed class Watched(MemoryCgroup memcg, long interval)
    {
        public MemoryCgroup Memcg { get; } = memcg;

        /// <summary>Pressure read at the last tick, in microseconds since the start.</summary>
        public long Total { get; set; }

        /// <summary>Pressure since the last adjustment, in microseconds.</summary>
        public long Integral { get; set; }

        /// <summary>Ticks until the limit may be lowered.</summary>
        public long Grace { get; set; } = interval;

        /// <summary>The limit last written, in bytes; null before the first.</summary>
        public ulong? Limit { get; set; }
    }
}
