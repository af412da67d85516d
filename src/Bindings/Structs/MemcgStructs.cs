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

    public static string CName => "reclaim_memcg_state_t";

    public static uint FirstSize => 40;
}
