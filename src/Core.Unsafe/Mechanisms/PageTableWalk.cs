using System.Numerics;
using ReclaimNative.Concurrency;
using ReclaimNative.Filters;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Simd;

namespace ReclaimNative.Mechanisms;

/// <summary>What a walk is to skip.</summary>
/// <param name="Force">Look at every table, whatever the filter and the upper level say.</param>
/// <param name="NoFilter">Neither consult nor feed the Bloom filter of worthwhile tables.</param>
/// <param name="SkipAnon">Leave areas of anonymous memory alone.</param>
/// <param name="SkipFile">Leave areas that map files alone.</param>
public readonly record struct WalkOptions(bool Force = false, bool NoFilter = false, bool SkipAnon = false, bool SkipFile = false);

/// <summary>What a walk saw: the numbers of one line of <c>lru_gen_full</c>.</summary>
/// <param name="Entries">Page-table entries looked at.</param>
/// <param name="Young">Those whose accessed bit was found set and cleared.</param>
/// <param name="TablesFound">Leaf tables scanned.</param>
/// <param name="TablesAdded">Tables worth another look, put into the next filter.</param>
/// <param name="TablesSeen">Leaf tables that the upper level said were used, scanned or not.</param>
/// <param name="Old">Present entries whose accessed bit was not set; counted in profile 6.1 alone, which shows them.</param>
public readonly record struct WalkResult(long Entries, long Young, long TablesFound, long TablesAdded, long TablesSeen = 0, long Old = 0)
{
    /// <summary>The sums of two walks.</summary>
    public static WalkResult operator +(in WalkResult a, in WalkResult b) => new(
        a.Entries + b.Entries, a.Young + b.Young, a.TablesFound + b.TablesFound, a.TablesAdded + b.TablesAdded, a.TablesSeen + b.TablesSeen, a.Old + b.Old);
}

/// <summary>
/// Clears accessed bits table by table over the address spaces of one cgroup, which costs one pass over page tables in
/// order instead of one reverse-map lookup for each page. Source: kernel-reclaim reference 5.6.
/// </summary>
/// <remarks>
/// Walks of a lruvec are numbered. Walk S reads filter S mod 2 and fills filter S + 1 mod 2; a lookaround between two
/// walks adds to the filter that the next one reads.
/// <para>
/// Concurrency: one walk of a lruvec at a time; who comes second gets an empty result, as in the kernel. Bits that others
/// set meanwhile are either seen or still there for the next walk. The upper level is safe to clear first: an access sets
/// its entry's bit by a locked operation and looks at the table's byte after; the walk clears the byte by a locked
/// operation and looks at the bits after; so either the walk sees the bit or the access sees the cleared byte and sets it.
/// Never allocates.
/// </para>
/// </remarks>
internal static unsafe class PageTableWalk
{
    /// <summary>Entries of one cache line of real page tables: a table is worth a scan when one in so many is young.</summary>
    private const int EntriesPerCacheLine = 8;

    /// <summary>Runs one whole walk for <paramref name="lruvec"/> and numbers it.</summary>
    public static WalkResult Run<TSink>(MachineState machine, Lruvec lruvec, in WalkOptions options, ref TSink sink)
        where TSink : struct, IYoungSink
    {
        if (!lruvec.TryBeginWalk())
            return default;
        WalkResult result = machine.TableFilter == TableFilter.Kernel
            ? Walk(machine, lruvec, options, PairOf<KernelBloomFilter>(machine, lruvec), ref sink)
            : Walk(machine, lruvec, options, PairOf<SplitBlockBloomFilter>(machine, lruvec), ref sink);
        lruvec.WalkSequence++;
        lruvec.EndWalk();
        return result;
    }

