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

    private void PassMemcgs(StateLog log)
    {
        int count = log.Through(_memcgs.Count, 1, _memcgCapacity, "cgroups");
        for (int id = 0; id < count; id++)
        {
            if (id > 0)
            {
                MemoryCgroup? memcg = log.IsRestoring ? null : _memcgs[id];
                int parent = log.Through(memcg?.Parent!.Id ?? 0, 0, id - 1, "the parent of a cgroup");
                string? path = log.Through(memcg?.Path);
                if (log.IsRestoring)
                    AddMemcg(path ?? throw new SnapshotException("The snapshot has a cgroup without a name."), _memcgs[parent]);
            }

            _memcgs[id].PassSettings(log);
        }
    }

    private void PassFiles(StateLog log)
    {
        int count = log.Through(_files.Count, 0, ushort.MaxValue + 1, "files");
        for (int id = 0; id < count; id++)
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
            int memcg = log.Through(space?.MemcgId ?? 0, 0, _memcgs.Count - 1, "the cgroup of an address space");
            int home = log.Through(space?.HomeNode ?? 0, 0, Nodes.Length - 1, "the home of an address space");
            string name = log.Through(space?.Name) ?? "";
            ulong created = (ulong)log.Through((long)(space?.Created ?? 0));
            space ??= _spaces[id] = new AddressSpace((ushort)id, name, pages, first, tables, memcg, home) { Created = created };
            space.PassAreas(log, _files);
        }
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
