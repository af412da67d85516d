using System.Collections.Immutable;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// How long things take in a timed <see cref="Scenario"/>: its processes share one CPU, and wait for their page-ins. Reclaim by
/// kswapd and by requests, and writing pages out, take no time: they have CPUs and devices of their own.
/// </summary>
public sealed record CostSpec
{
    /// <summary>Nanoseconds of an access where nothing is said.</summary>
    public const long DefaultAccessNs = 100;

    /// <summary>Nanoseconds of a page scanned where nothing is said.</summary>
    public const long DefaultScanNs = 100;

    /// <summary>Swap devices by name, with the microseconds of reading a page from each: orders of magnitude, not measurements.</summary>
    public static readonly ImmutableArray<(string Name, long Us)> SwapDevices = [("zram", 10), ("nvme", 100), ("disk", 10_000)];

    /// <summary>Nanoseconds of CPU for each access, at least 1.</summary>
    public long AccessNs { get; init; } = DefaultAccessNs;

    /// <summary>Microseconds for which a process waits for a page from swap.</summary>
    public long SwapInUs { get; init; } = 100;

    /// <summary>Microseconds for which a process waits for a page of a file, its first touch included.</summary>
    public long FileReadUs { get; init; } = 100;

    /// <summary>Nanoseconds of CPU for each page that is scanned in a process's own reclaim.</summary>
    public long ScanNs { get; init; } = DefaultScanNs;

    /// <summary>Nanoseconds that an access takes longer on a node of tier 0, 1, ...; none says nowhere longer.</summary>
    public ImmutableArray<long> TierNs { get; init; } = [];
}
