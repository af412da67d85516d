using System.Numerics;
using System.Runtime.CompilerServices;
using ReclaimNative.Frames;

namespace ReclaimNative.Lru;

/// <summary>Where chunks come from and go to: the pool, the ends of a chain, and packing.</summary>
internal sealed unsafe partial class OrderedLists
{
    /// <summary>No list: a chunk in the pool, or one that is not on its chain yet.</summary>
    private const int NoList = -1;

    /// <summary>Chunks that arrivals leave to packing, so that it never waits for what only it can gain.</summary>
    private const uint Floor = 8;

    /// <summary>The same where up to 64 threads may each have taken one more after looking.</summary>
    private const uint ConcurrentFloor = Floor + 64;

    /// <summary>The most chunks in a row that are packed at once; a row of so many has a chunk's worth of holes by the choice of capacity.</summary>
    private const int LongestRow = 6;

    /// <summary>Chunks looked at, one after the other in memory, before longer rows are accepted.</summary>
    private const int LooksPerAttempt = 2048;

    /// <summary>Chunks that one attempt tries to gain.</summary>
    private const int Wanted = 16;

    /// <summary>Attempts that found enough after which shorter rows, which cost fewer moves, are tried again.</summary>
    private const int EasyAttempts = 16;

    private uint _hand;
    private int _row = 2;
    private int _easy;
    private int _cleaner;

    /// <summary>Chunks that can be opened before any has to be gained by packing.</summary>
    private long Room => _chunkCount - _fresh + Volatile.Read(ref _pooled);

