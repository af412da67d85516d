using System.Globalization;
using System.Text.RegularExpressions;

namespace ReclaimNative.Tests.Control;

/// <summary>
/// Reads what lru_gen and lru_gen_full say, by the printf formats in kernel-reclaim 5.18 and by nothing else: a line that is not exactly as there
/// is an error.
/// </summary>
internal sealed partial class LruGenListing
{
    /// <summary>A generation line: sequence, age in ms, anonymous and file pages with their marks.</summary>
    public sealed record Generation(ulong Sequence, uint AgeMs, long Anon, char AnonMark, long File, char FileMark)
    {
        /// <summary>Of each tier, three fields for anonymous and three for file pages, with their letters.</summary>
        public List<(long Value, char Letter)[]> Tiers { get; } = [];

        public (long Value, char Letter)[] Walk { get; set; } = [];
    }

    /// <summary>By cgroup number, its path and by node its generations.</summary>
    public Dictionary<int, (string Path, Dictionary<int, List<Generation>> Nodes)> Memcgs { get; } = [];

    public static LruGenListing Parse(string text, bool full, int walkFields)
    {
        var listing = new LruGenListing();
        Assert.That(text, Is.Empty.Or.EndsWith("\n"));
        var lines = new Queue<string>(text.Split('\n')[..^1]);
        while (lines.TryDequeue(out string? line))
        {
            Match memcg = MemcgLine().Match(line);
            Assert.That(memcg.Success, $"'{line}' is no memcg line");
            var nodes = new Dictionary<int, List<Generation>>();
            Assert.That(memcg.Groups[1].Value.Trim().PadLeft(5), Is.EqualTo(memcg.Groups[1].Value));
            listing.Memcgs.Add(int.Parse(memcg.Groups[1].Value, CultureInfo.InvariantCulture), (memcg.Groups[2].Value, nodes));
            while (lines.TryPeek(out line) && NodeLine().Match(line) is { Success: true } node)
            {
                lines.Dequeue();
                var generations = new List<Generation>();
                nodes.Add(int.Parse(node.Groups[1].Value, CultureInfo.InvariantCulture), generations);
                while (lines.TryPeek(out line) && line.Length == 46 && !line.StartsWith("            ", StringComparison.Ordinal))
                    generations.Add(ReadGeneration(lines, full, walkFields));
            }
        }

        return listing;
    }

    private static Generation ReadGeneration(Queue<string> lines, bool full, int walkFields)
    {
        string line = lines.Dequeue();
        (long Value, char Letter)[] pages = Fields(line, 22, 2);
        var generation = new Generation(
            ulong.Parse(Column(line, 0), CultureInfo.InvariantCulture),
            uint.Parse(Column(line, 11), CultureInfo.InvariantCulture),
            pages[0].Value,
            pages[0].Letter,
            pages[1].Value,
            pages[1].Letter);
        if (!full)
            return generation;
        for (int tier = 0; tier < 4; tier++)
        {
            line = lines.Dequeue();
            Assert.That(line[..22], Is.EqualTo(new string(' ', 21) + tier));
            generation.Tiers.Add(Fields(line, 22, 6));
        }

        line = lines.Dequeue();
        Assert.That(line[..22], Is.EqualTo(new string(' ', 22)));
        generation.Walk = Fields(line, 22, walkFields);
        return generation;
    }

    /// <summary>Fields of " %10lu%c" from a place to the end of the line.</summary>
    private static (long Value, char Letter)[] Fields(string line, int start, int count)
    {
        Assert.That(line, Has.Length.EqualTo(start + 12 * count), line);
        return [.. Enumerable.Range(0, count).Select(i => (long.Parse(Column(line, start + 12 * i), CultureInfo.InvariantCulture), line[start + 12 * i + 11]))];
    }

    /// <summary>The number of " %10lu" at a place.</summary>
    private static string Column(string line, int start)
    {
        Assert.That(line[start], Is.EqualTo(' '), line);
        string digits = line.Substring(start + 1, 10).TrimStart(' ');
        Assert.That(digits, Does.Match("^(0|[1-9][0-9]*)$"), line);
        return digits;
    }

    [GeneratedRegex("^memcg ( *[0-9]+) (.*)$")]
    private static partial Regex MemcgLine();

    [GeneratedRegex("^ node ( {0,4}[0-9]+)$")]
    private static partial Regex NodeLine();
}
