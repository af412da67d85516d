using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace ReclaimNative.Lab.Results;

/// <summary>
/// Writes the rows as RFC 4180 CSV in UTF-8: a header, the contract's fields in its order, then the controller where any row has one,
/// then a column for each counter that any row has, in the order of first appearance. A row without that counter has an empty field there.
/// </summary>
public static class ResultCsv
{
    private static readonly ImmutableArray<(string Name, Func<ResultRow, string> Text)> Fields =
    [
        ("trace", row => row.Trace),
        ("policy", row => row.Policy),
        ("memory_pages", row => Number(row.MemoryPages)),
        ("accesses", row => Number(row.Accesses)),
        ("unique_pages", row => Number(row.UniquePages)),
        ("sees", row => row.Sees.Word()),
        ("resident_mean", row => Number(row.ResidentMean)),
        ("oom", row => row.Oom ? "true" : "false"),
        ("faults", row => Number(row.Faults)),
        ("refaults", row => Number(row.Refaults)),
        ("cold_faults", row => Number(row.ColdFaults)),
        ("scanned", row => Number(row.Scanned)),
        ("reclaimed", row => Number(row.Reclaimed)),
        ("activated", row => Number(row.Activated)),
        ("deactivated", row => Number(row.Deactivated)),
        ("written", row => Number(row.Written)),
        ("wall_seconds", row => Number(row.WallSeconds)),
        ("accesses_per_second", row => Number(row.AccessesPerSecond)),
    ];

    private static readonly (string Name, Func<ResultRow, string> Text) Controller = ("controller", row => row.Controller ?? "");

    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create(",\"\r\n");

    /// <summary>Writes to a file, or to standard output for <c>-</c>.</summary>
    /// <exception cref="ResultFileException">The file cannot be written; it is as it was.</exception>
    public static void Save(ResultSet set, string path) => ResultFile.Write(path, stream => Write(set, stream));

    /// <summary>Writes to <paramref name="stream"/> and leaves it open.</summary>
    public static void Write(ResultSet set, Stream stream)
    {
        using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true);
        string[] counters = [.. set.Rows.SelectMany(row => row.Counters).Select(counter => counter.Name).Distinct()];

        (string Name, Func<ResultRow, string> Text)[] fields = set.Rows.Any(row => row.Controller is not null) ? [.. Fields, Controller] : [.. Fields];
        WriteRecord(writer, fields.Select(field => field.Name).Concat(counters.Select(ColumnName)));
        foreach (ResultRow row in set.Rows)
        {
            Dictionary<string, long> values = row.Counters.ToDictionary(counter => counter.Name, counter => counter.Value);
            WriteRecord(writer, fields.Select(field => field.Text(row)).Concat(counters.Select(name =>
                values.TryGetValue(name, out long value) ? Number(value) : "")));
        }
    }

    // Two columns of one name would make a reader take the wrong one.
    private static string ColumnName(string counter) =>
        Fields.Append(Controller).Any(field => field.Name == counter) ? $"counters.{counter}" : counter;

    private static void WriteRecord(StreamWriter writer, IEnumerable<string> fields)
    {
        writer.Write(string.Join(',', fields.Select(Quoted)));
        writer.Write("\r\n");
    }

    private static string Quoted(string field) =>
        field.AsSpan().ContainsAny(NeedQuotes) ? $"\"{field.Replace("\"", "\"\"")}\"" : field;

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
