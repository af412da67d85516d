namespace ReclaimNative.Lab.Fidelity;

/// <summary>How far a kernel's own runs of one cell lie apart.</summary>
public static class KernelNoise
{
    /// <summary>
    /// For cells that were run once: the widest spread of the cells that were run more often, from the section "Noise" of the
    /// kernel-truth README. The first line that fits counts.
    /// </summary>
    private static readonly (string Preset, string? Trace, double Spread)[] OfSingleRuns =
    [
        ("classic@6.1", null, 0.021),
        ("mglru@6.1", null, 0.032),
        ("mglru@6.12", null, 0.014),
        ("classic@6.18", null, 0.04),
        ("mglru@6.18", "loop", 0.14),
        ("mglru@6.18", null, 0.036),
    ];

    /// <summary>Most less least misses over the median of the runs; of a single run, what the kernel's other cells show.</summary>
    public static double SpreadOf(TruthCell cell, string preset)
    {
        if (cell.Runs > 1)
            return (cell.MissesMax - cell.MissesMin) / (double)cell.Misses;
        string kind = TruthPolicy.ClassOf(preset);
        return OfSingleRuns.First(s => s.Preset == kind && (s.Trace is null || s.Trace == cell.Place.Trace)).Spread;
    }
}