    private static WalkResult Walk<TSink, TFilter>(
        MachineState machine, Lruvec lruvec, in WalkOptions options, FilterPair<TFilter> filters, ref TSink sink)
        where TSink : struct, IYoungSink
        where TFilter : struct, IBloomFilter<TFilter>
    {
        TFilter current = filters.Current;
        TFilter next = filters.Next;
        bool force = options.Force;
        bool consult = !options.NoFilter && IsInUse(lruvec, lruvec.WalkSequence);
        bool handedOut = false;
        LeafTables tables = machine.Tables;
        ulong nodeBit = 1UL << lruvec.Node.Id;
        WalkResult result = default;
        for (int id = 0; id < machine.SpaceCapacity; id++)
        {
            AddressSpace? space = machine.SpaceAt(id);
            if (space is null || space.MemcgId != lruvec.Memcg.Id)
                continue;

            // What is new since the last walk is looked at whole, and so is all that comes after it in this walk.
            force |= space.MeetsFirstWalk(nodeBit, machine.Concurrent);
            if (!force && !space.Use.IsSet(nodeBit))
                continue;
            space.Use.BeginWalk(nodeBit, machine.Concurrent);

            // A walk that has nothing to look at leaves the next filter as it is, with what it held two walks ago.
            if (!handedOut && !options.NoFilter)
            {
                next.Clear();
                lruvec.FiltersInUse |= 1 << (int)((lruvec.WalkSequence + 1) & 1);
            }

            handedOut = true;

            nuint end = space.FirstTable + space.Tables;
            for (nuint at = space.FirstTable; at < end; at++)
            {
                if (!force && (at = machine.Sweep.FindNext(tables.TableYoung, at, end, 1, 1)) == end)
                    break;
                uint table = (uint)at;
                Atomic.Exchange(ref tables.TableYoung[table], (byte)0, machine.Concurrent);
                result = result with { TablesSeen = result.TablesSeen + 1 };
                if (consult && !force && !current.MayContain(AddressOf(space, table)))
                    continue;

                int old = machine.Kernel == KernelVersion.V6_1 ? CountOld(machine, space, table, options) : 0;
                (int total, int young) = ScanTable(machine, lruvec, space, table, options, ref sink);
                bool worthwhile = IsWorthwhile(total, young);
                if (worthwhile && !options.NoFilter)
                    next.Add(AddressOf(space, table));
                if (machine.WalkEndsSlice(total))
                    space.Use.Set();
                result += new WalkResult(total, young, 1, worthwhile ? 1 : 0, 0, old);
            }
        }

        return result;
    }

    /// <summary>On average at least one young entry for each cache line of the table.</summary>
    public static bool IsWorthwhile(int total, int young) => young * EntriesPerCacheLine >= total && young > 0;

    /// <summary>Marks the table of a page that a lookaround found in good company, for the walk to come.</summary>
    public static void Suggest(MachineState machine, Lruvec lruvec, AddressSpace space, uint table)
    {
        if (!IsInUse(lruvec, lruvec.WalkSequence))
            return;
        ulong address = AddressOf(space, table);
        if (machine.TableFilter == TableFilter.Kernel)
            PairOf<KernelBloomFilter>(machine, lruvec).Current.Add(address);
        else
            PairOf<SplitBlockBloomFilter>(machine, lruvec).Current.Add(address);
    }

    private static bool IsInUse(Lruvec lruvec, ulong walk) => (lruvec.FiltersInUse >> (int)(walk & 1) & 1) != 0;

    /// <summary>
    /// Finds the young entries of one table, sorts out those that are not this lruvec's, clears the rest by one operation
    /// for each word and hands them over together.
    /// </summary>
    private static (int Total, int Young) ScanTable<TSink>(
        MachineState machine, Lruvec lruvec, AddressSpace space, uint table, in WalkOptions options, ref TSink sink)
        where TSink : struct, IYoungSink
    {
        LeafTables tables = machine.Tables;
        ulong* young = stackalloc ulong[LeafTables.WordsPerTable];
        ulong* accessed = tables.Accessed + (nuint)table * LeafTables.WordsPerTable;
        ulong* present = tables.Present + (nuint)table * LeafTables.WordsPerTable;
        ulong page = (ulong)(table - space.FirstTable) * LeafTables.Entries;
        int total = 0;
        ulong any = 0;
        for (int w = 0; w < LeafTables.WordsPerTable; w++, page += 64)
        {
            ulong inRange = RangeMask(space, page, options);
            total += BitOperations.PopCount(inRange);
            any |= young[w] = Volatile.Read(ref accessed[w]) & present[w] & inRange;
        }

        if (any == 0)
            return (total, 0);

        uint* slots = stackalloc uint[LeafTables.Entries + AccessedBits.ExtractSlack];
        long candidates = machine.Bits.Extract(young, LeafTables.WordsPerTable, table * LeafTables.Entries, slots);
        for (long i = 0; i < candidates; i++)
        {
            uint slot = slots[i];
            if (!IsOurs(machine, lruvec, tables.FrameOf(slot), slot))
                young[(slot >> 6) & (LeafTables.WordsPerTable - 1)] &= ~(1UL << (int)(slot & 63));
        }

        ulong* taken = stackalloc ulong[LeafTables.WordsPerTable];
        long found = machine.Bits.HarvestMasked(accessed, young, taken, LeafTables.WordsPerTable);
        machine.Bits.Extract(taken, LeafTables.WordsPerTable, table * LeafTables.Entries, slots);
        for (long i = 0; i < found; i++)
        {
            uint slot = slots[i];
            uint pfn = tables.FrameOf(slot);
            if (machine.Ages is { } ages)
                ages.Use(space.VmaAt(slot - space.BaseSlot), slot - space.BaseSlot, slot);
            PropagateDirty(machine, pfn, slot);
            slots[i] = pfn;
        }

        sink.OnYoung(new ReadOnlySpan<uint>(slots, (int)found));
        return (total, (int)found);
    }

