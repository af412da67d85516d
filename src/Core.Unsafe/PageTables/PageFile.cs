using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.PageTables;

/// <summary>
/// A file, as reclaim sees one: an index from file page to resident frame or shadow. Its pages are read by descriptor
/// or mapped into address spaces.
/// </summary>
public sealed class PageFile
{
    private long _resident;

    internal PageFile(int id, string name, ulong pages, uint firstTable, uint tables)
    {
        Id = id;
        Name = name;
        Pages = pages;
        FirstTable = firstTable;
        Tables = tables;
    }

    /// <summary>Number of the file in its engine; that of a destroyed one is given out again.</summary>
    public int Id { get; }

    /// <summary>Name given by its owner, for messages and reports; empty for none.</summary>
    public string Name { get; }

    /// <summary>What its owner keeps with it; the engine leaves it alone.</summary>
    public object? Tag { get; set; }

    /// <summary>Length in pages.</summary>
    public ulong Pages { get; }

    /// <summary>Pages resident now.</summary>
    public long Resident => Volatile.Read(ref _resident);

    /// <summary>Grows from one address space or file of the engine to the next: the older of two has the smaller.</summary>
    internal ulong Created { get; init; }

    internal uint FirstTable { get; }

    internal uint Tables { get; }

    /// <summary>What accesses and reclaim change.</summary>
    internal void Pass(StateLog log) => log.Pass(ref _resident);

    /// <summary>Counts pages that came in or, negative, went.</summary>
    internal void AddResident(int pages, bool concurrent) => Atomic.Add(ref _resident, pages, concurrent);

    internal uint SlotOf(ulong page) => FirstTable * LeafTables.Entries + (uint)page;
}
