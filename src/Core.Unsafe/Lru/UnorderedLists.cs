using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Lru;

/// <summary>
/// Lists without an order inside them: a frame's own byte says which generation and type it is on, and the cold end of
/// a list is whatever a sweep over those bytes finds next. To move a frame is to store a byte.
/// </summary>
/// <remarks>
/// <para>
/// For policies whose order lies between lists and not within: list <c>2 * generation + type</c>, four generations. A
/// sweep reads 64 bytes with each compare. Each block of 512 frames has a word that says which lists it may hold frames
/// of and, while all are of one lruvec, of which, so that a sweep skips blocks that have nothing for it; each list
/// remembers where its sweep stands.
/// </para>
/// <para>
/// <b>Concurrency.</b> The byte is the truth, and changes by compare-and-swap: no ABA, since a byte that says "on this
/// list" means just that, whatever happened in between. The block word must never miss a frame. A frame that comes onto
/// a list stores its byte first and looks at the word after (adding to it if it must); a sweep that finds a block
/// without frames of a list takes the list out of the word first and looks at the bytes after (adding it back if it
/// must). Both stores are locked operations, hence full fences, so at least one of the two sees the other.
/// </para>
/// </remarks>
internal sealed unsafe class UnorderedLists
{
    /// <summary>Lists of a lruvec: four generations of two types.</summary>
    public const int Lists = 8;

    private const int BlockShift = 9;
    private const int BlockFrames = 1 << BlockShift;
    private const int TagShift = 32;
    private const ulong Mixed = (ulong)uint.MaxValue << TagShift;
    private const ulong TagMask = (ulong)uint.MaxValue << TagShift;

    private readonly FrameTable _frames;
    private readonly byte* _lru;
    private readonly ulong* _blocks;
    private readonly ByteSweep _sweep;
    private readonly bool _concurrent;

    public UnorderedLists(ColumnStore store, FrameTable frames, VectorWidth width, bool concurrent)
    {
        _frames = frames;
        _lru = frames.Lru;
        _sweep = new ByteSweep(width);
        _concurrent = concurrent;
        _blocks = store.Reserve<ulong>("block.lists", ((nuint)frames.Count + BlockFrames - 1) / BlockFrames).Pointer;
    }

    /// <summary>The list that a frame is on, whatever the lruvec.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ListOf(uint pfn)
    {
        byte state = _lru[pfn];
        return ((state >> 5) & 3) * 2 + (((state >> 4) & 1) ^ 1);
    }

    /// <summary>Tells sweeps of a frame that has just come onto a list: after its byte was stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Announce(uint pfn, int lruvec, int list)
    {
        ref ulong block = ref _blocks[pfn >> BlockShift];
        ulong seen = Volatile.Read(ref block);
        if ((seen & 1UL << list) == 0 || ((seen ^ TagOf(lruvec)) & TagMask) != 0)
            AnnounceSlowly(ref block, seen, TagOf(lruvec), list);
    }

    /// <summary>The same of a frame whose lruvec is not known: its block is nobody's own from then on.</summary>
    public void AnnounceToAll(uint pfn, int list)
    {
        ref ulong block = ref _blocks[pfn >> BlockShift];
        AnnounceSlowly(ref block, Volatile.Read(ref block), Mixed, list);
    }

    /// <summary>
    /// The next frame of a list from where its sweep stands, or NoFrame after a whole round. The sweep then stands there.
    /// Where several threads run, the caller holds the lruvec's token.
    /// </summary>
    public uint Tail(ref LruList list, in ListsOf lruvec, int number)
    {
        if (Volatile.Read(ref list.Count) <= 0)
            return FrameTable.NoFrame;
        uint from = StandOf(ref list, lruvec);
        uint found = Find(from, lruvec.End, lruvec, number);
        if (found == FrameTable.NoFrame)
            found = Find(lruvec.First, from, lruvec, number);
        if (found != FrameTable.NoFrame)
            list.Cold = found;
        return found;
    }

    /// <summary>Claims frames of a list from where its sweep stands, up to one round, without counting them.</summary>
    /// <returns>How many.</returns>
    public int TakeTail(ref LruList list, in ListsOf lruvec, int number, Span<uint> pfns)
    {
        int count = 0;
        uint pfn = pfns.Length == 0 ? FrameTable.NoFrame : Tail(ref list, lruvec, number);
        uint start = pfn;
        while (pfn != FrameTable.NoFrame)
        {
            if (_frames.TryUnlist(pfn, number))
                pfns[count++] = pfn;
            list.Cold = pfn;
            if (count == pfns.Length)
                break;
            uint next = Find((ulong)pfn + 1, lruvec.End, lruvec, number);
            if (next == FrameTable.NoFrame && pfn >= start)
                next = Find(lruvec.First, start, lruvec, number);
            if (next != FrameTable.NoFrame && pfn < start && next >= start)
                break;
            pfn = next;
        }

        return count;
    }

