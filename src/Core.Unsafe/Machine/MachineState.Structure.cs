using ReclaimNative.Concurrency;
using ReclaimNative.Memory;
using ReclaimNative.PageTables;

namespace ReclaimNative.Machine;

internal sealed unsafe partial class MachineState
{
    /// <summary>
    /// What there is, and what its owner has set: cgroups, files, address spaces, limits and the clock. In a copy of the same options, of
    /// which nothing has been used, this makes it; the columns belong to it and come after.
    /// </summary>
    /// <exception cref="SnapshotException">It makes no sense for these options.</exception>
    public void PassStructure(StateLog log)
    {
        log.Pass(ref _nowUs);
        log.Pass(ref _created);
        MinTtlMs = log.Through(MinTtlMs);
        HasHigh = log.Through(HasHigh);
        HasSwapMax = log.Through(HasSwapMax);
        Demotion.PassSettings(log);
        Frames.PassSettings(log);
        Ages?.PassSettings(log);
        PassMemcgs(log);
        foreach (ExtentReserve reserve in _tableReserves)
            reserve.Pass(log);
        PassFiles(log);
        PassSpaces(log);
    }

    /// <summary>Takes over the columns of another machine of the same options; without the gate's, at which others wait there.</summary>
    public void CopyColumnsFrom(MachineState other) => _store.CopyFrom(other._store, QuiesceGate.ColumnName);

    /// <summary>Writes the same columns.</summary>
    public void WriteColumns(SnapshotWriter to) => _store.Write(to, QuiesceGate.ColumnName);

    /// <summary>Takes them over from a snapshot.</summary>
    public void ReadColumns(SnapshotReader from) => _store.Read(from, QuiesceGate.ColumnName);

    /// <summary>In the order of their creation, so that the one above is there already.</summary>
    private void PassMemcgs(StateLog log)
    {
        int count = log.Through(_memcgs.Count, 1, MemcgCapacity, "cgroups");
        for (int i = 0; i < count; i++)
        {
            if (i > 0)
            {
                MemoryCgroup? memcg = log.IsRestoring ? null : _memcgs[i];
                int id = log.Through(memcg?.Id ?? 0, 1, MemcgCapacity - 1, "the number of a cgroup");
                int parent = PassMemcgOf(log, memcg?.Parent!.Id ?? 0, "the parent of a cgroup");
                string? path = log.Through(memcg?.Path);
                if (log.IsRestoring && (path is null || HasMemcg(id)))
                    throw new SnapshotException($"The snapshot has a cgroup {id} without a name, or twice.");
                if (log.IsRestoring)
                    AddMemcg((ushort)id, path!, MemcgAt(parent));
            }

            _memcgs[i].PassSettings(log);
        }
    }

    private void PassFiles(StateLog log)
    {
        int ids = log.Through(_files.Count, 0, ushort.MaxValue + 1, "files");
        for (int id = 0; id < ids; id++)
        {
            if (log.IsRestoring)
                _files.Add(null);
            PageFile? file = _files[id];
            if (!log.Through(file is not null))
                continue;
            ulong pages = PassTables(log, file?.Pages ?? 0, file?.FirstTable ?? 0, out uint first, out uint tables);
            string name = log.Through(file?.Name) ?? "";
            ulong created = (ulong)log.Through((long)(file?.Created ?? 0));
            _files[id] ??= new PageFile(id, name, pages, first, tables) { Created = created };
        }
    }

    private void PassSpaces(StateLog log)
    {
        for (int id = 0; id < _spaces.Length; id++)
        {
            AddressSpace? space = _spaces[id];
            if (!log.Through(space is not null))
                continue;
            ulong pages = PassTables(log, space?.Pages ?? 0, space?.FirstTable ?? 0, out uint first, out uint tables);
            int memcg = PassMemcgOf(log, space?.MemcgId ?? 0, "the cgroup of an address space");
            int home = log.Through(space?.HomeNode ?? 0, 0, Nodes.Length - 1, "the home of an address space");
            string name = log.Through(space?.Name) ?? "";
            ulong created = (ulong)log.Through((long)(space?.Created ?? 0));
            space ??= _spaces[id] = new AddressSpace((ushort)id, name, pages, first, tables, memcg, home) { Created = created };
            space.PassAreas(log, _files);
        }
    }

    private int PassMemcgOf(StateLog log, int memcg, string what)
    {
        memcg = log.Through(memcg, 0, MemcgCapacity - 1, what);
        return HasMemcg(memcg) ? memcg : throw new SnapshotException($"The snapshot has {memcg} for {what}, which there is not.");
    }

    /// <summary>The length of an address space or file and its leaf tables, which follow from it but for the first.</summary>
    private ulong PassTables(StateLog log, ulong pages, uint firstTable, out uint first, out uint tables)
    {
        pages = (ulong)log.Through((long)pages);
        first = (uint)log.Through((long)firstTable);
        ulong wanted = (pages - 1) / LeafTables.Entries + 1;
        if (pages == 0 || first > Tables.Count || wanted > Tables.Count - first)
            throw new SnapshotException($"The snapshot has {pages} pages from leaf table {first} on; there are {Tables.Count} tables.");
        tables = (uint)wanted;
        return pages;
    }
}
