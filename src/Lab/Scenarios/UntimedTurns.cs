namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// Turns where nothing takes time but an access, 100 ns: who refaults does not wait. What is left of waiting is that for
/// memory.high. A slice of accesses in proportion to the weight is a turn.
/// </summary>
internal sealed class UntimedTurns(Engine engine, RunningProcess[] processes) : ITurns
{
    private const long AccessesPerMicrosecond = 10;

    private long _done;
    private long _idleUs;

    public long NowUs { get; private set; }

    public void WaitForSomebody(long untilUs)
    {
        long first = processes.Where(p => !p.Ended).Min(p => p.AsleepUntilUs);
        _idleUs += Math.Max(0, Math.Min(first, untilUs) - EngineTimeUs);
        SetTime();
    }

    public long RunRound(long most)
    {
        long before = _done;
        foreach (RunningProcess process in processes)
        {
            if (process.Ended || process.AsleepUntilUs > EngineTimeUs || _done - before == most)
                continue;
            long throttled = process.Tally.ThrottledMs;
            _done += process.RunTurn(engine, most - (_done - before));
            if (process.Tally.ThrottledMs > throttled)
                process.AsleepUntilUs = EngineTimeUs + 1000 * (process.Tally.ThrottledMs - throttled);
            Kswapd.RunWhereWanted(engine);
        }

        SetTime();
        return _done - before;
    }

    public void IdleUntil(long us)
    {
        _idleUs += Math.Max(0, us - NowUs);
        SetTime();
    }

    /// <summary>The engine counts milliseconds, and so do sleeps.</summary>
    private long EngineTimeUs => NowUs / 1000 * 1000;

    private void SetTime()
    {
        NowUs = _idleUs + _done / AccessesPerMicrosecond;
        engine.NowMs = NowUs / 1000;
    }
}
