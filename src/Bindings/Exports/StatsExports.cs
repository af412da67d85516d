using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Machine;
using ReclaimNative.Observe;

namespace ReclaimNative.Bindings.Exports;

/// <summary>The statistics and tracepoints of reclaim.h. The contract of each call is its comment there.</summary>
internal static unsafe class StatsExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_counter_name")]
    public static byte* CounterName(uint index) => CounterNames.At(index);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_read_counters")]
    public static int ReadCounters(ulong engine, ulong memcg, long* values, uint capacity, uint* count)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            MemoryCgroup? asked = memcg == 0 ? null : Living.MemcgOf(entry, memcg).Memcg;
            CallerBuffer.Check(values, capacity, count, "values", "count");
            *count = Counters.Count;
            if (capacity < Counters.Count)
                return LastError.Set(Status.NoRoom, $"There are {Counters.Count} counters and the array has room for {capacity}.");
            for (int i = 0; i < Counters.Count; i++)
                values[i] = asked is null ? entry.Engine.ReadMachine((Counter)i) : entry.Engine.Read(asked, (Counter)i);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_read_stats")]
    public static int ReadStats(ulong engine, byte* text, ulong capacity, ulong* length)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            CallerBuffer.Check(text, capacity, length, "text", "length");
            var written = new ArrayBufferWriter<byte>();
            entry.Engine.WriteStats(written);
            return CallerBuffer.Fill(written.WrittenSpan, text, capacity, length);
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_set_trace")]
    public static int SetTrace(ulong engine, ulong events, nint trace, void* context)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            if ((events & ~(ulong)Tracepoint.All) != 0)
                throw new Refusal(Status.Invalid, $"The events are 0x{events:x}; only the bits of 0x{(ulong)Tracepoint.All:x} are known here.");
            if (events != 0)
                Check.NotNull((void*)trace, "trace");
            entry.Engine.Trace((Tracepoint)events, events == 0 ? null : new CallerTrace(entry, trace, context));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }
}
