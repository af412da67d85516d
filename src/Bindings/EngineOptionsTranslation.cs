using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings;

/// <summary>What an engine is built from, from C to the engine's own form.</summary>
internal static unsafe class EngineOptionsTranslation
{
    private const uint KnownFlags =
        EngineOptionsStruct.LimitedSwap | EngineOptionsStruct.Demotion | EngineOptionsStruct.IdleAge | EngineOptionsStruct.Concurrent
        | EngineOptionsStruct.Identity | EngineOptionsStruct.Unordered | EngineOptionsStruct.Pressure | EngineOptionsStruct.NoMemcg
        | EngineOptionsStruct.Advisor | EngineOptionsStruct.Cookies | EngineOptionsStruct.FirstTouch;

    /// <summary>Checks the options that C gave and says them as the engine's. What the engine checks itself is left to it.</summary>
    public static EngineOptions Of(in EngineOptionsStruct asked, CallerBacking backing)
    {
        Check.Flags(asked.Flags, KnownFlags);
        Check.Zero(asked.Reserved, "reserved");
        Check.Zero(asked.Reserved2, "reserved2");
        bool limited = Has(asked, EngineOptionsStruct.LimitedSwap);
        if (!limited && asked.SwapPages != 0)
            throw new Refusal(Status.Invalid, "swap_pages is given without RECLAIM_ENGINE_LIMITED_SWAP; with the flag it counts, without it 0 is accepted.");
        bool identity = Has(asked, EngineOptionsStruct.Identity);
        if (identity && asked.SharedMappings != 0)
            throw new Refusal(Status.Invalid, $"shared_mappings is {asked.SharedMappings} with RECLAIM_ENGINE_IDENTITY, where there are no files to be mapped; 0 is accepted.");
        bool noMemcg = Has(asked, EngineOptionsStruct.NoMemcg);
        if (noMemcg && asked.Memcgs > 1)
            throw new Refusal(Status.Invalid, $"memcgs is {asked.Memcgs} with RECLAIM_ENGINE_NO_MEMCG, where there is the root alone; 0 and 1 are accepted.");
        PolicyShelf shelf = Shelf(asked.Tables, asked.TableCount);
        PolicyDefinition[] policies = Policies(asked, shelf);
        KernelVersion kernel = Array.TrueForAll(policies, p => p.Version == policies[0].Version) ? policies[0].Version : KernelVersion.Fixed;
        return new EngineOptions
        {
            Nodes = Nodes(asked),
            Policies = policies,
            Fallback = asked.Fallback == null ? null : PolicyNames.Parse(shelf, CallerText.Read(asked.Fallback, asked.FallbackLength, "fallback policy")),
            Kernel = kernel,
            TableFilter = kernel == KernelVersion.Fixed ? TableFilter.SplitBlock : TableFilter.Kernel,
            Memcgs = Capacity(asked.Memcgs, "memcgs"),
            NoMemcg = noMemcg,
            AddressSpaces = Capacity(asked.AddressSpaces, "address_spaces"),
            LeafTables = asked.LeafTables == 0 ? null : asked.LeafTables,
            SharedMappings = asked.SharedMappings == 0 ? null : asked.SharedMappings,
            SwapPages = limited ? asked.SwapPages : null,
            Demotion = Has(asked, EngineOptionsStruct.Demotion),
            IdleAge = Has(asked, EngineOptionsStruct.IdleAge),
            Concurrent = Has(asked, EngineOptionsStruct.Concurrent),
            Identity = identity,
            Order = Has(asked, EngineOptionsStruct.Unordered) ? ListOrder.Unordered : ListOrder.Exact,
            Pressure = Has(asked, EngineOptionsStruct.Pressure),
            Advisor = Has(asked, EngineOptionsStruct.Advisor),
            Cookies = Has(asked, EngineOptionsStruct.Cookies),
            FirstTouch = Has(asked, EngineOptionsStruct.FirstTouch),
            VectorBits = VectorBits(asked.VectorBits),
            Backing = backing,
        };
    }

    /// <summary>A number of things to make room for, 0 for 64.</summary>
    public static int Capacity(uint asked, string what) => asked switch
    {
        0 => 64,
        <= 65535 => (int)asked,
        _ => throw new Refusal(Status.Invalid, $"{what} is {asked}; 1 to 65535 are accepted, and 0 for 64."),
    };

    /// <summary>Widest vectors to use, 0 for the widest that there are.</summary>
    public static int? VectorBits(uint asked) => asked switch
    {
        0 => null,
        64 or 128 or 256 or 512 => (int)asked,
        _ => throw new Refusal(Status.Invalid, $"vector_bits is {asked}; 64 (no vectors), 128, 256 and 512 are accepted, and 0 for the widest that there are."),
    };

    /// <summary>The core's policies and the tables of the caller.</summary>
    public static PolicyShelf Shelf(nint* tables, uint count)
    {
        if (count > 64)
            throw new Refusal(Status.Invalid, $"table_count is {count}; 0 to 64 are accepted.");
        if (count > 0)
            Check.NotNull(tables, "tables");
        return PolicyNames.ShelfWith(new ReadOnlySpan<nint>(tables, (int)count));
    }

    private static bool Has(in EngineOptionsStruct asked, uint flag) => (asked.Flags & flag) != 0;

    private static PolicyDefinition[] Policies(in EngineOptionsStruct asked, PolicyShelf shelf) => PolicyNames.ParseList(
        shelf, asked.Policies == null ? null : CallerText.Read(asked.Policies, asked.PoliciesLength, "list of policies"));

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
}
