using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Frames;

/// <summary>
/// Free frames of one node, handed out as aligned runs of 2^order frames, order 0 to 9: one bit for each frame, and
/// over the bits a sparse summary of where a run is not worth looking for. 0.1271 bytes a frame, none of it touched
/// before it is used. Never allocates, never locks.
/// </summary>
/// <remarks>
/// <para>A single frame is taken where frames came back last; when nothing came back, from the lowest block with a free
/// one. So a fresh node hands out ascending frames, what is touched stays small, and with one driver the order is
/// reproducible. A run is taken at the lowest address that search finds.</para>
/// <para>Layout: frames are counted from the start of the first frame's block of 512, so that alignment within the
/// bitmap is alignment of frame numbers. What the first and last block have outside the node is in use for ever.
/// A block's bits are one cache line, 64 blocks are a group.</para>
/// <para><c>Lack</c> of a block (or a group): no free run of order 10 - lack or more is in it, so that 0 says nothing and
/// 10 says full. Searches raise it when they looked in vain, returns set it to 0.</para>
/// <code>
/// Invariant:   credit + frames that takers have reserved and not yet claimed == clear bits. (At a quiet point: credit
///              == clear bits.) At a quiet point no lack hides a run.
/// Ordering:    a take of single frames reserves in the credit, then claims bits by compare-and-swap; a return clears
///              bits, opens the summary, then adds to the credit. So a reservation is always covered by a clear bit, and
///              credit never falls below zero.
///              Lack is Dekker: a return clears bits, fence, reads lack; a search raises lack, fence, reads the bits
///              again. If the search misses the bits, its raise comes first and the return sees it and takes it back;
///              if the return misses the raise, the search sees the bits and takes it back itself. The same one level
///              up, where a block's lack stands for its bits. The fences are the locked operations themselves.
///              What the last user of a frame wrote is seen by the next: clearing and setting its bit are both locked.
/// Progress:    lock-free. A claim fails only because another's succeeded. Words of a run above order 5 are claimed in
///              ascending order and put back on failure: of those that contend for a word, the one furthest up gets on.
///              A search stopped between raising and looking again hides a block for as long, so a taker that holds a
///              reservation and found nothing looks past the summary.
/// ABA:         none: the bit is the whole state of a frame. A word that went from A over B to A has the same frames
///              free as when it was read, whoever had them meanwhile. Recent words and cursors are hints, raced on
///              plainly, and each is checked against the bits.
/// Checked by:  FrameAllocatorTests (model), FrameAllocatorSoakTests (ownership; with plain operations they fail).
/// </code>
/// </remarks>
internal sealed unsafe class FrameAllocator
{
    /// <summary>Largest order: a whole block.</summary>
    public const int MaxOrder = 9;

    /// <summary>Frames of a block.</summary>
    public const uint BlockFrames = 1u << MaxOrder;

    private const int WordBits = 64;
    private const int WordOrder = 6;
    private const uint WordsPerBlock = BlockFrames / WordBits;
    private const uint GroupBlocks = 64;
    private const int PrefetchedAtOnce = 64;
    private const byte AnyLack = byte.MaxValue;

    /// <summary>Parts of the hints, so that threads neither share them nor take from the same word; a power of two.</summary>
    private const int ConcurrentParts = 64;

    private readonly ulong* _used;
    private readonly byte* _blockLack;
    private readonly byte* _groupLack;
    private readonly Recent* _recent;
    private readonly uint* _credit;
    private readonly uint _first;
    private readonly uint _count;
    private readonly uint _base;
    private readonly uint _blocks;
    private readonly uint _partMask;
    private readonly bool _concurrent;

    /// <summary>An allocator of frames [<paramref name="first"/>, first + count), all free.</summary>
    /// <param name="store">Where its columns live.</param>
    /// <param name="first">First frame, at any alignment.</param>
    /// <param name="count">Frames; the last may be at most <see cref="FrameTable.NoFrame"/> - 1.</param>
    /// <param name="concurrent">Several threads take and return at once; else one thread at a time.</param>
    public FrameAllocator(ColumnStore store, uint first, uint count, bool concurrent)
    {
        Debug.Assert((ulong)first + count <= FrameTable.NoFrame, "the node ends beyond the last frame number");
        _first = first;
        _count = count;
        _base = first & ~(BlockFrames - 1);
        _blocks = (uint)(((ulong)first + count - _base + BlockFrames - 1) / BlockFrames);
        _partMask = concurrent ? ConcurrentParts - 1u : 0;
        _concurrent = concurrent;

        _used = store.Reserve<ulong>("node.used", (nuint)_blocks * WordsPerBlock).Pointer;
        _blockLack = store.Reserve<byte>("node.block_lack", _blocks).Pointer;
        _groupLack = store.Reserve<byte>("node.group_lack", (_blocks + GroupBlocks - 1) / GroupBlocks).Pointer;
        _recent = store.Reserve<Recent>("node.recent", _partMask + 1).Pointer;
        _credit = (uint*)store.Reserve<Padded>("node.credit", 1).Pointer;

        MarkOutside(0, first - _base);
        MarkOutside((ulong)first - _base + count, (ulong)_blocks * BlockFrames);
        *_credit = count;
    }

