#pragma warning disable CS0649 // Assigned by C.
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Structs;

/// <summary>reclaim_copy_options_t.</summary>
internal unsafe struct CopyOptionsStruct : ICallerStruct
{
    public uint StructSize;
    public uint Flags;
    public delegate* unmanaged[Cdecl]<void*, PageStruct*, int> PageOut;
    public delegate* unmanaged[Cdecl]<void*, PageStruct*, int> PageIn;
    public delegate* unmanaged[Cdecl]<void*, PageStruct*, uint, int> PageMigrate;
    public void* Context;
    public nint* Tables;
    public uint TableCount;
    public uint VectorBits;

    public static string CName => "reclaim_copy_options_t";

    public static uint FirstSize => 56;
}
