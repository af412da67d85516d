using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>A process of a scenario while it runs under one policy.</summary>
public sealed class RunningProcess
{
    /// <summary>Accesses of one unit of weight before the next process has its turn.</summary>
    private const int Slice = 32;

    private readonly AccessSource _source;
    private readonly uint[] _accesses;
    private AccessTally _tally;

    internal RunningProcess(ProcessSpec spec, AccessSource source, AddressSpace space, MemoryCgroup memcg)
    {
        _source = source;
        _accesses = new uint[Slice * spec.Weight];
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

    /// <summary>The machine's time in microseconds from which on it may run again: memory.high makes it wait.</summary>
    public long AsleepUntilUs { get; private set; }

    /// <summary>Its trace has ended, or it was killed for want of memory.</summary>
    public bool Ended { get; private set; }

    /// <summary>Runs it for one turn of at most <paramref name="most"/> accesses, at the engine's time.</summary>
    /// <returns>Accesses done.</returns>
    internal int RunTurn(Engine engine, long most)
    {
        Span<uint> turn = _accesses.AsSpan(0, (int)Math.Min(_accesses.Length, most));
        int count = _source.Next(turn);
        long throttled = _tally.ThrottledMs;
        int done = engine.Access(Space, turn[..count], ref _tally);
        if (_tally.ThrottledMs > throttled)
            AsleepUntilUs = 1000 * (engine.NowMs + (_tally.ThrottledMs - throttled));
        if (_tally.Refused > 0)
            engine.Destroy(Space);
        Ended = _tally.Refused > 0 || count < turn.Length;
        return done;
    }
}
