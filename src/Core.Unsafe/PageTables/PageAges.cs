using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.PageTables;

/// <summary>
/// How many scans have found a page unused, a byte for each page whether it is resident or not, and how old pages were when they
/// were used again. Pages are owner slots: the page-table slot of an anonymous page, the page-cache slot of a file page.
/// </summary>
/// <remarks>
/// <code>
///   0        used since the last scan, or just come in
///   1        the last scan found it used before: age 0
///   n        n - 1 scans since then have found it unused: age n - 1
///   255      age 254 or more
/// </code>
/// So a scan takes what accessed bits say, and then all bytes grow by one. A use is counted among the promotions when it is
/// seen: by the scan, or before, by whoever else clears the bit that tells of it; at most one for a page from scan to scan. A page
/// that comes in for the first time is no promotion.
/// <para>
/// Only tables that pages have come to are ever looked at, so that what is reserved and not used stays without memory. Thread-safety:
/// uses are noted from any thread, by atomic exchange when built <c>concurrent</c>; bytes grow while nobody else is in the engine.
/// Source: kernel-reclaim reference 10.
/// </para>
/// </remarks>
internal sealed unsafe class PageAges
{
    /// <summary>Entries of a histogram.</summary>
    public const int Ages = 256;

    /// <summary>In the byte of a table: some of its slots own pages that came in.</summary>
    private const byte Owns = 1;

    /// <summary>In the byte of a table: some of its slots map pages.</summary>
    private const byte Maps = 2;

    private readonly LeafTables _tables;
    private readonly byte* _age;
    private readonly byte* _ofTable;
    private readonly long* _promotions;
    private readonly long[] _scannedMs = new long[Ages];
    private readonly bool _concurrent;
    private long _scans;

    public PageAges(ColumnStore store, LeafTables tables, int memcgs, bool concurrent)
    {
        _tables = tables;
        _concurrent = concurrent;
        _age = store.Reserve<byte>("table.age", (nuint)tables.Slots).Pointer;
        _ofTable = store.Reserve<byte>("table.aged", tables.Count).Pointer;
        _promotions = store.Reserve<long>("memcg.promotions", (nuint)memcgs * Ages).Pointer;
    }

    /// <summary>The times of its scans, which the owner makes.</summary>
    public void PassSettings(StateLog log)
    {
        log.Pass(_scannedMs);
        log.Pass(ref _scans);
    }

    /// <summary>A page comes in. One that <paramref name="returns"/> was here before and is used again.</summary>
    public void Arrive(uint page, FolioType type, bool returns)
    {
        Note(page, type == FolioType.Anon ? (byte)(Owns | Maps) : Owns);
        if (returns)
            Use(page, type);
        else
            Volatile.Write(ref _age[page], 0);
    }

    /// <summary>A page-table slot comes to map a file page, which is a use of it.</summary>
    public void Map(uint slot, uint page)
    {
        Note(slot, Maps);
        Use(page, FolioType.File);
    }

    /// <summary>Somebody has seen that a page was used.</summary>
    public void Use(uint page, FolioType type)
    {
        ref byte age = ref _age[page];
        if (Volatile.Read(ref age) == 0)
            return;

        // Of two that see the same use one counts it.
        byte before = Atomic.Exchange(ref age, (byte)0, _concurrent);
        if (before == 0)
            return;
        int memcg = type == FolioType.Anon ? _tables.Memcg[page >> LeafTables.EntriesShift] : _tables.FileMemcg[page];
        Atomic.Add(ref _promotions[(nuint)memcg * Ages + before - 1], 1, _concurrent);
    }

    /// <summary>Somebody has seen that page <paramref name="at"/> of an address space, at <paramref name="slot"/>, was used.</summary>
    public void Use(Vma vma, ulong at, uint slot)
    {
        if (vma.File is { } file)
            Use(file.SlotOf(vma.FileOffset + (at - vma.Start)), FolioType.File);
        else
            Use(slot, FolioType.Anon);
    }

    /// <summary>Age in scans, 0 to 254.</summary>
    public int AgeOf(uint page) => Math.Max(Volatile.Read(ref _age[page]) - 1, 0);

    /// <summary>
    /// Milliseconds for which a page has not been used at least: since the last scan that found it used. What accessed bits tell
    /// since the last scan is not in it.
    /// </summary>
    public long IdleMs(uint page, long nowMs)
    {
        byte age = Volatile.Read(ref _age[page]);
        return age == 0 ? 0 : Math.Max(0, nowMs - _scannedMs[(_scans - age) & (Ages - 1)]);
    }

    /// <summary>Whether a table of an address space may have accessed bits.</summary>
    public bool MayMap(uint table) => (_ofTable[table] & Maps) != 0;

    /// <summary>A scan begins.</summary>
    /// <remarks>
    /// Its time is noted before any byte grows: where calls come in between the pieces of a scan, a page that has grown already is
    /// as old as the table of times says, and one that has not seems younger.
    /// </remarks>
    public void BeginScan(long nowMs)
    {
        _scannedMs[_scans & (Ages - 1)] = nowMs;
        _scans++;
    }

    /// <summary>All that was used has been noted: the pages of a table grow older. While nobody else is in the engine.</summary>
    /// <param name="sweep">The engine's kernels.</param>
    /// <param name="table">The table.</param>
    /// <param name="inUse">It belongs to an address space or a file.</param>
    public void Grow(in ByteSweep sweep, uint table, bool inUse)
    {
        if (!inUse)
            _ofTable[table] = 0;
        else if ((_ofTable[table] & Owns) != 0)
            sweep.Increment(_age + (nuint)table * LeafTables.Entries, LeafTables.Entries);
    }

    /// <summary>Adds the promotions of one cgroup to a histogram.</summary>
    public void AddPromotions(int memcg, Span<long> byAge)
    {
        for (int age = 0; age < Ages; age++)
            byAge[age] += Volatile.Read(ref _promotions[(nuint)memcg * Ages + (nuint)age]);
    }

    /// <summary>A cgroup is removed: what it counted is another's from now on. While nobody else is in the engine.</summary>
    public void HandOverPromotions(int from, int to)
    {
        for (int age = 0; age < Ages; age++)
        {
            ref long promotions = ref _promotions[(nuint)from * Ages + (nuint)age];
            _promotions[(nuint)to * Ages + (nuint)age] += promotions;
            promotions = 0;
        }
    }

    private void Note(uint slot, byte what)
    {
        ref byte table = ref _ofTable[slot >> LeafTables.EntriesShift];
        if ((Volatile.Read(ref table) & what) != what)
            _ = Atomic.Or(ref table, what, _concurrent);
    }
}
