using ReclaimNative.Memory;

namespace ReclaimNative.Mechanisms;

/// <summary>Stalled time of one kind in one group: its total, and the averages as of the last sample. Source: kernel-reclaim reference 8.2.</summary>
internal struct PressureAccount
{
    /// <summary>Time from one sample to the next. The kernel's is a tick longer, for the sake of its timers.</summary>
    public const long PeriodUs = 2_000_000;

    private long _totalUs;
    private long _sampledUs;
    private PressureAverage _avg10;
    private PressureAverage _avg60;
    private PressureAverage _avg300;

    /// <summary>Microseconds stalled so far.</summary>
    public readonly long TotalUs => _totalUs;

    /// <summary>The line of the pressure file.</summary>
    public readonly PressureShare Share => new(_avg10, _avg60, _avg300, _totalUs);

    /// <summary>All of it.</summary>
    public void Pass(StateLog log)
    {
        log.Pass(ref _totalUs);
        log.Pass(ref _sampledUs);
        _avg10 = new PressureAverage(log.Through(_avg10.Fixed));
        _avg60 = new PressureAverage(log.Through(_avg60.Fixed));
        _avg300 = new PressureAverage(log.Through(_avg300.Fixed));
    }

    /// <summary>Adds stalled time.</summary>
    public void Add(long us) => _totalUs += us;

    /// <summary>
    /// Ends a period: what was stalled since the last sample goes into the averages. At most a whole period of it; what is above
    /// is left for the next.
    /// </summary>
    /// <returns>False when the averages are what they were before.</returns>
    public bool Sample()
    {
        long stalled = Math.Min(_totalUs - _sampledUs, PeriodUs);
        _sampledUs += stalled;
        long percent = stalled * 100 / PeriodUs;
        (PressureAverage avg10, PressureAverage avg60, PressureAverage avg300) = (_avg10, _avg60, _avg300);
        _avg10 = avg10.After(percent, PressureAverage.Over10Seconds);
        _avg60 = avg60.After(percent, PressureAverage.Over60Seconds);
        _avg300 = avg300.After(percent, PressureAverage.Over300Seconds);
        return (avg10, avg60, avg300) != (_avg10, _avg60, _avg300);
    }

    /// <summary>Adds stalled time of periods whose samples leave the averages as they are.</summary>
    public void AddSampled(long us)
    {
        _totalUs += us;
        _sampledUs += us;
    }
}
