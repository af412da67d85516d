using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>A process of a scenario while it runs under one policy.</summary>
public sealed class RunningProcess
{
    /// <summary>Accesses of one unit of weight before the next process has its turn.</summary>
    private const int Slice = 32;

    /// <summary>Turns of a process with a rate are so short that it has this many in a second, where its slice is not shorter.</summary>
    private const long RatedTurnsPerSecond = 10;

    private readonly AccessSource _source;
    private readonly uint[] _accesses;
    private AccessTally _tally;
    private int _count;
    private int _atMost;

    internal RunningProcess(ProcessSpec spec, AccessSource source, AddressSpace space, MemoryCgroup memcg)
    {
        _source = source;
        long slice = (long)Slice * spec.Weight;
        _accesses = new uint[spec.Rate is { } rate ? Math.Clamp(rate / RatedTurnsPerSecond, 1, slice) : slice];
        Spec = spec;
        Space = space;
        Memcg = memcg;
    }

    /// <summary>What it has done so far.</summary>
    public AccessTally Tally => _tally;

    /// <summary>As the scenario describes it.</summary>
    public ProcessSpec Spec { get; }

    /// <summary>Its memory.</summary>
    public AddressSpace Space { get; }

    /// <summary>The cgroup that it runs in.</summary>
    public MemoryCgroup Memcg { get; }

    /// <summary>
    /// The machine's time in microseconds from which on it may run again: memory.high makes it wait, and in a timed scenario its page-ins
    /// and its rate.
    /// </summary>
    public long AsleepUntilUs { get; internal set; }

    /// <summary>What memory has cost it, in a timed scenario.</summary>
    public TimeLost Lost { get; internal set; }

    /// <summary>Its trace has ended, or it was killed for want of memory.</summary>
    public bool Ended { get; private set; }

    /// <summary>It still touches its pages for the first time, one after the other (<see cref="ProcessSpec.Populate"/>).</summary>
    internal bool IsPopulating => _source.IsPopulating;

    /// <summary>Takes the accesses of the next turn, at most <paramref name="most"/>, from their source.</summary>
    internal ReadOnlySpan<uint> TakeTurn(long most)
    {
        _atMost = (int)Math.Min(_accesses.Length, most);
        _count = _source.Next(_accesses.AsSpan(0, _atMost));
        return _accesses.AsSpan(0, _count);
    }

    /// <summary>Runs the turn that was taken, at the engine's time.</summary>
    /// <returns>Accesses done.</returns>
    internal int RunTurn(Engine engine)
    {
        int done = engine.Access(Space, _accesses.AsSpan(0, _count), ref _tally);
        if (_tally.Refused > 0)
            engine.Destroy(Space);
        Ended = _tally.Refused > 0 || _count < _atMost;
        return done;
    }

    /// <summary>Takes and runs a turn of at most <paramref name="most"/> accesses.</summary>
    /// <returns>Accesses done.</returns>
    internal int RunTurn(Engine engine, long most)
    {
        TakeTurn(most);
        return RunTurn(engine);
    }
}
