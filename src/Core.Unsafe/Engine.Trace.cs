using ReclaimNative.Concurrency;
using ReclaimNative.Observe;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// What the sink of <see cref="Trace"/> threw, which ended its subscription; null as long as it has not, and after the next <see cref="Trace"/>.
    /// </summary>
    public Exception? TraceFailure => _machine.Tracer.Failure;

    /// <summary>Subscribes to events of the reclaim path, in place of who did before.</summary>
    /// <param name="wanted">The events; <see cref="Tracepoint.None"/> for no more.</param>
    /// <param name="sink">Who is told; null for none.</param>
    /// <remarks>
    /// Waits for the calls in flight and keeps others waiting, so that a reclaim is told of from its beginning to its end, or not at all. An
    /// event that nobody subscribes to costs a test of a bit, for a batch of pages or more; none is on the path of an access that hits. Nothing
    /// is allocated for an event. <see cref="Preview"/> raises none, but for an ejection, which stays.
    /// </remarks>
    /// <exception cref="EngineException">There is no such event, or events are wanted and there is no sink.</exception>
    public void Trace(Tracepoint wanted, TraceSink? sink)
    {
        ThrowIfDisposed();
        if ((wanted & ~Tracepoint.All) != 0)
            throw new EngineException($"There are no tracepoints 0x{(int)(wanted & ~Tracepoint.All):x}; those of 0x{(int)Tracepoint.All:x} are accepted.");
        if (wanted != Tracepoint.None && sink is null)
            throw new EngineException($"Events 0x{(int)wanted:x} are wanted and nobody to tell of them is given; a sink is accepted, or no events.");
        using QuiesceGate.Closure change = CloseForChange();
        _machine.Tracer.Set(wanted, wanted == Tracepoint.None ? null : sink);
    }
}
