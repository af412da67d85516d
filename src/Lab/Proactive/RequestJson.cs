using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Proactive;

/// <summary>Writes the <c>reclaim.request/1</c> document: UTF-8, a newline at the end. What is not known or not limited is null.</summary>
public static class RequestJson
{
    /// <summary>The value of the document's <c>schema</c> field.</summary>
    public const string Schema = "reclaim.request/1";

    private static readonly JsonWriterOptions FileOptions = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes to a file, or to standard output for <c>-</c>.</summary>
    /// <exception cref="ResultFileException">The file cannot be written; it is as it was.</exception>
    public static void Save(RequestReport report, string path) => ResultFile.Write(path, stream => Write(report, stream));

    /// <summary>Writes to <paramref name="stream"/> and leaves it open.</summary>
    public static void Write(RequestReport report, Stream stream)
    {
        using (Utf8JsonWriter writer = new(stream, FileOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", Schema);
            writer.WriteString("target", report.Target);
            writer.WriteBoolean("preview", report.Request.IsPreview);
            WriteRequest(writer, report.Request);
            WriteResult(writer, report);
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private static void WriteRequest(Utf8JsonWriter writer, RequestSpec request)
    {
        writer.WriteStartObject("request");
        writer.WriteString("nodes", request.Nodes.ToString());
        writer.WriteNumber("pages", request.Pages);
        writer.WriteString("memcg", request.Memcg);
        writer.WriteString("swappiness", SwappinessOf(request));
        writer.WriteString("type", Words.Of(request.Types));
        writer.WriteString("mode", Words.Of(request.Mode));
        writer.WriteNumber("min_idle_ms", (long)request.MinIdle.TotalMilliseconds);
        WriteNumber(writer, "scan_limit", request.MaxScanned);
        WriteNumber(writer, "time_limit_us", (long?)request.TimeLimit?.TotalMicroseconds);
        writer.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter writer, RequestReport report)
    {
        writer.WriteStartObject("result");
        writer.WriteNumber("reclaimed", report.Reclaimed);
        WriteNumber(writer, "demoted", report.Demoted);
        WriteNumber(writer, "scanned", report.Scanned);
        WriteNumber(writer, "protected", report.Protected);
        WriteNumber(writer, "attempts", report.Attempts);
        writer.WriteNumber("elapsed_us", (long)report.Elapsed.TotalMicroseconds);
        writer.WriteString("stop", report.Stop);
        writer.WriteString("age", report.Age);
        writer.WriteStartArray("nodes");
        foreach (NodeReport node in report.Nodes)
        {
            writer.WriteStartObject();
            writer.WriteNumber("node", node.Node);
            writer.WriteNumber("evicted_anon", node.EvictedAnon);
            writer.WriteNumber("evicted_file", node.EvictedFile);
            writer.WriteNumber("demoted_anon", node.DemotedAnon);
            writer.WriteNumber("demoted_file", node.DemotedFile);
            writer.WriteNumber("scanned", node.Scanned);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("skipped");
        foreach ((string reason, long pages) in report.Skipped)
            writer.WriteNumber(reason.Replace('-', '_'), pages);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    internal static string? SwappinessOf(RequestSpec request) => request.Swappiness switch
    {
        null => null,
        ReclaimRequest.AnonOnly => "max",
        { } value => value.ToString(CultureInfo.InvariantCulture),
    };

    private static void WriteNumber(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } known)
            writer.WriteNumber(name, known);
        else
            writer.WriteNull(name);
    }
}