    /// <summary>Nobody can add to the chunk any more and nothing is in it.</summary>
    private static bool IsSpent(ref Chunk chunk)
    {
        uint state = Volatile.Read(ref chunk.State);
        return (state & TakenMask) >= ChunkPositions && (state & DoneMask) == ChunkPositions * OneDone && Volatile.Read(ref chunk.Live) == 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint OpenHead(ref LruList list, int number)
    {
        uint old = list.Hot;
        uint chunk = Take();
        _chunks[chunk] = new Chunk { TowardHead = NoChunk, TowardTail = old, List = number };
        list.Hot = chunk;
        if (old == NoChunk)
        {
            list.Cold = chunk;
        }
        else
        {
            _chunks[old].TowardHead = chunk;
            if (_chunks[old].Live == 0)
                Unlink(ref list, old);
        }

        return chunk;
    }

    private uint OpenTail(ref LruList list, int number)
    {
        uint chunk = Take();
        uint old = list.Cold;
        _chunks[chunk] = new Chunk
        {
            TowardHead = old,
            TowardTail = NoChunk,
            List = number,
            State = ClosedState | (uint)ChunkPositions << LowShift,
        };
        _chunks[old].TowardTail = chunk;
        list.Cold = chunk;
        return chunk;
    }

    /// <summary>Takes an empty chunk that is not the hot one out of its chain, and back to the pool.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Unlink(ref LruList list, uint chunk)
    {
        uint newer = _chunks[chunk].TowardHead;
        uint older = _chunks[chunk].TowardTail;
        if (older == NoChunk)
            list.Cold = newer;
        else
            Volatile.Write(ref _chunks[older].TowardHead, newer);
        _chunks[newer].TowardTail = older;
        Return(chunk);
    }

    private void AddHeadConcurrently(ref LruList list, int number, ReadOnlySpan<uint> pfns, ReadOnlySpan<uint> owners)
    {
        while (pfns.Length > 0)
        {
            uint chunk = Volatile.Read(ref list.Hot);
            if (chunk == NoChunk)
            {
                OpenHeadConcurrently(ref list, number, chunk);
                continue;
            }

            ref Chunk at = ref _chunks[chunk];

            // Looking first keeps the count of those that came too late far from its 16 bits.
            if ((Volatile.Read(ref at.State) & TakenMask) >= ChunkPositions)
            {
                OpenHeadConcurrently(ref list, number, chunk);
                continue;
            }

            uint wanted = (uint)Math.Min(pfns.Length, ChunkPositions);
            uint first = (Interlocked.Add(ref at.State, wanted * OneTaken) & TakenMask) - wanted;
            uint got = first >= ChunkPositions ? 0 : Math.Min(wanted, ChunkPositions - first);
            if (got == 0)
                continue;
            if (Volatile.Read(ref at.List) != number)
            {
                Interlocked.Add(ref at.State, got * OneDone);
                continue;
            }

            for (uint i = 0; i < got; i++)
                Write(chunk, first + i, pfns[(int)i], owners[(int)i]);
            ulong bits = (got == 64 ? ulong.MaxValue : (1UL << (int)got) - 1) << (int)first;
            Interlocked.Or(ref at.Live, bits);
            Interlocked.Add(ref at.State, got * OneDone);
            Interlocked.Add(ref list.Count, got);
            pfns = pfns[(int)got..];
            owners = owners[(int)got..];
        }
    }

    /// <summary>One of those that find the hot chunk full puts a new one before it; the others find it and go on.</summary>
    private void OpenHeadConcurrently(ref LruList list, int number, uint full)
    {
        uint chunk = Take();
        ref Chunk at = ref _chunks[chunk];
        at.Live = 0;
        at.TowardHead = NoChunk;
        at.TowardTail = full;

        // The count of indices opens the chunk, also to those who still hold its number from an earlier life. Until it
        // is the hot one it belongs to no list, so that whatever they take they give up: nothing can get into a chunk
        // that goes back to the pool.
        Volatile.Write(ref at.State, 0);
        if (Interlocked.CompareExchange(ref list.Hot, chunk, full) != full)
        {
            Close(ref at);
            Return(chunk);
            return;
        }

        Volatile.Write(ref at.List, number);
        if (full == NoChunk)
            Volatile.Write(ref list.Cold, chunk);
        else
            Volatile.Write(ref _chunks[full].TowardHead, chunk);
    }

    /// <summary>Takes all indices that are left and waits for those who took one by mistake: a few instructions of theirs.</summary>
    private static void Close(ref Chunk at)
    {
        uint before = Interlocked.Add(ref at.State, ChunkPositions * OneTaken) - ChunkPositions * OneTaken;
        uint taken = Math.Min(before & TakenMask, ChunkPositions);
        Interlocked.Add(ref at.State, (ChunkPositions - taken) * OneDone);
        var wait = default(SpinWait);
        while ((Volatile.Read(ref at.State) & DoneMask) != ChunkPositions * OneDone)
            wait.SpinOnce(-1);
    }

    /// <summary>A chunk of nobody's. Its state is closed until its taker opens it.</summary>
    private uint Take()
    {
        if (!_concurrent)
        {
            if (Room < 2 * Floor && _cleaner == 0)
                Clean();
            if (_pool == NoChunk)
                return _fresh++;
            uint taken = (uint)_pool;
            _pool = _chunks[taken].TowardHead;
            _pooled--;
            return taken;
        }

        bool cleans = Volatile.Read(ref _cleaner) == Environment.CurrentManagedThreadId;
        var wait = default(SpinWait);
        while (true)
        {
            if (!cleans && Room < ConcurrentFloor + Floor)
            {
                Clean();
                if (Room < ConcurrentFloor)
                {
                    wait.SpinOnce(-1);
                    continue;
                }
            }

            // The upper half of the head counts changes, so that a chunk which left and came back is not mistaken for
            // one that stayed: that is the ABA of a stack.
            ulong head = Volatile.Read(ref _pool);
            if ((uint)head != NoChunk)
            {
                ulong next = (head & ~(ulong)uint.MaxValue) + (1UL << 32) | Volatile.Read(ref _chunks[(uint)head].TowardHead);
                if (Interlocked.CompareExchange(ref _pool, next, head) == head)
                {
                    Interlocked.Decrement(ref _pooled);
                    return (uint)head;
                }

                continue;
            }

            uint fresh = Volatile.Read(ref _fresh);
            if (fresh == _chunkCount || Interlocked.CompareExchange(ref _fresh, fresh + 1, fresh) != fresh)
                continue;
            _chunks[fresh].List = NoList;
            _chunks[fresh].State = ClosedState;
            return fresh;
        }
    }

    /// <summary>Gives back the chunks of an empty list that ends: nobody adds to the hot one any more. For a thread that is alone.</summary>
    public void Release(ref LruList list)
    {
        for (uint chunk = list.Cold; chunk != NoChunk;)
        {
            uint next = _chunks[chunk].TowardHead;
            _chunks[chunk].State = ClosedState;
            Return(chunk);
            chunk = next;
        }
    }

    private void Return(uint chunk)
    {
        Volatile.Write(ref _chunks[chunk].List, NoList);
        if (!_concurrent)
        {
            _chunks[chunk].TowardHead = (uint)_pool;
            _pool = chunk;
            _pooled++;
            return;
        }

        while (true)
        {
            ulong head = Volatile.Read(ref _pool);
            Volatile.Write(ref _chunks[chunk].TowardHead, (uint)head);
            if (Interlocked.CompareExchange(ref _pool, (head & ~(ulong)uint.MaxValue) + (1UL << 32) | chunk, head) == head)
            {
                Interlocked.Increment(ref _pooled);
                return;
            }
        }
    }

    /// <summary>
    /// Gains chunks by packing: looks at rows of neighbouring chunks, the hand going round over all chunks, and rewrites
    /// a row that has at least one chunk's worth of holes into one chunk less, in the same order. Short rows cost the
    /// fewest moves for a chunk gained and are tried first; longer ones are accepted only as long as those don't suffice.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such row, which the capacity excludes.</exception>
    private void Clean()
    {
        if (Interlocked.CompareExchange(ref _cleaner, Environment.CurrentManagedThreadId, 0) != 0)
            return;
        int gained = 0;
        for (ulong looks = 1; gained < Wanted; looks++)
        {
            if (looks % LooksPerAttempt == 0)
            {
                if (gained > 0)
                    break;
                _row = Math.Min(_row + 1, LongestRow);
            }

            if (looks > 2 * (ulong)_chunkCount + LongestRow * LooksPerAttempt)
            {
                if (!_concurrent && gained == 0)
                    throw new InvalidOperationException("The chunks of the lists are used up and none can be gained.");
                break;
            }

            // A row starts at a chunk that has its share of the holes, so most chunks are passed by at a glance.
            _hand = _hand + 1 < _fresh ? _hand + 1 : 0;
            if (BitOperations.PopCount(Volatile.Read(ref _chunks[_hand].Live)) * _row <= ChunkPositions * (_row - 1))
                gained += Pack(_hand);
        }

        if (gained >= Wanted && ++_easy == EasyAttempts)
            (_row, _easy) = (Math.Max(2, _row - 1), 0);
        Volatile.Write(ref _cleaner, 0);
    }

    /// <summary>Packs the row that starts at a chunk, if it has enough holes. Returns the chunks gained.</summary>
    private int Pack(uint start)
    {
        int number = Volatile.Read(ref _chunks[start].List);
        if (number < 0)
            return 0;
        bool taken = false;
        ref int token = ref _tokens[number / FrameLists.MaxLists * FrameLists.TokenStride];
        if (_concurrent)
        {
            // Who holds the token already may pack: it holds frames between two steps, never positions.
            int holder = Interlocked.CompareExchange(ref token, _cleaner, 0);
            if (holder != 0 && holder != _cleaner)
                return 0;
            taken = holder == 0;
        }

        int gained = 0;
        ref LruList list = ref _lists[number];
        if (IsLinked(start, number, ref list))
            gained = PackRow(ref list, number, start);
        if (taken)
            Volatile.Write(ref token, 0);
        return gained;
    }

    /// <summary>With the token held: the chunk is on this list's chain and not its hot end.</summary>
    private bool IsLinked(uint chunk, int number, ref LruList list)
    {
        ref Chunk at = ref _chunks[chunk];
        if (at.List != number || chunk == Volatile.Read(ref list.Hot) || (Volatile.Read(ref at.State) & DoneMask) != ChunkPositions * OneDone)
            return false;
        uint older = at.TowardTail;
        uint newer = Volatile.Read(ref at.TowardHead);
        return newer != NoChunk
            && _chunks[newer].TowardTail == chunk && _chunks[newer].List == number
            && (older == NoChunk ? list.Cold == chunk : _chunks[older].TowardHead == chunk && _chunks[older].List == number);
    }

    private int PackRow(ref LruList list, int number, uint start)
    {
        int live = 0;
        int length = 0;
        uint end = start;
        while (length < _row && end != NoChunk && end != Volatile.Read(ref list.Hot)
            && (Volatile.Read(ref _chunks[end].State) & DoneMask) == ChunkPositions * OneDone)
        {
            live += BitOperations.PopCount(Volatile.Read(ref _chunks[end].Live));
            length++;
            end = Volatile.Read(ref _chunks[end].TowardHead);
        }

        int needed = (live + ChunkPositions - 1) / ChunkPositions;
        if (length - needed < 1 || Room < needed + 1)
            return 0;

        // New chunks go in on the cold side of the row and are filled in order; what was read is older than what
        // follows, so at every moment the chain reads in the order that it had.
        uint target = NoChunk;
        uint index = ChunkPositions;
        uint source = start;
        int freed = 0;
        for (int i = 0; i < length; i++)
        {
            uint next = _chunks[source].TowardHead;
            FetchFrames(source, _chunks[source].Live, ChunkPositions);
            for (ulong rest = Volatile.Read(ref _chunks[source].Live); rest != 0; rest &= rest - 1)
            {
                uint position = source * ChunkPositions + (uint)BitOperations.TrailingZeroCount(rest);
                uint owner = _entry[position];
                uint pfn = FrameOf(owner);
                if (_concurrent && (!IsAt(pfn, position) || !TryClaimAt(pfn, position)))
                    continue;
                if (index == ChunkPositions)
                {
                    target = InsertBefore(ref list, number, source);
                    index = 0;
                    freed--;
                }

                Write(target, index, pfn, owner);
                if (_concurrent)
                {
                    Interlocked.Or(ref _chunks[target].Live, 1UL << (int)index);
                    Interlocked.And(ref _chunks[source].Live, ~(1UL << (int)(position % ChunkPositions)));
                    _frames.Change(pfn, FolioFlags.Isolated, FolioFlags.Lru);
                }
                else
                {
                    _chunks[target].Live |= 1UL << (int)index;
                    _chunks[source].Live &= ~(1UL << (int)(position % ChunkPositions));
                }

                index++;
            }

            if (Volatile.Read(ref _chunks[source].Live) == 0)
            {
                Unlink(ref list, source);
                freed++;
            }

            source = next;
        }

        return Math.Max(freed, 0);
    }

    /// <summary>A new closed chunk on the cold side of <paramref name="before"/>.</summary>
    private uint InsertBefore(ref LruList list, int number, uint before)
    {
        uint chunk = Take();
        uint older = _chunks[before].TowardTail;
        _chunks[chunk] = new Chunk { TowardHead = before, TowardTail = older, List = number, State = ClosedState };
        _chunks[before].TowardTail = chunk;
        if (older == NoChunk)
            Volatile.Write(ref list.Cold, chunk);
        else
            Volatile.Write(ref _chunks[older].TowardHead, chunk);
        return chunk;
    }

    /// <summary>Claims a frame that was seen at a position, unless it went elsewhere before the claim.</summary>
    private bool TryClaimAt(uint pfn, uint position)
    {
        if (!_frames.TryClaim(pfn, out _))
            return false;
        if (_frames.PositionOf(pfn) == position)
            return true;
        _frames.Change(pfn, FolioFlags.Isolated, FolioFlags.Lru);
        return false;
    }
}
