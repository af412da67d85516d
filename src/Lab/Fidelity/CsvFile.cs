namespace ReclaimNative.Lab.Fidelity;

/// <summary>
/// A comma-separated file with a header line: no quotes, no spaces around fields, every line as long as the header. Columns are
/// found by name, so their order does not matter and further ones may be there.
/// </summary>
internal sealed class CsvFile
{
    private readonly Dictionary<string, int> _columns = new(StringComparer.Ordinal);

    private CsvFile(string path, string header)
    {
        Path = path;
        foreach (string name in header.Split(','))
        {
            if (!_columns.TryAdd(name, _columns.Count))
                throw new TruthException(path, 1, $"column '{name}' is there twice");
        }
    }

    /// <summary>The file as it was named.</summary>
    internal string Path { get; }

    /// <summary>Reads the rows of the file <paramref name="path"/>.</summary>
    /// <exception cref="TruthException">The file cannot be read, lacks a column, or has a line of another length.</exception>
    internal static IReadOnlyList<CsvRow> Read(string path, params ReadOnlySpan<string> required)
    {
        string[] lines = Lines(path);
        if (lines.Length == 0)
            throw new TruthException(path, 0, $"is empty; expected a header line with {string.Join(',', required)}");
        CsvFile file = new(path, lines[0]);
        foreach (string column in required)
        {
            if (!file._columns.ContainsKey(column))
                throw new TruthException(path, 1, $"there is no column '{column}'; expected {string.Join(',', required)}");
        }

        var rows = new List<CsvRow>(lines.Length);
        for (int i = 1; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
                continue;
            string[] fields = lines[i].Split(',');
            if (fields.Length != file._columns.Count)
                throw new TruthException(path, i + 1, $"has {fields.Length} fields; the header has {file._columns.Count}");
            rows.Add(new CsvRow(file, i + 1, fields));
        }

        return rows;
    }

    /// <summary>Index of a column that was required.</summary>
    internal int IndexOf(string column) => _columns[column];

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TruthException(path, 0, "there is no such file", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new TruthException(path, 0, $"cannot be read: {problem.Message}", problem);
        }
    }
}
