using System.Runtime.InteropServices;
using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Machine;

/// <summary>
/// A memory cgroup: a node of the accounting tree, with limits that reclaim enforces. All amounts are pages and
/// include descendants. Semantics are those of cgroup v2.
/// </summary>
public sealed class MemoryCgroup
{
    private readonly List<MemoryCgroup> _children = [];
    private long _usage;
    private long _swapUsage;
    private int _batchLeft;
    private ulong _effectiveMin;
    private ulong _effectiveLow;

    internal MemoryCgroup(ushort id, string path, MemoryCgroup? parent)
    {
        Id = id;
        Path = path;
        Parent = parent;
        parent?._children.Add(this);
    }

    /// <summary>No limit.</summary>
    public const ulong Unlimited = ulong.MaxValue;

    /// <summary>Number of the cgroup in its engine; 0 is the root. That of a removed one is given out again.</summary>
    public ushort Id { get; }

    /// <summary>Absolute path, <c>/</c> for the root.</summary>
    public string Path { get; }

    /// <summary>What its owner keeps with it; the engine leaves it alone.</summary>
    public object? Tag { get; set; }

    /// <summary>The cgroup above, or null for the root.</summary>
    public MemoryCgroup? Parent { get; }

    /// <summary>The cgroups below, in the order of creation.</summary>
    public IReadOnlyList<MemoryCgroup> Children => _children;

    /// <summary>Whether one of its children has that path.</summary>
    public bool HasChild(string path) => _children.Exists(c => c.Path == path);

    /// <summary>The same for loops inside reclaim: to enumerate an interface would allocate.</summary>
    internal ReadOnlySpan<MemoryCgroup> Below => CollectionsMarshal.AsSpan(_children);

    /// <summary>Pages charged here and below.</summary>
    public ulong Usage => (ulong)Math.Max(0, Volatile.Read(ref _usage));

    /// <summary>Hard limit in pages: a charge beyond it reclaims first.</summary>
    public ulong Max { get; internal set; } = Unlimited;

    /// <summary>Soft limit in pages: a task whose charge goes beyond it reclaims after it, and is throttled if that does not help.</summary>
    public ulong High { get; internal set; } = Unlimited;

    /// <summary>Anonymous pages of this cgroup and those below that are in swap.</summary>
    public ulong SwapUsage => (ulong)Math.Max(0, Volatile.Read(ref _swapUsage));

    /// <summary>Most pages in swap: beyond it anonymous pages stay in memory, whatever swap has left.</summary>
    public ulong SwapMax { get; internal set; } = Unlimited;

    /// <summary>Pages that reclaim from outside never takes.</summary>
    public ulong Min { get; internal set; }

    /// <summary>Pages that reclaim from outside takes only when nothing else is left.</summary>
    public ulong Low { get; internal set; }

    /// <summary>0 to 200: the relative cost of anonymous against file pages. 60 by default.</summary>
    public int Swappiness { get; internal set; } = 60;

    /// <summary>What charges and reclaim change.</summary>
    internal void Pass(StateLog log)
    {
        log.Pass(ref _usage);
        log.Pass(ref _swapUsage);
        log.Pass(ref _batchLeft);
        log.Pass(ref _effectiveMin);
        log.Pass(ref _effectiveLow);
    }

    /// <summary>What its owner has set.</summary>
    internal void PassSettings(StateLog log)
    {
        Max = (ulong)log.Through((long)Max);
        High = (ulong)log.Through((long)High);
        SwapMax = (ulong)log.Through((long)SwapMax);
        Min = (ulong)log.Through((long)Min);
        Low = (ulong)log.Through((long)Low);
        Swappiness = log.Through(Swappiness, 0, 200, "a swappiness");
    }

    internal bool IsRoot => Parent is null;

    /// <summary>It has been removed.</summary>
    internal bool IsRemoved { get; private set; }

    internal ulong EffectiveMin
    {
        get => _effectiveMin;
        set => _effectiveMin = value;
    }

    internal ulong EffectiveLow
    {
        get => _effectiveLow;
        set => _effectiveLow = value;
    }

    /// <summary>Adds pages to the usage of this cgroup alone, and returns the new usage.</summary>
    internal ulong AddUsage(long pages, bool concurrent) => (ulong)Atomic.Add(ref _usage, pages, concurrent);

    /// <summary>Adds pages to the swap usage of this cgroup alone, and returns the new one.</summary>
    internal ulong AddSwapUsage(long pages, bool concurrent) => (ulong)Atomic.Add(ref _swapUsage, pages, concurrent);

    /// <summary>Leaves the tree. What is charged to it is its parent's already, whose usage has counted it all along.</summary>
    internal void Leave()
    {
        IsRemoved = true;
        Parent!._children.Remove(this);
        _usage = 0;
    }

    /// <summary>Whether this cgroup or one above it, but for the root, uses more than its <see cref="High"/>.</summary>
    internal bool IsAboveHigh()
    {
        for (MemoryCgroup at = this; !at.IsRoot; at = at.Parent!)
        {
            if (at.Usage > at.High)
                return true;
        }

        return false;
    }

    /// <summary>Takes a charge above memory.high from the batch that has been answered for.</summary>
    /// <returns>False: there is none left, and this charge has to answer for the next.</returns>
    internal bool TryTakeFromBatch(bool concurrent) => Volatile.Read(ref _batchLeft) > 0 && Atomic.Add(ref _batchLeft, -1, concurrent) >= 0;

    /// <summary>The next <paramref name="charges"/> charges above memory.high have been answered for.</summary>
    internal void AnswerFor(int charges) => Volatile.Write(ref _batchLeft, charges);

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
