using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.Lru;

/// <summary>
/// Lists over frames in the exact order of the kernel's lists: a list is a chain of chunks of 64 positions, a position
/// holds the owner of a frame, and a bit for each position says whether the frame is still there.
/// </summary>
/// <remarks>
/// <para>
/// An intrusive list follows one pointer, one full memory latency, for each page. Here the cold end is read in
/// sequence, an arrival appends, and a removal clears one bit of the chunk that the frame names: three independent
/// memory accesses instead of a chain of five. Holes are known from the bits, so nothing stale is ever looked at.
/// </para>
/// <para>
/// <b>Bounded memory.</b> There are 1.25 positions for each frame, or more, and a few chunks for each list. A chunk that
/// runs empty goes back to the pool. When the pool runs low, chunks in a row that have a chunk's worth of holes between
/// them are packed into fewer (<see cref="Clean"/>); a quarter more positions than frames means that there always is such
/// a row. What that costs depends on the slack: where pages move at random, with 25 per cent two frames are moved up for
/// each that moves, with 100 per cent one for three.
/// </para>
/// <para>
/// <b>Concurrency.</b> Frames change hands by <see cref="FrameTable.TryClaim"/>; only the claimer writes a frame's
/// place and clears its bit, and a chunk with a bit set is never reused, so a position is stable for its claimer: no
/// ABA. Arrivals take indices of the hot chunk by one fetch-and-add, write the entry and the place, set the bit, and
/// count themselves done; a chunk is reused only when all 64 indices are done and no bit is set. An arrival that took
/// an index in a chunk which was reused for another list meanwhile sees that from the chunk's list number, which can't
/// change again while its index is not done, counts the index done without setting the bit, and starts over. The order
/// of publication is: entry, place, bit (a locked or), then <c>Lru</c> (a locked compare-and-swap); who reads a bit and
/// then claims the frame checks that the frame names this very position, since the bit may be that of a frame that left
/// and came back elsewhere. Chains are changed at the hot end by compare-and-swap; everywhere else only by the holder
/// of the lruvec's token, which is also the only one to walk them.
/// </para>
/// </remarks>
internal sealed unsafe partial class OrderedLists
{
    /// <summary>Positions of a chunk: the bits of a word.</summary>
    public const int ChunkPositions = 64;

    private const uint NoChunk = uint.MaxValue;

    /// <summary>How many positions ahead frames are fetched into the cache; their table entries, twice as many.</summary>
    private const uint Ahead = 8;

    /// <summary>Chunks for each list that has frames, beyond what they need: the cold end, and a row too short to be packed. Every list may keep its hot chunk.</summary>
    private const int ChunksPerList = 7;

    private readonly FrameTable _frames;
    private readonly uint* _entry;
    private readonly uint* _frameOf;
    private readonly Chunk* _chunks;
    private readonly LruList* _lists;
    private readonly int* _tokens;
    private readonly uint _chunkCount;
    private readonly uint _lastPosition;
    private readonly bool _concurrent;
    private ulong _pool;
    private long _pooled;
    private uint _fresh;

    /// <summary>What it keeps beside its columns.</summary>
    public void Pass(StateLog log)
    {
        log.Pass(ref _pool);
        log.Pass(ref _pooled);
        log.Pass(ref _fresh);
        log.Pass(ref _hand);
        log.Pass(ref _row);
        log.Pass(ref _easy);
        log.Pass(ref _cleaner);
    }

    /// <summary>Lists over the frames of <paramref name="frames"/>.</summary>
    /// <param name="store">Where the chunks are reserved.</param>
    /// <param name="frames">The frames, in the ordered form.</param>
    /// <param name="frameOf">The table entries: the frame that each owner slot names; null when that is the frame of its own number.</param>
    /// <param name="lists">All lists, <see cref="FrameLists.MaxLists"/> for each lruvec.</param>
    /// <param name="tokens">One token for each lruvec, <see cref="FrameLists.TokenStride"/> apart.</param>
    /// <param name="concurrent">Several threads use the lists at once.</param>
    public OrderedLists(ColumnStore store, FrameTable frames, uint* frameOf, LruList* lists, int* tokens, bool concurrent)
    {
        _frames = frames;
        _entry = frames.Entry;
        _frameOf = frameOf;
        _lists = lists;
        _tokens = tokens;
        _concurrent = concurrent;
        _chunkCount = (uint)(frames.Positions / ChunkPositions);
        _lastPosition = (uint)(frames.Positions - 1);
        _chunks = store.Reserve<Chunk>("list.chunk", _chunkCount).Pointer;
        _pool = NoChunk;
    }

