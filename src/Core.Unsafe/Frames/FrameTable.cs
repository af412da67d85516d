using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using ReclaimNative.Memory;

namespace ReclaimNative.Frames;

/// <summary>
/// The page-frame table: everything kept for a frame, as one column per field. A frame number (pfn) is 32 bits wide
/// and counts from 0 over all nodes.
/// </summary>
/// <remarks>
/// <para>
/// The owner of a frame is the slot whose table entry names it and which receives the shadow when it is evicted: the
/// page-table slot of an anonymous page, the page-cache slot of a file page. In the ordered form a list holds owners,
/// so the frame's own word needs to name only one of two things: its position on a list while it is on one
/// (<see cref="FolioFlags.Lru"/>), its owner otherwise. In the unordered form the word is the owner at all times.
/// </para>
/// <para>
/// The unordered form has one byte for what changes often and three bitmaps for what changes seldom:
/// <code>
///   7   6 5   4    3    2 1   0
/// +---+-----+----+----+-----+----+   on a list (bit 7): g = generation
/// | 1 |  g  |anon|ref |refs | ws |
/// | 0 |1  a |anon|ref |refs | ws |   owned by a thread: a = active
/// +---+-----+----+----+-----+----+   free: 0
/// </code>
/// It has no room for <see cref="FolioFlags.Writeback"/>, for <see cref="FolioFlags.Young"/> only in a bitmap of its own where
/// idle ages are kept, and a folio on a list is never <see cref="FolioFlags.Active"/>: it serves policies that have generations.
/// </para>
/// <para>
/// Thread-safety: flags change by one atomic operation on one word (or bitmap word) when the table was built
/// <c>concurrent</c>. Who turns <c>Lru</c> into <c>Isolated</c> by <see cref="TryClaim"/> owns the frame: nobody else
/// moves, frees or re-owns it until it is placed again. That exclusive state is what makes positions stable.
/// </para>
/// </remarks>
internal sealed unsafe class FrameTable
{
    /// <summary>No slot: an unmapped page.</summary>
    public const uint NoSlot = uint.MaxValue;

    /// <summary>No frame: the end of a list, an empty table entry.</summary>
    public const uint NoFrame = uint.MaxValue;

    /// <summary>The bit of the unordered form's byte that says that a frame is on a list.</summary>
    public const byte Listed = 0x80;

    /// <summary>The bits of the unordered form's byte that say on which list: listed, generation and type.</summary>
    public const byte ListMask = 0xF0;

    /// <summary>What the byte of the unordered form does not hold: bitmaps, or not kept at all.</summary>
    private const FolioFlags NotInByte = FolioFlags.Pinned | FolioFlags.Dirty | FolioFlags.Reclaim | FolioFlags.Young | FolioFlags.Writeback;

    private readonly FolioFlags _inBitmaps = FolioFlags.Pinned | FolioFlags.Dirty | FolioFlags.Reclaim;
    private readonly ushort* _word;
    private readonly byte* _lru;
    private readonly ushort* _decoded;
    private readonly ulong* _pinned;
    private readonly ulong* _dirty;
    private readonly ulong* _reclaim;
    private readonly ulong* _young;
    private readonly uint* _place;
    private readonly uint* _entry;
    private readonly ushort* _memcgOfTable;
    private readonly ushort* _memcgOfFileSlot;
    private readonly ulong _positions;
    private readonly bool _concurrent;
    private bool _anyPinned;

    /// <summary>What it keeps beside its columns: pins come from the owner alone.</summary>
    public void PassSettings(StateLog log) => log.Pass(ref _anyPinned);

