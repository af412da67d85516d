using ReclaimNative.Machine;

namespace ReclaimNative;

/// <summary>Why a <see cref="ReclaimRequest"/> ended.</summary>
public enum ReclaimStop
{
    /// <summary>As many pages as asked for are reclaimed.</summary>
    Done,

    /// <summary>17 attempts freed nothing: no more could be reclaimed.</summary>
    Exhausted,

    /// <summary><see cref="ReclaimRequest.MaxScanned"/> was reached.</summary>
    ScanLimit,

    /// <summary><see cref="ReclaimRequest.TimeLimit"/> was reached.</summary>
    TimeLimit,

    /// <summary>It was cancelled.</summary>
    Canceled,

    /// <summary>Another request in the kernel's form (<see cref="ReclaimRequest.Overshoots"/>) was at one of the nodes just then.</summary>
    Busy,
}

/// <summary>Why a page that was examined for a request stayed where it is.</summary>
public enum ReclaimSkip
{
    /// <summary>It was used lately, or the policy keeps it for another reason of its own.</summary>
    Policy,

    /// <summary>Its owner pinned it.</summary>
    Pinned,

    /// <summary>Somebody was at it just then.</summary>
    Busy,

    /// <summary>It is not of the type asked for.</summary>
    Type,

    /// <summary>It is dirty: it would have to be written first.</summary>
    Dirty,

    /// <summary>It has not been idle for as long as asked.</summary>
    Age,

    /// <summary>It is anonymous and there is no room in swap.</summary>
    NoSwap,

    /// <summary>It was to be demoted, and no lower node had room or its owner kept it.</summary>
    NotDemoted,

    /// <summary>Its owner refused to let it go.</summary>
    Refused,
}

/// <summary>From where a request knew how long pages had been idle.</summary>
public enum ReclaimAge
{
    /// <summary>It did not ask.</summary>
    None,

    /// <summary>From the scans of <see cref="MachineOptions.IdleAge"/>: to a scan period, for every policy.</summary>
    IdleAge,

    /// <summary>From the births of the generations of the cgroups' policy: at least so long, and coarser.</summary>
    Generations,
}

/// <summary>What a request took from one node, in pages.</summary>
/// <param name="Node">The node.</param>
/// <param name="EvictedAnon">Anonymous pages evicted.</param>
/// <param name="EvictedFile">File pages evicted.</param>
/// <param name="DemotedAnon">Anonymous pages moved to a lower tier.</param>
/// <param name="DemotedFile">File pages moved to a lower tier.</param>
/// <param name="Scanned">Pages examined.</param>
public readonly record struct NodeReclaim(Node Node, long EvictedAnon, long EvictedFile, long DemotedAnon, long DemotedFile, long Scanned)
{
    /// <summary>Pages evicted or demoted.</summary>
    public long Reclaimed => EvictedAnon + EvictedFile + DemotedAnon + DemotedFile;
}

/// <summary>Pages by the reason for which they stayed. Immutable.</summary>
public readonly struct SkipCounts
{
    private readonly long[]? _counts;

    internal SkipCounts(ReadOnlySpan<long> counts) => _counts = counts.ToArray();

    /// <summary>How many for a reason.</summary>
    public long this[ReclaimSkip reason] => _counts is { } counts && (uint)reason < (uint)counts.Length ? counts[(int)reason] : 0;

    /// <summary>How many in all.</summary>
    public long Total
    {
        get
        {
            long sum = 0;
            foreach (long count in _counts ?? [])
                sum += count;
            return sum;
        }
    }
}

/// <summary>What became of a <see cref="ReclaimRequest"/>. Amounts are pages.</summary>
public sealed class ReclaimResult
{
    /// <summary>What was asked for.</summary>
    public required ReclaimRequest Request { get; init; }

    /// <summary>Pages evicted or demoted.</summary>
    public long Reclaimed { get; init; }

    /// <summary>Those of them that moved to a lower tier.</summary>
    public long Demoted { get; init; }

    /// <summary>Pages examined; a page that is met twice counts twice.</summary>
    public long Scanned { get; init; }

    /// <summary>By node, the nodes of the request in order.</summary>
    public required IReadOnlyList<NodeReclaim> Nodes { get; init; }

    /// <summary>Pages that stayed, by reason; a page that is met twice counts twice.</summary>
    public SkipCounts Skipped { get; init; }

    /// <summary>
    /// Pages, in its nodes, of cgroups within their memory.min or memory.low when it ended: left alone, or taken last where memory.low may be.
    /// </summary>
    public long Protected { get; init; }

    /// <summary>Rounds over the nodes.</summary>
    public int Attempts { get; init; }

    /// <summary>How long it took, by the engine's clock.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Why it ended.</summary>
    public ReclaimStop Stop { get; init; }

    /// <summary>Where idle times came from.</summary>
    public ReclaimAge Age { get; init; }
}
