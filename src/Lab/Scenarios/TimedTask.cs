using ReclaimNative.Mechanisms;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>A process where time counts: whether it runs, is stalled for memory or sleeps, and until when.</summary>
internal sealed class TimedTask(Engine engine, RunningProcess process)
{
    private const long Never = long.MaxValue;

    private TaskState _state = TaskState.Idle;
    private long _stalledUntil;

    public RunningProcess Process { get; } = process;

    /// <summary>Nanoseconds from which on it may run.</summary>
    public long ReadyNs { get; private set; }

    /// <summary>Nanoseconds at which its present wait ends.</summary>
    public long NextChangeNs { get; private set; } = Never;

    /// <summary>Tells the engine what it does from now on.</summary>
    public void Become(TaskState state)
    {
        if (state == _state || Process.Tally.Refused > 0)
            return;
        _state = state;
        engine.SetTaskState(Process.Space, state);
    }

    /// <summary>It is stalled from now to one time and then sleeps until another, at least the first; a wait of no length is none.</summary>
    public void Sleep(long nowNs, long stalledUntilNs, long readyNs)
    {
        _stalledUntil = stalledUntilNs;
        ReadyNs = Process.Ended ? Never : readyNs;
        Process.AsleepUntilUs = ReadyNs / 1000;
        Enter(nowNs);
    }

    /// <summary>Its present wait ends.</summary>
    public void Change() => Enter(NextChangeNs);

    private void Enter(long nowNs)
    {
        TaskState state = nowNs < _stalledUntil ? TaskState.Stalled : nowNs < ReadyNs ? TaskState.Idle : TaskState.Running;
        NextChangeNs = state switch
        {
            TaskState.Stalled => _stalledUntil,
            TaskState.Idle => ReadyNs,
            _ => Never,
        };
        Become(state);
    }
}
