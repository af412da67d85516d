using ReclaimNative.Machine;
using ReclaimNative.Memory;
using ReclaimNative.PageTables;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// Pressure stall information of a machine: which task is in which state, what each cgroup and node has lost by it, and who waits
/// for an event. The root cgroup is the machine; the kernel has no such accounts for nodes.
/// </summary>
/// <remarks>
/// Advancing the clock costs a comparison; a group is worked on when a task of it changes its state or somebody asks, a trigger
/// when a check is due. Whatever comes first makes the checks that are due before it changes anything, so every check sees what was
/// so at its time. Safe from any thread: one lock around everything, nothing here being on the way of an access. Allocates for
/// groups and triggers when they are made, and nothing after. Source: kernel-reclaim reference 8.
/// </remarks>
internal sealed class PressureMonitor
{
    private readonly Lock _lock = new();
    private readonly MachineState _machine;
    private readonly TaskState[] _states;
    private readonly PressureGroup[] _ofMemcg;
    private readonly PressureGroup[] _ofNode;
    private readonly List<PressureTrigger> _triggers = [];
    private long _nowUs;
    private long _nextCheckUs = long.MaxValue;

    public PressureMonitor(MachineState machine)
    {
        _machine = machine;
        _nowUs = machine.NowUs;
        _ofMemcg = new PressureGroup[machine.MemcgCapacity];
        _states = new TaskState[machine.SpaceCapacity];
        _ofNode = Array.ConvertAll(machine.Nodes, _ => new PressureGroup(_nowUs));
        foreach (MemoryCgroup memcg in machine.Memcgs)
            Add(memcg);
    }

    /// <summary>A cgroup has been made.</summary>
    public void Add(MemoryCgroup memcg)
    {
        lock (_lock)
            _ofMemcg[memcg.Id] = new PressureGroup(CatchUp());
    }

    /// <summary>A cgroup without tasks is removed: whoever waits for pressure of it waits in vain.</summary>
    public void Remove(MemoryCgroup memcg)
    {
        lock (_lock)
        {
            CatchUp();
            for (int i = _triggers.Count - 1; i >= 0; i--)
            {
                if (_triggers[i].IsOf(_ofMemcg[memcg.Id]))
                    _triggers.RemoveAt(i);
            }

            _ofMemcg[memcg.Id] = null!;

            SetNextCheck();
        }
    }

    /// <summary>The machine's clock has moved.</summary>
    public void OnClock()
    {
        if (_machine.NowUs < Volatile.Read(ref _nextCheckUs))
            return;
        lock (_lock)
            CatchUp();
    }

    /// <summary>A task is in this state from now on. It counts in its cgroup, in all above it, and on its home node.</summary>
    public void SetState(AddressSpace task, TaskState state)
    {
        lock (_lock)
        {
            TaskState from = _states[task.Id];
            if (from == state)
                return;
            long now = CatchUp();
            _states[task.Id] = state;
            for (MemoryCgroup? at = _machine.MemcgAt(task.MemcgId); at is not null; at = at.Parent)
                _ofMemcg[at.Id].Change(now, from, state);
            _ofNode[task.HomeNode].Change(now, from, state);
        }
    }

    public TaskState StateOf(AddressSpace task)
    {
        lock (_lock)
            return _states[task.Id];
    }

    public PressureReading Read(MemoryCgroup memcg)
    {
        lock (_lock)
            return _ofMemcg[memcg.Id].Read(CatchUp());
    }

    public PressureReading Read(Node node)
    {
        lock (_lock)
            return _ofNode[node.Id].Read(CatchUp());
    }

    public PressureTrigger AddTrigger(MemoryCgroup memcg, in PressureTriggerText text)
    {
        lock (_lock)
            return AddTrigger(_ofMemcg[memcg.Id], text);
    }

    public PressureTrigger AddTrigger(Node node, in PressureTriggerText text)
    {
        lock (_lock)
            return AddTrigger(_ofNode[node.Id], text);
    }

    public bool TakeEvent(PressureTrigger trigger)
    {
        lock (_lock)
        {
            CatchUp();
            return trigger.Take();
        }
    }

    /// <summary>Triggers that are looked after.</summary>
    public int TriggerCount
    {
        get
        {
            lock (_lock)
                return _triggers.Count;
        }
    }

    public void Remove(PressureTrigger trigger)
    {
        lock (_lock)
        {
            if (_triggers.Remove(trigger))
                trigger.Take();
            SetNextCheck();
        }
    }

    /// <summary>The states of all tasks and what was lost so far, with a group for each cgroup that there is. Triggers are their owner's.</summary>
    public void Pass(StateLog log)
    {
        lock (_lock)
        {
            log.Pass(ref _nowUs);
            foreach (ref TaskState state in _states.AsSpan())
                state = (TaskState)log.Through((int)state, 0, (int)TaskState.Stalled, "the state of a task");
            foreach (MemoryCgroup memcg in _machine.Memcgs)
                (_ofMemcg[memcg.Id] ??= new PressureGroup(_nowUs)).Pass(log);
            foreach (PressureGroup group in _ofNode)
                group.Pass(log);
        }
    }

    private PressureTrigger AddTrigger(PressureGroup group, in PressureTriggerText text)
    {
        var trigger = new PressureTrigger(this, group, text, CatchUp());
        _triggers.Add(trigger);
        SetNextCheck();
        return trigger;
    }

    /// <summary>Makes the checks that are due and returns the time. A clock that goes back makes no time pass until it is where it was.</summary>
    private long CatchUp()
    {
        _nowUs = Math.Max(_nowUs, _machine.NowUs);
        if (_nowUs < _nextCheckUs)
            return _nowUs;
        foreach (PressureTrigger trigger in _triggers)
            trigger.CatchUp(_nowUs);
        SetNextCheck();
        return _nowUs;
    }

    private void SetNextCheck()
    {
        long next = long.MaxValue;
        foreach (PressureTrigger trigger in _triggers)
            next = Math.Min(next, trigger.NextCheckUs);
        Volatile.Write(ref _nextCheckUs, next);
    }
}
