using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>A reclaim from the event that it begins to the event that it has ended, which comes whatever ends it.</summary>
internal readonly ref struct TracedReclaim
{
    private readonly MachineState _machine;
    private readonly ref readonly ScanControl _scan;
    private readonly Tracepoint _begin;
    private readonly int _nodeId;

    /// <summary>It begins.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="begin">The event; that of the end is the next bit.</param>
    /// <param name="nodeId">The node that it is for, or 0.</param>
    /// <param name="scan">What is wanted; at the end, what was done.</param>
    public TracedReclaim(MachineState machine, Tracepoint begin, int nodeId, ref readonly ScanControl scan)
    {
        _machine = machine;
        _begin = begin;
        _nodeId = nodeId;
        _scan = ref scan;
        if (machine.Tracer.Wants(begin))
            Raise(begin, scan.NrToReclaim, 0);
    }

    /// <summary>It has ended.</summary>
    public void Dispose()
    {
        var end = (Tracepoint)((int)_begin << 1);
        if (_machine.Tracer.Wants(end))
            Raise(end, _scan.NrScanned, _scan.NrReclaimed);
    }

    private void Raise(Tracepoint tracepoint, long scanned, long reclaimed) => _machine.Tracer.Raise(new TraceEvent
    {
        Tracepoint = tracepoint,
        TimeUs = _machine.NowUs,
        MemcgId = _scan.Target?.Id ?? 0,
        NodeId = _nodeId,
        Reclaimer = _scan.Reclaimer,
        Scanned = scanned,
        Reclaimed = reclaimed,
    });
}
