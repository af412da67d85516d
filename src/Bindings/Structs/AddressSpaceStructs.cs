#pragma warning disable CS0649 // Assigned by C.
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Structs;

/// <summary>reclaim_address_space_options_t.</summary>
internal unsafe struct AddressSpaceOptionsStruct : ICallerStruct
{
    public uint StructSize;
    public uint HomeNode;
    public ulong Pages;
    public ulong Memcg;
    public byte* Name;
    public ulong NameLength;

    public static string CName => "reclaim_address_space_options_t";

    public static uint FirstSize => 24;
}

/// <summary>reclaim_file_options_t.</summary>
internal unsafe struct FileOptionsStruct : ICallerStruct
{
    public uint StructSize;
    public uint Flags;
    public ulong Pages;
    public byte* Name;
    public ulong NameLength;

    public static string CName => "reclaim_file_options_t";

    public static uint FirstSize => 32;
}

/// <summary>reclaim_tally_t.</summary>
internal struct TallyStruct : ICallerStruct
{
    public uint StructSize;
    public uint Reserved;
    public ulong Processed;
    public ulong Hits;
    public ulong MinorFaults;
    public ulong ColdFaults;
    public ulong Refaults;
    public ulong Refused;
    public ulong WorkingsetRefaults;
    public ulong ThrottledMs;

    public static string CName => "reclaim_tally_t";

    public static uint FirstSize => 56;
}
