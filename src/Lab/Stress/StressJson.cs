using System.Text.Json;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lru;

namespace ReclaimNative.Lab.Stress;

/// <summary>Writes the <c>reclaim.stress/1</c> document: UTF-8, fields in the contract's order, a newline at the end.</summary>
public static class StressJson
{
    /// <summary>The value of the document's <c>schema</c> field.</summary>
    public const string Schema = "reclaim.stress/1";

    private static readonly JsonWriterOptions FileOptions = new() { Indented = true, NewLine = "\n" };

    /// <summary>Writes to a file, or to standard output for <c>-</c>.</summary>
    /// <exception cref="ResultFileException">The file cannot be written; it is as it was.</exception>
    public static void Save(StressResult result, string path) => ResultFile.Write(path, stream => Write(result, stream));

    /// <summary>Writes to <paramref name="stream"/> and leaves it open.</summary>
    public static void Write(StressResult result, Stream stream)
    {
        using (Utf8JsonWriter writer = new(stream, FileOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", Schema);
            writer.WriteStartArray("rows");
            foreach (StressRow row in result.Rows)
                WriteRow(writer, row);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private static void WriteRow(Utf8JsonWriter writer, StressRow row)
    {
        writer.WriteStartObject();
        writer.WriteNumber("pages", row.Pages);
        writer.WriteNumber("bytes_per_page", row.BytesPerPage);
        writer.WriteNumber("populate_seconds", row.PopulateSeconds);
        writer.WriteNumber("accesses_per_second", Math.Round(row.Accesses.PerSecond));
        writer.WriteNumber("ptes_scanned_per_second", Math.Round(row.EntriesScanned.PerSecond));
        writer.WriteNumber("pages_reclaimed_per_second", Math.Round(row.Reclaimed.PerSecond));
        writer.WriteNumber("threads", row.Threads);
        writer.WriteNumber("vector_bits", row.VectorBits);
        writer.WriteString("policy", row.Policy);
        writer.WriteBoolean("exact_order", row.Order == ListOrder.Exact);
        writer.WriteNumber("rss_bytes", row.ResidentBytes);
        writer.WriteNumber("frames", row.Frames);
        writer.WriteNumber("mapped_ptes", row.MappedEntries);
        writer.WriteBoolean("valid", row.Problem is null);
        if (row.Ejected is { } ejected)
            writer.WriteString("ejected", ejected);
        writer.WriteEndObject();
    }
}
