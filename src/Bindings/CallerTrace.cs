using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings;

/// <summary>A C program's callback for events. Telling of one allocates nothing.</summary>
internal sealed unsafe class CallerTrace : TraceSink
{
    private readonly EngineEntry _entry;
    private readonly delegate* unmanaged[Cdecl]<void*, TraceEventStruct*, void> _trace;
    private readonly void* _context;
    private readonly string[] _policies;
    private readonly StaticText[] _names;

    public CallerTrace(EngineEntry entry, nint trace, void* context)
    {
        _entry = entry;
        _trace = (delegate* unmanaged[Cdecl]<void*, TraceEventStruct*, void>)trace;
        _context = context;
        IReadOnlyList<PolicyReport> reports = entry.Engine.PolicyReports;
        _policies = new string[reports.Count];
        _names = new StaticText[reports.Count];
        for (int i = 0; i < reports.Count; i++)
        {
            _policies[i] = reports[i].Policy;
            _names[i] = new StaticText(reports[i].Policy);
        }
    }

    /// <inheritdoc/>
    public override void Raise(in TraceEvent happened)
    {
        TraceEventStruct told = new()
        {
            StructSize = (uint)sizeof(TraceEventStruct),
            Event = (uint)happened.Tracepoint,
            TimeUs = happened.TimeUs,
            Memcg = HandleEntry.Of(_entry.Engine.FindMemcg(happened.MemcgId)?.Tag),
            Node = (uint)happened.NodeId,
            Priority = (uint)happened.Priority,
            Type = happened.IsFile ? 1u : 0,
            Reclaimer = (uint)happened.Reclaimer,
            Scanned = (ulong)happened.Scanned,
            Taken = (ulong)happened.Taken,
            Reclaimed = (ulong)happened.Reclaimed,
            Policy = happened.Policy is { } policy ? _names[Array.IndexOf(_policies, policy)].Pointer : null,
        };
        _trace(_context, &told);
    }
}
