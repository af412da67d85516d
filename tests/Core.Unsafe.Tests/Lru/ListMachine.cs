using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Memory;
using ReclaimNative.PageTables;
using ReclaimNative.Simd;

namespace ReclaimNative.Tests.Lru;

/// <summary>
/// Frames and lists without a machine around them: the fewest positions that the lists are ever given, one node, and
/// pages at slots that are not their frame numbers.
/// </summary>
internal sealed unsafe class ListMachine : IDisposable
{
    private readonly ColumnStore _store = new();
    private readonly LruList* _ends;
    private readonly int* _tokens;

    /// <summary>
    /// Frames in use, each owned by its caller until it is put on a list. For what must go wrong, a concurrent machine can
    /// have frames whose flags change by a load and a store.
    /// </summary>
    public ListMachine(
        int frames,
        int lruvecs,
        int listsOfEach,
        bool concurrent,
        ListOrder order = ListOrder.Exact,
        VectorWidth width = VectorWidth.Scalar,
        bool weakFrames = false,
        bool keepsYoung = false)
    {
        Concurrent = concurrent;
        Tables = new LeafTables(_store, (uint)(2 * frames / LeafTables.Entries + 1), identity: false, concurrent);
        Positions = order == ListOrder.Exact ? OrderedLists.PositionsFor((ulong)frames, (ulong)(lruvecs * listsOfEach), OrderedLists.LeastSlack, concurrent) : 0;
        Frames = new FrameTable(_store, (uint)frames, Positions, Tables.Memcg, Tables.FileMemcg, identity: false, concurrent && !weakFrames, keepsYoung);
        _ends = _store.Reserve<LruList>("lists", (nuint)(lruvecs * FrameLists.MaxLists)).Pointer;
        _tokens = _store.Reserve<int>("tokens", (nuint)(lruvecs * FrameLists.TokenStride)).Pointer;
        Lists = new FrameLists(_store, Frames, Tables.Entry, _ends, _tokens, width, concurrent);
        for (int i = 0; i < lruvecs * FrameLists.MaxLists; i++)
            FrameLists.Reset(ref _ends[i]);
        for (uint pfn = 0; pfn < frames; pfn++)
        {
            Tables.Entry[SlotOf(pfn)] = pfn;
            Frames.Hold(pfn, FolioType.File, SlotOf(pfn));
        }
    }

    public bool Concurrent { get; }

    public LeafTables Tables { get; }

    public ulong Positions { get; }

    public FrameTable Frames { get; }

    public FrameLists Lists { get; }

    public OrderedLists Ordered => Lists.Ordered!;

    /// <summary>The slot that owns a frame: every second one, from the end.</summary>
    public uint SlotOf(uint pfn) => 2 * (Frames.Count - 1 - pfn) + 1;

    /// <summary>A lruvec over all frames; it is that of the cgroup of its number.</summary>
    public ListsOf Lruvec(int index) => new(index, (ushort)index, 0, Frames.Count);

    /// <summary>Makes a frame that its caller owns a fresh one for another page of a type.</summary>
    public void Renew(uint pfn, FolioType type, ushort memcg)
    {
        Frames.Release(pfn);
        Frames.Hold(pfn, type, SlotOf(pfn));
        if (type == FolioType.File)
            Tables.FileMemcg[SlotOf(pfn)] = memcg;
    }

    /// <summary>A list by its number among all.</summary>
    public ref LruList EndsOf(int number) => ref _ends[number];

    /// <summary>The right to decide about a lruvec.</summary>
    public ref int TokenOf(int lruvec) => ref _tokens[lruvec * FrameLists.TokenStride];

    public void Dispose() => _store.Dispose();
}
