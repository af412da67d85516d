using System.Numerics;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Simd;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// The periodic scan that tells how long each page has not been used. It clears the accessed bits that it finds and leaves
/// <see cref="FolioFlags.Young"/> on the folio instead, which the policy's next reference scan counts as one reference: of the use
/// itself nothing is lost, only through how many mappings and when. Source: kernel-reclaim reference 1.2 and 10.
/// </summary>
internal static unsafe class IdleAge
{
    /// <summary>
    /// First half of a scan, for the tables [<paramref name="first"/>, <paramref name="end"/>): notes every page whose accessed bit is
    /// set. While nobody else is in the engine.
    /// </summary>
    public static void Harvest(MachineState machine, uint first, uint end)
    {
        PageAges ages = machine.Ages!;
        LeafTables tables = machine.Tables;
        ulong* taken = stackalloc ulong[LeafTables.WordsPerTable];
        uint* slots = stackalloc uint[LeafTables.Entries + AccessedBits.ExtractSlack];
        for (uint table = first; table < end; table++)
        {
            if (!ages.MayMap(table) || machine.SpaceOfTable(table) is not { } space)
                continue;
            nuint word = (nuint)table * LeafTables.WordsPerTable;
            if (machine.Bits.HarvestMasked(tables.Accessed + word, tables.Present + word, taken, LeafTables.WordsPerTable) == 0)
                continue;
            long found = machine.Bits.Extract(taken, LeafTables.WordsPerTable, table * LeafTables.Entries, slots);
            for (long i = 0; i < found; i++)
            {
                uint slot = slots[i];
                ulong page = slot - space.BaseSlot;
                ages.Use(space.VmaAt(page), page, slot);
                machine.Frames.Set(tables.FrameOf(slot), FolioFlags.Young);
                machine.Proposed.MarkUsed(tables.FrameOf(slot));
            }
        }
    }

    /// <summary>Second half, when all tables have been through the first: every page is a scan older, or used since. While nobody else is in the engine.</summary>
    public static void Grow(MachineState machine, uint first, uint end)
    {
        for (uint table = first; table < end; table++)
            machine.Ages!.Grow(machine.Sweep, table, machine.SpaceOfTable(table) is not null || machine.FileOfTable(table) is not null);
    }

    /// <summary>
    /// Milliseconds for which a page has not been used at least, 0 when its accessed bits say that it was used since the last scan.
    /// For a page that the caller has claimed or locked; a file page's lock is to be held, since its mappings are looked at.
    /// </summary>
    public static long IdleMsOf(MachineState machine, uint pfn)
    {
        FrameTable frames = machine.Frames;
        LeafTables tables = machine.Tables;
        uint page = frames.OwnerOf(pfn);
        long idle = machine.Ages!.IdleMs(page, machine.NowMs);
        if (idle == 0)
            return 0;
        if (frames.TypeOf(pfn) == FolioType.Anon)
            return LeafTables.Test(tables.Accessed, page) ? 0 : idle;
        foreach (uint slot in machine.Rmap.Of(page))
        {
            if (LeafTables.Test(tables.Accessed, slot))
                return 0;
        }

        return idle;
    }

    /// <summary>Adds the resident pages of a cgroup and all below it to a histogram by age. Nobody changes what there is meanwhile.</summary>
    public static void Count(MachineState machine, MemoryCgroup target, Span<long> byAge)
    {
        for (int id = 0; id < machine.SpaceCapacity; id++)
        {
            if (machine.SpaceAt(id) is not { } space || !target.Contains(machine.MemcgAt(space.MemcgId)))
                continue;
            for (ulong page = 0; page < space.Pages;)
            {
                Vma vma = space.VmaAt(page);
                if (vma.File is null)
                    Count(machine, space.BaseSlot + (uint)vma.Start, space.BaseSlot + (uint)(vma.End - 1), null, byAge);
                page = vma.End;
            }
        }

        for (int id = 0; id < machine.FileIds; id++)
        {
            if (machine.FileAt(id) is { } file)
                Count(machine, file.SlotOf(0), file.SlotOf(file.Pages - 1), target, byAge);
        }
    }

    /// <summary>Counts the pages that slots <paramref name="first"/> to <paramref name="last"/> own; those of a file only if they are charged below a cgroup.</summary>
    private static void Count(MachineState machine, uint first, uint last, MemoryCgroup? charged, Span<long> byAge)
    {
        LeafTables tables = machine.Tables;
        for (uint word = first >> 6; word <= last >> 6; word++)
        {
            ulong present = Volatile.Read(ref tables.Present[word]);
            if (word == first >> 6)
                present &= ulong.MaxValue << (int)(first & 63);
            if (word == last >> 6)
                present &= ulong.MaxValue >> (int)(63 - (last & 63));
            for (; present != 0; present &= present - 1)
            {
                uint slot = word * 64 + (uint)BitOperations.TrailingZeroCount(present);
                if (charged is null || charged.Contains(machine.MemcgAt(tables.FileMemcg[slot])))
                    byAge[machine.Ages!.AgeOf(slot)]++;
            }
        }
    }
}
