using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>Farthest that the clock may be from 0, in microseconds: 146,000 years.</summary>
    private const long FarthestUs = 1L << 62;

    private readonly PressureMonitor? _pressure;

    /// <summary>
    /// The owner's clock in microseconds. Advancing it is what makes time pass for pressure stall information, and looks whether
    /// triggers are due. A clock that goes back makes no time pass there until it has come to where it was.
    /// </summary>
    /// <exception cref="EngineException">It is more than 2^62 us from 0.</exception>
    public long NowUs
    {
        get => _machine.NowUs;
        set
        {
            if (value is < -FarthestUs or > FarthestUs)
                throw new EngineException($"A time of {value} us is out of range; 2^62 us from 0 is the farthest that is accepted.");
            _machine.NowUs = value;
            _pressure?.OnClock();
        }
    }

    /// <summary>
    /// The owner's clock in milliseconds; policies that ask for the time are given this. It is <see cref="NowUs"/> / 1000, and
    /// setting it sets that to full milliseconds.
    /// </summary>
    /// <exception cref="EngineException">It is more than 2^62 us from 0.</exception>
    public long NowMs
    {
        get => _machine.NowMs;
        set
        {
            if (value is < -FarthestUs / 1000 or > FarthestUs / 1000)
                throw new EngineException($"A time of {value} ms is out of range; 2^62 us from 0 is the farthest that is accepted.");
            NowUs = value * 1000;
        }
    }

    /// <summary>
    /// Says what a task is doing from <see cref="NowUs"/> on, for pressure stall information. A task is an address space. It counts
    /// in its cgroup and all above it, up to the root, which is the machine, and on its home node. It begins
    /// <see cref="TaskState.Idle"/>, and leaves its groups when it is destroyed.
    /// </summary>
    /// <remarks>
    /// The engine says what stalls a task, its owner for how long: memory waited for (<see cref="AccessTally.ThrottledMs"/>,
    /// reads of <see cref="AccessTally.WorkingsetRefaults"/>) and reclaim on the task's own behalf. Proactive requests
    /// are no pressure, unless the owner says that whoever makes one is stalled. Callable from any thread of a concurrent engine;
    /// allocates nothing. Source: kernel-reclaim reference 8.1.
    /// </remarks>
    /// <exception cref="EngineException">The engine keeps no pressure, there is no such state, or the task is destroyed or another engine's.</exception>
    public void SetTaskState(AddressSpace task, TaskState state)
    {
        ThrowIfDisposed();
        PressureMonitor pressure = Pressure;
        if (state is not (TaskState.Idle or TaskState.Running or TaskState.Stalled))
            throw new EngineException($"There is no task state {state}; {TaskState.Idle}, {TaskState.Running} and {TaskState.Stalled} are accepted.");
        using QuiesceGate.Passage call = EnterCall();
        Own(task);
        pressure.SetState(task, state);
    }

    /// <summary>
    /// Memory pressure of a cgroup and all below it; of the machine, for the root: time in which tasks were stalled, up to
    /// <see cref="NowUs"/>, and averages of it. A group is served by one CPU: nothing is weighted by CPUs, and in a machine with
    /// several at work, where the kernel's shares are averages over CPUs, ours say whether anyone was.
    /// </summary>
    /// <remarks>
    /// Averages are sampled every 2 s from the group's creation on, each period for itself, however late one asks.
    /// Callable from any thread of a concurrent engine; allocates nothing. Source: kernel-reclaim reference 8.1, 8.2.
    /// </remarks>
    /// <exception cref="EngineException">The engine keeps no pressure, or the cgroup is another engine's.</exception>
    public PressureReading ReadPressure(MemoryCgroup memcg)
    {
        ThrowIfDisposed();
        return Pressure.Read(Given(memcg));
    }

    /// <summary>
    /// Memory pressure of a node: of the tasks that are at home on it, wherever their memory is. The kernel has no such reading; it
    /// is for controllers that work node by node. Else as for a cgroup.
    /// </summary>
    /// <exception cref="EngineException">The engine keeps no pressure, or the node is another engine's.</exception>
    public PressureReading ReadPressure(Node node)
    {
        ThrowIfDisposed();
        Own(node);
        return Pressure.Read(node);
    }

    /// <summary>The text of <c>memory.pressure</c>, and for the root that of <c>/proc/pressure/memory</c>: two lines. Allocates. Source: kernel-reclaim reference 8.3.</summary>
    /// <exception cref="EngineException">The engine keeps no pressure, or the cgroup is another engine's.</exception>
    public string ReadMemoryPressure(MemoryCgroup memcg) => ReadPressure(memcg).ToString();

    /// <summary>The same for a node. Allocates.</summary>
    /// <exception cref="EngineException">The engine keeps no pressure, or the node is another engine's.</exception>
    public string ReadMemoryPressure(Node node) => ReadPressure(node).ToString();

    /// <summary>Begins to wait for pressure of a cgroup, or of the machine for the root.</summary>
    /// <param name="memcg">The cgroup.</param>
    /// <param name="text">
    /// What is written to the pressure file: <c>some</c> or <c>full</c>, threshold and window in microseconds, as in
    /// <c>some 150000 1000000</c>. Windows are 1 to 10,000,000 us, in profile 6.1 at least 500,000; thresholds 1 to the window.
    /// White space before <c>some</c> is refused, text after the window is not looked at. In the profiles 6.1 to 6.18 the last
    /// character counts as the end, whatever it is, as those kernels have it; the profile <c>fixed</c> reads all of it.
    /// </param>
    /// <returns>The trigger, to be asked for events and disposed. The owner may ask for any window, as who is privileged may.</returns>
    /// <remarks>Callable from any thread of a concurrent engine. Allocates. Source: kernel-reclaim reference 8.4.</remarks>
    /// <exception cref="EngineException">The text is refused, the engine keeps no pressure, or the cgroup is another engine's.</exception>
    public PressureTrigger AddPressureTrigger(MemoryCgroup memcg, string text)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(text);
        return Pressure.AddTrigger(Given(memcg), PressureTriggerText.Parse(text, _machine.Kernel));
    }

    /// <summary>Begins to wait for pressure of a node, as <see cref="ReadPressure(Node)"/> has it. Else as for a cgroup.</summary>
    /// <exception cref="EngineException">The text is refused, the engine keeps no pressure, or the node is another engine's.</exception>
    public PressureTrigger AddPressureTrigger(Node node, string text)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(text);
        Own(node);
        return Pressure.AddTrigger(node, PressureTriggerText.Parse(text, _machine.Kernel));
    }

    internal PressureMonitor Pressure => _pressure ?? throw new EngineException(
        $"The engine keeps no pressure stall information: it was built without {nameof(MachineOptions)}.{nameof(MachineOptions.Pressure)}.");

    private MemoryCgroup Given(MemoryCgroup memcg)
    {
        ArgumentNullException.ThrowIfNull(memcg);
        return Own(memcg);
    }
}