    /// <summary>
    /// Frames that can be taken now: exact at a quiet point; beside others, less what they are taking or returning just
    /// then.
    /// </summary>
    public uint Free => Volatile.Read(ref *_credit);

    /// <summary><paramref name="pfn"/> belongs to this node and is free. Beside others old as soon as it is read.</summary>
    public bool IsFree(uint pfn)
    {
        if (unchecked(pfn - _first) >= _count)
            return false;
        uint index = pfn - _base;
        return (Volatile.Read(ref _used[index / WordBits]) >> (int)(index % WordBits) & 1) == 0;
    }

    /// <summary>Takes 2^<paramref name="order"/> frames in a row, aligned to their number.</summary>
    /// <param name="order">0 to <see cref="MaxOrder"/>.</param>
    /// <param name="pfn">The first of them, or <see cref="FrameTable.NoFrame"/>.</param>
    /// <returns>
    /// False: there is no such run. Beside others, order 0 fails only when every free frame is promised to somebody; a
    /// higher order may miss a run that another thread was in the middle of taking and put back.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(int order, out uint pfn)
    {
        Debug.Assert(order is >= 0 and <= MaxOrder, "order out of range");
        if (order != 0)
            return TryTakeRun(order, out pfn);
        return _concurrent ? TryTakeOneShared(out pfn) : TryTakeOne(out pfn);
    }

    /// <summary>Takes as many single frames as there are and <paramref name="frames"/> has room for, many bits at a time.</summary>
    /// <returns>How many were taken, at the start of <paramref name="frames"/>.</returns>
    public int Take(Span<uint> frames)
    {
        int wanted = (int)ReserveUpTo((uint)frames.Length);
        Recent* recent = OwnRecent();
        int taken = 0;
        while (taken < wanted)
        {
            if (!TryClaimRecent(recent, wanted - taken, out uint word, out ulong claimed))
            {
                if (!TryRecallFreeWord(recent))
                    return GiveUp(wanted, taken);
                continue;
            }

            uint start = _base + word * WordBits;
            for (; claimed != 0; claimed &= claimed - 1)
                frames[taken++] = start + (uint)BitOperations.TrailingZeroCount(claimed);
        }

        return taken;
    }

    /// <summary>Gives back a run that <see cref="TryTake"/> handed out, whole or in smaller aligned runs.</summary>
    /// <returns>
    /// False, and nothing is changed: frames of it are free already or not this node's, so that the caller's accounts
    /// are wrong. (Two threads that return the same run above order 5 at once share it out between them.)
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Return(uint pfn, int order) => order == 0 ? ReturnOne(pfn) : ReturnRun(pfn, order);

    /// <summary>Gives back single frames, those in a row and of one word together.</summary>
    /// <returns>How many were taken back. Fewer than given: the rest were free already, named twice or not this node's.</returns>
    public int Return(ReadOnlySpan<uint> frames)
    {
        Prefetch(frames);
        uint returned = 0;
        for (int i = 0; i < frames.Length;)
        {
            if (unchecked(frames[i] - _first) >= _count)
            {
                i++;
                continue;
            }

            uint word = (frames[i] - _base) / WordBits;
            ulong bits = 0;
            for (; i < frames.Length && unchecked(frames[i] - _first) < _count && (frames[i] - _base) / WordBits == word; i++)
                bits |= 1UL << (int)((frames[i] - _base) % WordBits);
            ulong cleared = bits & Atomic.And(ref _used[word], ~bits, _concurrent);
            if (cleared == 0)
                continue;
            Reopen(word);
            returned += (uint)BitOperations.PopCount(cleared);
        }

        if (returned != 0)
            _ = Atomic.Add(ref *_credit, returned, _concurrent);
        return (int)returned;
    }

