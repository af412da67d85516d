using System.Diagnostics;
using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.Lru;

/// <summary>Ends and length of one list. <c>Head</c> is the most recent end, reclaim takes from <c>Tail</c>.</summary>
internal struct ListEnds
{
    public uint Head;
    public uint Tail;
    public long Count;
}

/// <summary>
/// Doubly linked lists over frame numbers, in the order of the kernel's lists. The links of all lists share two
/// columns, because a frame is on at most one list.
/// </summary>
/// <remarks>
/// Invariant: a frame whose <see cref="FolioFlags.Lru"/> is set is linked on exactly the list that
/// <see cref="ListOf"/> names, of its own lruvec. One thread at a time; never allocates.
/// </remarks>
internal sealed unsafe class FrameLists
{
    /// <summary>Lists of one lruvec that a policy may declare.</summary>
    public const int MaxLists = 64;

    private readonly uint* _towardHead;
    private readonly uint* _towardTail;
    private readonly byte* _listOf;

    public FrameLists(ColumnStore store, uint frames)
    {
        _towardHead = store.Reserve<uint>("list.toward_head", frames).Pointer;
        _towardTail = store.Reserve<uint>("list.toward_tail", frames).Pointer;
        _listOf = store.Reserve<byte>("list.index", frames).Pointer;
    }

    /// <summary>An empty list; zeroed memory is not one, because 0 is a frame.</summary>
    public static void Reset(ref ListEnds list)
    {
        list.Head = FrameTable.NoFrame;
        list.Tail = FrameTable.NoFrame;
        list.Count = 0;
    }

    /// <summary>Index of the list that <paramref name="pfn"/> is on; meaningful while it is on one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ListOf(uint pfn) => _listOf[pfn];

    /// <summary>The next more recent frame, or NoFrame at the head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint TowardHead(uint pfn) => _towardHead[pfn];

    /// <summary>The next older frame, or NoFrame at the tail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint TowardTail(uint pfn) => _towardTail[pfn];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddHead(ref ListEnds list, int index, uint pfn)
    {
        uint head = list.Head;
        _towardHead[pfn] = FrameTable.NoFrame;
        _towardTail[pfn] = head;
        if (head == FrameTable.NoFrame)
            list.Tail = pfn;
        else
            _towardHead[head] = pfn;
        list.Head = pfn;
        list.Count++;
        _listOf[pfn] = (byte)index;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddTail(ref ListEnds list, int index, uint pfn)
    {
        uint tail = list.Tail;
        _towardTail[pfn] = FrameTable.NoFrame;
        _towardHead[pfn] = tail;
        if (tail == FrameTable.NoFrame)
            list.Head = pfn;
        else
            _towardTail[tail] = pfn;
        list.Tail = pfn;
        list.Count++;
        _listOf[pfn] = (byte)index;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Remove(ref ListEnds list, uint pfn)
    {
        Debug.Assert(list.Count > 0, "removal from an empty list");
        uint newer = _towardHead[pfn];
        uint older = _towardTail[pfn];
        if (newer == FrameTable.NoFrame)
            list.Head = older;
        else
            _towardTail[newer] = older;
        if (older == FrameTable.NoFrame)
            list.Tail = newer;
        else
            _towardHead[older] = newer;
        list.Count--;
    }
}
