using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Mechanisms;

/// <summary>What the mappings of one folio said.</summary>
/// <param name="Mappings">Mappings through which it was accessed, a stored young flag merged into them.</param>
/// <param name="Executable">One of them is executable.</param>
/// <param name="IsMapped">There is a mapping, accessed or not.</param>
public readonly record struct References(int Mappings, bool Executable, bool IsMapped = true);

/// <summary>
/// The reverse-map scan of an eviction candidate: test and clear the accessed bit of every entry that maps it, and,
/// where lookaround is on, look at the neighbours of an entry that was young, since the page table is at hand.
/// Source: kernel-reclaim reference 2.3 and 5.7.
/// </summary>
internal static unsafe class ReferenceScan
{
    private const int Window = 64;

    /// <summary>
    /// Scans the mappings of <paramref name="pfn"/>. References from address spaces outside
    /// <paramref name="target"/> do not count when there is a target, nor do those of areas without recency.
    /// </summary>
    public static References Run<TSink>(
        MachineState machine, Lruvec lruvec, uint pfn, MemoryCgroup? target, bool lookaround, ref TSink sink)
        where TSink : struct, IYoungSink
    {
        FrameTable frames = machine.Frames;
        int mappings = 0;
        bool executable = false;
        bool mapped = true;
        if (frames.Has(pfn, FolioFlags.SwapBacked))
        {
            Look(machine, lruvec, pfn, frames.OwnerOf(pfn), target, lookaround, ref mappings, ref executable, ref sink);
        }
        else
        {
            mapped = false;
            foreach (uint slot in machine.Rmap.Of(frames.OwnerOf(pfn)))
            {
                mapped = true;
                Look(machine, lruvec, pfn, slot, target, lookaround, ref mappings, ref executable, ref sink);
            }
        }

        return new References(mappings, executable, mapped);
    }

    /// <summary>Clears the accessed bit of every mapping and the stored young flag; true when any was set.</summary>
    public static bool TestAndClearYoung(MachineState machine, uint pfn)
    {
        FrameTable frames = machine.Frames;
        bool young = false;
        if (frames.Has(pfn, FolioFlags.SwapBacked))
        {
            young = machine.Tables.TestAndClear(machine.Tables.Accessed, frames.OwnerOf(pfn));
        }
        else
        {
            foreach (uint slot in machine.Rmap.Of(frames.OwnerOf(pfn)))
                young |= machine.Tables.TestAndClear(machine.Tables.Accessed, slot);
        }

        if (young)
            machine.Ages?.Use(frames.OwnerOf(pfn), frames.TypeOf(pfn));

        if (frames.Has(pfn, FolioFlags.Young))
        {
            frames.Clear(pfn, FolioFlags.Young);
            young = true;
        }

        return young;
    }

    private static void Look<TSink>(
        MachineState machine,
        Lruvec lruvec,
        uint pfn,
        uint slot,
        MemoryCgroup? target,
        bool lookaround,
        ref int mappings,
        ref bool executable,
        ref TSink sink)
        where TSink : struct, IYoungSink
    {
        LeafTables tables = machine.Tables;
        uint table = slot >> LeafTables.EntriesShift;
        AddressSpace space = machine.SpaceAt(tables.Space[table])!;
        if (target is not null && !target.Contains(machine.MemcgAt(space.MemcgId)))
            return;
        Vma vma = space.VmaAt(slot - space.BaseSlot);
        if ((vma.Flags & VmaFlags.NoRecency) != 0)
            return;
        bool accessed = tables.TestAndClear(tables.Accessed, slot);

        // What somebody else saw and cleared counts as one reference, through the first mapping that could have made it.
        bool saved = machine.Frames.Has(pfn, FolioFlags.Young);
        if (!accessed && !saved)
            return;
        if (saved)
            machine.Frames.Clear(pfn, FolioFlags.Young);
        mappings++;
        executable |= (vma.Flags & VmaFlags.Executable) != 0;
        if (!accessed)
            return;
        machine.Ages?.Use(machine.Frames.OwnerOf(pfn), machine.Frames.TypeOf(pfn));
        PageTableWalk.PropagateDirty(machine, pfn, slot);
        if (lookaround)
            LookAround(machine, lruvec, space, vma, slot, ref sink);
    }

    private static void LookAround<TSink>(
        MachineState machine, Lruvec lruvec, AddressSpace space, Vma vma, uint slot, ref TSink sink)
        where TSink : struct, IYoungSink
    {
        LeafTables tables = machine.Tables;
        uint table = slot >> LeafTables.EntriesShift;
        ulong tableStart = (ulong)(table - space.FirstTable) * LeafTables.Entries;
        ulong page = slot - space.BaseSlot;
        ulong start = Math.Max(tableStart, vma.Start);
        ulong end = Math.Min(tableStart + LeafTables.Entries, vma.End);
        if (end - start <= 1)
            return;
        if (end - start > Window)
        {
            if (page - start < Window / 2)
                end = start + Window;
            else if (end - page < Window / 2)
                start = end - Window;
            else
                (start, end) = (page - Window / 2, page + Window / 2);
        }

        uint* found = stackalloc uint[Window];
        int count = 0;
        for (ulong at = start; at < end; at++)
        {
            uint neighbour = space.BaseSlot + (uint)at;
            if (neighbour == slot || !LeafTables.Test(tables.Present, neighbour) || !LeafTables.Test(tables.Accessed, neighbour))
                continue;
            uint pfn = tables.FrameOf(neighbour);
            if (!PageTableWalk.IsOurs(machine, lruvec, pfn, neighbour) || !tables.TestAndClear(tables.Accessed, neighbour))
                continue;
            machine.Ages?.Use(vma, at, neighbour);
            PageTableWalk.PropagateDirty(machine, pfn, neighbour);
            found[count++] = pfn;
        }

        if (count > 0)
            sink.OnYoung(new ReadOnlySpan<uint>(found, count));
        if (PageTableWalk.IsWorthwhile((int)(end - start), count + 1))
            PageTableWalk.Suggest(machine, lruvec, space, table);
    }
}