    /// <summary>The frames of a machine.</summary>
    /// <param name="store">Where the columns are reserved.</param>
    /// <param name="frames">How many.</param>
    /// <param name="positions">List positions of the ordered form; 0 for the unordered one.</param>
    /// <param name="memcgOfTable">The cgroup of anonymous pages, by leaf table of 512 slots.</param>
    /// <param name="memcgOfFileSlot">The cgroup of file pages, by page-cache slot.</param>
    /// <param name="identity">Every frame is owned by the slot of its own number.</param>
    /// <param name="concurrent">Several threads use the table at once.</param>
    /// <param name="keepsYoung">The unordered form keeps <see cref="FolioFlags.Young"/> too; the ordered one does anyway.</param>
    public FrameTable(
        ColumnStore store, uint frames, ulong positions, ushort* memcgOfTable, ushort* memcgOfFileSlot, bool identity, bool concurrent, bool keepsYoung = false)
    {
        Count = frames;
        _memcgOfTable = memcgOfTable;
        _memcgOfFileSlot = memcgOfFileSlot;
        _positions = positions;
        _concurrent = concurrent;
        if (positions > 0 || !identity)
            _place = store.Reserve<uint>(positions > 0 ? "frame.place" : "frame.owner", frames).Pointer;
        if (positions > 0)
        {
            _word = store.Reserve<ushort>("frame.flags", frames).Pointer;
            _entry = store.Reserve<uint>("list.entry", (nuint)positions).Pointer;
            return;
        }

        nuint words = ((nuint)frames + 63) / 64;
        _lru = store.Reserve<byte>("frame.lru", (words + 8) * 64).Pointer;
        _pinned = store.Reserve<ulong>("frame.pinned", words).Pointer;
        _dirty = store.Reserve<ulong>("frame.dirty", words).Pointer;
        _reclaim = store.Reserve<ulong>("frame.reclaim", words).Pointer;
        if (keepsYoung)
        {
            _young = store.Reserve<ulong>("frame.young", words).Pointer;
            _inBitmaps |= FolioFlags.Young;
        }

        _decoded = store.Reserve<ushort>("machine.flags_of_byte", 256).Pointer;
        for (int value = 0; value < 256; value++)
            _decoded[value] = (ushort)Decode((byte)value);
    }

    /// <summary>Frames of all nodes together.</summary>
    public uint Count { get; }

    /// <summary>Lists keep their order.</summary>
    public bool IsOrdered => _entry != null;

    /// <summary>The unordered form's byte of each frame, padded so that 64 can be read at any frame.</summary>
    public byte* Lru => _lru;

    /// <summary>State bits of each frame as they are kept in the ordered form, null in the unordered one.</summary>
    public ushort* FlagWords => _word;

    /// <summary>Position or owner of each frame; in the unordered form of an identity engine, null.</summary>
    public uint* Place => _place;

    /// <summary>What a list holds at each position: the owner of a frame. Ordered form only.</summary>
    public uint* Entry => _entry;

    /// <summary>List positions; 0 in the unordered form.</summary>
    public ulong Positions => _positions;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioFlags Flags(uint pfn) => _entry != null ? (FolioFlags)_word[pfn] : FlagsUnordered(pfn);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Has(uint pfn, FolioFlags flag) => (Flags(pfn) & flag) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioType TypeOf(uint pfn) =>
        (_entry != null ? _word[pfn] & (uint)FolioFlags.SwapBacked : _lru[pfn] & 0x10u) != 0 ? FolioType.Anon : FolioType.File;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(uint pfn, FolioFlags flags) => Change(pfn, FolioFlags.None, flags);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Clear(uint pfn, FolioFlags flags) => Change(pfn, flags, FolioFlags.None);

    /// <summary>Clears, then sets, in one atomic step (the flags that are bitmaps in the unordered form, each in one of its own).</summary>
    /// <returns>The flags before.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FolioFlags Change(uint pfn, FolioFlags clear, FolioFlags set)
    {
        if (_entry == null)
            return ChangeUnordered(pfn, clear, set);
        ref ushort word = ref _word[pfn];
        ushort before = word;
        if (!_concurrent)
        {
            word = (ushort)((before & ~(uint)clear) | (uint)set);
            return (FolioFlags)before;
        }

        // A frame that was freed before this look stays free: a late note on a page that has gone is lost with it.
        while (before != 0)
        {
            ushort after = (ushort)((before & ~(uint)clear) | (uint)set);
            if (after == before)
                return (FolioFlags)before;
            ushort seen = Interlocked.CompareExchange(ref word, after, before);
            if (seen == before)
                return (FolioFlags)before;
            before = seen;
        }

        return FolioFlags.None;
    }

