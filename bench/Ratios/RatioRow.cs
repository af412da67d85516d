using System.Text.Json;
using System.Text.Json.Serialization;

namespace ReclaimNative.Bench.Ratios;

/// <summary>One conclusion: ours against one peer, from the medians of one run. A ratio above 1 is better for us.</summary>
internal sealed record RatioRow(
    [property: JsonPropertyName("mark")] string Mark,
    [property: JsonPropertyName("case")] string Case,
    [property: JsonPropertyName("ours")] double Ours,
    [property: JsonPropertyName("peer")] double Peer,
    [property: JsonPropertyName("ratio")] double Ratio,
    [property: JsonPropertyName("unit")] string Unit)
{
    /// <summary>Rows of a case: against the fastest peer, against the ceiling, and against each aside.</summary>
    public static IEnumerable<RatioRow> Of(string mark, RatioCase one, IReadOnlyList<Standing> standings)
    {
        Standing ours = standings.First(s => s.Contestant.Side == Side.Ours);
        IEnumerable<Standing> peers = standings.Where(s => s.Contestant.Side == Side.Peer);
        Standing? best = one.IsTime ? peers.MinBy(s => s.Median) : peers.MaxBy(s => s.Median);
        if (best is not null)
            yield return Against(best, standings.Count(s => s.Contestant.Side == Side.Peer) > 1 ? $"best of C ({best.Contestant.Name})" : best.Contestant.Name);
        foreach (Standing other in standings.Where(s => s.Contestant.Side is Side.Ceiling or Side.Aside))
            yield return Against(other, other.Contestant.Name);

        RatioRow Against(Standing other, string name) => new(
            mark, $"{one.Name}: against {name}", ours.Median, other.Median, one.IsTime ? other.Median / ours.Median : ours.Median / other.Median, one.Unit);
    }
}

/// <summary>The result file.</summary>
internal sealed record RatioFile(
    [property: JsonPropertyName("schema")] string Schema,
    [property: JsonPropertyName("rows")] IReadOnlyList<RatioRow> Rows)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes rows to a file, to standard output with "-", nowhere with null.</summary>
    public static void Write(string? path, IReadOnlyList<RatioRow> rows)
    {
        if (path is null)
            return;
        string text = JsonSerializer.Serialize(new RatioFile("reclaim.ratio/1", rows), Indented);
        if (path == "-")
            Console.Out.WriteLine(text);
        else
            File.WriteAllText(path, text + "\n");
    }
}