    /// <summary>The frame after one in the round that begins where the sweep of the list stands, or NoFrame at its end.</summary>
    public uint After(ref LruList list, uint pfn, in ListsOf lruvec, int number)
    {
        uint start = StandOf(ref list, lruvec);
        if (pfn < start)
            return Find(pfn + 1, start, lruvec, number);
        uint found = Find(pfn + 1, lruvec.End, lruvec, number);
        return found != FrameTable.NoFrame ? found : Find(lruvec.First, start, lruvec, number);
    }

    /// <summary>For inspection: the words of blocks hide no frame.</summary>
    /// <returns>The first block that does, or null.</returns>
    public string? Check(Func<uint, int> lruvecOf)
    {
        for (uint pfn = 0; pfn < _frames.Count; pfn++)
        {
            if ((_lru[pfn] & FrameTable.Listed) == 0)
                continue;
            ulong word = _blocks[pfn >> BlockShift];
            if ((word & 1UL << ListOf(pfn)) == 0)
                return $"Frame {pfn} is on list {ListOf(pfn)}, and block {pfn >> BlockShift} says that it holds none of that list.";
            if ((word & TagMask) != Mixed && (word & TagMask) != TagOf(lruvecOf(pfn)))
                return $"Frame {pfn} belongs to lruvec {lruvecOf(pfn)}, and block {pfn >> BlockShift} says that all of it belong to lruvec {(long)(word >> TagShift) - 1}.";
        }

        return null;
    }

    private static ulong TagOf(int lruvec) => (ulong)(uint)(lruvec + 1) << TagShift;

    private static uint StandOf(ref LruList list, in ListsOf lruvec) =>
        list.Cold < lruvec.First || list.Cold >= lruvec.End ? lruvec.First : list.Cold;

    private static byte ByteOf(int number) => (byte)(FrameTable.Listed | number >> 1 << 5 | ((number & 1) ^ 1) << 4);

    private uint Find(ulong from, uint end, in ListsOf lruvec, int number)
    {
        byte wanted = ByteOf(number);
        ulong tag = TagOf(lruvec.Index);
        while (from < end)
        {
            ulong block = from >> BlockShift;
            ulong stop = Math.Min((block + 1) << BlockShift, end);
            ulong word = Volatile.Read(ref _blocks[block]);
            bool ours = (word & TagMask) == tag;
            if ((word & 1UL << number) == 0 || (!ours && (word & TagMask) != Mixed))
            {
                from = stop;
                continue;
            }

            bool any = false;
            for (ulong at = from; (at = _sweep.FindNext(_lru, (nuint)at, (nuint)stop, FrameTable.ListMask, wanted)) < stop; at++)
            {
                any = true;
                if (ours || _frames.MemcgOf((uint)at) == lruvec.Memcg)
                    return (uint)at;
            }

            // A block that lies on two nodes keeps its lists: its other part was not looked at.
            bool whole = from == block << BlockShift && stop == Math.Min((block + 1) << BlockShift, _frames.Count);
            if (!any && whole)
                Retire(block, word, number, lruvec);
            from = stop;
        }

        return FrameTable.NoFrame;
    }

    /// <summary>Takes a list out of a block's word, and looks again: see the class remarks.</summary>
    private void Retire(ulong block, ulong seen, int number, in ListsOf lruvec)
    {
        ref ulong word = ref _blocks[block];
        ulong left = seen & ~(1UL << number);
        if ((left & ~TagMask) == 0)
            left = 0;
        if (!_concurrent)
        {
            word = left;
            return;
        }

        if (Interlocked.CompareExchange(ref word, left, seen) != seen)
            return;
        ulong stop = Math.Min((block + 1) << BlockShift, lruvec.End);
        for (ulong at = block << BlockShift; (at = _sweep.FindNext(_lru, (nuint)at, (nuint)stop, FrameTable.ListMask, ByteOf(number))) < stop; at++)
            AnnounceSlowly(ref word, Volatile.Read(ref word), Mixed, number);
    }

    private void AnnounceSlowly(ref ulong block, ulong seen, ulong tag, int list)
    {
        while (true)
        {
            ulong lists = seen & ~TagMask;
            ulong next = lists | 1UL << list | (lists == 0 || (seen & TagMask) == tag ? tag : Mixed);
            if (next == seen)
                return;
            if (!_concurrent)
            {
                block = next;
                return;
            }

            ulong now = Interlocked.CompareExchange(ref block, next, seen);
            if (now == seen)
                return;
            seen = now;
        }
    }
}
