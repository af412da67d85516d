#pragma warning disable CS0649 // Assigned by C.
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Structs;

/// <summary>reclaim_trace_event_t.</summary>
internal unsafe struct TraceEventStruct : ICallerStruct
{
    public uint StructSize;
    public uint Event;
    public long TimeUs;
    public ulong Memcg;
    public uint Node;
    public uint Priority;
    public uint Type;
    public uint Reclaimer;
    public ulong Scanned;
    public ulong Taken;
    public ulong Reclaimed;
    public byte* Policy;

    public static string CName => "reclaim_trace_event_t";

    public static uint FirstSize => 72;
}