    /// <summary>Least and usual slack in per cent; less, and there would not always be a row to pack.</summary>
    public const int LeastSlack = 25;

    /// <summary>Positions for so many frames and lists, with <paramref name="slack"/> per cent more than frames.</summary>
    public static ulong PositionsFor(ulong frames, ulong lists, int slack, bool concurrent) =>
        ((frames + frames * (ulong)slack / 100 + ChunkPositions - 1) / ChunkPositions + lists + Math.Min(lists, frames) * ChunksPerList + (concurrent ? ConcurrentFloor : 0) + 4 * Floor)
        * ChunkPositions;

    /// <summary>Positions taken by frames or holes, of all lists: for the bench that states the share of holes.</summary>
    public ulong PositionsInUse => (ulong)(_fresh - _pooled) * ChunkPositions;

    /// <summary>The oldest frame of a list, or NoFrame.</summary>
    public uint Tail(ref LruList list)
    {
        for (uint chunk = list.Cold; chunk != NoChunk; chunk = list.Cold)
        {
            ref Chunk at = ref _chunks[chunk];
            if (FirstIn(chunk, Volatile.Read(ref at.Live)) is var pfn && pfn != FrameTable.NoFrame)
                return pfn;

            // Only a chunk that nobody can add to any more goes; what is left of it is the way to the next.
            uint next = Volatile.Read(ref at.TowardHead);
            if (!IsSpent(ref at) || next == NoChunk)
                return _concurrent && next != NoChunk ? FirstFrom(next) : FrameTable.NoFrame;
            list.Cold = next;
            _chunks[next].TowardTail = NoChunk;
            Return(chunk);
        }

        return FrameTable.NoFrame;
    }

    /// <summary>The most recent frame of a list, or NoFrame.</summary>
    public uint Head(ref LruList list)
    {
        for (uint chunk = list.Hot; chunk != NoChunk; chunk = _chunks[chunk].TowardTail)
        {
            if (LastIn(chunk, _chunks[chunk].Live) is var pfn && pfn != FrameTable.NoFrame)
                return pfn;
        }

        return FrameTable.NoFrame;
    }

    /// <summary>The next more recent frame after one on a list, or NoFrame.</summary>
    public uint TowardHead(uint pfn)
    {
        uint position = _frames.PositionOf(pfn);
        uint chunk = position / ChunkPositions;
        if (_concurrent && chunk >= _chunkCount)
            return FrameTable.NoFrame;
        ulong newer = Volatile.Read(ref _chunks[chunk].Live) & ~((2UL << (int)(position % ChunkPositions)) - 1);
        uint next = FirstIn(chunk, newer);
        return next != FrameTable.NoFrame ? next : FirstFrom(Volatile.Read(ref _chunks[chunk].TowardHead));
    }

    /// <summary>The next older frame after one on a list, or NoFrame.</summary>
    public uint TowardTail(uint pfn)
    {
        uint position = _frames.PositionOf(pfn);
        uint chunk = position / ChunkPositions;
        if (_concurrent && chunk >= _chunkCount)
            return FrameTable.NoFrame;
        uint next = LastIn(chunk, _chunks[chunk].Live & ((1UL << (int)(position % ChunkPositions)) - 1));
        while (next == FrameTable.NoFrame && (chunk = _chunks[chunk].TowardTail) != NoChunk)
            next = LastIn(chunk, _chunks[chunk].Live);
        return next;
    }

    /// <summary><c>lruvec * MaxLists + list</c> of a frame on a list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NumberOf(uint pfn)
    {
        uint chunk = _frames.PositionOf(pfn) / ChunkPositions;
        return _concurrent && chunk >= _chunkCount ? -1 : _chunks[chunk].List;
    }

