using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Observe;

namespace ReclaimNative.Machine;

/// <summary>
/// The lists of one memory cgroup on one node, and what is kept about them whatever the policy: the two costs, the
/// nonresident age and the counters.
/// </summary>
internal sealed unsafe class Lruvec
{
    public Lruvec(int index, MemoryCgroup memcg, Node node, ListEnds* lists, EventCounts counts, byte* state, ulong* filters)
    {
        Index = index;
        Memcg = memcg;
        Node = node;
        Lists = lists;
        Counts = counts;
        State = state;
        Filters = filters;
    }

    /// <summary><c>memcg id * nodes + node id</c>.</summary>
    public int Index { get; }

    public MemoryCgroup Memcg { get; }

    public Node Node { get; }

    /// <summary><see cref="FrameLists.MaxLists"/> lists.</summary>
    public ListEnds* Lists { get; }

    public EventCounts Counts { get; }

    /// <summary>The bound policy's own bytes.</summary>
    public byte* State { get; }

    /// <summary>Two Bloom filters: those of the current walk and of the next.</summary>
    public ulong* Filters { get; }

    /// <summary>Page-table walks completed: selects which of the two filters is read.</summary>
    public ulong WalkSequence { get; set; }

    /// <summary>Cost of reclaiming each type lately, indexed by FolioType; halved as it grows.</summary>
    public long* Cost { get; init; }

    /// <summary>Evictions and activations so far, in pages: the clock of refault distances.</summary>
    public ulong NonresidentAge { get; set; }

    /// <summary>workingset_activate_anon and _file at the end of the previous reclaim cycle.</summary>
    public long* RefaultSnapshot { get; init; }

    /// <summary>Pages on the lists of this lruvec alone, indexed by FolioType.</summary>
    public long* OwnResident { get; init; }

    /// <summary>Pages on the lists of this lruvec and of all below it on the node.</summary>
    public long Resident { get; private set; }

    /// <summary>Where the reclaimers that share a walk from this cgroup on this node stand.</summary>
    public WalkCookie Cookie { get; } = new();

    /// <summary>The same cgroup one level up on the same node, or null.</summary>
    public Lruvec? Parent { get; init; }

    /// <summary>Counts pages that came onto the lists (or, negative, left them), here and above.</summary>
    public void CountResident(FolioType type, int pages)
    {
        OwnResident[(int)type] += pages;
        for (Lruvec? at = this; at is not null; at = at.Parent)
            at.Resident += pages;
    }
}