    /// <summary>Clears, then sets, if the flags still are <paramref name="expected"/>; none of those that are bitmaps in the unordered form.</summary>
    public bool TryChange(uint pfn, FolioFlags expected, FolioFlags clear, FolioFlags set)
    {
        FolioFlags after = (expected & ~clear) | set;
        if (_entry != null)
        {
            ref ushort word = ref _word[pfn];
            if (_concurrent)
                return Interlocked.CompareExchange(ref word, (ushort)after, (ushort)expected) == (ushort)expected;
            if (word != (ushort)expected)
                return false;
            word = (ushort)after;
            return true;
        }

        byte was = Encode(expected);
        ref byte state = ref _lru[pfn];
        if (_concurrent)
            return Interlocked.CompareExchange(ref state, Encode(after), was) == was;
        if (state != was)
            return false;
        state = Encode(after);
        return true;
    }

    /// <summary>Takes a folio that is on a list for the caller: from here on nobody else moves or frees it.</summary>
    /// <param name="pfn">The frame.</param>
    /// <param name="before">Its flags as they were.</param>
    /// <returns>False: it is on no list, or another thread was faster.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryClaim(uint pfn, out FolioFlags before)
    {
        before = Flags(pfn);
        while ((before & FolioFlags.Lru) != 0)
        {
            if (TryChange(pfn, before, FolioFlags.Lru, FolioFlags.Isolated))
                return true;
            before = Flags(pfn);
        }

        return false;
    }

    /// <summary>
    /// Puts a claimed folio among those on a list. Everything written to it before is visible to whoever claims it
    /// next: a full fence when concurrent.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish(uint pfn, int generation)
    {
        if (_entry != null)
        {
            Change(pfn, FolioFlags.Isolated, FolioFlags.Lru);
            return;
        }

        byte state = (byte)((_lru[pfn] & 0x1F) | Listed | generation << 5);
        if (_concurrent)
            Interlocked.Exchange(ref _lru[pfn], state);
        else
            _lru[pfn] = state;
    }

    /// <summary>Ends a claim that took nothing off a list: the folio is as <paramref name="flags"/> say, on the list still.</summary>
    /// <remarks>A full fence when concurrent. What others set meanwhile in the ordered form stays.</remarks>
    public void Restore(uint pfn, FolioFlags flags)
    {
        if (_entry != null)
        {
            const FolioFlags Others = FolioFlags.Dirty | FolioFlags.Pinned | FolioFlags.Isolated;
            Change(pfn, ~(flags | Others) | FolioFlags.Isolated, flags);
            return;
        }

        Interlocked.Exchange(ref _lru[pfn], Encode(flags));
    }

    /// <summary>A fresh frame for one page, owned by the caller until it is placed.</summary>
    public void Hold(uint pfn, FolioType type, uint owner)
    {
        if (_place != null)
            _place[pfn] = owner;
        if (_entry != null)
            _word[pfn] = (ushort)(FolioFlags.Isolated | (type == FolioType.Anon ? FolioFlags.SwapBacked : FolioFlags.None));
        else
            _lru[pfn] = (byte)(0x40 | (type == FolioType.Anon ? 0x10 : 0));
    }

    /// <summary>Forgets a frame that its caller owns: it is free.</summary>
    public void Release(uint pfn)
    {
        if (_entry != null)
        {
            _word[pfn] = 0;
            return;
        }

        Change(pfn, _inBitmaps, FolioFlags.None);
        _lru[pfn] = 0;
    }

    /// <summary>The slot that owns a frame. Stable for a claimed frame, and for any when one thread drives the engine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint OwnerOf(uint pfn)
    {
        if (_place == null)
            return pfn;
        uint place = _place[pfn];
        return _entry != null && (_word[pfn] & (uint)FolioFlags.Lru) != 0 ? _entry[place] : place;
    }