    /// <summary>Compares the credit and the summary with the bits. To be called at a quiet point; reads every bit.</summary>
    /// <returns>What is wrong in one sentence, or null.</returns>
    public string? FindProblem()
    {
        ulong free = 0;
        for (uint block = 0; block < _blocks; block++)
        {
            int largest = -1;
            for (int order = 0; order <= MaxOrder && FindRun(block, order) >= 0; order++)
                largest = order;
            foreach (byte lack in (ReadOnlySpan<byte>)[_blockLack[block], _groupLack[block / GroupBlocks]])
            {
                if (lack > MaxOrder - largest)
                    return $"The block of frame {_base + block * BlockFrames} has a free run of order {largest}, and a lack of {lack} hides it.";
            }

            for (uint word = block * WordsPerBlock; word < (block + 1) * WordsPerBlock; word++)
                free += (uint)BitOperations.PopCount(~_used[word]);
        }

        return free == Free ? null : $"{free} frames are free and {Free} can be taken.";
    }

    /// <summary>The lowest bit of each aligned run of 2^order, order 0 to 5, that is set throughout.</summary>
    private static ulong RunStarts(ulong free, int order)
    {
        // After step k a bit is set where 2^(k+1) set bits start; only aligned starts count, which are every 2^order bits.
        for (int k = 0; k < order; k++)
            free &= free >> (1 << k);
        return order == 0 ? free : free & (ulong.MaxValue / RunMask(order));
    }

    /// <summary>
    /// Asks for the words and the summary of frames that are about to be returned, which is to say of anywhere: the locked
    /// operations to come would wait for one line after the other.
    /// </summary>
    private void Prefetch(ReadOnlySpan<uint> frames)
    {
        if (!Sse.IsSupported)
            return;
        foreach (uint pfn in frames[..Math.Min(frames.Length, PrefetchedAtOnce)])
        {
            // A frame of another node would be an address of nothing: harmless, it is never read.
            uint index = unchecked(pfn - _base);
            Sse.Prefetch0(_used + index / WordBits);
            Sse.Prefetch0(_blockLack + index / BlockFrames);
        }
    }

    /// <summary>2^order ones, order 0 to 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong RunMask(int order) => (1UL << (1 << order)) - 1;

