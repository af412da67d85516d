using System.Numerics;
using ReclaimNative.Filters;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Mechanisms;

/// <summary>What a walk is to skip.</summary>
/// <param name="Force">Look at every table, whatever the filter and the upper level say.</param>
/// <param name="UseFilter">Consult and feed the Bloom filter of worthwhile tables.</param>
/// <param name="SkipAnon">Leave areas of anonymous memory alone.</param>
/// <param name="SkipFile">Leave areas that map files alone.</param>
public readonly record struct WalkOptions(bool Force = false, bool UseFilter = true, bool SkipAnon = false, bool SkipFile = false);

/// <summary>What a walk saw: the numbers of one line of <c>lru_gen_full</c>.</summary>
/// <param name="Entries">Page-table entries looked at.</param>
/// <param name="Young">Those whose accessed bit was found set and cleared.</param>
/// <param name="TablesFound">Leaf tables scanned.</param>
/// <param name="TablesAdded">Tables worth another look, put into the next filter.</param>
public readonly record struct WalkResult(long Entries, long Young, long TablesFound, long TablesAdded);

/// <summary>
/// Clears accessed bits table by table over the address spaces of one cgroup, which costs one pass over page tables in
/// order instead of one reverse-map lookup for each page. Source: kernel-reclaim reference 5.6.
/// </summary>
/// <remarks>
/// Walks of a lruvec are numbered. Walk S reads filter S mod 2 and fills filter S + 1 mod 2; a lookaround between two
/// walks adds to the filter that the next one reads. One thread at a time; never allocates.
/// </remarks>
internal static unsafe class PageTableWalk
{
    /// <summary>Entries of one cache line of real page tables: a table is worth a scan when one in so many is young.</summary>
    private const int EntriesPerCacheLine = 8;

    /// <summary>Runs one whole walk for <paramref name="lruvec"/> and numbers it.</summary>
    public static WalkResult Run<TSink>(MachineState machine, Lruvec lruvec, in WalkOptions options, ref TSink sink)
        where TSink : struct, IYoungSink
    {
        KernelBloomFilter current = FilterOf(lruvec, lruvec.WalkSequence);
        KernelBloomFilter next = FilterOf(lruvec, lruvec.WalkSequence + 1);
        bool consult = options.UseFilter && !options.Force && lruvec.WalkSequence > 0;
        next.Clear();

        LeafTables tables = machine.Tables;
        ulong nodeBit = 1UL << lruvec.Node.Id;
        WalkResult result = default;
        for (int id = 0; id < machine.SpaceCapacity; id++)
        {
            AddressSpace? space = machine.SpaceAt(id);
            if (space is null || space.MemcgId != lruvec.Memcg.Id)
                continue;
            if (!options.Force && (space.UsedSinceWalk & nodeBit) == 0)
                continue;
            space.UsedSinceWalk &= ~nodeBit;

            for (uint i = 0; i < space.Tables; i++)
            {
                uint table = space.FirstTable + i;
                if (!options.Force && tables.TableYoung[table] == 0)
                    continue;
                tables.TableYoung[table] = 0;
                if (consult && !current.MayContain(AddressOf(space, table)))
                    continue;

                (int total, int young) = ScanTable(machine, lruvec, space, table, options, ref sink);
                bool worthwhile = IsWorthwhile(total, young);
                if (worthwhile && options.UseFilter)
                    next.Add(AddressOf(space, table));
                result = new WalkResult(
                    result.Entries + total, result.Young + young, result.TablesFound + 1, result.TablesAdded + (worthwhile ? 1 : 0));
            }
        }

        lruvec.WalkSequence++;
        return result;
    }

    /// <summary>On average at least one young entry for each cache line of the table.</summary>
    public static bool IsWorthwhile(int total, int young) => young * EntriesPerCacheLine >= total && young > 0;

    /// <summary>Marks the table of a page that a lookaround found in good company, for the walk to come.</summary>
    public static void Suggest(Lruvec lruvec, AddressSpace space, uint table) =>
        FilterOf(lruvec, lruvec.WalkSequence).Add(AddressOf(space, table));

    private static (int Total, int Young) ScanTable<TSink>(
        MachineState machine, Lruvec lruvec, AddressSpace space, uint table, in WalkOptions options, ref TSink sink)
        where TSink : struct, IYoungSink
    {
        LeafTables tables = machine.Tables;
        int total = 0;
        int found = 0;
        ulong page = (ulong)(table - space.FirstTable) * LeafTables.Entries;
        for (int w = 0; w < LeafTables.WordsPerTable; w++, page += 64)
        {
            ulong inRange = RangeMask(space, page, options);
            if (inRange == 0)
                continue;
            total += BitOperations.PopCount(inRange);
            nuint index = (nuint)table * LeafTables.WordsPerTable + (nuint)w;
            ulong young = tables.Accessed[index] & tables.Present[index] & inRange;
            while (young != 0)
            {
                int bit = BitOperations.TrailingZeroCount(young);
                young &= young - 1;
                uint slot = (uint)(index * 64) + (uint)bit;
                uint pfn = tables.Entry[slot];
                if (!IsOurs(machine, lruvec, pfn))
                    continue;
                tables.Accessed[index] &= ~(1UL << bit);
                PropagateDirty(machine, pfn, slot);
                found++;
                sink.OnYoung(pfn);
            }
        }

        return (total, found);
    }

    /// <summary>On a list of this lruvec: only those are looked at, so that nobody's accesses get lost.</summary>
    internal static bool IsOurs(MachineState machine, Lruvec lruvec, uint pfn) =>
        machine.Frames.Has(pfn, FolioFlags.Lru)
        && machine.Frames.Memcg[pfn] == lruvec.Memcg.Id
        && machine.NodeIdOf(pfn) == lruvec.Node.Id;

    /// <summary>A dirty entry makes its file page dirty; anonymous pages are written whenever they are evicted.</summary>
    internal static void PropagateDirty(MachineState machine, uint pfn, uint slot)
    {
        if (machine.Frames.TypeOf(pfn) == FolioType.File && LeafTables.TestAndClear(machine.Tables.Dirty, slot))
            machine.Frames.Set(pfn, FolioFlags.Dirty);
    }

    /// <summary>Which of 64 pages from <paramref name="page"/> on lie in areas that this walk looks at.</summary>
    private static ulong RangeMask(AddressSpace space, ulong page, in WalkOptions options)
    {
        ulong mask = 0;
        ulong end = Math.Min(page + 64, space.Pages);
        while (page < end)
        {
            Vma vma = space.VmaAt(page);
            ulong stop = Math.Min(vma.End, end);
            bool skip = (vma.File is null ? options.SkipAnon : options.SkipFile) || (vma.Flags & VmaFlags.NoRecency) != 0;
            if (!skip)
            {
                int count = (int)(stop - page);
                ulong run = count == 64 ? ulong.MaxValue : (1UL << count) - 1;
                mask |= run << (int)(page & 63);
            }

            page = stop;
        }

        return mask;
    }

    private static KernelBloomFilter FilterOf(Lruvec lruvec, ulong sequence) =>
        new(lruvec.Filters + (sequence & 1) * KernelBloomFilter.Words);

    /// <summary>
    /// Stands for the address of the upper-level entry, which the kernel hashes: 8 bytes for each table, one 2^40 byte
    /// window for each address space, wrapping round after a hundred of them.
    /// </summary>
    private static ulong AddressOf(AddressSpace space, uint table) =>
        unchecked(0xffff_8880_0000_0000UL + ((ulong)space.Id << 40) + (ulong)(table - space.FirstTable) * 8);
}
