using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Lru;

/// <summary>Whether the lists of an engine keep an order inside them.</summary>
public enum ListOrder
{
    /// <summary>The order of the kernel's lists. Costs about 6 bytes a frame more.</summary>
    Exact,

    /// <summary>An order between lists only, for policies whose lists are generations: half the cost of a move, and less memory.</summary>
    Unordered,
}

/// <summary>
/// One list of a lruvec. Ordered: the first and the last chunk of its chain. Unordered: <c>Cold</c> is the frame where
/// its sweep stands. <c>Count</c> is pages.
/// </summary>
internal struct LruList
{
    public uint Hot;
    public uint Cold;
    public long Count;
}

/// <summary>Which lruvec a list belongs to, as the lists need to know it.</summary>
/// <param name="Index">Number of the lruvec.</param>
/// <param name="Memcg">Number of its cgroup.</param>
/// <param name="First">First frame of its node.</param>
/// <param name="End">One past the last frame of its node.</param>
internal readonly record struct ListsOf(int Index, ushort Memcg, uint First, uint End);

/// <summary>
/// The lists of all lruvecs over the frames of an engine, in one of two forms: <see cref="OrderedLists"/> or
/// <see cref="UnorderedLists"/>. A frame is on at most one list.
/// </summary>
/// <remarks>
/// Adding, moving and removing are safe from many threads when built <c>concurrent</c>, by the rules of
/// <see cref="FrameTable.TryClaim"/>; reading a list in order (<see cref="Tail"/>, <see cref="TowardHead"/>) belongs to
/// the holder of the lruvec's token. Never allocates.
/// </remarks>
internal sealed unsafe class FrameLists
{
    /// <summary>Lists of one lruvec that a policy may declare.</summary>
    public const int MaxLists = 64;

    /// <summary>Distance between the tokens of two lruvecs, in ints: a cache line each.</summary>
    public const int TokenStride = 16;

    private readonly FrameTable _frames;
    private readonly LruList* _lists;
    private readonly OrderedLists? _ordered;
    private readonly UnorderedLists? _unordered;
    private readonly FolioBatches? _batches;
    private readonly bool _concurrent;

    public FrameLists(ColumnStore store, FrameTable frames, uint* frameOf, LruList* lists, int* tokens, VectorWidth width, bool concurrent)
    {
        _frames = frames;
        _lists = lists;
        _concurrent = concurrent;
        if (!frames.IsOrdered)
        {
            _unordered = new UnorderedLists(store, frames, width, concurrent);
            return;
        }

        _ordered = new OrderedLists(store, frames, frameOf, lists, tokens, concurrent);
        if (concurrent)
            _batches = new FolioBatches(store, frames, _ordered, lists);
    }

    /// <summary>The ordered form, or null.</summary>
    public OrderedLists? Ordered => _ordered;

    /// <summary>What it keeps beside its columns.</summary>
    public void Pass(StateLog log) => _ordered?.Pass(log);

    /// <summary>The unordered form, or null.</summary>
    public UnorderedLists? Unordered => _unordered;

    /// <summary>An empty list; zeroed memory is not one, because 0 is a chunk.</summary>
    public static void Reset(ref LruList list)
    {
        list.Hot = uint.MaxValue;
        list.Cold = uint.MaxValue;
        list.Count = 0;
    }

    /// <summary>Gives back what the lists of a lruvec that ends keep; they are empty. For a thread that is alone.</summary>
    public void Release(in ListsOf lruvec)
    {
        for (int list = 0; _ordered is not null && list < MaxLists; list++)
            _ordered.Release(ref ListAt(lruvec, list));
    }

    /// <summary>Folios of a list; those that a thread still holds in its batch are not among them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Count(in ListsOf lruvec, int list) => Volatile.Read(ref ListAt(lruvec, list).Count);

    /// <summary>The oldest frame of a list, or NoFrame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Tail(in ListsOf lruvec, int list) => _ordered is { } ordered
        ? ordered.Tail(ref ListAt(lruvec, list))
        : _unordered!.Tail(ref ListAt(lruvec, list), lruvec, list);

