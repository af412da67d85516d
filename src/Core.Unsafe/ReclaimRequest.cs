using ReclaimNative.Machine;

namespace ReclaimNative;

/// <summary>A proactive request: so many pages, from a cgroup and all below it, on one node or on all.</summary>
/// <param name="Pages">Pages wanted, at least 1.</param>
/// <param name="Memcg">The cgroup, or null for the root.</param>
/// <param name="Node">The node, or null for all of them.</param>
/// <param name="Swappiness">0 to 200, or null for each cgroup's own.</param>
public sealed record ReclaimRequest(long Pages, MemoryCgroup? Memcg = null, Node? Node = null, int? Swappiness = null);
