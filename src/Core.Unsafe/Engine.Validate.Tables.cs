using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>The half of an audit that starts from address spaces and files; the other half starts from frames.</summary>
    private sealed partial class Audit
    {
        private string? CheckSpace(AddressSpace space, int id)
        {
            string where = $"address space {space.Name}";
            if (space.Id != id || space.Destroyed)
                return $"The {where} is registered under {id} and says {space.Id}{(space.Destroyed ? ", destroyed" : "")}.";
            if (Take(space.FirstTable, space.Tables, (ushort)id, where) is { } taken)
                return taken;
            ulong covered = 0;
            foreach (Vma vma in space.Vmas)
            {
                if (vma.Start != covered || vma.End <= vma.Start)
                    return $"The areas of {where} leave a gap or overlap at page {covered}.";
                covered = vma.End;
            }

            if (covered != space.Pages)
                return $"The areas of {where} of {space.Pages} pages cover {covered}.";
            long present = 0;
            foreach (Vma vma in space.Vmas)
            {
                for (ulong page = vma.Start; page < vma.End; page++)
                {
                    CountLook();
                    uint slot = space.BaseSlot + (uint)page;
                    if (!LeafTables.Test(_tables.Present, slot))
                    {
                        if (CheckAbsent(slot, vma.File is null, $"Page {page} of {where}") is { } absent)
                            return absent;
                        continue;
                    }

                    present++;
                    uint pfn = _tables.FrameOf(slot);
                    if (pfn >= _frames.Count || _frames.Flags(pfn) == FolioFlags.None)
                        return $"Page {page} of {where} names frame {pfn}, which is free or does not exist.";
                    bool anon = _frames.TypeOf(pfn) == FolioType.Anon;
                    if (anon != (vma.File is null))
                        return $"Page {page} of {where} names frame {pfn}, whose type is not that of its area.";
                    uint owner = anon ? slot : vma.File!.SlotOf(vma.FileOffset + (page - vma.Start));
                    if (_frames.OwnerOf(pfn) != owner)
                        return $"Page {page} of {where} names frame {pfn}, which is owned by slot {_frames.OwnerOf(pfn)} and not {owner}.";
                    if (!anon && (_mappedOnce[slot >> 6] >> (int)(slot & 63) & 1) == 0)
                        return $"Page {page} of {where} maps frame {pfn}, whose reverse map does not know of it.";
                    if (anon)
                        _anonPages--;
                    else
                        _fileMappings--;
                }
            }

            return space.Resident == present ? null : $"The {where} counts {space.Resident} pages and has {present}.";
        }

        private string? CheckFile(PageFile file)
        {
            string where = $"file {file.Id}";
            if (Take(file.FirstTable, file.Tables, (ushort)file.Id, where) is { } taken)
                return taken;
            long present = 0;
            for (ulong page = 0; page < file.Pages; page++)
            {
                CountLook();
                uint slot = file.SlotOf(page);
                if (LeafTables.Test(_tables.Dirty, slot))
                    return $"Page {page} of {where} has a dirty bit, which only page tables have.";
                if (!LeafTables.Test(_tables.Present, slot))
                {
                    if (LeafTables.Test(_tables.Accessed, slot) || machine.Rmap.IsMapped(slot))
                        return $"Page {page} of {where} is absent and mapped.";
                    continue;
                }

                present++;
                uint pfn = _tables.FrameOf(slot);
                if (pfn >= _frames.Count || _frames.Flags(pfn) == FolioFlags.None || _frames.TypeOf(pfn) != FolioType.File || _frames.OwnerOf(pfn) != slot)
                    return $"Page {page} of {where} names frame {pfn}, which does not hold it.";
                _filePages--;
            }

            return file.Resident == present ? null : $"The {where} counts {file.Resident} pages and has {present}.";
        }

        private string? CheckAbsent(uint slot, bool anon, string what)
        {
            if (LeafTables.Test(_tables.Accessed, slot) || LeafTables.Test(_tables.Dirty, slot))
                return $"{what} is absent and has its accessed or dirty bit set.";
            uint entry = _tables.ShadowAt(slot);
            if (entry == 0)
                return null;
            if (!anon)
                return $"{what} maps a file, is absent, and its entry is {entry:x} instead of 0.";
            if ((entry & 1) == 0)
                return $"{what} is absent and its entry {entry:x} is no shadow.";
            _swapped[_tables.Memcg[slot >> LeafTables.EntriesShift]]++;
            return null;
        }

        /// <summary>Marks a run of tables as taken.</summary>
        private string? Take(uint first, uint count, ushort owner, string what)
        {
            for (uint table = first; table < first + count; table++)
            {
                if (_isTaken[table])
                    return $"Leaf table {table} of {what} belongs to somebody else as well.";
                if (_tables.Space[table] != owner)
                    return $"Leaf table {table} of {what} says that it belongs to {_tables.Space[table]}.";
                _isTaken[table] = true;
            }

            return null;
        }

        /// <summary>What frames say of entries and entries of frames: as many each way, since each was found right.</summary>
        private string? CheckMappings()
        {
            if (_anonPages != 0)
                return $"There are {_anonPages} more anonymous frames than entries of anonymous pages.";
            if (_filePages != 0)
                return $"There are {_filePages} more file frames than entries of page caches.";
            if (_fileMappings != 0)
                return $"There are {_fileMappings} more reverse mappings than entries that map files.";
            foreach (Lruvec lruvec in Lruvecs())
            {
                if (lruvec.Mapped != _mapped[lruvec.Index])
                    return $"The lruvec of {lruvec.Memcg.Path} on node {lruvec.Node.Id} counts {lruvec.Mapped} mapped file pages and has {_mapped[lruvec.Index]}.";
            }

            uint held = machine.Rmap.CountLinksHeld();
            return held == _chained ? null : $"{held} links of the reverse map are held and {_chained} are in chains.";
        }

        private string? CheckUnusedTables()
        {
            for (uint table = 0; table < _tables.Count; table++)
            {
                if (_isTaken[table])
                    continue;
                nuint word = (nuint)table * LeafTables.WordsPerTable;
                bool clear = (machine.IsIdentity || !new ReadOnlySpan<uint>(_tables.Entry + (nuint)table * LeafTables.Entries, LeafTables.Entries).ContainsAnyExcept(0u))
                    && !new ReadOnlySpan<ulong>(_tables.Present + word, LeafTables.WordsPerTable).ContainsAnyExcept(0ul)
                    && !new ReadOnlySpan<ulong>(_tables.Accessed + word, LeafTables.WordsPerTable).ContainsAnyExcept(0ul)
                    && !new ReadOnlySpan<ulong>(_tables.Dirty + word, LeafTables.WordsPerTable).ContainsAnyExcept(0ul);
                if (!clear)
                    return $"Leaf table {table} belongs to nobody and is not empty.";
            }

            return null;
        }
    }
}