    /// <summary>The most recent frame of a list, or NoFrame; without an order, any.</summary>
    public uint Head(in ListsOf lruvec, int list) => _ordered is { } ordered
        ? ordered.Head(ref ListAt(lruvec, list))
        : _unordered!.Tail(ref ListAt(lruvec, list), lruvec, list);

    /// <summary>The next more recent frame of the same list, or NoFrame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint TowardHead(in ListsOf lruvec, uint pfn)
    {
        if (_ordered is { } ordered)
            return ordered.TowardHead(pfn);
        int list = _unordered!.ListOf(pfn);
        return _unordered.After(ref ListAt(lruvec, list), pfn, lruvec, list);
    }

    /// <summary>The next older frame of the same list, or NoFrame; without an order there is none.</summary>
    public uint TowardTail(uint pfn) => _ordered is { } ordered ? ordered.TowardTail(pfn) : FrameTable.NoFrame;

    /// <summary>The list that a frame is on; meaningful while it is on one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ListOf(uint pfn) => _ordered is { } ordered ? ordered.NumberOf(pfn) & (MaxLists - 1) : _unordered!.ListOf(pfn);

    /// <summary>Whether a frame that is on a list is on one of this lruvec.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsOf(in ListsOf lruvec, uint pfn) => _ordered is { } ordered
        ? ordered.NumberOf(pfn) / MaxLists == lruvec.Index
        : pfn >= lruvec.First && pfn < lruvec.End && _frames.MemcgOf(pfn) == lruvec.Memcg;

    /// <summary>Puts a claimed frame at the recent end; with several threads, by way of the thread's batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddHead(in ListsOf lruvec, int list, uint pfn)
    {
        if (_ordered is not { } ordered)
        {
            AddUnordered(lruvec, list, pfn);
            return;
        }

        int number = lruvec.Index * MaxLists + list;
        if (_batches is { } batches)
        {
            batches.Add(number, pfn);
            return;
        }

        ordered.AddHead(ref _lists[number], number, pfn, _frames.OwnerOf(pfn));
        _frames.Publish(pfn, 0);
    }

    /// <summary>Puts a claimed frame at the cold end. Where several threads run, the caller holds the lruvec's token.</summary>
    public void AddTail(in ListsOf lruvec, int list, uint pfn)
    {
        if (_ordered is not { } ordered)
        {
            AddUnordered(lruvec, list, pfn);
            return;
        }

        int number = lruvec.Index * MaxLists + list;
        ordered.AddTail(ref _lists[number], number, pfn, _frames.OwnerOf(pfn));
        _frames.Publish(pfn, 0);
    }

    /// <summary>Claims a frame and takes it off its list.</summary>
    /// <param name="lruvec">Its lruvec.</param>
    /// <param name="pfn">The frame.</param>
    /// <param name="before">Its flags as they were on the list.</param>
    /// <returns>False: another thread was faster.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(in ListsOf lruvec, uint pfn, out FolioFlags before)
    {
        if (!TryClaim(lruvec, pfn, out before))
            return false;
        if (_ordered is { } ordered)
            ordered.Remove(pfn);
        else
            CountUnordered(lruvec, ListOf(before), -1);
        return true;
    }

    /// <summary>Claims up to so many frames from the cold end of a list and takes them off it.</summary>
    /// <returns>How many.</returns>
    public int TakeTail(in ListsOf lruvec, int list, Span<uint> pfns)
    {
        ref LruList at = ref ListAt(lruvec, list);
        if (_ordered is { } ordered)
            return ordered.TakeTail(ref at, pfns);
        int count = _unordered!.TakeTail(ref at, lruvec, list, pfns);
        CountUnordered(lruvec, list, -count);
        return count;
    }

    /// <summary>Puts claimed frames at the recent end of a list together, the last one to the very end.</summary>
    public void AddHead(in ListsOf lruvec, int list, ReadOnlySpan<uint> pfns)
    {
        if (_ordered is not { } ordered)
        {
            foreach (uint pfn in pfns)
                AddUnordered(lruvec, list, pfn);
            return;
        }

        int number = lruvec.Index * MaxLists + list;
        Span<uint> owners = stackalloc uint[OrderedLists.ChunkPositions];
        while (pfns.Length > 0)
        {
            ReadOnlySpan<uint> batch = pfns[..Math.Min(owners.Length, pfns.Length)];
            pfns = pfns[batch.Length..];
            for (int i = 0; i < batch.Length; i++)
                owners[i] = _frames.OwnerOf(batch[i]);
            ordered.AddHead(ref _lists[number], number, batch, owners);
            foreach (uint pfn in batch)
                _frames.Publish(pfn, 0);
        }
    }

