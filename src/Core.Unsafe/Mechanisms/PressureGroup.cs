using ReclaimNative.Memory;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// The tasks of one cgroup or node, how many of them are in which state, and what time they lost. Time is accounted when somebody
/// asks or a state changes: between two such moments nothing about the group changes but the time.
/// </summary>
/// <remarks>One CPU serves a group, so nothing is weighted by CPUs. Not safe from several threads. Source: kernel-reclaim reference 8.1, 8.2.</remarks>
internal sealed class PressureGroup(long nowUs)
{
    private PressureAccount _some;
    private PressureAccount _full;
    private int _running;
    private int _stalled;
    private long _accountedUs = nowUs;
    private long _sampleDueUs = nowUs + PressureAccount.PeriodUs;

    /// <summary>All of it.</summary>
    public void Pass(StateLog log)
    {
        _some.Pass(log);
        _full.Pass(log);
        log.Pass(ref _running);
        log.Pass(ref _stalled);
        log.Pass(ref _accountedUs);
        log.Pass(ref _sampleDueUs);
    }

    /// <summary>A task of the group changes its state at a time not before any that was given so far.</summary>
    public void Change(long nowUs, TaskState from, TaskState to)
    {
        Account(nowUs);
        Count(from, -1);
        Count(to, 1);
    }

    /// <summary>What the group has lost up to now.</summary>
    public PressureReading Read(long nowUs)
    {
        Account(nowUs);
        return new PressureReading(_some.Share, _full.Share);
    }

    /// <summary>Whether time that passes from here on is stalled.</summary>
    public bool IsStalled(PressureStall stall) => _stalled > 0 && (stall == PressureStall.Some || _running == 0);

    /// <summary>Microseconds that will have been stalled at a time from the last change on, if nothing changes before.</summary>
    public long TotalAt(long us, PressureStall stall) =>
        (stall == PressureStall.Some ? _some.TotalUs : _full.TotalUs) + (IsStalled(stall) ? us - _accountedUs : 0);

    private void Account(long nowUs)
    {
        while (nowUs >= _sampleDueUs)
        {
            bool whole = _accountedUs == _sampleDueUs - PressureAccount.PeriodUs;
            Pass(_sampleDueUs);
            _sampleDueUs += PressureAccount.PeriodUs;

            // A whole period that has left the averages as they were stands for all that follow: however far the clock jumps,
            // there are about 1300 steps to the end at most.
            if (!(_some.Sample() | _full.Sample()) && whole && nowUs >= _sampleDueUs)
                Skip((nowUs - _sampleDueUs) / PressureAccount.PeriodUs + 1);
        }

        Pass(nowUs);
    }

    private void Pass(long us)
    {
        long passed = us - _accountedUs;
        _accountedUs = us;
        if (IsStalled(PressureStall.Some))
            _some.Add(passed);
        if (IsStalled(PressureStall.Full))
            _full.Add(passed);
    }

    private void Skip(long periods)
    {
        long us = periods * PressureAccount.PeriodUs;
        _accountedUs += us;
        _sampleDueUs += us;
        if (IsStalled(PressureStall.Some))
            _some.AddSampled(us);
        if (IsStalled(PressureStall.Full))
            _full.AddSampled(us);
    }

    private void Count(TaskState state, int tasks)
    {
        if (state == TaskState.Running)
            _running += tasks;
        else if (state == TaskState.Stalled)
            _stalled += tasks;
    }
}
