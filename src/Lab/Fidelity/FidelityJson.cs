using System.Text.Json;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>Writes the <c>reclaim.fidelity/1</c> document: UTF-8, fields in the contract's order, a newline at the end. Errors, shares and spreads are ratios.</summary>
public static class FidelityJson
{
    /// <summary>The value of the document's <c>schema</c> field.</summary>
    public const string Schema = "reclaim.fidelity/1";

    private static readonly JsonWriterOptions FileOptions = new() { Indented = true, NewLine = "\n" };

    /// <summary>Writes to a file, or to standard output for <c>-</c>.</summary>
    /// <exception cref="ResultFileException">The file cannot be written; it is as it was.</exception>
    public static void Save(FidelityResult result, string path) => ResultFile.Write(path, stream => Write(result, stream));

    /// <summary>Writes to <paramref name="stream"/> and leaves it open.</summary>
    public static void Write(FidelityResult result, Stream stream)
    {
        using (Utf8JsonWriter writer = new(stream, FileOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", Schema);
            WriteArray(writer, "cells", result.Cells, WriteCell);
            WriteArray(writer, "summary", result.Summary, WriteSummary);
            WriteArray(writer, "direction", result.Directions, WriteDirection);
            WriteArray(writer, "counters", result.Counters, WriteCounter);
            writer.WriteStartArray("notes");
            foreach (string note in result.Notes)
                writer.WriteStringValue(note);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    /// <summary>The word for a kind of cells.</summary>
    internal static string WordOf(CellKind kind) => kind switch
    {
        CellKind.Differs => "differs",
        CellKind.Within => "within",
        _ => "all_miss",
    };

    private static void WriteArray<T>(Utf8JsonWriter writer, string name, IEnumerable<T> values, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray(name);
        foreach (T value in values)
        {
            writer.WriteStartObject();
            write(writer, value);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteCell(Utf8JsonWriter writer, FidelityCell cell)
    {
        TruthCell truth = cell.Truth;
        WritePlace(writer, truth.Place);
        writer.WriteString("kernel", truth.Kernel);
        writer.WriteString("truth_policy", truth.Policy);
        writer.WriteString("policy", cell.Preset);
        writer.WriteNumber("kernel_misses", truth.Misses);
        writer.WriteNumber("kernel_min", truth.MissesMin);
        writer.WriteNumber("kernel_max", truth.MissesMax);
        writer.WriteNumber("runs", truth.Runs);
        writer.WriteNumber("kernel_resident", truth.Resident);
        writer.WriteNumber("ours", cell.Ours.Faults);
        writer.WriteNumber("ours_resident", cell.Ours.ResidentMean);
        writer.WriteNumber("memory_pages", cell.Ours.MemoryPages);
        writer.WriteNumber("replays_within", cell.Within);
        writer.WriteNumber("error", cell.Error);
        writer.WriteNumber("lru", cell.Lru.Faults);
        writer.WriteNumber("spread", cell.Spread);
        writer.WriteBoolean("nearer_than_lru", cell.NearerThanLru);
        writer.WriteBoolean("differs_from_lru", cell.Kind == CellKind.Differs);
        writer.WriteBoolean("all_miss", cell.Kind == CellKind.AllMiss);
        writer.WriteStartObject("counters");
        foreach (CounterPair counter in cell.Counters)
        {
            writer.WriteStartObject(counter.Name);
            if (counter.Kernel is { } value)
                writer.WriteNumber("kernel", value);
            else
                writer.WriteNull("kernel");
            writer.WriteNumber("ours", counter.Ours);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteSummary(Utf8JsonWriter writer, FidelitySummary summary)
    {
        writer.WriteString("class", summary.Class);
        writer.WriteString("kind", WordOf(summary.Kind));
        writer.WriteNumber("cells", summary.Cells);
        writer.WriteNumber("median_error", summary.MedianError);
        writer.WriteNumber("worst_error", summary.WorstError);
        writer.WriteNumber("nearer_than_lru", summary.Nearer);
    }

    private static void WriteDirection(Utf8JsonWriter writer, Direction direction)
    {
        WritePlace(writer, direction.Fewer.Truth.Place);
        WriteSide(writer, "fewer", direction.Fewer);
        WriteSide(writer, "more", direction.More);
        writer.WriteBoolean("agrees", direction.Agrees);
    }

    private static void WriteSide(Utf8JsonWriter writer, string name, FidelityCell cell)
    {
        writer.WriteStartObject(name);
        writer.WriteString("kernel", cell.Truth.Kernel);
        writer.WriteString("policy", cell.Preset);
        writer.WriteNumber("kernel_misses", cell.Truth.Misses);
        writer.WriteNumber("ours", cell.Ours.Faults);
        writer.WriteEndObject();
    }

    private static void WriteCounter(Utf8JsonWriter writer, CounterSummary counter)
    {
        writer.WriteString("class", counter.Class);
        writer.WriteString("counter", counter.Counter);
        writer.WriteNumber("cells", counter.Cells);
        writer.WriteNumber("median_error", counter.MedianError);
        writer.WriteNumber("worst_error", counter.WorstError);
        writer.WriteNumber("outside", counter.Outside);
    }

    private static void WritePlace(Utf8JsonWriter writer, TruthPlace place)
    {
        writer.WriteString("trace", place.Trace);
        writer.WriteNumber("limit_pages", place.LimitPages);
        writer.WriteString("file_mode", place.FileMode);
        writer.WriteNumber("swappiness", place.Swappiness);
    }
}
