using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h on a node of an engine. The contract of each is its comment there.</summary>
internal static unsafe class NodeExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_node_read")]
    public static int Read(ulong engine, uint node, NodeStateStruct* state)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            uint size = CallerStruct.SizeOf<NodeStateStruct>(state);
            Check.Node(entry.Engine, node);
            Node read = entry.Engine.Nodes[(int)node];
            CallerStruct.Write(state, size, new NodeStateStruct
            {
                StructSize = size,
                Flags = read.KswapdWanted ? NodeStateStruct.KswapdWanted : 0,
                Pages = read.Pages,
                Free = read.Free,
                WatermarkMin = read.Watermarks.Min,
                WatermarkLow = read.Watermarks.Low,
                WatermarkHigh = read.Watermarks.High,
                Tier = (uint)read.Tier,
            });
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_node_run_kswapd")]
    public static int RunKswapd(ulong engine, uint node, ulong* reclaimed)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.Node(entry.Engine, node);
            long pages = entry.Engine.RunKswapd(entry.Engine.Nodes[(int)node]);
            if (reclaimed != null)
                *reclaimed = (ulong)pages;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_node_read_pressure")]
    public static int ReadPressure(ulong engine, uint node, PressureStruct* pressure)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            uint size = CallerStruct.SizeOf<PressureStruct>(pressure);
            Check.Node(entry.Engine, node);
            PressureTranslation.CheckKept(entry.Engine);
            CallerStruct.Write(pressure, size, PressureTranslation.ToC(entry.Engine.ReadPressure(entry.Engine.Nodes[(int)node]), size));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }
}
