using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>The counters of <c>memory.stat</c> that are compared besides the misses.</summary>
public static class TruthCounters
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> All => Names;

    private static readonly string[] Names = ["pgscan", "pgactivate", "pgrefill", "workingset_refault_anon", "workingset_refault_file"];

    /// <summary>Index of <paramref name="name"/> in <see cref="All"/>.</summary>
    internal static int OrderOf(string name) => Array.IndexOf(Names, name);

    /// <summary>What we counted under the kernel's name <paramref name="name"/>.</summary>
    internal static long Of(ResultRow row, string name) =>
        name == "pgscan" ? row.Scanned : row.Counters.First(c => c.Name == name).Value;
}
