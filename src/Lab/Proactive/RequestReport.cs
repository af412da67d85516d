using System.Collections.Immutable;

namespace ReclaimNative.Lab.Proactive;

/// <summary>What a target took from one of its nodes, in pages.</summary>
/// <param name="Node">Number of the node.</param>
/// <param name="EvictedAnon">Anonymous pages evicted.</param>
/// <param name="EvictedFile">File pages evicted.</param>
/// <param name="DemotedAnon">Anonymous pages moved to a lower tier.</param>
/// <param name="DemotedFile">File pages moved to a lower tier.</param>
/// <param name="Scanned">Pages examined.</param>
public readonly record struct NodeReport(int Node, long EvictedAnon, long EvictedFile, long DemotedAnon, long DemotedFile, long Scanned);

/// <summary>
/// What became of a <see cref="RequestSpec"/>. Amounts are pages; what a target has no means to tell is null or empty.
/// </summary>
public sealed record RequestReport
{
    /// <summary>Who carried it out, in a few words.</summary>
    public required string Target { get; init; }

    /// <summary>What was asked for.</summary>
    public required RequestSpec Request { get; init; }

    /// <summary>Pages evicted or demoted, or, in a preview, that would be.</summary>
    public required long Reclaimed { get; init; }

    /// <summary>Those of them that moved to a lower tier.</summary>
    public long? Demoted { get; init; }

    /// <summary>Pages examined.</summary>
    public long? Scanned { get; init; }

    /// <summary>Pages that nobody looked at because their cgroup is protected.</summary>
    public long? Protected { get; init; }

    /// <summary>Rounds over the nodes.</summary>
    public int? Attempts { get; init; }

    /// <summary>How long it took, by the clock.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Why it ended: done, exhausted, scan-limit, time-limit, canceled or busy.</summary>
    public required string Stop { get; init; }

    /// <summary>From where idle times were known: none, idle-age or generations.</summary>
    public string? Age { get; init; }

    /// <summary>By node.</summary>
    public ImmutableArray<NodeReport> Nodes { get; init; } = [];

    /// <summary>Pages that stayed, by reason, those above 0.</summary>
    public ImmutableArray<(string Reason, long Pages)> Skipped { get; init; } = [];
}