    /// <summary>Puts a claimed frame at the recent end; it is not published yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddHead(ref LruList list, int number, uint pfn, uint owner)
    {
        if (_concurrent)
        {
            AddHeadConcurrently(ref list, number, new ReadOnlySpan<uint>(in pfn), new ReadOnlySpan<uint>(in owner));
            return;
        }

        uint chunk = list.Hot;
        if (chunk == NoChunk || (_chunks[chunk].State & TakenMask) == ChunkPositions)
            chunk = OpenHead(ref list, number);
        ref Chunk at = ref _chunks[chunk];
        uint index = at.State & TakenMask;
        at.State += OneTaken + OneDone;
        Write(chunk, index, pfn, owner);
        at.Live |= 1UL << (int)index;
        list.Count++;
    }

    /// <summary>
    /// Puts claimed frames at the recent end, the first one first, so that the last is the most recent; they are not
    /// published yet. One fetch-and-add and two more locked operations for each run that fits into a chunk.
    /// </summary>
    public void AddHead(ref LruList list, int number, ReadOnlySpan<uint> pfns, ReadOnlySpan<uint> owners)
    {
        if (_concurrent)
        {
            AddHeadConcurrently(ref list, number, pfns, owners);
            return;
        }

        for (int i = 0; i < pfns.Length; i++)
            AddHead(ref list, number, pfns[i], owners[i]);
    }

    /// <summary>
    /// Puts a claimed frame at the cold end; it is not published yet. Where several threads run, the caller holds the
    /// lruvec's token.
    /// </summary>
    public void AddTail(ref LruList list, int number, uint pfn, uint owner)
    {
        if (list.Cold == NoChunk)
        {
            AddHead(ref list, number, pfn, owner);
            return;
        }

        uint chunk = list.Cold;
        uint low = _chunks[chunk].State >> LowShift;
        if (low == 0)
        {
            chunk = OpenTail(ref list, number);
            low = ChunkPositions;
        }

        // A chunk of the cold end was born closed for arrivals, and its low count belongs to the holder of the token.
        ref Chunk at = ref _chunks[chunk];
        low--;
        at.State = ClosedState | low << LowShift;
        Write(chunk, low, pfn, owner);
        if (_concurrent)
        {
            Interlocked.Or(ref at.Live, 1UL << (int)low);
            Interlocked.Increment(ref list.Count);
        }
        else
        {
            at.Live |= 1UL << (int)low;
            list.Count++;
        }
    }

    /// <summary>
    /// Claims the coldest frames of a list and takes them off it, the coldest first: one change of a chunk's bits for all
    /// that come from it. Where several threads run, the caller holds the lruvec's token.
    /// </summary>
    /// <param name="list">The list.</param>
    /// <param name="pfns">Receives the frames.</param>
    /// <returns>How many: fewer than asked when the list has no more, or others hold them.</returns>
    public int TakeTail(ref LruList list, Span<uint> pfns)
    {
        int count = 0;
        uint chunk = list.Cold;
        while (count < pfns.Length && chunk != NoChunk)
        {
            ref Chunk at = ref _chunks[chunk];
            uint next = Volatile.Read(ref at.TowardHead);
            ulong live = Volatile.Read(ref at.Live);
            FetchFrames(chunk, live, pfns.Length - count);
            ulong taken = 0;
            for (; live != 0 && count < pfns.Length; live &= live - 1)
            {
                int index = BitOperations.TrailingZeroCount(live);
                uint position = chunk * ChunkPositions + (uint)index;
                uint owner = _entry[position];
                uint pfn = FrameOf(owner);
                if (_concurrent ? !IsAt(pfn, position) || !TryClaimAt(pfn, position) : !_frames.TryClaim(pfn, out _))
                    continue;
                _frames.SetPlace(pfn, owner);
                pfns[count++] = pfn;
                taken |= 1UL << index;
            }

            if (_concurrent)
            {
                if (taken != 0)
                {
                    Interlocked.Add(ref list.Count, -BitOperations.PopCount(taken));
                    Interlocked.And(ref at.Live, ~taken);
                }

                if (chunk == list.Cold && next != NoChunk && IsSpent(ref at))
                {
                    list.Cold = next;
                    _chunks[next].TowardTail = NoChunk;
                    Return(chunk);
                }
            }
            else
            {
                list.Count -= BitOperations.PopCount(taken);
                at.Live &= ~taken;
                if (at.Live == 0 && chunk != list.Hot)
                    Unlink(ref list, chunk);
            }

            chunk = next;
        }

        return count;
    }

