using System.Text.Encodings.Web;
using System.Text.Json;

namespace ReclaimNative.Lab.Results;

/// <summary>Writes the <c>reclaim.results/1</c> document: UTF-8, fields in the contract's order, a newline at the end.</summary>
public static class ResultJson
{
    /// <summary>The value of the document's <c>schema</c> field.</summary>
    public const string Schema = "reclaim.results/1";

    // Names stay readable: nothing but JSON's own syntax needs an escape in a file.
    private static readonly JsonWriterOptions FileOptions = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes to a file, or to standard output for <c>-</c>.</summary>
    /// <exception cref="ResultFileException">The file cannot be written; it is as it was.</exception>
    public static void Save(ResultSet set, string path, bool complete = false) => ResultFile.Write(path, stream => Write(set, stream, complete));

    /// <summary>Writes to <paramref name="stream"/> and leaves it open.</summary>
    /// <param name="set">The rows.</param>
    /// <param name="stream">Where to.</param>
    /// <param name="complete">With all that the contract has no field for, so that <see cref="ResultJsonReader"/> gives the same set back.</param>
    public static void Write(ResultSet set, Stream stream, bool complete = false)
    {
        using (Utf8JsonWriter writer = new(stream, FileOptions))
        {
            WriteDocument(writer, set, complete);
        }

        stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes the document as one value.</summary>
    internal static void WriteDocument(Utf8JsonWriter writer, ResultSet set, bool complete = false)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", Schema);
        writer.WriteStartArray("results");
        foreach (ResultRow row in set.Rows)
        {
            WriteRow(writer, row, complete);
        }

        writer.WriteEndArray();
        if (complete)
        {
            if (set.Title is { } title)
                writer.WriteString("title", title);
            writer.WriteString("subject", set.Subject);
            writer.WriteStartArray("notes");
            foreach (string note in set.Notes)
            {
                writer.WriteStringValue(note);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter writer, ResultRow row, bool complete)
    {
        writer.WriteStartObject();
        writer.WriteString("trace", row.Trace);
        writer.WriteString("policy", row.Policy);
        if (row.Controller is { } controller)
            writer.WriteString("controller", controller);
        writer.WriteNumber("memory_pages", row.MemoryPages);
        if (complete && row.MemoryAsAsked is { } asked)
            writer.WriteString("memory_as_asked", asked);
        writer.WriteNumber("accesses", row.Accesses);
        writer.WriteNumber("unique_pages", row.UniquePages);
        writer.WriteString("sees", row.Sees.Word());
        writer.WriteNumber("resident_mean", row.ResidentMean);
        writer.WriteBoolean("oom", row.Oom);
        if (row.Ejected is { } ejected)
            writer.WriteString("ejected", ejected);
        writer.WriteNumber("faults", row.Faults);
        writer.WriteNumber("refaults", row.Refaults);
        writer.WriteNumber("cold_faults", row.ColdFaults);
        writer.WriteNumber("scanned", row.Scanned);
        writer.WriteNumber("reclaimed", row.Reclaimed);
        writer.WriteNumber("activated", row.Activated);
        writer.WriteNumber("deactivated", row.Deactivated);
        writer.WriteNumber("written", row.Written);
        writer.WriteNumber("wall_seconds", row.WallSeconds);
        writer.WriteNumber("accesses_per_second", row.AccessesPerSecond);
        writer.WriteStartObject("counters");
        foreach (Counter counter in row.Counters)
        {
            writer.WriteNumber(counter.Name, counter.Value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