    /// <summary>Marks bits [from, to), which no frame has, as in use.</summary>
    private void MarkOutside(ulong from, ulong to)
    {
        for (ulong index = from; index < to; index++)
            _used[index / WordBits] |= 1UL << (int)(index % WordBits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Recent* OwnRecent() => _concurrent ? _recent + ((uint)Environment.CurrentManagedThreadId & _partMask) : _recent;

    /// <summary>Takes up to <paramref name="frames"/> from the credit: a promise that as many clear bits are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint ReserveUpTo(uint frames)
    {
        uint before = Volatile.Read(ref *_credit);
        while (true)
        {
            uint reserved = Math.Min(before, frames);
            if (reserved == 0)
                return 0;
            uint seen = Atomic.CompareExchange(ref *_credit, before - reserved, before, _concurrent);
            if (seen == before)
                return reserved;
            before = seen;
        }
    }

    /// <summary>Takes all of <paramref name="frames"/> from the credit or nothing.</summary>
    private bool TryReserve(uint frames)
    {
        uint before = Volatile.Read(ref *_credit);
        while (before >= frames)
        {
            uint seen = Atomic.CompareExchange(ref *_credit, before - frames, before, _concurrent);
            if (seen == before)
                return true;
            before = seen;
        }

        return false;
    }

    /// <summary>One frame for the only thread: what it returned last, with a load and a store of its word.</summary>
    private bool TryTakeOne(out uint pfn)
    {
        Recent* recent = _recent;
        if (recent->TryPeek(out uint word))
        {
            ulong before = _used[word];
            if (before != ulong.MaxValue)
            {
                ulong after = before | (before + 1); // the lowest clear bit set
                _used[word] = after;
                if (after == ulong.MaxValue)
                    recent->Forget();
                (*_credit)--;
                pfn = _base + word * WordBits + (uint)BitOperations.TrailingZeroCount(~before);
                return true;
            }
        }

        return TryTakeOneShared(out pfn);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryTakeOneShared(out uint pfn)
    {
        pfn = FrameTable.NoFrame;
        if (ReserveUpTo(1) == 0)
            return false;
        Recent* recent = OwnRecent();
        while (true)
        {
            if (TryClaimRecent(recent, 1, out uint word, out ulong claimed))
            {
                pfn = _base + word * WordBits + (uint)BitOperations.TrailingZeroCount(claimed);
                return true;
            }

            if (!TryRecallFreeWord(recent))
                return GiveUp(1, 0) != 0;
        }
    }

    /// <summary>
    /// Claims up to <paramref name="wanted"/> frames of the most recent word that has any; forgets those that have none.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryClaimRecent(Recent* recent, int wanted, out uint word, out ulong claimed)
    {
        while (recent->TryPeek(out word))
        {
            ref ulong bits = ref _used[word];
            ulong before = Volatile.Read(ref bits);
            bool contended = false;
            while (before != ulong.MaxValue)
            {
                claimed = LowestBits(~before, wanted);
                ulong seen = Atomic.CompareExchange(ref bits, before | claimed, before, _concurrent);
                if (seen == before)
                {
                    if ((before | claimed) == ulong.MaxValue || contended)
                        recent->Forget();
                    return true;
                }

                before = seen;
                contended = true;
                Evade(recent);
            }

            recent->Forget();
        }

        claimed = 0;
        return false;
    }

    /// <summary>The lowest set bits, as many as wanted or there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LowestBits(ulong bits, int wanted)
    {
        ulong rest = bits & (bits - 1);
        for (int i = 1; i < wanted && rest != 0; i++)
            rest &= rest - 1;
        return bits ^ rest;
    }

    /// <summary>
    /// After a race that was lost: the next search of this thread starts in a part of the node of its own, so that
    /// threads which fill a node do not do it word by word together.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Evade(Recent* recent)
    {
        recent->Cursor = (uint)((ulong)(uint)(recent - _recent) * _blocks / (_partMask + 1));
    }

    /// <summary>
    /// For a taker with a reservation: finds a word with a clear bit and makes it the most recent. What is at or above
    /// the cursor comes first; with one driver nothing is free below it.
    /// </summary>
    /// <returns>False: the credit promised a frame that no bit has. Never, unless memory was overwritten.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryRecallFreeWord(Recent* recent)
    {
        Backoff backoff = default;
        for (byte limit = MaxOrder; ; limit = AnyLack)
        {
            if (TryFindRun(0, limit, Volatile.Read(ref recent->Cursor), out uint index))
            {
                recent->Cursor = index / BlockFrames;
                recent->Push(index / WordBits);
                return true;
            }

            if (limit == AnyLack)
            {
                if (!_concurrent)
                    return false;
                // Every frame that is promised to this thread was taken and others given back, behind its back each time.
                backoff.Pause();
            }
        }
    }

    /// <summary>Puts an unmet reservation back.</summary>
    private int GiveUp(int reserved, int taken)
    {
        Debug.Fail("the credit promised frames that no bit has");
        _ = Atomic.Add(ref *_credit, (uint)(reserved - taken), _concurrent);
        return taken;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryTakeRun(int order, out uint pfn)
    {
        uint frames = 1u << order;
        uint start = Volatile.Read(ref OwnRecent()->Cursor);
        while (Free >= frames && TryFindRun(order, (byte)(MaxOrder - order), start, out uint index) && TryReserve(frames))
        {
            if (TryClaim(index, order))
            {
                pfn = _base + index;
                return true;
            }

            _ = Atomic.Add(ref *_credit, frames, _concurrent); // somebody was faster
        }

        pfn = FrameTable.NoFrame;
        return false;
    }

    /// <summary>
    /// The first free run in blocks whose lack is at most <paramref name="limit"/>: from block <paramref name="start"/>
    /// to the last, then from the first to there.
    /// </summary>
    private bool TryFindRun(int order, byte limit, uint start, out uint index) =>
        TryFindRun(order, limit, start, _blocks, out index) || TryFindRun(order, limit, 0, start, out index);

    private bool TryFindRun(int order, byte limit, uint from, uint to, out uint index)
    {
        for (uint block = NextBlock(from, to, limit); block < to; block = NextBlock(block + 1, to, limit))
        {
            int at = FindRun(block, order);
            if (at < 0)
                at = RaiseBlock(block, order);
            if (at >= 0)
            {
                index = block * BlockFrames + (uint)at;
                return true;
            }
        }

        index = 0;
        return false;
    }

    /// <summary>The first block of [from, to) whose lack, and whose group's, is at most <paramref name="limit"/>; else to.</summary>
    private uint NextBlock(uint from, uint to, byte limit)
    {
        while (from < to)
        {
            uint group = from / GroupBlocks;
            if (Volatile.Read(ref _groupLack[group]) > limit)
            {
                int skipped = new ReadOnlySpan<byte>(_groupLack + group, (int)((to - 1) / GroupBlocks + 1 - group)).IndexOfAnyInRange((byte)0, limit);
                if (skipped < 0)
                    return to;
                group += (uint)skipped;
                from = Math.Max(from, group * GroupBlocks);
            }

            uint groupEnd = Math.Min((group + 1) * GroupBlocks, _blocks);
            uint end = Math.Min(groupEnd, to);
            int at = FirstBlock(from, end, limit);
            if (at >= 0)
                return from + (uint)at;
            if (from == group * GroupBlocks && end == groupEnd)
                RaiseGroup(group, end, limit);
            from = end;
        }

        return to;
    }

    private int FirstBlock(uint from, uint end, byte limit) =>
        new ReadOnlySpan<byte>(_blockLack + from, (int)(end - from)).IndexOfAnyInRange((byte)0, limit);

    /// <summary>Offset in the block of its lowest free run, or -1.</summary>
    private int FindRun(uint block, int order)
    {
        ulong* words = _used + (nuint)block * WordsPerBlock;
        if (order < WordOrder)
        {
            for (int i = 0; i < WordsPerBlock; i++)
            {
                ulong starts = RunStarts(~Volatile.Read(ref words[i]), order);
                if (starts != 0)
                    return i * WordBits + BitOperations.TrailingZeroCount(starts);
            }

            return -1;
        }

        int run = 1 << (order - WordOrder);
        for (int i = 0; i < WordsPerBlock; i += run)
        {
            ulong used = 0;
            for (int j = i; j < i + run; j++)
                used |= Volatile.Read(ref words[j]);
            if (used == 0)
                return i * WordBits;
        }

        return -1;
    }

    /// <summary>Notes that a block has no run of an order, after a look in vain, and looks again.</summary>
    /// <returns>Offset of a run that came meanwhile, or -1.</returns>
    private int RaiseBlock(uint block, int order)
    {
        _ = Atomic.Exchange(ref _blockLack[block], (byte)(MaxOrder + 1 - order), _concurrent); // full fence: raised before the second look
        if (!_concurrent)
            return -1;
        int at = FindRun(block, order);
        if (at >= 0)
            Reopen(block * WordsPerBlock);
        return at;
    }

    /// <summary>Notes that no block of a group has a lack of <paramref name="limit"/> or less, and looks again.</summary>
    private void RaiseGroup(uint group, uint end, byte limit)
    {
        _ = Atomic.Exchange(ref _groupLack[group], (byte)(limit + 1), _concurrent); // full fence, as above
        if (_concurrent && FirstBlock(group * GroupBlocks, end, limit) >= 0)
            _ = Atomic.Exchange(ref _groupLack[group], (byte)0, _concurrent);
    }

    /// <summary>
    /// After bits of a block were cleared by locked operations: whatever the summary says against it goes, and the word
    /// is where the calling thread takes next.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reopen(uint word)
    {
        uint block = word / WordsPerBlock;
        ref byte lack = ref _blockLack[block];
        if (Volatile.Read(ref lack) != 0)
            _ = Atomic.Exchange(ref lack, (byte)0, _concurrent); // full fence: lowered before the group's is read
        // The group is looked at whatever the block said: who lowered the block may not have come to the group yet.
        ref byte groupLack = ref _groupLack[block / GroupBlocks];
        if (Volatile.Read(ref groupLack) != 0)
            _ = Atomic.Exchange(ref groupLack, (byte)0, _concurrent);

        Recent* recent = OwnRecent();
        recent->Push(word);
        if (block < recent->Cursor)
            recent->Cursor = block;
    }

    private bool ReturnOne(uint pfn)
    {
        if (unchecked(pfn - _first) >= _count)
            return false;
        uint index = pfn - _base;
        uint word = index / WordBits;
        if (!TryClear(ref _used[word], 1UL << (int)(index % WordBits)))
            return false;
        Reopen(word);
        _ = Atomic.Add(ref *_credit, 1u, _concurrent); // last: what is credited can be found
        return true;
    }

    private bool ReturnRun(uint pfn, int order)
    {
        uint frames = 1u << order;
        uint index = unchecked(pfn - _base);
        if (unchecked((uint)order) > MaxOrder || pfn < _first || (ulong)pfn + frames > (ulong)_first + _count || (index & (frames - 1)) != 0)
            return false;

        uint word = index / WordBits;
        uint returned = order < WordOrder
            ? TryClear(ref _used[word], RunMask(order) << (int)(index % WordBits)) ? frames : 0
            : ClearWords(word, frames / WordBits);
        if (returned == 0)
            return false;
        Reopen(word);
        _ = Atomic.Add(ref *_credit, returned, _concurrent);
        return returned == frames;
    }

    /// <summary>Sets the bits of a run that were all clear a moment ago, or none.</summary>
    private bool TryClaim(uint index, int order)
    {
        ulong* word = _used + index / WordBits;
        if (order < WordOrder)
        {
            ulong mask = RunMask(order) << (int)(index % WordBits);
            ulong before = Volatile.Read(ref *word);
            while ((before & mask) == 0)
            {
                ulong seen = Atomic.CompareExchange(ref *word, before | mask, before, _concurrent);
                if (seen == before)
                    return true;
                before = seen;
            }

            return false;
        }

        uint words = 1u << (order - WordOrder);
        for (uint i = 0; i < words; i++)
        {
            if (Atomic.CompareExchange(ref word[i], ulong.MaxValue, 0UL, _concurrent) == 0)
                continue;
            if (i > 0)
            {
                // Claimed words are this thread's own: putting them back is a return of them, uncredited.
                for (uint j = 0; j < i; j++)
                    _ = Atomic.Exchange(ref word[j], 0UL, _concurrent);
                Reopen(index / WordBits);
            }

            return false;
        }

        return true;
    }

    /// <summary>Clears the bits of <paramref name="mask"/> if all are set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryClear(ref ulong word, ulong mask)
    {
        ulong before = Volatile.Read(ref word);
        if (!_concurrent)
        {
            if ((before & mask) != mask)
                return false;
            word = before & ~mask;
            return true;
        }

        while ((before & mask) == mask)
        {
            ulong seen = Interlocked.CompareExchange(ref word, before & ~mask, before);
            if (seen == before)
                return true;
            before = seen;
        }

        return false;
    }

    /// <summary>Clears words that are in use throughout, if all are.</summary>
    /// <returns>Frames freed: 0 when some were free, less than all only where another thread returns the same run now.</returns>
    private uint ClearWords(uint first, uint words)
    {
        for (uint i = 0; i < words; i++)
        {
            if (Volatile.Read(ref _used[first + i]) != ulong.MaxValue)
                return 0;
        }

        uint cleared = 0;
        for (uint i = 0; i < words; i++)
        {
            if (Atomic.CompareExchange(ref _used[first + i], 0UL, ulong.MaxValue, _concurrent) == ulong.MaxValue)
                cleared += WordBits;
        }

        return cleared;
    }

    /// <summary>
    /// Where one part of the threads takes next: a stack of the words of the bitmap that frames came back to last, and the
    /// block to search from. Zeroed memory is an empty one. Every field may be lost or stale, none is trusted.
    /// </summary>
    [StructLayout(LayoutKind.Sequential, Size = 512)]
    private struct Recent
    {
        /// <summary>
        /// Fills the four lines; half of it, which is what is left when it runs over, is the largest batch of reclaim.
        /// </summary>
        private const int Capacity = 126;

        /// <summary>Block to search from.</summary>
        public uint Cursor;

        private uint _depth;
        private fixed uint _words[Capacity];

        /// <summary>The newest word.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryPeek(out uint word)
        {
            uint depth = Volatile.Read(ref _depth);
            word = depth != 0 ? _words[depth - 1] : 0;
            return depth != 0;
        }

        /// <summary>Makes a word the newest; when there is no room, the older half is forgotten.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Push(uint word)
        {
            uint depth = Volatile.Read(ref _depth);
            if (depth != 0 && _words[depth - 1] == word)
                return;
            if (depth == Capacity)
                depth = ForgetOlderHalf();
            _words[depth] = word;
            _depth = depth + 1;
        }

        /// <summary>Drops the newest word.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Forget()
        {
            uint depth = Volatile.Read(ref _depth);
            if (depth != 0)
                _depth = depth - 1;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private uint ForgetOlderHalf()
        {
            for (int i = 0; i < Capacity / 2; i++)
                _words[i] = _words[i + Capacity / 2];
            return Capacity / 2;
        }
    }

    /// <summary>A word on two cache lines of its own: every take and return of every thread writes it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Padded
    {
        [FieldOffset(0)]
        public uint Value;
    }
}
