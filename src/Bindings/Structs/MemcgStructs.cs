#pragma warning disable CS0649 // Assigned by C.
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Structs;

/// <summary>reclaim_memcg_options_t.</summary>
internal unsafe struct MemcgOptionsStruct : ICallerStruct
{
    public uint StructSize;
    public uint Flags;
    public ulong Parent;
    public byte* Name;
    public ulong NameLength;
    public byte* Policy;
    public ulong PolicyLength;

    public static string CName => "reclaim_memcg_options_t";

    public static uint FirstSize => 48;
}

/// <summary>reclaim_memcg_state_t.</summary>
internal struct MemcgStateStruct : ICallerStruct
{
    public uint StructSize;
    public uint Swappiness;
    public ulong Usage;
    public ulong Max;
    public ulong Min;
    public ulong Low;
    public ulong High;
    public ulong SwapMax;

    public static string CName => "reclaim_memcg_state_t";

    public static uint FirstSize => 40;
}

/// <summary>reclaim_pressure_t.</summary>
internal struct PressureStruct : ICallerStruct
{
    public uint StructSize;
    public uint SomeAvg10;
    public uint SomeAvg60;
    public uint SomeAvg300;
    public ulong SomeTotalUs;
    public uint FullAvg10;
    public uint FullAvg60;
    public uint FullAvg300;
    public uint Reserved;
    public ulong FullTotalUs;

    public static string CName => "reclaim_pressure_t";

    public static uint FirstSize => 48;
}
