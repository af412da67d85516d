using System.Runtime.CompilerServices;
using ReclaimNative.Observe;

namespace ReclaimNative.Machine;

/// <summary>The tracepoints of one engine: whoever passes one asks <see cref="Wants"/> first, which is a test of a bit.</summary>
/// <remarks>
/// The subscription changes while nobody else is in the engine, so that an event which begins something has its counterpart. Only a sink that
/// throws ends it in between.
/// </remarks>
internal sealed class Tracer(MachineState machine)
{
    private TraceSink? _sink;
    private Exception? _failure;

    /// <summary>What is subscribed to now.</summary>
    public Tracepoint Wanted { get; set; }

    /// <summary>What the sink threw, or null.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Somebody is told of events, and might call back.</summary>
    public bool HasSink => _sink is not null;

    /// <summary>Whether an event is subscribed to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Wants(Tracepoint tracepoint) => (Wanted & tracepoint) != 0;

    /// <summary>Subscribes anew.</summary>
    public void Set(Tracepoint wanted, TraceSink? sink)
    {
        _sink = sink;
        Wanted = wanted;
        _failure = null;
    }

    /// <summary>Tells of an event that has no amounts, if it is wanted.</summary>
    public void Tell(Tracepoint tracepoint, MemoryCgroup? memcg, Node? node, string? policy = null)
    {
        if (!Wants(tracepoint))
            return;
        Raise(new TraceEvent
        {
            Tracepoint = tracepoint,
            TimeUs = machine.NowUs,
            MemcgId = memcg?.Id ?? 0,
            NodeId = node?.Id ?? 0,
            Policy = policy,
        });
    }

    /// <summary>Tells of an event that is wanted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Raise(in TraceEvent happened)
    {
        try
        {
            using var call = new OwnerCall(machine);
            _sink!.Raise(happened);
        }
        catch (Exception thrown)
        {
            Wanted = Tracepoint.None;
            Volatile.Write(ref _failure, thrown);
        }
    }
}
