using System.Runtime.CompilerServices;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>What a policy that keeps generations says of one of them, on one lruvec. Source: kernel-reclaim reference 5.18.</summary>
public record struct GenerationReport
{
    /// <summary>Most generations of a lruvec that anybody looks at.</summary>
    public const int Most = 64;

    /// <summary>Its number: the next one opened has the next number.</summary>
    public ulong Sequence { get; set; }

    /// <summary>When it was opened, in the owner's milliseconds.</summary>
    public long BirthMs { get; set; }

    /// <summary>Its anonymous pages.</summary>
    public GenerationPages Anon { get; set; }

    /// <summary>Its file pages.</summary>
    public GenerationPages File { get; set; }

    /// <summary>What page-table walks of the lruvec have seen so far, on the youngest generation; null on others.</summary>
    public WalkResult? Walk { get; set; }
}

/// <summary>The pages of one type in one generation.</summary>
public record struct GenerationPages
{
    /// <summary>How many there are, 0 or more.</summary>
    public long Count { get; set; }

    /// <summary>The generation is one of the type's, from its oldest to its youngest.</summary>
    public bool IsOpen { get; set; }

    /// <summary>What <see cref="Tiers"/> are.</summary>
    public TierStatistics Statistics { get; set; }

    /// <summary>The tiers of the generation.</summary>
    public TierReports Tiers { get; set; }
}

/// <summary>What the numbers of tiers are.</summary>
public enum TierStatistics
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>Moving averages over the generations before: refaulted, and evicted and protected together.</summary>
    Averages,

    /// <summary>Pages of this generation so far.</summary>
    Counts,
}

/// <summary>Pages of one tier.</summary>
/// <param name="Refaulted">Those that came back.</param>
/// <param name="Evicted">Those evicted; among averages, those protected as well.</param>
/// <param name="Protected">Those moved on instead; 0 among averages.</param>
public readonly record struct TierReport(long Refaulted, long Evicted, long Protected);

/// <summary>Four tiers, by the logarithm of their accesses through descriptors.</summary>
[InlineArray(Count)]
public struct TierReports
{
    /// <summary>How many there are.</summary>
    public const int Count = 4;

    private TierReport _first;
}
