namespace ReclaimNative.Lab.Proactive;

/// <summary>
/// A proactive request as it is written, apart from any machine: cgroups are paths, nodes numbers. What it means is what
/// <see cref="ReclaimRequest"/> means.
/// </summary>
/// <param name="Nodes">The nodes, by number.</param>
/// <param name="Pages">Pages wanted, at least 1.</param>
public sealed record RequestSpec(NodeSet Nodes, long Pages)
{
    /// <summary>Path of the cgroup, such as <c>/db/shard1</c>; null for the machine.</summary>
    public string? Memcg { get; init; }

    /// <summary>0 to 200, <see cref="ReclaimRequest.AnonOnly"/>, or null for each cgroup's own.</summary>
    public int? Swappiness { get; init; }

    /// <summary>Which pages.</summary>
    public ReclaimTypes Types { get; init; }

    /// <summary>What becomes of them.</summary>
    public ReclaimMode Mode { get; init; }

    /// <summary>Only pages that nobody has used for so long; zero for any.</summary>
    public TimeSpan MinIdle { get; init; }

    /// <summary>Most pages examined, or null.</summary>
    public long? MaxScanned { get; init; }

    /// <summary>Longest time, or null.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Nothing is taken: only what would be is told.</summary>
    public bool IsPreview { get; init; }
}
