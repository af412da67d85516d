using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Reports;

/// <summary>
/// Writes the results as one HTML page that holds all it needs: charts, table, words. It loads nothing, and its content
/// security policy lets it load nothing, so that it can be mailed, archived and opened anywhere.
/// </summary>
public static partial class HtmlReport
{
    private const string DefaultTitle = "Page reclaim compared";

    // One script: each file's functions are known to the later ones.
    private static readonly string[] Scripts = ["format.js", "theme.js", "charts.js", "results-table.js", "page.js"];

    /// <summary>Writes to a file, or to standard output for <c>-</c>.</summary>
    /// <exception cref="ResultFileException">The file cannot be written; it is as it was.</exception>
    public static void Save(ResultSet set, ReportContext context, string path) =>
        ResultFile.Write(path, stream => Write(set, context, stream));

    /// <summary>Writes to <paramref name="stream"/> as UTF-8 and leaves it open.</summary>
    public static void Write(ResultSet set, ReportContext context, Stream stream)
    {
        IReadOnlyList<ResultGroup> groups = ResultGroup.Of(set);
        Dictionary<string, string> parts = new()
        {
            ["title"] = Encoded(set.Title ?? DefaultTitle),
            ["scope"] = Scope(set),
            ["subject"] = Encoded(set.Subject),
            ["command"] = Encoded(context.CommandLine),
            ["made"] = Encoded(string.Create(
                CultureInfo.InvariantCulture, $"reclaim {context.Version}, {context.When.UtcDateTime:yyyy-MM-dd HH:mm} UTC")),
            ["criterion"] = ReportSummary.Criterion(set),
            ["summary"] = ReportSummary.Html(groups),
            ["notes"] = string.Concat(set.Notes.Select(note => $"<p>Note: {Encoded(note)}</p>\n")),
            ["table"] = ReportTable.Html(groups),
            ["data"] = Data(set, groups),
            ["style"] = Resource("page.css"),
            ["library"] = InScript($"/*\n{Resource("chart.LICENSE.md")}*/\n{Resource("chart.umd.min.js")}"),
            ["script"] = InScript(string.Concat(Scripts.Select(Resource))),
        };

        // One pass over the template, so that a trace called {{table}} stays one.
        string page = Placeholder().Replace(Resource("page.html"), match => parts[match.Groups[1].Value]);
        stream.Write(Encoding.UTF8.GetBytes(page));
    }

    private static string Scope(ResultSet set) => string.Join(
        " · ",
        Encoded(Counted(set.Rows.Select(row => row.Trace).Distinct().Count(), set.Subject)),
        Counted(set.Rows.Select(row => row.Policy).Distinct().Count(), "policy"),
        Counted(set.Rows.Length, "run"));

    private static string Counted(int count, string thing) => NumberText.Count(count) + " " + (count, thing[^1]) switch
    {
        (1, _) => thing,
        (_, 'y') => $"{thing[..^1]}ies",
        (_, 's') => $"{thing}es",
        _ => $"{thing}s",
    };

    /// <summary>The contract's document, and what the charts need besides.</summary>
    private static string Data(ResultSet set, IReadOnlyList<ResultGroup> groups)
    {
        // The default encoder escapes < > & and quotes: no name can end the script element.
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("document");
            ResultJson.WriteDocument(writer, set);
            writer.WriteStartArray("memory_texts");
            foreach (ResultGroup group in groups)
            {
                writer.WriteStartArray();
                writer.WriteStringValue(group.Trace);
                writer.WriteNumberValue(group.MemoryPages);
                writer.WriteStringValue(group.MemoryText);
                writer.WriteEndArray();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(json.GetBuffer(), 0, (int)json.Length);
    }

    /// <summary>Script text that cannot end its element early; the escape means the same inside strings and patterns.</summary>
    internal static string InScript(string script) => EndOfScript().Replace(script, "<\\/");

    private static string Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Reports/{name}")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);

    [GeneratedRegex(@"\{\{([a-z]+)\}\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("</(?=script)", RegexOptions.IgnoreCase)]
    private static partial Regex EndOfScript();
}
