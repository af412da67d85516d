using System.Globalization;
using System.Text;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Policies;

namespace ReclaimNative.Control;

/// <summary>What <c>lru_gen</c> and <c>lru_gen_full</c> say, byte for byte in the kernel's layout. Source: kernel-reclaim reference 5.18.</summary>
internal static class LruGenText
{
    /// <summary>Generations of the full form: the kernel shows so many from the youngest back, open or not.</summary>
    private const int ShownGenerations = 4;

    /// <summary>Lists every cgroup whose policy keeps generations, before those below it.</summary>
    public static string Read(Engine engine, bool full)
    {
        var text = new StringBuilder();
        Memcg(text, engine, engine.Root, full);
        return text.ToString();
    }

    private static void Memcg(StringBuilder text, Engine engine, MemoryCgroup memcg, bool full)
    {
        if (engine.KeepsGenerations(memcg))
        {
            string path = engine.HasMemcgs ? memcg.Path : "";
            text.Append(CultureInfo.InvariantCulture, $"memcg {memcg.Id,5} {path}\n");
            foreach (Node node in engine.Nodes)
            {
                text.Append(CultureInfo.InvariantCulture, $" node {node.Id,5}\n");
                Generations(text, engine.ReadGenerations(memcg, node), engine.NowMs, engine.Kernel, full);
            }
        }

        foreach (MemoryCgroup child in memcg.Children)
            Memcg(text, engine, child, full);
    }

    private static void Generations(StringBuilder text, IReadOnlyList<GenerationReport> all, long nowMs, KernelVersion kernel, bool full)
    {
        int first = full ? Math.Max(all.Count - ShownGenerations, 0) : 0;
        while (!full && first < all.Count && !all[first].Anon.IsOpen && (kernel <= KernelVersion.V6_12 || !all[first].File.IsOpen))
            first++;
        for (int i = first; i < all.Count; i++)
        {
            GenerationReport generation = all[i];
            uint age = unchecked((uint)(nowMs - generation.BirthMs));
            text.Append(CultureInfo.InvariantCulture, $" {generation.Sequence,10} {age,10}");
            foreach (GenerationPages pages in (ReadOnlySpan<GenerationPages>)[generation.Anon, generation.File])
                Field(text, pages.Count, full && !pages.IsOpen ? 'x' : ' ');
            text.Append('\n');
            if (!full)
                continue;
            Tiers(text, generation, kernel);
            Walk(text, generation.Walk, kernel);
        }
    }

    private static void Tiers(StringBuilder text, in GenerationReport generation, KernelVersion kernel)
    {
        char none = NoneOf(kernel);
        for (int tier = 0; tier < TierReports.Count; tier++)
        {
            text.Append(CultureInfo.InvariantCulture, $"            {tier,10}");
            foreach (GenerationPages pages in (ReadOnlySpan<GenerationPages>)[generation.Anon, generation.File])
            {
                TierReport report = pages.Tiers[tier];
                (char refaulted, char evicted, char kept) = pages.Statistics switch
                {
                    TierStatistics.Averages => ('R', 'T', none),
                    TierStatistics.Counts => ('r', 'e', 'p'),
                    _ => (none, none, none),
                };
                Field(text, report.Refaulted, refaulted);
                Field(text, report.Evicted, evicted);
                Field(text, report.Protected, kept);
            }

            text.Append('\n');
        }
    }

    private static void Walk(StringBuilder text, WalkResult? walk, KernelVersion kernel)
    {
        WalkResult seen = walk ?? default;
        bool isFirstForm = kernel == KernelVersion.V6_1;
        ReadOnlySpan<long> values = isFirstForm
            ? [seen.Entries, seen.Old, seen.Young, seen.TablesSeen, seen.TablesFound, seen.TablesAdded]
            : [seen.Entries, seen.Young, seen.TablesFound, seen.TablesAdded];
        string letters = isFirstForm ? "LOYNFA" : "TYFA";
        text.Append(' ', 22);
        for (int i = 0; i < values.Length; i++)
            Field(text, values[i], walk is null ? NoneOf(kernel) : letters[i]);
        text.Append('\n');
    }

    private static void Field(StringBuilder text, long value, char mark) => text.Append(CultureInfo.InvariantCulture, $" {value,10}{mark}");

    private static char NoneOf(KernelVersion kernel) => kernel == KernelVersion.V6_1 ? ' ' : 'x';
}
