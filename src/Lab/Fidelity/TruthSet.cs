namespace ReclaimNative.Lab.Fidelity;

/// <summary>What real kernels did with a set of traces: the three tables of a kernel-truth directory.</summary>
public sealed class TruthSet
{
    private TruthSet(string directory, IReadOnlyList<TruthCell> cells, IReadOnlyDictionary<string, TruthTrace> traces)
    {
        Directory = directory;
        Cells = cells;
        Traces = traces;
    }

    /// <summary>The directory as it was named.</summary>
    public string Directory { get; }

    /// <summary>The cells in the order of <c>summary.csv</c>.</summary>
    public IReadOnlyList<TruthCell> Cells { get; }

    /// <summary>The traces by name.</summary>
    public IReadOnlyDictionary<string, TruthTrace> Traces { get; }

    /// <summary>Reads <c>summary.csv</c>, <c>results.csv</c> and <c>traces/traces.csv</c> of <paramref name="directory"/>.</summary>
    /// <exception cref="TruthException">One of them is missing or malformed, or they disagree about what there is.</exception>
    public static TruthSet Load(string directory)
    {
        Dictionary<string, TruthTrace> traces = ReadTraces(Path.Combine(directory, "traces", "traces.csv"));
        Dictionary<CellKey, List<CsvRow>> runs = ReadRuns(Path.Combine(directory, "results.csv"));
        string summary = Path.Combine(directory, "summary.csv");
        IReadOnlyList<CsvRow> rows = CsvFile.Read(
            summary, "trace", "limit_pages", "file_mode", "swappiness", "kernel", "policy", "runs", "misses_min", "misses_median", "misses_max", "sim_lru");
        if (rows.Count == 0)
            throw new TruthException(summary, 0, "has no cell");

        var cells = new List<TruthCell>(rows.Count);
        HashSet<CellKey> seen = [];
        foreach (CsvRow row in rows)
        {
            CellKey key = KeyOf(row);
            if (!seen.Add(key))
                throw row.Problem("the same cell stands further up");
            if (!traces.ContainsKey(key.Place.Trace))
                throw row.Problem($"trace '{key.Place.Trace}' is not in traces/traces.csv");
            if (!runs.TryGetValue(key, out List<CsvRow>? its))
                throw row.Problem("results.csv has no run of this cell");
            cells.Add(CellOf(row, key, its));
        }

        return new TruthSet(directory, cells, traces);
    }

    private static TruthCell CellOf(CsvRow row, CellKey key, List<CsvRow> runs)
    {
        long least = row.Number("misses_min", 1);
        long median = row.Number("misses_median", least);
        return new TruthCell
        {
            Place = key.Place,
            Kernel = key.Kernel,
            Policy = key.Policy,
            Runs = (int)row.Number("runs", 1, int.MaxValue),
            MissesMin = least,
            Misses = median,
            MissesMax = row.Number("misses_max", median),
            PlainLru = row.Number("sim_lru", 1),
            Resident = Middle.Of(runs.Select(r => (double)r.Number("resident_pages_observed", 1))),
            Counters = [.. TruthCounters.All.Select(name => MedianOf(runs, name))],
        };
    }

    private static double? MedianOf(List<CsvRow> runs, string counter)
    {
        double[] told = [.. runs.Select(r => r.NumberOrNone(counter)).Where(v => v is not null).Select(v => (double)v!.Value)];
        return told.Length == 0 ? null : Middle.Of(told);
    }

    private static Dictionary<string, TruthTrace> ReadTraces(string path)
    {
        var traces = new Dictionary<string, TruthTrace>(StringComparer.Ordinal);
        foreach (CsvRow row in CsvFile.Read(path, "trace", "pages", "anon_pages", "accesses", "sha256"))
        {
            string name = row.Text("trace");
            if (name != Path.GetFileName(name) || name[0] is '-' or '.')
                throw row.Problem($"trace '{name}' cannot be the name of a file");
            long pages = row.Number("pages", 1, 1L << 31);
            TruthTrace trace = new(name, pages, row.Number("anon_pages", 0, pages), row.Number("accesses", 1), row.Text("sha256"));
            if (!traces.TryAdd(name, trace))
                throw row.Problem($"trace '{name}' is there twice");
        }

        return traces;
    }

    private static Dictionary<CellKey, List<CsvRow>> ReadRuns(string path)
    {
        var runs = new Dictionary<CellKey, List<CsvRow>>();
        foreach (CsvRow row in CsvFile.Read(
            path, ["trace", "limit_pages", "file_mode", "swappiness", "kernel", "policy", "resident_pages_observed", .. TruthCounters.All]))
        {
            CellKey key = KeyOf(row);
            if (!runs.TryGetValue(key, out List<CsvRow>? its))
                runs.Add(key, its = []);
            its.Add(row);
        }

        return runs;
    }

    private static CellKey KeyOf(CsvRow row)
    {
        string mode = row.Text("file_mode");
        if (mode is not ("mmap" or "read" or "-"))
            throw row.Problem($"column 'file_mode' holds '{mode}'; mmap, read or - is accepted");
        TruthPlace place = new(row.Text("trace"), row.Number("limit_pages", 1, uint.MaxValue), mode, (int)row.Number("swappiness", 0, 200));
        return new CellKey(place, row.Text("kernel"), row.Text("policy"));
    }

    private sealed record CellKey(TruthPlace Place, string Kernel, string Policy);
}
