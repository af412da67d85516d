using ReclaimNative.Memory;

namespace ReclaimNative.Frames;

/// <summary>
/// Free frames of one node: a stack of returned frames over a mark below which every frame was handed out once, so
/// that a fresh node costs no initialisation.
/// </summary>
/// <remarks>Not thread-safe. Never allocates.</remarks>
internal sealed unsafe class FrameAllocator
{
    private readonly uint* _returned;
    private readonly uint _first;
    private readonly uint _count;
    private uint _depth;
    private uint _fresh;

    /// <summary>An allocator of frames [<paramref name="first"/>, first + count).</summary>
    public FrameAllocator(ColumnStore store, uint first, uint count)
    {
        _returned = store.Reserve<uint>("node.free", count).Pointer;
        _first = first;
        _count = count;
    }

    /// <summary>Frames that <see cref="Take"/> can still hand out.</summary>
    public uint Free => _count - _fresh + _depth;

    /// <summary>Frames that were handed out and came back, all free.</summary>
    public ReadOnlySpan<uint> Returned => new(_returned, (int)_depth);

    /// <summary>The first frame that was never handed out; it and all above it are free.</summary>
    public uint Untouched => _first + _fresh;

    /// <summary>A free frame, or <see cref="FrameTable.NoFrame"/>.</summary>
    public uint Take()
    {
        if (_depth > 0)
            return _returned[--_depth];
        return _fresh < _count ? _first + _fresh++ : FrameTable.NoFrame;
    }

    public bool TryTake(int order, out uint pfn) => (pfn = Take()) != FrameTable.NoFrame;
    public bool IsFree(uint pfn) { if (pfn >= Untouched) return true; foreach (uint r in Returned) if (r == pfn) return true; return false; }
    /// <summary>Gives <paramref name="pfn"/> back.</summary>
    public void Return(uint pfn) => _returned[_depth++] = pfn;
}
