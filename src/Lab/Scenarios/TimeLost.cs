namespace ReclaimNative.Lab.Scenarios;

/// <summary>What memory has cost a process of a timed scenario, in nanoseconds of virtual time.</summary>
/// <param name="PageInNs">Waited for pages to be read in.</param>
/// <param name="SlowTierNs">Accesses took longer, since their pages were on slower nodes.</param>
/// <param name="ReclaimNs">Reclaimed for itself.</param>
/// <param name="ThrottledNs">Waited for memory.high.</param>
public readonly record struct TimeLost(long PageInNs, long SlowTierNs, long ReclaimNs, long ThrottledNs)
{
    /// <summary>Adds cost by cost.</summary>
    public static TimeLost operator +(TimeLost a, TimeLost b) =>
        new(a.PageInNs + b.PageInNs, a.SlowTierNs + b.SlowTierNs, a.ReclaimNs + b.ReclaimNs, a.ThrottledNs + b.ThrottledNs);

    /// <summary>Subtracts cost by cost.</summary>
    public static TimeLost operator -(TimeLost a, TimeLost b) =>
        new(a.PageInNs - b.PageInNs, a.SlowTierNs - b.SlowTierNs, a.ReclaimNs - b.ReclaimNs, a.ThrottledNs - b.ThrottledNs);
}
