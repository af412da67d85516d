using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>Set in an access word: the access writes. The other 31 bits are the page.</summary>
    public const uint WriteBit = 0x8000_0000;

    /// <summary>How many accesses ahead a fault fetches table entries into the cache.</summary>
    private const int Ahead = 4;

    /// <summary>
    /// Accesses pages of an address space in order, as its process would. Each word is a page below 2^31, with
    /// <see cref="WriteBit"/> for a write. Absent pages are faulted in and others reclaimed for them where needed.
    /// </summary>
    /// <returns>How many words were worked off: all of them, or up to and including the first that was refused for want of memory.</returns>
    /// <exception cref="EngineException">A word names a page beyond the space; those before it are done and tallied.</exception>
    public int Access(AddressSpace space, ReadOnlySpan<uint> accesses, ref AccessTally tally)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        space.Use.Set();
        LeafTables tables = _machine.Tables;
        uint baseSlot = space.BaseSlot;
        uint pages = (uint)Math.Min(space.Pages, WriteBit);
        ulong* present = tables.Present;
        ulong* accessed = tables.Accessed;
        byte* tableYoung = tables.TableYoung;
        uint* entry = tables.Entry;
        bool logsHits = _logsHits;
        uint lastSlot = baseSlot + pages - 1;
        bool concurrent = _machine.Concurrent;
        long hits = 0;
        for (int i = 0; i < accesses.Length; i++)
        {
            uint word = accesses[i];
            uint page = word & ~WriteBit;
            if (page >= pages)
            {
                tally.Hits += hits;
                ThrowBeyond(space, page);
            }

            uint slot = baseSlot + page;
            ulong bit = 1UL << (int)(slot & 63);
            nuint at = slot >> 6;
            if ((Volatile.Read(ref present[at]) & bit) != 0)
            {
                // An eviction takes the page out first and looks at its bits after; each of the two does so by a locked
                // operation. So when this one has to set a bit and the page is still there afterwards, the eviction sees
                // the bit; when it has gone, this access comes after the eviction and faults.
                bool marked = false;
                if ((accessed[at] & bit) == 0)
                {
                    _ = Atomic.Or(ref accessed[at], bit, concurrent);
                    marked = concurrent;
                }

                ref byte young = ref tableYoung[slot >> LeafTables.EntriesShift];
                if (Volatile.Read(ref young) == 0)
                    Volatile.Write(ref young, 1);
                if ((word & WriteBit) != 0 && (tables.Dirty[at] & bit) == 0)
                {
                    _ = Atomic.Or(ref tables.Dirty[at], bit, concurrent);
                    marked = concurrent;
                }

                if (!marked || (Volatile.Read(ref present[at]) & bit) != 0)
                {
                    hits++;
                    if (logsHits)
                        LogHit(tables.FrameOf(slot));
                    continue;
                }
            }

            // Faults come in runs: the entries of the next few accesses are fetched while this one is worked on.
            if (Sse.IsSupported && entry != null && i + Ahead < accesses.Length)
                Sse.Prefetch0(entry + Math.Min(baseSlot + (accesses[i + Ahead] & ~WriteBit), lastSlot));
            if (!Fault(space, page, slot, (word & WriteBit) != 0, ref tally))
            {
                tally.Hits += hits;
                return i + 1;
            }
        }

        tally.Hits += hits;
        return accesses.Length;
    }

    /// <summary>The pages of an address space as bits, for a quick look and quick hits.</summary>
    /// <exception cref="EngineException">The address space is destroyed or another engine's.</exception>
    public PageBits BitsOf(AddressSpace space)
    {
        ThrowIfDisposed();
        Own(space);
        return new PageBits(_machine.Tables, _machine.VectorWidth, space, hitsAreBits: !_logsHits && !_machine.Concurrent);
    }

    /// <summary>For whom a page comes in, and how. One that is not used comes in by advice: no fault, and its accessed bit stays clear.</summary>
    private readonly struct Arrival(MemoryCgroup memcg, int homeNode, FolioEvent what, bool isUse = true)
    {
        public readonly MemoryCgroup Memcg = memcg;
        public readonly int HomeNode = homeNode;
        public readonly FolioEvent Event = what;
        public readonly bool IsUse = isUse;

        /// <summary>Its owner adds it: it is there already, and takes memory of its home node alone.</summary>
        public bool IsAdded { get; init; }

        /// <summary>What its owner gives it, when it is added.</summary>
        public ulong Cookie { get; init; }
    }

    /// <summary>Brings a page of an address space in and maps it.</summary>
    /// <remarks>
    /// A frame is charged and allocated before the page's lock is taken, since that may reclaim, and reclaim tries locks:
    /// so nobody waits for a lock while holding one. Who then finds that another thread was faster gives its frame back.
    /// </remarks>
    /// <returns>False when there was no memory for it; tallied as refused.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Fault(AddressSpace space, uint page, uint slot, bool write, ref AccessTally tally)
    {
        FlushHits();
        _host.Elapse(1);
        Vma vma = space.VmaAt(page);
        var arrival = new Arrival(_machine.MemcgAt(space.MemcgId), space.HomeNode, EventOf(vma));
        return vma.File is null
            ? FaultAnon(space, page, slot, arrival, write, ref tally)
            : FaultFile(space, page, slot, vma, arrival, write, ref tally);
    }

    private static FolioEvent EventOf(Vma vma) => (vma.Flags & VmaFlags.NoRecency) == 0 ? FolioEvent.NewByFault : FolioEvent.NewByRead;

    private bool FaultAnon(AddressSpace space, uint page, uint slot, in Arrival arrival, bool write, ref AccessTally tally)
    {
        if (_host.TellsArrivals)
            Announce(arrival, slot);
        uint pfn = Obtain(arrival, slot, ref tally);
        _machine.Locks.Enter(slot);
        LeafTables tables = _machine.Tables;
        if (LeafTables.Test(tables.Present, slot))
        {
            if (arrival.IsUse)
                Touch(space, slot, arrival, write);
            _machine.Locks.Exit(slot);
            GiveBack(arrival.Memcg, pfn, ref tally);
            return true;
        }

        if (pfn == FrameTable.NoFrame)
            return Refuse(slot);
        uint shadow = tables.ShadowAt(slot);
        if (_backing is not null && !MayComeIn(arrival, new BackedPage(space, null, page, false, _machine.NodeIdOf(pfn), 0, shadow == 0), slot, pfn, ref tally))
            return Refuse(slot);
        _machine.Ages?.Arrive(slot, FolioType.Anon, returns: shadow != 0 && arrival.IsUse);
        _machine.Frames.Hold(pfn, FolioType.Anon, slot);
        PolicyView view = ViewOf(arrival.Memcg, pfn);
        _host.ComeIn(slot, view.Lruvec);
        if (shadow == 0)
        {
            tally.ColdFaults++;
        }
        else
        {
            tally.Refaults++;
            _machine.ReturnSwap(arrival.Memcg);
            view.Count(Counter.pswpin, 1);
            view.Count(Counter.pgmajfault, arrival.IsUse ? 1 : 0);
            Refault(view, pfn, shadow, arrival.Event == FolioEvent.NewByFault, ref tally);
        }

        Label(pfn, arrival.Cookie);

        // The entry comes before the list: who finds the folio on a list reads its frame from there.
        if (_machine.IsIdentity)
            view.Node.CountHeld(1);
        tables.SetFrame(slot, pfn);
        view.Ops.OnEvent(view, pfn, arrival.Event);
        view.Place(pfn, PlaceHint.Head);
        Map(space, slot, !arrival.IsUse || (view.Definition.Descriptor.Flags & PolicyFlags.ClearOnPlace) != 0, write);
        tables.Set(tables.Present, slot);
        _machine.Locks.Exit(slot);
        space.AddResident(1, _machine.Concurrent);
        view.Count(Counter.pgfault, arrival.IsUse ? 1 : 0);
        return true;
    }

    /// <summary>An access to an anonymous page that turned out to be there when its lock was taken, or that its owner adds once more.</summary>
    private void Touch(AddressSpace space, uint slot, in Arrival arrival, bool write)
    {
        Map(space, slot, clears: false, write);
        if (arrival.IsAdded)
            Label(_machine.Tables.FrameOf(slot), arrival.Cookie);
        if (_logsHits)
            LogHit(_machine.Tables.FrameOf(slot));
    }

    /// <summary>An anonymous page stays absent; ends the lock on it.</summary>
    private bool Refuse(uint slot)
    {
        _machine.Tables.Clear(_machine.Tables.Accessed, slot);
        _machine.Tables.Clear(_machine.Tables.Dirty, slot);
        _machine.Locks.Exit(slot);
        return false;
    }

    private bool FaultFile(
        AddressSpace space, uint page, uint slot, Vma vma, in Arrival arrival, bool write, ref AccessTally tally)
    {
        ulong filePage = vma.FileOffset + (page - vma.Start);
        uint indexSlot = vma.File!.SlotOf(filePage);
        uint pfn = LockFilePage(vma.File, filePage, indexSlot, arrival, ref tally, out bool cached);
        if (pfn == FrameTable.NoFrame)
            return false;
        LeafTables tables = _machine.Tables;
        PolicyView view = _host.ViewAt(_machine.LruvecIndexOfFile(indexSlot, pfn));
        if (!cached)
            view.Count(Counter.pgmajfault, 1);
        else
            _machine.Proposed.MarkUsed(pfn);
        bool clears = (view.Definition.Descriptor.Flags & PolicyFlags.ClearOnPlace) != 0;
        if (LeafTables.Test(tables.Present, slot))
        {
            tally.Hits++;
            Map(space, slot, clears: false, write);
            _machine.Locks.Exit(indexSlot);
            return true;
        }

        // Only a page that others map already needs a link, so a page that was just read in is never refused here.
        bool first = !_machine.Rmap.IsMapped(indexSlot);
        bool mapped = _machine.Rmap.TryAdd(indexSlot, slot);
        if (mapped)
        {
            if (first)
                view.Lruvec.CountMapped(1);
            tables.SetFrame(slot, pfn);
            _machine.Ages?.Map(slot, indexSlot);
            Map(space, slot, clears, write);
            tables.Set(tables.Present, slot);
            space.AddResident(1, _machine.Concurrent);
            view.Count(Counter.pgfault, 1);
            if (cached)
                tally.MinorFaults++;
        }
        else
        {
            tally.Refused++;
        }

        _machine.Locks.Exit(indexSlot);
        return mapped;
    }

    /// <summary>
    /// Has the owner read a page that comes in, before anything of it has changed. Where that fails, its frame and charge are given back,
    /// tallied as refused; what the owner throws does not leave the page locked.
    /// </summary>
    private bool MayComeIn(in Arrival arrival, in BackedPage page, uint locked, uint pfn, ref AccessTally tally)
    {
        if (arrival.IsAdded || (page.First && !_tellsFirstTouch))
            return true;
        bool read = false;
        bool answered = false;
        try
        {
            using var call = new OwnerCall(_machine);
            read = _backing!.PageIn(page);
            answered = true;
        }
        finally
        {
            if (!answered)
                _machine.Locks.Exit(locked);
            if (!read)
            {
                _machine.Uncharge(arrival.Memcg);
                Return(pfn);
                tally.Refused++;
                tally.Failed++;
            }
        }

        return read;
    }

    /// <summary>Gives a page in memory what its owner knows it by.</summary>
    private void Label(uint pfn, ulong cookie)
    {
        if (_machine.Cookies != null)
            _machine.Cookies[pfn] = cookie;
    }

    /// <summary>What an access leaves in a table entry that it has just made or found made.</summary>
    private void Map(AddressSpace space, uint slot, bool clears, bool write)
    {
        LeafTables tables = _machine.Tables;
        if (clears)
            tables.Clear(tables.Accessed, slot);
        else
            tables.Set(tables.Accessed, slot);
        if (write)
            tables.Set(tables.Dirty, slot);
        Volatile.Write(ref tables.TableYoung[slot >> LeafTables.EntriesShift], 1);

        // Only a fault can have walked since the batch began, and what follows in it is use since that walk.
        space.Use.Set();
    }

    /// <summary>Another thread brought the page in: what was obtained for it goes back, and the access was a hit.</summary>
    private void GiveBack(MemoryCgroup memcg, uint pfn, ref AccessTally tally)
    {
        if (pfn == FrameTable.NoFrame)
        {
            tally.Refused--;
        }
        else
        {
            _machine.Uncharge(memcg);
            Return(pfn);
        }

        tally.Hits++;
    }

    private void Return(uint pfn)
    {
        if (!_machine.IsIdentity)
            _machine.Nodes[_machine.NodeIdOf(pfn)].Return(pfn);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PolicyView ViewOf(MemoryCgroup memcg, uint pfn) => _host.ViewAt(memcg.Id * _machine.Nodes.Length + _machine.NodeIdOf(pfn));

    /// <summary>A charged frame, or NoFrame with the refusal tallied.</summary>
    private uint Obtain(in Arrival arrival, uint slot, ref AccessTally tally)
    {
        if (_drivers.TryCharge(arrival.Memcg, out long throttled))
        {
            tally.ThrottledMs += throttled;
            if (_machine.IsIdentity)
                return slot;
            uint pfn = _drivers.Allocate(arrival.HomeNode, alone: arrival.IsAdded);
            if (pfn != FrameTable.NoFrame)
                return pfn;
            _machine.Uncharge(arrival.Memcg);
        }

        tally.Refused++;
        return FrameTable.NoFrame;
    }

    /// <summary>Tells the policy of the lruvec where a page will probably come to, before room is made for it.</summary>
    private void Announce(in Arrival arrival, uint slot)
    {
        PolicyView view = _host.ViewOf(arrival.Memcg, _machine.Nodes[_machine.IsIdentity ? _machine.NodeIdOf(slot) : arrival.HomeNode]);
        if ((view.Definition.Descriptor.Flags & PolicyFlags.SeesArrivals) == 0)
            return;
        uint shadow = _machine.Tables.ShadowAt(slot);
        int tag = -1;
        if (shadow != 0)
            _host.Shadows.Unpack(shadow, view.Memcg.Id, (byte)view.Node.Id, out tag);
        view.Ops.Arrive(view, slot, tag == view.Tag);
    }

    /// <summary>The shadow goes to the policy that made it; one of another policy counts as not recent.</summary>
    private void Refault(PolicyView view, uint pfn, uint shadow, bool inFault, ref AccessTally tally)
    {
        ShadowEntry entry = _host.Shadows.Unpack(shadow, view.Memcg.Id, (byte)view.Node.Id, out int tag);
        if (tag == view.Tag && view.Has(Mechanism.Refault))
            view.Ops.OnRefault(view, pfn, entry, inFault);
        else
            view.CountRefault(pfn);
        if (_machine.Frames.Has(pfn, FolioFlags.Workingset))
            tally.WorkingsetRefaults++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LogHit(uint pfn)
    {
        _hits[_hitCount++] = pfn;
        if (_hitCount == HitCapacity)
            FlushHits();
    }

    /// <summary>
    /// Hands recorded hits to the policies that want them, in order, in runs of one lruvec. Before anything that may
    /// decide on or remove a page, so that every recorded page is still resident.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FlushHits()
    {
        if (_hitCount != 0)
            HandOverHits();
    }

    private void HandOverHits()
    {
        int count = _machine.Proposed.Count == 0 ? _hitCount : DropHitsOnProposed();
        _hitCount = 0;
        for (int i = 0; i < count;)
        {
            int lruvec = _machine.LruvecIndexOf(_hits[i]);
            int end = i + 1;
            while (end < count && _machine.LruvecIndexOf(_hits[end]) == lruvec)
                end++;
            PolicyView view = _host.ViewAt(lruvec);
            if ((view.Definition.Descriptor.Flags & PolicyFlags.SeesAccesses) != 0)
                view.Ops.OnAccesses(view, new ReadOnlySpan<uint>(_hits + i, end - i));
            i = end;
        }
    }

    /// <summary>A page that is proposed is on no list of its policy's; that it was used is seen when it is committed.</summary>
    /// <returns>Recorded hits that are left.</returns>
    private int DropHitsOnProposed()
    {
        int kept = 0;
        for (int i = 0; i < _hitCount; i++)
        {
            if (!_machine.Proposed.Has(_hits[i]))
                _hits[kept++] = _hits[i];
        }

        return kept;
    }

    private static void ThrowBeyond(AddressSpace space, uint page) =>
        throw new EngineException($"Page {page} lies beyond address space {space.Name} of {space.Pages} pages.");
}
