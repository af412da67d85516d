using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

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
            var backing = new CallerBacking(asked, Capacity(asked.AddressSpaces, "address_spaces"));
            *engine = new EngineEntry(Living.Table, Translate(asked, backing), backing, CallerWatch.Of(asked)).Handle;
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

    private static EngineOptions Translate(in EngineOptionsStruct asked, CallerBacking backing)
    {
        const uint Known = EngineOptionsStruct.LimitedSwap | EngineOptionsStruct.Demotion | EngineOptionsStruct.IdleAge
            | EngineOptionsStruct.Advisor | EngineOptionsStruct.Cookies | EngineOptionsStruct.FirstTouch;
        Check.Flags(asked.Flags, Known);
        Check.Zero(asked.Reserved, "reserved");
        bool limited = (asked.Flags & EngineOptionsStruct.LimitedSwap) != 0;
        if (!limited && asked.SwapPages != 0)
            throw new Refusal(Status.Invalid, "swap_pages is given without RECLAIM_ENGINE_LIMITED_SWAP; with the flag it counts, without it 0 is accepted.");
        Check.Zero(asked.Reserved2, "reserved2");
        if (asked.TableCount > 64)
            throw new Refusal(Status.Invalid, $"table_count is {asked.TableCount}; 0 to 64 are accepted.");
        if (asked.TableCount > 0)
            Check.NotNull(asked.Tables, "tables");
        PolicyDefinition[] policies = PolicyNames.ParseList(
            asked.Policies == null ? null : CallerText.Read(asked.Policies, asked.PoliciesLength, "list of policies"),
            new ReadOnlySpan<nint>(asked.Tables, (int)asked.TableCount));
        KernelVersion kernel = policies.All(p => p.Version == policies[0].Version) ? policies[0].Version : KernelVersion.Fixed;
        return new EngineOptions
        {
            Nodes = Nodes(asked),
            Policies = policies,
            Kernel = kernel,
            TableFilter = kernel == KernelVersion.Fixed ? TableFilter.SplitBlock : TableFilter.Kernel,
            Memcgs = Capacity(asked.Memcgs, "memcgs"),
            AddressSpaces = Capacity(asked.AddressSpaces, "address_spaces"),
            LeafTables = asked.LeafTables == 0 ? null : asked.LeafTables,
            SwapPages = limited ? asked.SwapPages : null,
            Demotion = (asked.Flags & EngineOptionsStruct.Demotion) != 0,
            IdleAge = (asked.Flags & EngineOptionsStruct.IdleAge) != 0,
            Advisor = (asked.Flags & EngineOptionsStruct.Advisor) != 0,
            Cookies = (asked.Flags & EngineOptionsStruct.Cookies) != 0,
            FirstTouch = (asked.Flags & EngineOptionsStruct.FirstTouch) != 0,
            Backing = backing,
        };
    }

    private static NodeOptions[] Nodes(in EngineOptionsStruct asked)
    {
        Check.NotNull(asked.Nodes, "nodes");
        if (asked.NodeCount is 0 or > 64)
            throw new Refusal(Status.Invalid, $"node_count is {asked.NodeCount}; 1 to 64 are accepted.");
        var nodes = new NodeOptions[asked.NodeCount];
        for (int i = 0; i < nodes.Length; i++)
        {
            NodeOptionsStruct node = CallerStruct.Read<NodeOptionsStruct>((byte*)asked.Nodes + (nuint)i * asked.NodeSize, asked.NodeSize);
            Check.Zero(node.Reserved, "reserved of a node");
            if (node.Tier > int.MaxValue)
                throw new Refusal(Status.Invalid, $"Node {i} has memory tier {node.Tier}; 0 to {int.MaxValue} are accepted.");
            nodes[i] = new NodeOptions(node.Pages, (int)node.Tier);
        }

        return nodes;
    }

    private static int Capacity(uint asked, string what) => asked switch
    {
        0 => 64,
        <= 65535 => (int)asked,
        _ => throw new Refusal(Status.Invalid, $"{what} is {asked}; 1 to 65535 are accepted, and 0 for 64."),
    };
}
