using ReclaimNative.Lab.Results;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Policies;
using Kernel = ReclaimNative.Observe;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// What a timed scenario shows beside its counters, over the second half of the run as the mean residency is: virtual time, and what memory cost in it.
/// </summary>
internal sealed class TimedMeasure
{
    private const long LookEveryUs = 100_000;

    private readonly Engine _engine;
    private readonly RunningProcess[] _processes;
    private readonly MemoryCgroup[] _memcgs;
    private readonly MeanOverTime _resident;
    private readonly MeanOverTime _topTier;
    private readonly Dictionary<MemoryCgroup, PressureReading> _pressure = [];
    private readonly Dictionary<MemoryCgroup, long> _proactive = [];
    private readonly Dictionary<RunningProcess, (long Refaults, TimeLost Lost)> _before = [];
    private long _beganUs = -1;
    private long _lookedUs;

    public TimedMeasure(Engine engine, RunningProcess[] processes, MemoryCgroup[] memcgs)
    {
        _engine = engine;
        _processes = processes;
        _memcgs = memcgs;
        int top = engine.Nodes.Min(n => n.Tier);
        Node[] topNodes = [.. engine.Nodes.Where(n => n.Tier == top)];
        _resident = new MeanOverTime(memcgs, static m => m.Usage);
        _topTier = new MeanOverTime(memcgs, m => topNodes.Sum(n => PagesOf(engine.SizesOf(m, n))));
    }

    /// <summary>Looks at the machine, in its second half; the first look is where that begins.</summary>
    public void Look(long nowUs)
    {
        if (_beganUs < 0)
        {
            _beganUs = _lookedUs = nowUs;
            foreach (MemoryCgroup memcg in _memcgs.Distinct())
            {
                _pressure[memcg] = _engine.ReadPressure(memcg);
                _proactive[memcg] = _engine.Read(memcg, Kernel.Counter.pgsteal_proactive);
            }

            foreach (RunningProcess process in _processes)
                _before[process] = (process.Tally.Refaults, process.Lost);
            Sample(1);
        }
        else if (nowUs - _lookedUs >= LookEveryUs)
        {
            Sample(nowUs - _lookedUs);
            _lookedUs = nowUs;
        }
    }

    /// <summary>Mean pages of a cgroup.</summary>
    public double ResidentOf(MemoryCgroup memcg) => _resident.Of(memcg);

    /// <summary>The counters that a cgroup's row has in addition. None before the second half.</summary>
    /// <param name="memcg">One of the cgroups.</param>
    /// <param name="processes">Those in it and below.</param>
    /// <param name="nowUs">Virtual time.</param>
    public IEnumerable<Counter> CountersOf(MemoryCgroup memcg, RunningProcess[] processes, long nowUs)
    {
        if (_beganUs < 0)
            return [];
        PressureReading pressure = _engine.ReadPressure(memcg);
        TimeLost lost = processes.Aggregate(default(TimeLost), (sum, p) => sum + (p.Lost - _before[p].Lost));
        return
        [
            new(TimedCounters.Us, nowUs - _beganUs),
            new(TimedCounters.Refaults, processes.Sum(p => p.Tally.Refaults - _before[p].Refaults)),
            new(TimedCounters.Proactive, _engine.Read(memcg, Kernel.Counter.pgsteal_proactive) - _proactive[memcg]),
            new(TimedCounters.TopTierMean, (long)Math.Round(_topTier.Of(memcg))),
            new(TimedCounters.SomeUs, pressure.Some.TotalUs - _pressure[memcg].Some.TotalUs),
            new(TimedCounters.FullUs, pressure.Full.TotalUs - _pressure[memcg].Full.TotalUs),
            new(TimedCounters.PageInUs, lost.PageInNs / 1000),
            new(TimedCounters.SlowTierUs, lost.SlowTierNs / 1000),
            new(TimedCounters.ReclaimUs, lost.ReclaimNs / 1000),
            new(TimedCounters.ThrottledUs, lost.ThrottledNs / 1000),
        ];
    }

    private void Sample(double weight)
    {
        _resident.Sample(weight);
        _topTier.Sample(weight);
    }

    private static double PagesOf(LruSizes sizes) => sizes.InactiveAnon + sizes.ActiveAnon + sizes.InactiveFile + sizes.ActiveFile;
}