    /// <summary>
    /// The slot that owns a frame which others may be moving or freeing meanwhile: read again until two looks agree.
    /// </summary>
    /// <returns>False when it kept changing; a bounded number of looks.</returns>
    public bool TryOwnerOf(uint pfn, out uint slot)
    {
        if (!_concurrent || _entry == null)
        {
            slot = OwnerOf(pfn);
            return true;
        }

        for (int look = 0; look < 4; look++)
        {
            ushort word = Volatile.Read(ref _word[pfn]);
            uint place = Volatile.Read(ref _place[pfn]);
            bool listed = (word & (uint)FolioFlags.Lru) != 0;
            slot = listed ? place < _positions ? Volatile.Read(ref _entry[place]) : NoSlot : place;
            if (slot != NoSlot && Volatile.Read(ref _place[pfn]) == place && ((Volatile.Read(ref _word[pfn]) ^ word) & (uint)FolioFlags.Lru) == 0)
                return true;
        }

        slot = NoSlot;
        return false;
    }

    /// <summary>
    /// The cgroup that a frame is charged to: that of its owner slot. Where others may be freeing the frame meanwhile, a
    /// number that was right at some moment, or one of no cgroup.
    /// </summary>
    public ushort MemcgOf(uint pfn)
    {
        if (!TryOwnerOf(pfn, out uint slot))
            return ushort.MaxValue;

        // In an identity engine there are no files, but a frame that is free by now has no type either.
        return TypeOf(pfn) == FolioType.Anon || _memcgOfFileSlot == null ? _memcgOfTable[slot >> 9] : _memcgOfFileSlot[slot];
    }

    /// <summary>Fetches what is kept for a frame into the cache; any number will do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fetch(uint pfn)
    {
        if (!Sse.IsSupported)
            return;
        if (_entry == null)
        {
            Sse.Prefetch0(_lru + pfn);
            return;
        }

        Sse.Prefetch0(_word + pfn);
        Sse.Prefetch0(_place + pfn);
    }

