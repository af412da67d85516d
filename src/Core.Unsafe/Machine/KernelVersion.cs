namespace ReclaimNative.Machine;

/// <summary>
/// Which Linux the core, or a policy, behaves like. Ordered by age, so that what came with a version is asked for by
/// <c>&gt;=</c>.
/// </summary>
public enum KernelVersion
{
    /// <summary>6.1, the first long-term kernel with MGLRU.</summary>
    V6_1,

    /// <summary>6.12: shared cgroup walk, cost of scanning, statistics that are flushed now and then.</summary>
    V6_12,

    /// <summary>6.18: MGLRU's rework of tiers, insertion and feedback.</summary>
    V6_18,

    /// <summary>6.18 with the defects mended that docs/fidelity.md lists. The default.</summary>
    Fixed,
}

/// <summary>The names of <see cref="KernelVersion"/> as they are written after a policy's <c>@</c>.</summary>
public static class KernelVersions
{
    /// <summary>What may be asked for, for messages.</summary>
    public const string Accepted = "6.1, 6.12, 6.18 or fixed";

    /// <summary><c>6.1</c>, <c>6.12</c>, <c>6.18</c> or <c>fixed</c>.</summary>
    public static string NameOf(KernelVersion version) => version switch
    {
        KernelVersion.V6_1 => "6.1",
        KernelVersion.V6_12 => "6.12",
        KernelVersion.V6_18 => "6.18",
        _ => "fixed",
    };

    /// <summary>Reads a name; false when it is none.</summary>
    public static bool TryParse(string text, out KernelVersion version)
    {
        foreach (KernelVersion candidate in Enum.GetValues<KernelVersion>())
        {
            version = candidate;
            if (NameOf(candidate) == text)
                return true;
        }

        version = KernelVersion.Fixed;
        return false;
    }
}