    /// <summary>Takes a claimed frame off its list; its place is its owner again.</summary>
    /// <returns>The owner.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Remove(uint pfn)
    {
        uint position = _frames.PositionOf(pfn);
        uint chunk = position / ChunkPositions;
        ulong bit = 1UL << (int)(position % ChunkPositions);
        uint owner = _entry[position];
        ref Chunk at = ref _chunks[chunk];
        ref LruList list = ref _lists[at.List];
        _frames.SetPlace(pfn, owner);
        if (_concurrent)
        {
            Interlocked.Decrement(ref list.Count);
            Interlocked.And(ref at.Live, ~bit);
            return owner;
        }

        Debug.Assert((at.Live & bit) != 0, "removal of a frame that is not there");
        list.Count--;
        at.Live &= ~bit;
        if (at.Live == 0 && chunk != list.Hot)
            Unlink(ref list, chunk);
        return owner;
    }

    /// <summary>
    /// Walks a chain from the cold end for inspection and compares what is kept with what is there.
    /// </summary>
    /// <returns>The first thing that is wrong, or null.</returns>
    public string? Check(ref LruList list, int number)
    {
        uint colder = NoChunk;
        uint seen = 0;
        for (uint chunk = list.Cold; chunk != NoChunk; chunk = _chunks[chunk].TowardHead)
        {
            if (chunk >= _fresh || seen++ > _fresh)
                return $"its chain leads to chunk {chunk}, which is not in use";
            ref Chunk at = ref _chunks[chunk];
            if (at.List != number)
                return $"its chunk {chunk} says that it belongs to list {at.List}";
            if (at.TowardTail != colder)
                return $"its chunk {chunk} does not lead back to the chunk that leads to it";
            uint taken = Math.Min(at.State & TakenMask, ChunkPositions);
            if ((at.State & DoneMask) / OneDone != taken)
                return $"chunk {chunk} counts {taken} positions taken and {(at.State & DoneMask) / OneDone} done";
            if (taken < ChunkPositions && at.Live >> (int)taken != 0)
                return $"chunk {chunk} holds frames at positions that it has not handed out";
            colder = chunk;
        }

        return colder == list.Hot ? null : $"its chain ends at chunk {colder}, and its hot chunk is {list.Hot}";
    }

    /// <summary>Chunks on chains and in the pool make up all that were ever used. For inspection; <paramref name="linked"/> are those on chains.</summary>
    public string? CheckPool(ulong linked)
    {
        ulong pooled = 0;
        for (uint chunk = (uint)_pool; chunk != NoChunk && pooled <= _fresh; chunk = _chunks[chunk].TowardHead)
        {
            pooled++;
            if (_chunks[chunk].Live != 0)
                return $"Chunk {chunk} is in the pool and holds frames.";
        }

        return pooled + linked == _fresh && pooled == (ulong)_pooled
            ? null
            : $"Of {_fresh} chunks ever used {linked} are on lists and {pooled} in the pool, which counts {_pooled}.";
    }

