using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.PageTables;

/// <summary>
/// A process's memory: virtual pages [0, <see cref="Pages"/>) in leaf tables, cut into areas that are anonymous or map
/// a file. Its pages are charged to one memory cgroup and taken from its home node first.
/// </summary>
public sealed class AddressSpace
{
    private readonly List<Vma> _vmas = [];
    private Vma _lastHit;
    private long _resident;
    private ulong _met;

    internal AddressSpace(ushort id, string name, ulong pages, uint firstTable, uint tables, int memcg, int homeNode)
    {
        Id = id;
        Name = name;
        Pages = pages;
        FirstTable = firstTable;
        Tables = tables;
        MemcgId = memcg;
        HomeNode = homeNode;
        _lastHit = new Vma(0, pages, null, 0, VmaFlags.None);
        _vmas.Add(_lastHit);
    }

    /// <summary>Number of the address space in its engine.</summary>
    public ushort Id { get; }

    /// <summary>Name given by its owner, for messages and reports; empty for none.</summary>
    public string Name { get; }

    /// <summary>What its owner keeps with it; the engine leaves it alone.</summary>
    public object? Tag { get; set; }

    /// <summary>Length in pages.</summary>
    public ulong Pages { get; }

    /// <summary>Node that its pages are taken from while that one has room.</summary>
    public int HomeNode { get; }

    /// <summary>Its areas in ascending order; together they cover it.</summary>
    public IReadOnlyList<Vma> Vmas => _vmas;

    /// <summary>Pages mapped now.</summary>
    public long Resident => Volatile.Read(ref _resident);

    /// <summary>Whether <paramref name="page"/>, in [0, Pages), lies in an area that maps no file.</summary>
    public bool IsAnonymous(ulong page) => VmaAt(page).File is null;

    internal int MemcgId { get; }

    /// <summary>Grows from one address space or file of the engine to the next: the older of two has the smaller.</summary>
    internal ulong Created { get; init; }

    internal uint FirstTable { get; }

    internal uint Tables { get; }

    internal uint BaseSlot => FirstTable * LeafTables.Entries;

    internal bool Destroyed { get; set; }

    /// <summary>Whether it ran since the last walks.</summary>
    internal UseMark Use { get; } = new();

    /// <summary>What accesses and reclaim change.</summary>
    internal void Pass(StateLog log)
    {
        log.Pass(ref _resident);
        Use.Pass(log);
        log.Pass(ref _met);
    }

    /// <summary>Its areas.</summary>
    /// <param name="log">The log.</param>
    /// <param name="files">The files by number.</param>
    /// <exception cref="SnapshotException">They do not cover it, one after the other.</exception>
    internal void PassAreas(StateLog log, List<PageFile?> files)
    {
        long count = log.Through((long)_vmas.Count);
        if (log.IsRestoring)
            _vmas.Clear();
        ulong start = 0;
        for (int i = 0; i < count; i++)
        {
            Vma? vma = log.IsRestoring ? null : _vmas[i];
            ulong end = (ulong)log.Through((long)(vma?.End ?? 0));
            int id = log.Through(vma?.File?.Id ?? -1, -1, files.Count - 1, "the file of an area");
            ulong offset = (ulong)log.Through((long)(vma?.FileOffset ?? 0));
            var flags = (VmaFlags)log.Through((long)(vma?.Flags ?? 0));
            if (!log.IsRestoring)
                continue;
            PageFile? file = id < 0 ? null : files[id];
            if (end <= start || end > Pages || (id >= 0 && file is null) || (file is not null && (offset > file.Pages || end - start > file.Pages - offset)))
                throw new SnapshotException($"The snapshot has an area of address space {Name} at [{start}, {end}) that does not lie in it, or not in its file.");
            _vmas.Add(new Vma(start, end, file, offset, flags));
            start = end;
        }

        if (!log.IsRestoring)
            return;
        if (start != Pages)
            throw new SnapshotException($"The areas of address space {Name} in the snapshot end at page {start} of {Pages}.");
        _lastHit = _vmas[0];
    }

    /// <summary>Counts pages mapped or, negative, unmapped.</summary>
    internal void AddResident(int pages, bool concurrent) => Atomic.Add(ref _resident, pages, concurrent);

    /// <summary>Notes that a walk of the node, given as a bit, comes by; true when none has before.</summary>
    internal bool MeetsFirstWalk(ulong nodeBit, bool concurrent) => (Atomic.Or(ref _met, nodeBit, concurrent) & nodeBit) == 0;

    /// <summary>The area that holds <paramref name="page"/>, in [0, Pages).</summary>
    internal Vma VmaAt(ulong page)
    {
        Vma last = _lastHit;
        if (page >= last.Start && page < last.End)
            return last;
        int low = 0;
        int high = _vmas.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_vmas[middle].Start <= page)
                low = middle;
            else
                high = middle - 1;
        }

        return _lastHit = _vmas[low];
    }

    /// <summary>Whether some area maps a file.</summary>
    internal bool Maps(PageFile file)
    {
        foreach (Vma vma in _vmas)
        {
            if (ReferenceEquals(vma.File, file))
                return true;
        }

        return false;
    }

    /// <summary>Replaces what covers [start, end) by <paramref name="vma"/>; the ranges equal each other.</summary>
    internal void Cover(Vma vma)
    {
        for (int i = _vmas.Count - 1; i >= 0; i--)
        {
            Vma old = _vmas[i];
            if (old.End <= vma.Start || old.Start >= vma.End)
                continue;
            _vmas.RemoveAt(i);
            if (old.End > vma.End)
                _vmas.Insert(i, old with { Start = vma.End, FileOffset = old.FileOffset + (vma.End - old.Start) });
            if (old.Start < vma.Start)
                _vmas.Insert(i, old with { End = vma.Start });
        }

        int at = 0;
        while (at < _vmas.Count && _vmas[at].Start < vma.Start)
            at++;
        _vmas.Insert(at, vma);
        _lastHit = vma;
    }
}
