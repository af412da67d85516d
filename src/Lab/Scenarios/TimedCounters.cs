namespace ReclaimNative.Lab.Scenarios;

/// <summary>Names of the counters that rows of timed scenarios have beside the kernel's. All are of the second half of the run.</summary>
public static class TimedCounters
{
    /// <summary>Virtual microseconds that the second half took.</summary>
    public const string Us = "late_us";

    /// <summary>Refaults.</summary>
    public const string Refaults = "late_refaults";

    /// <summary>Pages that proactive requests took, by eviction or demotion.</summary>
    public const string Proactive = "late_pgsteal_proactive";

    /// <summary>Mean number of pages on nodes of the fastest tier.</summary>
    public const string TopTierMean = "late_top_tier_mean";

    /// <summary>Microseconds of "some" memory pressure.</summary>
    public const string SomeUs = "late_pressure_some_us";

    /// <summary>Microseconds of "full" memory pressure.</summary>
    public const string FullUs = "late_pressure_full_us";

    /// <summary>Microseconds that processes waited for page-ins, all of them added up.</summary>
    public const string PageInUs = "late_wait_pagein_us";

    /// <summary>Microseconds that accesses took longer on slower tiers.</summary>
    public const string SlowTierUs = "late_slow_tier_us";

    /// <summary>Microseconds that processes reclaimed for themselves.</summary>
    public const string ReclaimUs = "late_own_reclaim_us";

    /// <summary>Microseconds that processes waited for memory.high.</summary>
    public const string ThrottledUs = "late_throttled_us";
}