    /// <summary>Chunks on the chain of one list, for inspection.</summary>
    public ulong CountChunks(ref LruList list)
    {
        ulong chunks = 0;
        for (uint chunk = list.Cold; chunk != NoChunk; chunk = _chunks[chunk].TowardHead)
            chunks++;
        return chunks;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(uint chunk, uint index, uint pfn, uint owner)
    {
        uint position = chunk * ChunkPositions + index;
        _entry[position] = owner;
        _frames.SetPlace(pfn, position);
    }

    /// <summary>The coldest frame among the positions of a mask, or NoFrame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint FirstIn(uint chunk, ulong live)
    {
        while (live != 0)
        {
            uint position = chunk * ChunkPositions + (uint)BitOperations.TrailingZeroCount(live);

            Fetch(position);
            uint pfn = FrameOf(_entry[position]);
            if (!_concurrent || IsAt(pfn, position))
                return pfn;
            live &= live - 1;
        }

        return FrameTable.NoFrame;
    }

    private uint LastIn(uint chunk, ulong live)
    {
        while (live != 0)
        {
            int index = 63 - BitOperations.LeadingZeroCount(live);
            uint position = chunk * ChunkPositions + (uint)index;
            uint pfn = FrameOf(_entry[position]);
            if (!_concurrent || IsAt(pfn, position))
                return pfn;
            live &= ~(1UL << index);
        }

        return FrameTable.NoFrame;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint FrameOf(uint owner) => _frameOf != null ? _frameOf[owner] : owner;

    /// <summary>
    /// Fetches the first frames among the positions of a mask, first all table entries and then all frames: every one of
    /// them is a miss in a large machine, and so they are missed together.
    /// </summary>
    private void FetchFrames(uint chunk, ulong live, int most)
    {
        if (!Sse.IsSupported)
            return;
        uint* entries = _entry + (nuint)chunk * ChunkPositions;
        ulong left = live;
        if (_frameOf != null)
        {
            for (int i = 0; i < most && left != 0; i++, left &= left - 1)
                Sse.Prefetch0(_frameOf + entries[BitOperations.TrailingZeroCount(left)]);
        }

        left = live;
        for (int i = 0; i < most && left != 0; i++, left &= left - 1)
            _frames.Fetch(FrameOf(entries[BitOperations.TrailingZeroCount(left)]));
    }

    /// <summary>
    /// Unlike a list of links, this one knows who comes later: what will be needed of them is fetched meanwhile, the table
    /// entry first and, when that is there, the frame it names. Entries of holes are fetched for nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fetch(uint position)
    {
        if (!Sse.IsSupported || position + 2 * Ahead > _lastPosition)
            return;
        if (_frameOf != null)
            Sse.Prefetch0(_frameOf + _entry[position + 2 * Ahead]);
        _frames.Fetch(FrameOf(_entry[position + Ahead]));
    }

    /// <summary>Fetches the chunk and the entry of a frame that will be moved; any number will do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchPosition(uint pfn)
    {
        if (!Sse.IsSupported)
            return;
        uint position = _frames.PositionOf(pfn);
        Sse.Prefetch0(_chunks + position / ChunkPositions);
        Sse.Prefetch0(_entry + position);
    }

    private uint FirstFrom(uint chunk)
    {
        for (; chunk != NoChunk; chunk = Volatile.Read(ref _chunks[chunk].TowardHead))
        {
            if (FirstIn(chunk, Volatile.Read(ref _chunks[chunk].Live)) is var pfn && pfn != FrameTable.NoFrame)
                return pfn;
        }

        return FrameTable.NoFrame;
    }

    /// <summary>A frame read from an entry while others run: it may have gone, and the entry name a shadow by now.</summary>
    private bool IsAt(uint pfn, uint position) =>
        pfn < _frames.Count && _frames.Has(pfn, FolioFlags.Lru) && _frames.PositionOf(pfn) == position;

    /// <summary>
    /// 64 positions and where they belong. <c>State</c>: bits 0 to 15 indices taken by arrivals (more than 64 when some
    /// came too late), bits 16 to 22 indices done, bits 24 to 30 the lowest index in use of a chunk born at the cold end.
    /// </summary>
    private struct Chunk
    {
        public ulong Live;
        public uint TowardHead;
        public uint TowardTail;
        public int List;
        public uint State;
    }

    private const uint TakenMask = 0xFFFF;
    private const uint OneTaken = 1;
    private const uint OneDone = 1 << 16;
    private const uint DoneMask = 0x7F << 16;
    private const int LowShift = 24;
    private const uint ClosedState = (uint)ChunkPositions | (uint)ChunkPositions << 16;
}