    /// <summary>Moves a frame to an end of a list, its own or another.</summary>
    /// <returns>False: another thread took it first.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryMove(in ListsOf lruvec, int list, uint pfn, bool toHead)
    {
        if (_ordered is not { } ordered)
            return TryMoveUnordered(lruvec, list, pfn);
        int number = lruvec.Index * MaxLists + list;
        if (!_concurrent)
        {
            uint owner = ordered.Remove(pfn);
            if (toHead)
                ordered.AddHead(ref _lists[number], number, pfn, owner);
            else
                ordered.AddTail(ref _lists[number], number, pfn, owner);
            return true;
        }

        if (!TryTake(lruvec, pfn, out _))
            return false;
        if (toHead)
            AddHead(lruvec, list, pfn);
        else
            AddTail(lruvec, list, pfn);
        return true;
    }

    /// <summary>
    /// Moves frames to the recent end of a list, the last one to the very end, as <see cref="TryMove"/> does one by one; what
    /// will be needed of later ones is fetched while the earlier ones move. All of them are this lruvec's.
    /// </summary>
    /// <returns>How many were moved; others were taken by another thread.</returns>
    public int MoveToHead(in ListsOf lruvec, int list, ReadOnlySpan<uint> pfns)
    {
        const int Together = 32;
        int moved = 0;
        while (pfns.Length > 0)
        {
            ReadOnlySpan<uint> batch = pfns[..Math.Min(Together, pfns.Length)];
            pfns = pfns[batch.Length..];
            foreach (uint pfn in batch)
                _frames.FetchPlace(pfn);
            if (_ordered is not { } ordered)
            {
                moved += MoveUnordered(lruvec, list, batch);
                continue;
            }

            foreach (uint pfn in batch)
                ordered.FetchPosition(pfn);
            if (_concurrent)
            {
                moved += MoveTogether(ordered, lruvec, list, batch);
                continue;
            }

            foreach (uint pfn in batch)
            {
                if (TryMove(lruvec, list, pfn, toHead: true))
                    moved++;
            }
        }

        return moved;
    }

    /// <summary>
    /// Clears, then sets flags of a frame on a list of this lruvec, if they still are <paramref name="expected"/>. Without
    /// an order, a change of generation is a move.
    /// </summary>
    /// <returns>False: something changed meanwhile, and nothing was done.</returns>
    public bool TryChange(in ListsOf lruvec, uint pfn, FolioFlags expected, FolioFlags clear, FolioFlags set)
    {
        FolioFlags after = (expected & ~clear) | set;
        if ((expected & FolioFlags.Lru) == 0)
            return false;
        if (!_concurrent)
        {
            if (!_frames.TryChange(pfn, expected, clear, set))
                return false;
            if (_unordered is { } lists && ListOf(expected) != ListOf(after))
            {
                CountMove(lruvec, expected, after);
                lists.Announce(pfn, lruvec.Index, ListOf(after));
            }

            return true;
        }

        if (!_frames.TryChange(pfn, expected, FolioFlags.Lru, FolioFlags.Isolated))
            return false;
        if (!IsOf(lruvec, pfn))
        {
            Unclaim(pfn, expected);
            return false;
        }

        EndClaim(lruvec, pfn, expected, after);
        return true;
    }

    /// <summary>Puts what all threads still hold in their batches on the lists.</summary>
    public void Drain() => _batches?.Drain();

    private static int ListOf(FolioFlags flags)
    {
        int generation = (int)((uint)(flags & FolioFlags.GenerationMask) >> FolioField.GenerationShift) - 1;
        return generation * 2 + ((flags & FolioFlags.SwapBacked) != 0 ? 0 : 1);
    }

    private void AddUnordered(in ListsOf lruvec, int list, uint pfn)
    {
        _frames.Publish(pfn, list >> 1);
        CountUnordered(lruvec, list, 1);
        _unordered!.Announce(pfn, lruvec.Index, list);
    }

