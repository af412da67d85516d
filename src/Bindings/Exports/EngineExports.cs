using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h on an engine. The contract of each is its comment there.</summary>
internal static unsafe class EngineExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_create")]
    public static int Create(EngineOptionsStruct* options, ulong* engine)
    {
        try
        {
            EngineOptionsStruct asked = CallerStruct.Read<EngineOptionsStruct>(options);
            Check.NotNull(engine, "engine");
            var backing = new CallerBacking(asked);
            *engine = new EngineEntry(Living.Table, new Engine(EngineOptionsTranslation.Of(asked, backing)), backing, CallerWatch.Of(asked)).Handle;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_destroy")]
    public static int Destroy(ulong engine)
    {
        try
        {
            if (engine != 0)
                Living.EngineToDestroy(engine).Destroy();
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_root")]
    public static int Root(ulong engine, ulong* root)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.NotNull(root, "root");
            *root = entry.Root.Handle;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_vector_bits")]
    public static int VectorBits(ulong engine, uint* bits)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.NotNull(bits, "bits");
            *bits = (uint)entry.Engine.VectorBits;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_read_counter")]
    public static int ReadCounter(ulong engine, byte* name, ulong nameLength, long* value)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.NotNull(value, "value");
            *value = entry.Engine.ReadMachine(CounterNames.Find(name, nameLength));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_set_time")]
    public static int SetTime(ulong engine, long microseconds)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            entry.Engine.NowUs = microseconds;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_scan_idle_ages")]
    public static int ScanIdleAges(ulong engine, ulong periodMs)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            if (periodMs is 0 or > long.MaxValue / 1000)
                throw new Refusal(Status.Invalid, $"period_ms is {periodMs}; 1 to {long.MaxValue / 1000} are accepted.");
            entry.Engine.IdleAgePeriodMs = (long)periodMs;
            entry.Engine.ScanIdleAges();
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_validate")]
    public static int Validate(ulong engine)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            return entry.Engine.Validate() is { } broken ? LastError.Set(Status.Corrupt, broken) : Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }
}
