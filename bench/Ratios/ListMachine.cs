using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Bench.Ratios;

/// <summary>One lruvec's lists over frames that are their own pages, as the peer's list is over page numbers.</summary>
internal sealed unsafe class ListMachine : IDisposable
{
    private readonly ColumnStore _store = new();
    private readonly int* _token;

    /// <summary>All frames, added in the order of <paramref name="order"/>: to list 0, or one in ten to list 0 and the others to list 2.</summary>
    public ListMachine(ListOrder order, uint* shuffled, uint frames, int slack, bool concurrent)
    {
        ulong positions = order == ListOrder.Exact ? OrderedLists.PositionsFor(frames, 1, slack, concurrent) : 0;
        ushort* memcg = _store.Reserve<ushort>("memcg", frames / 512 + 1).Pointer;
        LruList* lists = _store.Reserve<LruList>("lists", FrameLists.MaxLists).Pointer;
        _token = _store.Reserve<int>("token", FrameLists.TokenStride).Pointer;
        for (int i = 0; i < FrameLists.MaxLists; i++)
            FrameLists.Reset(ref lists[i]);
        Frames = new FrameTable(_store, frames, positions, memcg, null, identity: true, concurrent);
        Lists = new FrameLists(_store, Frames, null, lists, _token, VectorWidths.Widest, concurrent);
        Lruvec = new ListsOf(0, 0, 0, frames);
        for (uint i = 0; i < frames; i++)
        {
            uint pfn = shuffled[i];
            Frames.Hold(pfn, FolioType.Anon, pfn);
            Lists.AddHead(Lruvec, order == ListOrder.Exact || i % 10 == 0 ? 0 : 2, pfn);
        }

        Lists.Drain();
    }

    public FrameTable Frames { get; }

    public FrameLists Lists { get; }

    public ListsOf Lruvec { get; }

    /// <summary>Each page to the head of a list.</summary>
    public ulong Activate(ReadOnlySpan<uint> pages, int list) => (ulong)Lists.MoveToHead(Lruvec, list, pages);

    /// <summary>Takes 32 pages from the cold end of a list and puts them at the head of another, so many times.</summary>
    public ulong Isolate(int from, int to, int batches)
    {
        ulong taken = 0;
        Span<uint> batch = stackalloc uint[32];
        var wait = default(SpinWait);
        for (int i = 0; i < batches; i++)
        {
            while (Interlocked.CompareExchange(ref *_token, Environment.CurrentManagedThreadId, 0) != 0)
                wait.SpinOnce(-1);
            int count = Lists.TakeTail(Lruvec, from, batch);
            Volatile.Write(ref *_token, 0);
            Lists.AddHead(Lruvec, to, batch[..count]);
            taken += (ulong)count;
        }

        return taken;
    }

    /// <summary>The oldest list that has at least so many pages, and the one before it in the round: where its pages go.</summary>
    public (int From, int To) Oldest(long pages)
    {
        for (int list = 0; list < UnorderedLists.Lists; list += 2)
        {
            if (Lists.Count(Lruvec, list) >= pages)
                return (list, (list + UnorderedLists.Lists - 2) % UnorderedLists.Lists);
        }

        throw new InvalidOperationException("No list has that many pages.");
    }

    public void Dispose() => _store.Dispose();
}