    /// <summary>
    /// Claims a frame that is on a list of this lruvec. Only once it is claimed can it be asked whose it is: before, it may
    /// leave and come back as a page of another.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryClaim(in ListsOf lruvec, uint pfn, out FolioFlags before)
    {
        if (!_frames.TryClaim(pfn, out before))
            return false;
        if (!_concurrent || IsOf(lruvec, pfn))
            return true;
        Unclaim(pfn, before);
        return false;
    }

    /// <summary>Ends a claim on a frame of another lruvec, which stays where it is.</summary>
    private void Unclaim(uint pfn, FolioFlags before)
    {
        _frames.Publish(pfn, ListOf(before) >> 1);
        _unordered?.AnnounceToAll(pfn, ListOf(before));
    }

    /// <summary>
    /// Ends a claim on a frame that stays linked, with other flags. Without an order it may be on another list now, and even
    /// where it is not, a sweep may have found its block without it meanwhile: so it is announced again.
    /// </summary>
    private void EndClaim(in ListsOf lruvec, uint pfn, FolioFlags before, FolioFlags after)
    {
        _frames.Restore(pfn, after);
        if (_unordered is not { } lists)
            return;
        if (ListOf(before) != ListOf(after))
            CountMove(lruvec, before, after);
        lists.Announce(pfn, lruvec.Index, ListOf(after));
    }

    private void CountMove(in ListsOf lruvec, FolioFlags before, FolioFlags after)
    {
        CountUnordered(lruvec, ListOf(before), -1);
        CountUnordered(lruvec, ListOf(after), 1);
    }

    private bool TryMoveUnordered(in ListsOf lruvec, int list, uint pfn)
    {
        if (_concurrent)
        {
            if (!TryClaim(lruvec, pfn, out FolioFlags flags))
                return false;
            var generation = (FolioFlags)((uint)((list >> 1) + 1) << FolioField.GenerationShift);
            EndClaim(lruvec, pfn, flags, (flags & ~FolioFlags.GenerationMask) | generation);
            return true;
        }

        if (!_frames.TryRelist(pfn, list >> 1, out int before))
            return false;
        // No branch on where it was: it would be guessed wrongly half of the time, each time for a whole memory latency.
        CountUnordered(lruvec, before * 2 + (list & 1), -1);
        CountUnordered(lruvec, list, 1);
        _unordered!.Announce(pfn, lruvec.Index, list);
        return true;
    }

    /// <summary>Takes frames off their lists, each by its own claim, and adds them as one run: the words of the list are touched once.</summary>
    private int MoveTogether(OrderedLists ordered, in ListsOf lruvec, int list, ReadOnlySpan<uint> pfns)
    {
        Span<uint> taken = stackalloc uint[OrderedLists.ChunkPositions];
        int count = 0;
        foreach (uint pfn in pfns)
        {
            if (!_frames.TryClaim(pfn, out _))
                continue;
            ordered.Remove(pfn);
            taken[count++] = pfn;
        }

        AddHead(lruvec, list, taken[..count]);
        return count;
    }

    /// <summary>One count for each list that some of the frames left, whatever their number.</summary>
    private int MoveUnordered(in ListsOf lruvec, int list, ReadOnlySpan<uint> pfns)
    {
        int* left = stackalloc int[UnorderedLists.Lists / 2];
        int moved = 0;
        foreach (uint pfn in pfns)
        {
            if (!_frames.TryRelist(pfn, list >> 1, out int before))
                continue;
            left[before]++;
            moved++;
            _unordered!.Announce(pfn, lruvec.Index, list);
        }

        for (int generation = 0; generation < UnorderedLists.Lists / 2; generation++)
        {
            if (left[generation] > 0)
                CountUnordered(lruvec, generation * 2 + (list & 1), -left[generation]);
        }

        CountUnordered(lruvec, list, moved);
        return moved;
    }

    private void CountUnordered(in ListsOf lruvec, int list, int pages)
    {
        ref long count = ref ListAt(lruvec, list).Count;
        if (_concurrent)
            Interlocked.Add(ref count, pages);
        else
            count += pages;
    }

    /// <summary>One list of a lruvec.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref LruList ListAt(in ListsOf lruvec, int list) => ref _lists[lruvec.Index * MaxLists + list];
}
