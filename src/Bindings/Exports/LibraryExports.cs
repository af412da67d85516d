using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Simd;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h that need no handle. The contract of each is its comment there.</summary>
internal static unsafe class LibraryExports
{
    /// <summary>RECLAIM_VERSION_NUMBER of the header that this library implements.</summary>
    private const uint VersionNumber = 1000;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_version_number")]
    public static uint Version() => VersionNumber;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_status_name")]
    public static byte* StatusName(int status) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Status.NameOf(status)));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_last_error")]
    public static byte* LastErrorText() => LastError.Text;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_vector_bits")]
    public static uint VectorBits() => (uint)VectorWidths.Widest;
}
