using System.Text.Json;

namespace ReclaimNative.Lab.Results;

/// <summary>Reads a <c>reclaim.results/1</c> document back into rows.</summary>
/// <remarks>What is computed from other fields (<c>faults</c>, <c>accesses_per_second</c>) is computed again, fields that it does not know are passed over.</remarks>
public static class ResultJsonReader
{
    /// <summary>Reads the whole of <paramref name="stream"/> and leaves it open.</summary>
    /// <exception cref="ResultFileException">It is no such document, or a field is missing or of the wrong type.</exception>
    public static ResultSet Read(Stream stream)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(stream);
            JsonElement root = document.RootElement;
            string? schema = root.GetProperty("schema").GetString();
            if (schema != ResultJson.Schema)
                throw new ResultFileException($"the results are in schema '{schema}'; '{ResultJson.Schema}' is accepted");
            ResultSet set = new(root.GetProperty("results").EnumerateArray().Select(Row));
            return set with
            {
                Title = Text(root, "title"),
                Subject = Text(root, "subject") ?? set.Subject,
                Notes = root.TryGetProperty("notes", out JsonElement notes) ? [.. notes.EnumerateArray().Select(n => n.GetString()!)] : [],
            };
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new ResultFileException($"the results are no {ResultJson.Schema}: {wrong.Message.ReplaceLineEndings(" ")}", wrong);
        }
    }

    private static ResultRow Row(JsonElement row) => new()
    {
        Trace = row.GetProperty("trace").GetString()!,
        Policy = row.GetProperty("policy").GetString()!,
        Controller = Text(row, "controller"),
        MemoryPages = Count(row, "memory_pages"),
        MemoryAsAsked = Text(row, "memory_as_asked"),
        Accesses = Count(row, "accesses"),
        UniquePages = Count(row, "unique_pages"),
        Sees = SeesOf(row.GetProperty("sees").GetString()),
        ResidentMean = row.GetProperty("resident_mean").GetDouble(),
        Oom = row.GetProperty("oom").GetBoolean(),
        Ejected = Text(row, "ejected"),
        Refaults = Count(row, "refaults"),
        ColdFaults = Count(row, "cold_faults"),
        Scanned = Count(row, "scanned"),
        Reclaimed = Count(row, "reclaimed"),
        Activated = Count(row, "activated"),
        Deactivated = Count(row, "deactivated"),
        Written = Count(row, "written"),
        WallSeconds = row.GetProperty("wall_seconds").GetDouble(),
        Counters = [.. row.GetProperty("counters").EnumerateObject().Select(c => new Counter(c.Name, c.Value.GetInt64()))],
    };

    private static long Count(JsonElement row, string field) => row.GetProperty(field).GetInt64();

    private static string? Text(JsonElement from, string field) => from.TryGetProperty(field, out JsonElement text) ? text.GetString() : null;

    private static Sees SeesOf(string? word)
    {
        foreach (Sees sees in Enum.GetValues<Sees>())
        {
            if (sees.Word() == word)
                return sees;
        }

        throw new FormatException($"sees is '{word}'");
    }
}
