using ReclaimNative.Lab.Policies;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>Which of the truth set's rows is which policy of ours.</summary>
public static class TruthPolicy
{
    /// <summary>What is said of the rows that are left out.</summary>
    public const string LeftOutNote =
        "not compared: plain classic on 6.12 and 6.18, whose statistics are stale by up to seconds of wall time (kernel-truth README, trap 1), and other kernels";

    /// <summary>
    /// The policy of ours that a kernel under a policy of the truth set is compared with, such as <c>mglru@6.18-walk</c>; null when with none.
    /// </summary>
    /// <param name="kernel">The kernel's release.</param>
    /// <param name="policy">classic, classicf (statistics kept fresh), mglru, or mglru1 (no page-table walk).</param>
    public static string? PresetOf(string kernel, string policy) => (VersionOf(kernel), policy) switch
    {
        ("6.1", "classic") => "classic@6.1",
        ("6.18", "classicf") => "classic@6.18",
        ({ } version, "mglru") => $"mglru@{version}",
        ({ } version, "mglru1") => $"mglru@{version}-walk",
        _ => null,
    };

    /// <summary>The kernel's version as presets name it, or null for one that no preset follows.</summary>
    public static string? VersionOf(string kernel) =>
        kernel.StartsWith("6.1.", StringComparison.Ordinal) ? "6.1"
        : kernel.StartsWith("6.12.", StringComparison.Ordinal) ? "6.12"
        : kernel.StartsWith("6.18.15", StringComparison.Ordinal) ? "6.18"
        : null;

    /// <summary>A preset without its switches: what summaries are made of.</summary>
    public static string ClassOf(string preset) => preset.Split('-')[0];

    /// <summary>The policy's name alone.</summary>
    public static string NameOf(string preset) => preset.Split('@')[0];

    /// <summary>The policy that runs for a preset.</summary>
    internal static PolicyChoice ChoiceOf(string preset) => PolicyCatalog.Shelf.Parse(preset);
}
