#pragma warning disable CS0649 // Assigned by C.
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Structs;

/// <summary>reclaim_node_options_t.</summary>
internal struct NodeOptionsStruct : ICallerStruct
{
    public ulong Pages;
    public uint Tier;
    public uint Reserved;

    public static string CName => "reclaim_node_options_t";

    public static uint FirstSize => 16;
}

/// <summary>reclaim_engine_options_t.</summary>
internal unsafe struct EngineOptionsStruct : ICallerStruct
{
    public const uint LimitedSwap = 1;
    public const uint Demotion = 2;
    public const uint IdleAge = 4;
    public const uint Concurrent = 8;
    public const uint Identity = 16;
    public const uint Unordered = 32;
    public const uint Advisor = 64;
    public const uint Cookies = 128;
    public const uint Pressure = 256;
    public const uint NoMemcg = 512;
    public const uint FirstTouch = 1024;

    public uint StructSize;
    public uint Flags;
    public NodeOptionsStruct* Nodes;
    public uint NodeCount;
    public uint NodeSize;
    public byte* Policies;
    public ulong PoliciesLength;
    public uint Memcgs;
    public uint AddressSpaces;
    public uint LeafTables;
    public uint Reserved;
    public ulong SwapPages;
    public delegate* unmanaged[Cdecl]<void*, PageStruct*, int> PageOut;
    public delegate* unmanaged[Cdecl]<void*, PageStruct*, int> PageIn;
    public void* Context;
    public nint* Tables;
    public uint TableCount;
    public uint Reserved2;
    public delegate* unmanaged[Cdecl]<void*, PolicyStuckStruct*, void> PolicyStuck;
    public void* PolicyStuckContext;
    public uint PolicyTimeoutMs;
    public uint Reserved3;
    public delegate* unmanaged[Cdecl]<void*, PageStruct*, uint, int> PageMigrate;
    public byte* Fallback;
    public ulong FallbackLength;
    public uint VectorBits;
    public uint SharedMappings;

    public static string CName => "reclaim_engine_options_t";

    public static uint FirstSize => 88;
}

/// <summary>reclaim_policy_stuck_t.</summary>
internal unsafe struct PolicyStuckStruct : ICallerStruct
{
    public uint StructSize;
    public uint Node;
    public byte* Policy;
    public byte* Operation;
    public byte* Memcg;
    public ulong Call;
    public ulong Milliseconds;

    public static string CName => "reclaim_policy_stuck_t";

    public static uint FirstSize => 48;
}

/// <summary>reclaim_node_state_t.</summary>
internal struct NodeStateStruct : ICallerStruct
{
    public const uint KswapdWanted = 1;

    public uint StructSize;
    public uint Flags;
    public ulong Pages;
    public ulong Free;
    public ulong WatermarkMin;
    public ulong WatermarkLow;
    public ulong WatermarkHigh;
    public uint Tier;
    public uint Reserved;

    public static string CName => "reclaim_node_state_t";

    public static uint FirstSize => 48;
}
