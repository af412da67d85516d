using ReclaimNative.Machine;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// memory.min and memory.low as reclaim from above sees them: the effective values on the way down from the target,
/// and what they leave to scan. Source: kernel-reclaim reference 4.2 and 4.3.
/// </summary>
internal static class Protection
{
    /// <summary>
    /// Brings the effective values of <paramref name="memcg"/> up to date. To be called top-down: the parent's own
    /// must be current. The target's own are ignored and not touched: a reclaim from further above may come to its
    /// children next without passing by it.
    /// </summary>
    /// <param name="memcg">The cgroup.</param>
    /// <param name="target">The reclaim's target, above it or itself.</param>
    /// <param name="recursive">What the children of a cgroup leave of its protection is shared out among them by their usage.</param>
    public static void Refresh(MemoryCgroup memcg, MemoryCgroup target, bool recursive)
    {
        if (ReferenceEquals(memcg, target) || memcg.IsRoot || memcg.Usage == 0)
            return;
        MemoryCgroup parent = memcg.Parent!;
        if (ReferenceEquals(parent, target))
        {
            memcg.EffectiveMin = memcg.Min;
            memcg.EffectiveLow = memcg.Low;
            return;
        }

        ulong minSum = 0;
        ulong lowSum = 0;
        foreach (MemoryCgroup sibling in parent.Below)
        {
            minSum += Math.Min(sibling.Usage, sibling.Min);
            lowSum += Math.Min(sibling.Usage, sibling.Low);
        }

        memcg.EffectiveMin = Effective(memcg.Usage, parent.Usage, memcg.Min, parent.EffectiveMin, minSum, recursive);
        memcg.EffectiveLow = Effective(memcg.Usage, parent.Usage, memcg.Low, parent.EffectiveLow, lowSum, recursive);
    }

    /// <summary>Brings the effective values of a cgroup and of those between it and the target up to date, from above.</summary>
    public static void RefreshPath(MemoryCgroup memcg, MemoryCgroup target, bool recursive)
    {
        if (ReferenceEquals(memcg, target) || memcg.IsRoot)
            return;
        RefreshPath(memcg.Parent!, target, recursive);
        Refresh(memcg, target, recursive);
    }

    /// <summary>
    /// A cgroup's share of its parent's effective protection. Amounts in pages; <paramref name="siblings"/> is the sum
    /// of the used protection of all children of the parent.
    /// </summary>
    internal static ulong Effective(ulong usage, ulong parentUsage, ulong setting, ulong parentEffective, ulong siblings, bool recursive)
    {
        ulong used = Math.Min(usage, setting);
        if (siblings > parentEffective)
            return (ulong)((UInt128)used * parentEffective / siblings);
        ulong effective = used;
        if (recursive && parentEffective > siblings && parentUsage > siblings && usage > used)
            effective += (ulong)((UInt128)(parentEffective - siblings) * (usage - used) / (parentUsage - siblings));
        return effective;
    }

    /// <summary>Nothing of it may be taken. Never so of the target itself.</summary>
    public static bool BelowMin(MemoryCgroup memcg, MemoryCgroup target) =>
        !ReferenceEquals(memcg, target) && memcg.EffectiveMin > 0 && memcg.EffectiveMin >= memcg.Usage;

    /// <summary>Nothing of it may be taken while anything else can be. Never so of the target itself.</summary>
    public static bool BelowLow(MemoryCgroup memcg, MemoryCgroup target) =>
        !ReferenceEquals(memcg, target) && memcg.EffectiveLow > 0 && memcg.EffectiveLow >= memcg.Usage;

    /// <summary>
    /// Pages out of <paramref name="size"/> that stay open to scanning under <paramref name="protection"/> pages of
    /// protection: in proportion to the unprotected part of <paramref name="usage"/>, and at least 32.
    /// </summary>
    internal static ulong Open(ulong size, ulong protection, ulong usage)
    {
        if (protection == 0)
            return size;
        usage = Math.Max(usage, protection);
        ulong open = size - (ulong)((UInt128)size * protection / (usage + 1));
        return Math.Max(open, 32);
    }
}
