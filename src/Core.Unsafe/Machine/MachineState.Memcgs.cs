using ReclaimNative.Lru;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;

namespace ReclaimNative.Machine;

internal sealed unsafe partial class MachineState
{
    private readonly List<MemoryCgroup> _memcgs = [];
    private readonly MemoryCgroup?[] _memcgAt;

    /// <summary>Cgroups that there is room for; ids are below it.</summary>
    public int MemcgCapacity => _memcgAt.Length;

    /// <summary>Ids of those that there are now are below it.</summary>
    public int MemcgIds => Array.FindLastIndex(_memcgAt, memcg => memcg is not null) + 1;

    /// <summary>The cgroups in the order of their creation, so that each comes after the one above it.</summary>
    public List<MemoryCgroup> Memcgs => _memcgs;

    /// <summary>The cgroup of an id that there is.</summary>
    public MemoryCgroup MemcgAt(int id) => _memcgAt[id]!;

    /// <summary>Whether there is a cgroup of an id.</summary>
    public bool HasMemcg(long id) => (ulong)id < (ulong)_memcgAt.Length && _memcgAt[id] is not null;

    /// <summary>Creates a cgroup with its lruvecs, or null when the reserve is used up.</summary>
    public MemoryCgroup? TryAddMemcg(string path, MemoryCgroup parent) =>
        _memcgs.Count == MemcgCapacity ? null : AddMemcg((ushort)Array.IndexOf(_memcgAt, null), path, parent);

    /// <summary>
    /// Ends a cgroup that has no pages, no cgroups below it and no address spaces; its id may be given out again. What it and those below it
    /// have counted stays in the sums of the one above, where hierarchical counts never go down.
    /// </summary>
    public void RemoveMemcg(MemoryCgroup memcg)
    {
        MemoryCgroup parent = memcg.Parent!;
        foreach (Node node in Nodes)
        {
            Lruvec lruvec = LruvecOf(memcg, node);
            Lruvec above = LruvecOf(parent, node);
            for (int i = 0; i < Counters.Count; i++)
            {
                var counter = (Counter)i;
                above.Gone.Add(counter, lruvec.Counts[counter] + lruvec.Gone[counter]);
            }

            Lists.Release(lruvec.Lists);
            new Span<long>(_counts.Pointer + (nuint)lruvec.Index * Counters.Count, Counters.Count).Clear();
            new Span<long>(_goneCounts.Pointer + (nuint)lruvec.Index * Counters.Count, Counters.Count).Clear();
            new Span<long>(_lruvecLongs.Pointer + (nuint)lruvec.Index * LongsPerLruvec, LongsPerLruvec).Clear();
            for (MemoryCgroup? at = parent; at is not null; at = at.Parent)
                LruvecOf(at, node).Cookie.Leave(memcg);
            _lruvecs[lruvec.Index] = null;
        }

        Ages?.HandOverPromotions(memcg.Id, parent.Id);
        _memcgs.Remove(memcg);
        _memcgAt[memcg.Id] = null;
        memcg.Leave();
    }

    /// <summary>Zeroes what policies keep of every page of a cgroup, resident or not.</summary>
    public void ForgetPagesOf(MemoryCgroup memcg)
    {
        for (uint table = 0; table < Tables.Count; table++)
        {
            AddressSpace? space = SpaceAt(Tables.Space[table]);
            bool isAnon = space is not null && table - space.FirstTable < space.Tables;
            for (uint page = table * LeafTables.Entries, left = LeafTables.Entries; left > 0; page++, left--)
            {
                if (isAnon ? Tables.Memcg[table] == memcg.Id : Tables.FileMemcg != null && Tables.FileMemcg[page] == memcg.Id)
                    ForgetPage(page);
            }
        }
    }

    /// <summary>Says of every file page that was charged to a cgroup last that it is another's, resident or not.</summary>
    public void HandOverFilePages(MemoryCgroup from, MemoryCgroup to)
    {
        foreach (PageFile? file in _files)
        {
            for (uint table = 0; file is not null && table < file.Tables; table++)
                new Span<ushort>(Tables.FileMemcg + (nuint)(file.FirstTable + table) * LeafTables.Entries, LeafTables.Entries).Replace(from.Id, to.Id);
        }
    }

    private MemoryCgroup AddMemcg(ushort id, string path, MemoryCgroup? parent)
    {
        var memcg = new MemoryCgroup(id, path, parent);
        _memcgAt[memcg.Id] = memcg;
        _memcgs.Add(memcg);
        foreach (Node node in Nodes)
        {
            int index = memcg.Id * Nodes.Length + node.Id;
            LruList* lists = _lists.Pointer + (nuint)index * FrameLists.MaxLists;
            for (int i = 0; i < FrameLists.MaxLists; i++)
                FrameLists.Reset(ref lists[i]);
            long* longs = _lruvecLongs.Pointer + (nuint)index * LongsPerLruvec;
            _lruvecs[index] = new Lruvec(
                index,
                memcg,
                node,
                new ListsOf(index, memcg.Id, node.FirstPfn, node.FirstPfn + node.Pages),
                _tokens.Pointer + (nuint)index * FrameLists.TokenStride,
                new EventCounts(_counts.Pointer + (nuint)index * Counters.Count, Concurrent),
                _policyState.Pointer + (nuint)index * (nuint)_stateBytes,
                _filters.Pointer + (nuint)index * 2 * FilterWords)
            {
                Gone = new EventCounts(_goneCounts.Pointer + (nuint)index * Counters.Count, Concurrent),
                Cost = longs,
                RefaultSnapshot = longs + 2,
                OwnResident = longs + 4,
                Flushed = longs + 6,
                Concurrent = Concurrent,
                Parent = parent is null ? null : LruvecOf(parent, node),
            };
        }

        return memcg;
    }
}
