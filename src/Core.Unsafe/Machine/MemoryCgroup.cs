using System.Runtime.InteropServices;
using ReclaimNative.Concurrency;

namespace ReclaimNative.Machine;

/// <summary>
/// A memory cgroup: a node of the accounting tree, with limits that reclaim enforces. All amounts are pages and
/// include descendants. Semantics are those of cgroup v2.
/// </summary>
public sealed class MemoryCgroup
{
    private readonly List<MemoryCgroup> _children = [];
    private long _usage;

    internal MemoryCgroup(ushort id, string path, MemoryCgroup? parent)
    {
        Id = id;
        Path = path;
        Parent = parent;
        parent?._children.Add(this);
    }

    /// <summary>No limit.</summary>
    public const ulong Unlimited = ulong.MaxValue;

    /// <summary>Number of the cgroup in its engine; 0 is the root.</summary>
    public ushort Id { get; }

    /// <summary>Absolute path, <c>/</c> for the root.</summary>
    public string Path { get; }

    /// <summary>The cgroup above, or null for the root.</summary>
    public MemoryCgroup? Parent { get; }

    /// <summary>The cgroups below, in the order of creation.</summary>
    public IReadOnlyList<MemoryCgroup> Children => _children;

    /// <summary>The same for loops inside reclaim: to enumerate an interface would allocate.</summary>
    internal ReadOnlySpan<MemoryCgroup> Below => CollectionsMarshal.AsSpan(_children);

    /// <summary>Pages charged here and below.</summary>
    public ulong Usage => (ulong)Math.Max(0, Volatile.Read(ref _usage));

    /// <summary>Hard limit in pages: a charge beyond it reclaims first.</summary>
    public ulong Max { get; internal set; } = Unlimited;

    /// <summary>Pages that reclaim from outside never takes.</summary>
    public ulong Min { get; internal set; }

    /// <summary>Pages that reclaim from outside takes only when nothing else is left.</summary>
    public ulong Low { get; internal set; }

    /// <summary>0 to 200: the relative cost of anonymous against file pages. 60 by default.</summary>
    public int Swappiness { get; internal set; } = 60;

    internal bool IsRoot => Parent is null;

    internal ulong EffectiveMin { get; set; }

    internal ulong EffectiveLow { get; set; }

    /// <summary>Adds pages to the usage of this cgroup alone, and returns the new usage.</summary>
    internal ulong AddUsage(long pages, bool concurrent) => (ulong)Atomic.Add(ref _usage, pages, concurrent);

    /// <summary>Tells whether <paramref name="other"/> is this cgroup or lies below it.</summary>
    internal bool Contains(MemoryCgroup other)
    {
        for (MemoryCgroup? at = other; at is not null; at = at.Parent)
        {
            if (ReferenceEquals(at, this))
                return true;
        }

        return false;
    }
}
