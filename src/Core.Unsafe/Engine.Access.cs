using System.Runtime.CompilerServices;
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

    /// <summary>
    /// Accesses pages of an address space in order, as its process would. Each word is a page below 2^31, with
    /// <see cref="WriteBit"/> for a write. Absent pages are faulted in and others reclaimed for them where needed.
    /// </summary>
    /// <returns>How many words were worked off: all of them, or up to and including the first that was refused for want of memory.</returns>
    /// <exception cref="EngineException">A word names a page beyond the space; those before it are done and tallied.</exception>
    public int Access(AddressSpace space, ReadOnlySpan<uint> accesses, ref AccessTally tally)
    {
        ThrowIfDisposed();
        Own(space);
        space.UsedSinceWalk = ulong.MaxValue;
        LeafTables tables = _machine.Tables;
        uint baseSlot = space.BaseSlot;
        uint pages = (uint)Math.Min(space.Pages, WriteBit);
        ulong* present = tables.Present;
        ulong* accessed = tables.Accessed;
        byte* tableYoung = tables.TableYoung;
        uint* entry = tables.Entry;
        bool logsHits = _logsHits;
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
            if ((present[at] & bit) == 0)
            {
                if (!Fault(space, page, slot, (word & WriteBit) != 0, ref tally))
                {
                    tally.Hits += hits;
                    return i + 1;
                }

                continue;
            }

            hits++;
            ref ulong accessedWord = ref accessed[at];
            if ((accessedWord & bit) == 0)
                accessedWord |= bit;
            ref byte young = ref tableYoung[slot >> LeafTables.EntriesShift];
            if (young == 0)
                young = 1;
            if ((word & WriteBit) != 0)
                tables.Dirty[at] |= bit;
            if (logsHits)
                LogHit(entry[slot]);
        }

        tally.Hits += hits;
        return accesses.Length;
    }

    /// <summary>
    /// Reads or writes one page of a file through a descriptor, on behalf of a process in <paramref name="memcg"/> that
    /// runs on <paramref name="homeNode"/>.
    /// </summary>
    /// <returns>False when there was no memory for it.</returns>
    public bool AccessFile(PageFile file, ulong page, bool write, MemoryCgroup? memcg, int homeNode, ref AccessTally tally)
    {
        ThrowIfDisposed();
        Own(file);
        MemoryCgroup charged = Own(memcg);
        if (page >= file.Pages)
            throw new EngineException($"Page {page} lies beyond a file of {file.Pages} pages.");
        CheckNode(homeNode);

        uint slot = file.SlotOf(page);
        uint pfn = _machine.Tables.FrameAt(slot);
        bool resident = pfn != FrameTable.NoFrame;
        if (resident)
        {
            tally.Hits++;
            if (_logsHits)
                LogHit(pfn);
        }
        else
        {
            FlushHits();
            pfn = ReadIn(file, page, slot, charged, homeNode, FolioEvent.NewByRead, ref tally);
            if (pfn == FrameTable.NoFrame)
                return false;
        }

        if (write)
            _machine.Frames.Set(pfn, FolioFlags.Dirty);
        PolicyView view = _host.ViewAt(_machine.LruvecIndexOf(pfn));

        // Under clear_on_place the access that loads a page is no use of it, by descriptor as through a mapping.
        if (resident || (view.Definition.Descriptor.Flags & PolicyFlags.ClearOnPlace) == 0)
            view.Ops.OnEvent(view, pfn, FolioEvent.DescriptorAccess);
        return true;
    }

    /// <summary>Brings a page of an address space in and maps it.</summary>
    /// <returns>False when there was no memory for it; tallied as refused.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Fault(AddressSpace space, uint page, uint slot, bool write, ref AccessTally tally)
    {
        FlushHits();
        Vma vma = space.VmaAt(page);
        MemoryCgroup memcg = _machine.Memcgs[space.MemcgId];
        FolioEvent arrival = (vma.Flags & VmaFlags.NoRecency) == 0 ? FolioEvent.NewByFault : FolioEvent.NewByRead;
        uint pfn = vma.File is null
            ? FaultAnon(space, page, slot, memcg, arrival, ref tally)
            : FaultFile(space, page, slot, vma, memcg, arrival, ref tally);
        if (pfn == FrameTable.NoFrame)
            return false;

        LeafTables tables = _machine.Tables;
        PolicyView view = _host.ViewAt(_machine.LruvecIndexOf(pfn));
        tables.Entry[slot] = pfn;
        LeafTables.Set(tables.Present, slot);
        if ((view.Definition.Descriptor.Flags & PolicyFlags.ClearOnPlace) == 0)
            LeafTables.Set(tables.Accessed, slot);
        if (write)
            LeafTables.Set(tables.Dirty, slot);
        tables.TableYoung[slot >> LeafTables.EntriesShift] = 1;

        // Only a fault can have walked since the batch began, and what follows in it is use since that walk.
        space.UsedSinceWalk = ulong.MaxValue;
        space.Resident++;
        view.Count(Counter.pgfault, 1);
        return true;
    }

    private uint FaultAnon(AddressSpace space, uint page, uint slot, MemoryCgroup memcg, FolioEvent arrival, ref AccessTally tally)
    {
        uint pfn = Obtain(memcg, space.HomeNode, ref tally);
        if (pfn == FrameTable.NoFrame)
            return pfn;
        FrameTable frames = _machine.Frames;
        frames.Flags[pfn] = FolioFlags.InUse | FolioFlags.SwapBacked;
        frames.Owner[pfn] = slot;
        frames.Mapping[pfn] = FrameTable.NoSlot;
        uint shadow = _machine.Tables.Entry[slot];
        PolicyView view = _host.ViewAt(_machine.LruvecIndexOf(pfn));
        if (shadow == 0)
        {
            tally.ColdFaults++;
        }
        else
        {
            tally.Refaults++;
            _machine.ReturnSwap();
            view.Count(Counter.pswpin, 1);
            view.Count(Counter.pgmajfault, 1);
            Refault(view, pfn, shadow, arrival == FolioEvent.NewByFault);
            _backing?.PageIn(new BackedPage(space, null, page, false, view.Node.Id));
        }

        view.Ops.OnEvent(view, pfn, arrival);
        view.Place(pfn, PlaceHint.Head);
        return pfn;
    }

    private uint FaultFile(
        AddressSpace space, uint page, uint slot, Vma vma, MemoryCgroup memcg, FolioEvent arrival, ref AccessTally tally)
    {
        ulong filePage = vma.FileOffset + (page - vma.Start);
        uint indexSlot = vma.File!.SlotOf(filePage);
        uint pfn = _machine.Tables.FrameAt(indexSlot);
        bool cached = pfn != FrameTable.NoFrame;
        if (!cached)
            pfn = ReadIn(vma.File, filePage, indexSlot, memcg, space.HomeNode, arrival, ref tally);
        if (pfn == FrameTable.NoFrame)
            return pfn;
        if (!cached)
            _host.ViewAt(_machine.LruvecIndexOf(pfn)).Count(Counter.pgmajfault, 1);

        // Only a page that others map already needs a link, so a page that was just read in is never refused here.
        bool mapped = _machine.Rmap.TryAdd(pfn, slot);
        if (!mapped)
            tally.Refused++;
        else if (cached)
            tally.MinorFaults++;
        return mapped ? pfn : FrameTable.NoFrame;
    }

    /// <summary>Brings a page of a file into the page cache.</summary>
    private uint ReadIn(PageFile file, ulong page, uint slot, MemoryCgroup memcg, int homeNode, FolioEvent arrival, ref AccessTally tally)
    {
        uint pfn = Obtain(memcg, homeNode, ref tally);
        if (pfn == FrameTable.NoFrame)
            return pfn;
        LeafTables tables = _machine.Tables;
        _machine.Frames.Flags[pfn] = FolioFlags.InUse;
        _machine.Frames.Owner[pfn] = slot;
        _machine.Frames.Mapping[pfn] = FrameTable.NoSlot;
        PolicyView view = _host.ViewAt(_machine.LruvecIndexOf(pfn));
        uint shadow = tables.Entry[slot];
        if (shadow == 0)
        {
            tally.ColdFaults++;
        }
        else
        {
            tally.Refaults++;
            Refault(view, pfn, shadow, arrival == FolioEvent.NewByFault);
        }

        _backing?.PageIn(new BackedPage(null, file, page, false, view.Node.Id));
        tables.Entry[slot] = pfn;
        LeafTables.Set(tables.Present, slot);
        file.Resident++;
        view.Ops.OnEvent(view, pfn, arrival);
        view.Place(pfn, PlaceHint.Head);
        return pfn;
    }

    /// <summary>A charged frame, or NoFrame with the refusal tallied.</summary>
    private uint Obtain(MemoryCgroup memcg, int homeNode, ref AccessTally tally)
    {
        if (_drivers.TryCharge(memcg))
        {
            uint pfn = _drivers.Allocate(homeNode);
            if (pfn != FrameTable.NoFrame)
            {
                _machine.Frames.Memcg[pfn] = memcg.Id;
                return pfn;
            }

            MachineState.Uncharge(memcg, 1);
        }

        tally.Refused++;
        return FrameTable.NoFrame;
    }

    /// <summary>The shadow goes to the policy that made it; one of another policy counts as not recent.</summary>
    private void Refault(PolicyView view, uint pfn, uint shadow, bool inFault)
    {
        ShadowEntry entry = _host.Shadows.Unpack(shadow, out int tag);
        if (tag == view.Tag && view.Has(Mechanism.Refault))
            view.Ops.OnRefault(view, pfn, entry, inFault);
        else
            view.CountRefault(pfn);
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
    private void FlushHits()
    {
        int count = _hitCount;
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

    private static void ThrowBeyond(AddressSpace space, uint page) =>
        throw new EngineException($"Page {page} lies beyond address space {space.Name} of {space.Pages} pages.");
}
