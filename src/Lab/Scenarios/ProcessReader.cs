using System.Collections.Immutable;
using System.Globalization;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>Reads the `processes:` of a scenario file, checked against the nodes and memcgs that it declares.</summary>
/// <param name="path">The scenario file: where relative trace paths start.</param>
/// <param name="nodes">The nodes that a process may name by number.</param>
/// <param name="memcgs">The memcgs that a process may name by path, beside the root.</param>
/// <param name="isTimed">The scenario has costs: then processes may have a rate.</param>
internal sealed class ProcessReader(string path, ImmutableArray<NodeSpec> nodes, ImmutableArray<MemcgSpec> memcgs, bool isTimed)
{
    private const int MostWeight = 1_000_000;
    private const long MostRate = 1_000_000_000;

    private static readonly string[] TraceFormats = ["u32", "u64", "oracle", "text", "lackey", "arc", "lirs", "be32"];

    /// <summary>The processes, at least one, each name once.</summary>
    public ImmutableArray<ProcessSpec> Read(ScenarioFields top)
    {
        if (!top.Has("processes"))
            throw top.Error("processes", "lacks 'processes'");
        var processes = ImmutableArray.CreateBuilder<ProcessSpec>();
        var names = new HashSet<string>();
        foreach (ScenarioFields fields in top.Mappings("processes"))
        {
            ProcessSpec process = One(fields);
            if (!names.Add(process.Name))
                throw fields.Error("name", $"is {ScenarioException.Quote(process.Name)}, which comes twice; accepted: each name once");
            processes.Add(process);
        }

        return processes.ToImmutable();
    }

    private ProcessSpec One(ScenarioFields fields)
    {
        fields.Accept("name", "memcg", "node", "trace", "format", "repeat", "pattern", "populate", "weight", "rate", "anon");
        if (fields.Has("trace") == fields.Has("pattern"))
            throw fields.Error("", $"has {(fields.Has("trace") ? "both" : "neither")} trace and pattern; accepted: exactly one of them");
        foreach (string key in (string[])["format", "repeat"])
        {
            if (fields.Has(key) && !fields.Has("trace"))
                throw fields.Error(key, "goes with a trace only; this process has a pattern");
        }

        if (fields.Has("populate") && !fields.Has("pattern"))
            throw fields.Error("populate", "goes with a pattern only; this process has a trace");
        if (fields.Has("rate") && !isTimed)
            throw fields.Error("rate", "goes with costs only: this scenario has none, so that nothing in it takes time");
        string memcg = MemcgSpec.RootPath;
        if (fields.Has("memcg"))
            memcg = fields.Choice("memcg", [MemcgSpec.RootPath, .. memcgs.Select(m => m.Path)]);
        PatternSpec? pattern = fields.Has("pattern") ? PatternReader.Read(fields.Mapping("pattern")) : null;
        return new ProcessSpec
        {
            Name = ScenarioReader.NameOf(fields),
            Memcg = memcg,
            Node = (int)fields.Whole("node", 0, nodes.Length - 1, absent: 0),
            TracePath = fields.Has("trace") ? TraceOf(fields) : null,
            TraceFormat = fields.Has("format") ? fields.Choice("format", TraceFormats) : null,
            Repeat = pattern is null && fields.Flag("repeat", absent: true),
            Pattern = pattern,
            Populate = fields.Flag("populate", absent: false),
            Rate = fields.Has("rate") ? fields.Whole("rate", 1, MostRate) : null,
            Weight = (int)fields.Whole("weight", 1, MostWeight, absent: 1),
            AnonPages = AnonOf(fields, pattern),
        };
    }

    private string TraceOf(ScenarioFields fields)
    {
        const string Accepted = "the path of a file, from the scenario file's directory";
        string trace = fields.Text("trace", Accepted);
        if (trace.Contains('\0'))
            throw fields.Wrong("trace", Accepted);
        string full = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/", trace);
        return File.Exists(full)
            ? Path.GetFullPath(full)
            : throw fields.Error("trace", $"is {ScenarioException.Quote(trace)}, and there is no such file; accepted: {Accepted}");
    }

    private static uint AnonOf(ScenarioFields fields, PatternSpec? pattern)
    {
        long most = pattern?.Pages ?? AccessPattern.MaxPages;
        string accepted = $"all, none, or a number of pages from 0 to {most}";
        return (fields.Has("anon") ? fields.Text("anon", accepted) : "all") switch
        {
            "all" => ProcessSpec.AllAnon,
            "none" => 0,
            string number when uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out uint pages) && pages <= most => pages,
            _ => throw fields.Wrong("anon", accepted),
        };
    }
}
