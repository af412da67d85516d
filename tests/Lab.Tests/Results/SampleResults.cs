using System.Collections.Immutable;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Tests.Results;

/// <summary>
/// Results that look like real ones: the miss counts of lru, sieve, s3fifo, arc and belady are the exact ones of public
/// traces; those of classic and mglru, and all work counts, are made up to lie near them.
/// </summary>
internal static class SampleResults
{
    private static readonly (string Policy, Sees Sees)[] Policies =
    [
        ("classic", Sees.Bits), ("mglru@6.12-bloom", Sees.Bits), ("clock", Sees.Bits),
        ("sieve", Sees.Accesses), ("s3fifo", Sees.Accesses), ("belady", Sees.Future),
    ];

    private static readonly (string Trace, long Accesses, long Unique, (long Pages, string Asked, long[] Faults)[] Sizes)[] Runs =
    [
        ("OLTP.lis.zst", 914_145, 186_880,
        [
            (186, "0.1%", [791_004, 788_120, 786_795, 832_128, 752_293, 594_657]),
            (1_868, "1%", [531_903, 512_447, 528_605, 545_815, 489_386, 367_867]),
            (18_688, "10%", [304_811, 307_290, 302_970, 304_774, 294_563, 217_506]),
            (56_064, "30%", [231_996, 233_401, 230_516, 230_211, 232_795, 186_880]),
        ]),
        ("orm-busy.trace.xz", 5_000_000, 76_349,
        [
            (76, "0.1%", [2_498_733, 2_601_204, 2_512_483, 2_990_489, 2_987_680, 2_001_513]),
            (763, "1%", [1_155_120, 1_190_348, 1_161_213, 1_473_414, 1_218_103, 858_774]),
            (7_634, "10%", [604_311, 588_907, 613_153, 593_824, 555_338, 334_626]),
            (22_904, "30%", [285_544, 270_126, 288_428, 267_102, 258_893, 147_481]),
        ]),
        ("P3.lis.zst", 3_912_296, 762_543,
        [
            (762, "0.1%", [3_875_490, 3_876_020, 3_875_560, 3_887_629, 3_880_044, 3_807_879]),
            (7_625, "1%", [3_849_801, 3_846_119, 3_849_774, 3_800_487, 3_754_640, 3_494_187]),
            (76_254, "10%", [3_180_122, 2_871_450, 3_163_503, 2_940_959, 2_585_484, 1_752_475]),
            (228_762, "30%", [1_470_338, 1_590_221, 1_476_241, 1_639_908, 1_443_717, 935_224]),
        ]),
        ("cloudPhysicsIO.oracleGeneral.zst", 113_872, 48_974,
        [
            (48, "0.1%", [102_655, 102_431, 102_599, 100_308, 99_810, 96_517]),
            (489, "1%", [95_371, 95_004, 95_332, 94_419, 94_559, 90_263]),
            (4_897, "10%", [91_612, 90_877, 91_599, 90_040, 85_691, 71_620]),
            (14_692, "30%", [75_801, 74_118, 76_344, 72_061, 71_506, 57_151]),
        ]),
    ];

    /// <summary>Four traces, six policies, four sizes.</summary>
    public static ResultSet FourTraces => new(
        from run in Runs
        from size in run.Sizes
        from policy in Enumerable.Range(0, Policies.Length)
        select Row(run.Trace, size.Pages, size.Asked, Policies[policy], run.Accesses, run.Unique, size.Faults[policy], policy))
    {
        Title = "Six policies on four traces",
        Notes = ["miss counts of classic and mglru are made up"],
    };

    /// <summary>The first trace at its second size.</summary>
    public static ResultSet OneSize => new(FourTraces.Rows.Where(row => row is { Trace: "OLTP.lis.zst", MemoryPages: 1_868 }));

    /// <summary>A row of which only the given numbers matter.</summary>
    public static ResultRow Small(
        string policy, Sees sees, long faults, long accesses = 1_000, long pages = 10, string trace = "loop", bool oom = false) => new()
        {
            Trace = trace,
            Policy = policy,
            MemoryPages = pages,
            Accesses = accesses,
            UniquePages = 20,
            Sees = sees,
            ColdFaults = 20,
            Refaults = faults - 20,
            Oom = oom,
            WallSeconds = 0.5,
        };

    private static ResultRow Row(
        string trace, long pages, string asked, (string Policy, Sees Sees) policy, long accesses, long unique, long faults, int index)
    {
        long reclaimed = Math.Max(0, faults - pages);
        bool scans = policy.Sees == Sees.Bits;
        long scanned = scans ? reclaimed * (113 + (index * 41)) / 100 : 0;
        long activated = scans ? (accesses - faults) / (3 + (index * 2)) : 0;
        ImmutableArray<Counter> counters = !scans ? [] :
        [
            new("pgscan_direct", scanned), new("pgsteal_direct", reclaimed), new("pgactivate", activated),
            new("workingset_refault_anon", faults - unique), new("workingset_activate_anon", (faults - unique) / 3),
            .. index == 1 ? new Counter[] { new("pte_scanned", scanned * 8), new("bloom_hits", scanned / 7) } : [],
        ];
        return new ResultRow
        {
            Trace = trace,
            Policy = policy.Policy,
            MemoryPages = pages,
            MemoryAsAsked = asked,
            Accesses = accesses,
            UniquePages = unique,
            Sees = policy.Sees,
            ResidentMean = scans ? pages - 31.4 : pages,
            ColdFaults = unique,
            Refaults = faults - unique,
            Scanned = scanned,
            Reclaimed = reclaimed,
            Activated = activated,
            Deactivated = activated * 4 / 5,
            Written = scans ? reclaimed / 4 : 0,
            WallSeconds = accesses / (71_300_000.0 - (9_170_000 * index)),
            Counters = counters,
        };
    }
}