    /// <summary>Entries of one table that are present and have not been used.</summary>
    private static int CountOld(MachineState machine, AddressSpace space, uint table, in WalkOptions options)
    {
        ulong* accessed = machine.Tables.Accessed + (nuint)table * LeafTables.WordsPerTable;
        ulong* present = machine.Tables.Present + (nuint)table * LeafTables.WordsPerTable;
        ulong page = (ulong)(table - space.FirstTable) * LeafTables.Entries;
        int old = 0;
        for (int w = 0; w < LeafTables.WordsPerTable; w++, page += 64)
            old += BitOperations.PopCount(present[w] & ~Volatile.Read(ref accessed[w]) & RangeMask(space, page, options));
        return old;
    }

    /// <summary>
    /// The frame that a slot named is on a list of this lruvec: only those are looked at, so that nobody's accesses get
    /// lost. Where others run it may leave at any time after.
    /// </summary>
    internal static bool IsOurs(MachineState machine, Lruvec lruvec, uint pfn, uint slot)
    {
        ref readonly ListsOf lists = ref lruvec.Lists;
        if (pfn < lists.First || pfn >= lists.End)
            return false;
        if (!machine.Frames.Has(pfn, FolioFlags.Lru) && (machine.Kernel > KernelVersion.V6_12 || machine.Proposed.Has(pfn)))
            return false;
        ushort memcg = machine.Frames.TypeOf(pfn) == FolioType.Anon
            ? machine.Tables.Memcg[slot >> LeafTables.EntriesShift]
            : machine.Frames.MemcgOf(pfn);
        return memcg == lists.Memcg;
    }

    /// <summary>
    /// A dirty entry makes its file page dirty; anonymous pages are written whenever they are evicted. With several
    /// threads under the page's lock, so that an eviction finds the bit in one of the two places; a page that is locked is
    /// left for another time.
    /// </summary>
    internal static void PropagateDirty(MachineState machine, uint pfn, uint slot)
    {
        LeafTables tables = machine.Tables;
        if (!LeafTables.Test(tables.Dirty, slot) || pfn >= machine.Frames.Count || machine.Frames.TypeOf(pfn) != FolioType.File)
            return;
        if (!machine.Frames.TryOwnerOf(pfn, out uint page) || !machine.Locks.TryEnter(page))
            return;
        if (tables.FrameAt(page) == pfn && tables.FrameAt(slot) == pfn && tables.TestAndClear(tables.Dirty, slot))
            machine.Frames.Set(pfn, FolioFlags.Dirty);
        machine.Locks.Exit(page);
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

    private static FilterPair<TFilter> PairOf<TFilter>(MachineState machine, Lruvec lruvec) where TFilter : struct, IBloomFilter<TFilter> =>
        new(lruvec.Filters, machine.FilterWords, lruvec.WalkSequence, !machine.Concurrent, machine.VectorWidth);

    /// <summary>
    /// Stands for the address of the upper-level entry, which the kernel hashes: 8 bytes for each table, one 2^40 byte
    /// window for each address space, wrapping round after a hundred of them.
    /// </summary>
    private static ulong AddressOf(AddressSpace space, uint table) =>
        unchecked(0xffff_8880_0000_0000UL + ((ulong)space.Id << 40) + (ulong)(table - space.FirstTable) * 8);
}
