using System.Runtime.CompilerServices;
using ReclaimNative.Memory;

namespace ReclaimNative.Frames;

/// <summary>
/// The page-frame table: everything kept for a frame, as one column per field. A frame number (pfn) is 32 bits wide
/// and counts from 0 over all nodes.
/// </summary>
/// <remarks>
/// <c>Owner</c> and <c>Mapping</c> are the reverse map. Owner is the slot whose entry names this frame and which
/// receives the shadow when the frame is evicted: the page-table slot of an anonymous page, the page-cache slot of a
/// file page. Mapping is the page-table slot of a file page that is mapped once, <see cref="NoSlot"/> when it is not
/// mapped, or the head of a chain when <see cref="FolioFlags.SharedMapping"/> is set.
/// </remarks>
internal sealed unsafe class FrameTable
{
    /// <summary>No slot: an unmapped page.</summary>
    public const uint NoSlot = uint.MaxValue;

    /// <summary>No frame: the end of a list, an empty table entry.</summary>
    public const uint NoFrame = uint.MaxValue;

    public FrameTable(ColumnStore store, uint frames)
    {
        Count = frames;
        Flags = store.Reserve<FolioFlags>("frame.flags", frames).Pointer;
        Owner = store.Reserve<uint>("frame.owner", frames).Pointer;
        Mapping = store.Reserve<uint>("frame.mapping", frames).Pointer;
        Memcg = store.Reserve<ushort>("frame.memcg", frames).Pointer;
    }

    /// <summary>Frames of all nodes together.</summary>
    public uint Count { get; }

    public FolioFlags* Flags { get; }

    public uint* Owner { get; }

    public uint* Mapping { get; }

    /// <summary>Id of the memory cgroup that the frame is charged to.</summary>
    public ushort* Memcg { get; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Has(uint pfn, FolioFlags flag) => (Flags[pfn] & flag) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(uint pfn, FolioFlags flags) => Flags[pfn] |= flags;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Clear(uint pfn, FolioFlags flags) => Flags[pfn] &= ~flags;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioType TypeOf(uint pfn) => (Flags[pfn] & FolioFlags.SwapBacked) != 0 ? FolioType.Anon : FolioType.File;
}
