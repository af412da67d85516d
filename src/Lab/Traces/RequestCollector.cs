using System.Runtime.InteropServices;

namespace ReclaimNative.Lab.Traces;

/// <summary>
/// Takes a trace's requests in order under its own page numbers. Pages get ids in order of first use, so that a request costs 4 bytes and
/// one hash lookup whatever the width of its page number; <see cref="Pack"/> turns ids into packed page numbers at the end.
/// </summary>
internal sealed class RequestCollector
{
    // Below this many pages a table on average, tables are mostly holes and the key's neighbourhood carries no meaning.
    private const int LeastPagesPerTable = 8;

    // A whole number of tables that an array indexed by packed page can still hold.
    private const long MaxPackedPages = (1L << 31) - PageMap.PagesPerTable;

    private readonly Dictionary<ulong, uint> _ids = [];
    private readonly string _source;
    private readonly int _maxRequests;
    private uint[] _requests;

    /// <summary>A collector that names <paramref name="source"/> in errors and refuses more than <paramref name="maxRequests"/>.</summary>
    internal RequestCollector(string source, int maxRequests)
    {
        _source = source;
        _maxRequests = maxRequests;
        _requests = new uint[Math.Min(4096, maxRequests)];
    }

    /// <summary>Count of requests so far.</summary>
    internal int Count { get; private set; }

    /// <summary>Adds one request.</summary>
    internal void Add(ulong page, bool write)
    {
        if (Count == _requests.Length)
            Grow();
        ref uint id = ref CollectionsMarshal.GetValueRefOrAddDefault(_ids, page, out bool known);
        if (!known)
            id = (uint)_ids.Count - 1;
        _requests[Count++] = write ? id | Trace.WriteBit : id;
    }

    /// <summary>The trace of everything added. The collector is used up.</summary>
    internal Trace Pack(string name, TraceFormat format, string? note)
    {
        int unique = _ids.Count;
        var pages = new ulong[unique];
        var ids = new uint[unique];
        _ids.Keys.CopyTo(pages, 0);
        _ids.Values.CopyTo(ids, 0);
        Array.Sort(pages, ids);

        ulong[] tables = Tables(pages);
        bool sparse = unique < LeastPagesPerTable * (long)tables.Length;
        bool byTables = !sparse && tables.Length * (long)PageMap.PagesPerTable <= MaxPackedPages;
        var map = new PageMap(byTables ? tables : pages, byTables);
        Array.Resize(ref _requests, Count);
        Renumber(PackedById(pages, ids, byTables));

        if (sparse)
            note = Join(note, "its pages are packed in key order, fewer than 8 of them share a 512-page table: neighbouring pages mean nothing here");
        else if (!byTables)
            note = Join(note, "its pages are packed in key order, by 512-page tables they would need more than 2147483136 page numbers");
        return new Trace(name, format, _requests, unique, map, note);
    }

    private static string Join(string? note, string more) => note is null ? more : $"{note}; {more}";

    private static ulong[] Tables(ulong[] sortedPages)
    {
        var tables = new List<ulong>();
        foreach (ulong page in sortedPages)
        {
            ulong table = page / PageMap.PagesPerTable;
            if (tables.Count == 0 || tables[^1] != table)
                tables.Add(table);
        }
        return [.. tables];
    }

    private static uint[] PackedById(ulong[] sortedPages, uint[] ids, bool byTables)
    {
        var packed = new uint[ids.Length];
        uint rank = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            if (i > 0 && (!byTables || sortedPages[i] / PageMap.PagesPerTable != sortedPages[i - 1] / PageMap.PagesPerTable))
                rank++;
            packed[ids[i]] = byTables ? rank * PageMap.PagesPerTable + (uint)(sortedPages[i] % PageMap.PagesPerTable) : rank;
        }
        return packed;
    }

    private void Renumber(uint[] packedById)
    {
        foreach (ref uint request in _requests.AsSpan())
            request = packedById[request & ~Trace.WriteBit] | (request & Trace.WriteBit);
    }

    private void Grow()
    {
        if (Count >= _maxRequests)
            throw new TraceException($"{_source}: more than {_maxRequests} requests, the most that one trace can hold; split it");
        Array.Resize(ref _requests, (int)Math.Min(_maxRequests, 2L * Count));
    }
}
