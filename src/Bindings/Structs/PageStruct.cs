#pragma warning disable CS0649 // Assigned by C.
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Structs;

/// <summary>reclaim_page_t.</summary>
internal struct PageStruct : ICallerStruct
{
    public const uint Dirty = 1;
    public const uint Demote = 2;
    public const uint First = 4;

    public ulong Space;
    public ulong Page;
    public uint Node;
    public uint Flags;
    public ulong File;
    public ulong Cookie;
    public uint ToNode;
    public uint Reserved;

    public static string CName => "reclaim_page_t";

    public static uint FirstSize => 24;
}
