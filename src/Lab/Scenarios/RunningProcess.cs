using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>A process of a scenario while it runs under one policy.</summary>
internal sealed class RunningProcess(ProcessSpec spec, AccessSource source, AddressSpace space, MemoryCgroup memcg)
{
    /// <summary>Accesses of one unit of weight before the next process has its turn.</summary>
    private const int Slice = 32;

    private readonly uint[] _accesses = new uint[Slice * spec.Weight];

    public AccessTally Tally;

    public ProcessSpec Spec { get; } = spec;

    public AddressSpace Space { get; } = space;

    public MemoryCgroup Memcg { get; } = memcg;

    /// <summary>The engine's time from which on it may run again: memory.high makes it wait.</summary>
    public long AsleepUntilMs { get; private set; }

    /// <summary>Its trace has ended, or it was killed for want of memory.</summary>
    public bool Ended { get; private set; }

    /// <summary>Runs it for one turn of at most <paramref name="most"/> accesses.</summary>
    /// <returns>Accesses done.</returns>
    public int RunTurn(Engine engine, long most)
    {
        Span<uint> turn = _accesses.AsSpan(0, (int)Math.Min(_accesses.Length, most));
        int count = source.Next(turn);
        long throttled = Tally.ThrottledMs;
        int done = engine.Access(Space, turn[..count], ref Tally);
        if (Tally.ThrottledMs > throttled)
            AsleepUntilMs = engine.NowMs + (Tally.ThrottledMs - throttled);
        if (Tally.Refused > 0)
            engine.Destroy(Space);
        Ended = Tally.Refused > 0 || count < turn.Length;
        return done;
    }
}