    /// <summary>Fetches where a frame is into the cache, all that moving it alone needs; any number will do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchPlace(uint pfn)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_entry != null ? (byte*)(_place + pfn) : _lru + pfn);
    }

    /// <summary>
    /// Unordered form: puts a folio that is on a list into another generation, whatever else changes of it meanwhile.
    /// </summary>
    /// <param name="pfn">The frame.</param>
    /// <param name="generation">0 to 3.</param>
    /// <param name="before">The generation that it was in.</param>
    /// <returns>False: it is on no list.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRelist(uint pfn, int generation, out int before)
    {
        ref byte state = ref _lru[pfn];
        byte was = state;
        while ((was & Listed) != 0)
        {
            before = (was >> 5) & 3;
            byte after = (byte)((was & 0x9F) | generation << 5);
            if (!_concurrent)
            {
                state = after;
                return true;
            }

            byte seen = Interlocked.CompareExchange(ref state, after, was);
            if (seen == was)
                return true;
            was = seen;
        }

        before = 0;
        return false;
    }

    /// <summary>Unordered form: claims a frame if it is on one list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryUnlist(uint pfn, int list)
    {
        ref byte state = ref _lru[pfn];
        byte was = state;
        byte wanted = (byte)(Listed | list >> 1 << 5 | ((list & 1) ^ 1) << 4);
        while ((was & ListMask) == wanted)
        {
            byte after = (byte)((was & 0x1F) | 0x40);
            if (!_concurrent)
            {
                state = after;
                return true;
            }

            byte seen = Interlocked.CompareExchange(ref state, after, was);
            if (seen == was)
                return true;
            was = seen;
        }

        return false;
    }

    /// <summary>Position of a frame on its list; ordered form, while it is on one or its claimer has not taken it off.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint PositionOf(uint pfn) => _place[pfn];

    /// <summary>Names the position of a frame on a list, or its owner when it comes off.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetPlace(uint pfn, uint place) => _place[pfn] = place;

    private FolioFlags FlagsUnordered(uint pfn)
    {
        var flags = (FolioFlags)_decoded[_lru[pfn]];
        if ((flags & FolioFlags.SwapBacked) == 0 && flags != 0)
        {
            if (Test(_dirty, pfn))
                flags |= FolioFlags.Dirty;
            if (Test(_reclaim, pfn))
                flags |= FolioFlags.Reclaim;
        }

        if (_anyPinned && Test(_pinned, pfn))
            flags |= FolioFlags.Pinned;
        if (_young != null && Test(_young, pfn))
            flags |= FolioFlags.Young;
        return flags;
    }

    private FolioFlags ChangeUnordered(uint pfn, FolioFlags clear, FolioFlags set)
    {
        FolioFlags bitmaps = (clear | set) & _inBitmaps;
        FolioFlags before = bitmaps == 0 ? FolioFlags.None : ChangeBitmaps(pfn, bitmaps, set);
        ref byte state = ref _lru[pfn];
        byte was = state;
        while (was != 0)
        {
            var flags = (FolioFlags)_decoded[was];
            byte after = Encode((flags & ~clear) | (set & ~NotInByte));
            if (after == was)
                return flags | before;
            if (!_concurrent)
            {
                state = after;
                return flags | before;
            }

            byte seen = Interlocked.CompareExchange(ref state, after, was);
            if (seen == was)
                return flags | before;
            was = seen;
        }

        return before;
    }

    private FolioFlags ChangeBitmaps(uint pfn, FolioFlags touched, FolioFlags set)
    {
        FolioFlags before = FolioFlags.None;
        if ((touched & FolioFlags.Pinned) != 0)
        {
            _anyPinned |= (set & FolioFlags.Pinned) != 0;
            if (Put(_pinned, pfn, (set & FolioFlags.Pinned) != 0))
                before |= FolioFlags.Pinned;
        }

        if ((touched & FolioFlags.Dirty) != 0 && Put(_dirty, pfn, (set & FolioFlags.Dirty) != 0))
            before |= FolioFlags.Dirty;
        if ((touched & FolioFlags.Reclaim) != 0 && Put(_reclaim, pfn, (set & FolioFlags.Reclaim) != 0))
            before |= FolioFlags.Reclaim;
        if ((touched & FolioFlags.Young) != 0 && Put(_young, pfn, (set & FolioFlags.Young) != 0))
            before |= FolioFlags.Young;
        return before;
    }

    private bool Put(ulong* bitmap, uint pfn, bool value)
    {
        ulong bit = 1UL << (int)(pfn & 63);
        ref ulong word = ref bitmap[pfn >> 6];
        ulong before = word;
        if ((before & bit) != 0 == value)
            return value;
        if (!_concurrent)
            word = value ? before | bit : before & ~bit;
        else
            before = value ? Interlocked.Or(ref word, bit) : Interlocked.And(ref word, ~bit);
        return (before & bit) != 0;
    }

    private static bool Test(ulong* bitmap, uint pfn) => (bitmap[pfn >> 6] >> (int)(pfn & 63) & 1) != 0;

    private static FolioFlags Decode(byte state)
    {
        FolioFlags flags = (state & Listed) != 0
            ? FolioFlags.Lru | (FolioFlags)((uint)(((state >> 5) & 3) + 1) << FolioField.GenerationShift)
            : ((state & 0x40) != 0 ? FolioFlags.Isolated : FolioFlags.None) | ((state & 0x20) != 0 ? FolioFlags.Active : FolioFlags.None);
        return flags
            | ((state & 0x10) != 0 ? FolioFlags.SwapBacked : FolioFlags.None)
            | ((state & 0x08) != 0 ? FolioFlags.Referenced : FolioFlags.None)
            | (FolioFlags)((uint)((state >> 1) & 3) << FolioField.RefsShift)
            | ((state & 0x01) != 0 ? FolioFlags.Workingset : FolioFlags.None);
    }

    private static byte Encode(FolioFlags flags)
    {
        uint value = (uint)flags;
        uint generation = (value & (uint)FolioFlags.GenerationMask) >> FolioField.GenerationShift;
        uint high = (flags & FolioFlags.Lru) != 0
            ? Listed | (generation == 0 ? 0 : (generation - 1) & 3) << 5
            : ((flags & FolioFlags.Isolated) != 0 ? 0x40u : 0) | ((flags & FolioFlags.Active) != 0 ? 0x20u : 0);
        return (byte)(high
            | ((flags & FolioFlags.SwapBacked) != 0 ? 0x10u : 0)
            | ((flags & FolioFlags.Referenced) != 0 ? 0x08u : 0)
            | ((value >> FolioField.RefsShift) & 3) << 1
            | ((flags & FolioFlags.Workingset) != 0 ? 1u : 0));
    }
}
