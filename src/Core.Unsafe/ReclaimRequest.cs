using ReclaimNative.Machine;

namespace ReclaimNative;

/// <summary>A proactive request: so many pages, from a cgroup and all below it, on one node or on all.</summary>
/// <param name="Pages">Pages wanted, at least 1.</param>
/// <param name="Memcg">
/// The cgroup, as by its <c>memory.reclaim</c>, or null for the machine, as by a node's <c>reclaim</c>: only the latter shows
/// in the machine's counters.
/// </param>
/// <param name="Node">The node, or null for all of them.</param>
/// <param name="Swappiness">0 to 200, <see cref="AnonOnly"/>, or null for each cgroup's own.</param>
public sealed record ReclaimRequest(long Pages, MemoryCgroup? Memcg = null, Node? Node = null, int? Swappiness = null)
{
    /// <summary>
    /// The swappiness that the kernel's files call <c>max</c>: anonymous pages alone. Of a request only; a cgroup's own goes to
    /// 200. Source: kernel-reclaim reference 6.7.
    /// </summary>
    public const int AnonOnly = 201;
}
