using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// Reads scenario files (YAML). Either a whole, consistent <see cref="Scenario"/> comes back, or a
/// <see cref="ScenarioException"/> with one line that names the file, the line and what was wrong.
/// </summary>
public static partial class ScenarioReader
{
    /// <summary>Most accesses of a scenario: 10^12.</summary>
    public const long MostAccesses = 1_000_000_000_000;

    /// <summary>Most nodes, so that a set of nodes is one 64-bit mask.</summary>
    public const int MostNodes = 64;

    private const int MostBytes = 1 << 20;
    private const int MostTier = 63;
    private const string PolicyAccepted = "name, then @version, then +switch or -switch (mglru@6.12-bloom), or the path of a .so file";
    private const string NameAccepted = "letters, digits and - _ . (first a letter or a digit)";

    /// <summary>Reads the file at <paramref name="path"/>.</summary>
    /// <exception cref="ScenarioException">The file cannot be read, or is not a scenario.</exception>
    public static Scenario Load(string path)
    {
        try
        {
            var info = new FileInfo(path);
            if (info.Length > MostBytes)
                throw new ScenarioException(path, 0, $"has {info.Length} bytes; accepted: a scenario of at most {MostBytes} bytes");
            return Parse(File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true)), path);
        }
        catch (DecoderFallbackException wrong)
        {
            throw new ScenarioException(path, 0, "is not UTF-8 text", wrong);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ScenarioException(path, 0, $"cannot be read: {wrong.Message}", wrong);
        }
    }

    /// <summary>
    /// Reads <paramref name="text"/> as the content of the file <paramref name="path"/>, which need not exist: it names the
    /// file in messages, and relative trace paths start from its directory.
    /// </summary>
    /// <exception cref="ScenarioException">The text is not a scenario.</exception>
    public static Scenario Parse(string text, string path)
    {
        var top = new ScenarioFields(path, "", ScenarioYaml.Load(text, path));
        top.Accept("name", "summary", "seed", "accesses", "policies", "swappiness", "kernel", "nodes", "demotion", "costs", "memcgs", "processes", "events");

        string name = NameOf(top);
        string summary = SummaryOf(top);
        ImmutableArray<NodeSpec> nodes = NodesOf(top);
        ImmutableArray<MemcgSpec> memcgs = MemcgsOf(top);
        long accesses = top.Whole("accesses", 1, MostAccesses);
        return new Scenario
        {
            Name = name,
            Summary = summary,
            Seed = (ulong)top.Whole("seed", 0, long.MaxValue, absent: 1),
            Accesses = accesses,
            Policies = PoliciesOf(top),
            Swappiness = (int)top.Whole("swappiness", 0, 200, Scenario.DefaultSwappiness),
            Kernel = KernelOf(top),
            Nodes = nodes,
            Memcgs = memcgs,
            Demotion = top.Flag("demotion", absent: false),
            Costs = new CostReader(nodes).Read(top),
            Processes = new ProcessReader(path, nodes, memcgs, isTimed: top.Has("costs")).Read(top),
            Events = new EventReader(accesses, memcgs).Read(top),
        };
    }

    /// <summary>The `name` of a scenario or a process.</summary>
    internal static string NameOf(ScenarioFields fields)
    {
        string name = fields.Text("name", NameAccepted);
        return NameForm().IsMatch(name) ? name : throw fields.Wrong("name", NameAccepted);
    }

    /// <summary>The `policy` of an event, as written.</summary>
    internal static string PolicyOf(ScenarioFields fields)
    {
        const string Accepted = $"{EventSpec.InitialPolicy}, or {PolicyAccepted}";
        string policy = fields.Text("policy", Accepted);
        return PolicyForm().IsMatch(policy) ? policy : throw fields.Wrong("policy", Accepted);
    }

    private static string SummaryOf(ScenarioFields top)
    {
        const string Accepted = "one line of text";
        string summary = top.Text("summary", Accepted).Trim();
        return summary.Length > 0 && !summary.Any(char.IsControl) ? summary : throw top.Wrong("summary", Accepted);
    }

    private static KernelVersion? KernelOf(ScenarioFields top)
    {
        if (!top.Has("kernel"))
            return null;
        return KernelVersions.TryParse(top.Text("kernel", KernelVersions.Accepted), out KernelVersion version)
            ? version
            : throw top.Wrong("kernel", KernelVersions.Accepted);
    }

    private static ImmutableArray<string> PoliciesOf(ScenarioFields top)
    {
        var policies = ImmutableArray.CreateBuilder<string>();
        foreach (string policy in top.Words("policies"))
        {
            if (!PolicyForm().IsMatch(policy))
                throw top.Error("policies", $"has {ScenarioException.Quote(policy)}; accepted: {PolicyAccepted}");
            if (policies.Contains(policy))
                throw top.Error("policies", $"has {ScenarioException.Quote(policy)} twice");
            policies.Add(policy);
        }

        return policies.ToImmutable();
    }

    private static ImmutableArray<NodeSpec> NodesOf(ScenarioFields top)
    {
        var nodes = ImmutableArray.CreateBuilder<NodeSpec>();
        if (!top.Has("nodes"))
            throw top.Error("nodes", "lacks 'nodes'");
        foreach (ScenarioFields fields in top.Mappings("nodes"))
        {
            fields.Accept("memory", "tier");
            nodes.Add(new NodeSpec(fields.Pages("memory", least: 1), (int)fields.Whole("tier", 0, MostTier, absent: 0)));
        }

        return nodes.Count <= MostNodes
            ? nodes.ToImmutable()
            : throw top.Error("nodes", $"has {nodes.Count} nodes; accepted: at most {MostNodes}");
    }

    private static ImmutableArray<MemcgSpec> MemcgsOf(ScenarioFields top)
    {
        var memcgs = ImmutableArray.CreateBuilder<MemcgSpec>();
        var known = new HashSet<string> { MemcgSpec.RootPath };
        foreach (ScenarioFields fields in top.Mappings("memcgs"))
        {
            MemcgSpec memcg = MemcgOf(fields);
            if (!known.Contains(memcg.Parent))
                throw fields.Error("path", $"is {ScenarioException.Quote(memcg.Path)}, but {ScenarioException.Quote(memcg.Parent)} does not come before it; accepted: parents first");
            if (!known.Add(memcg.Path))
                throw fields.Error("path", $"is {ScenarioException.Quote(memcg.Path)}, which comes twice; accepted: each path once");
            memcgs.Add(memcg);
        }

        return memcgs.ToImmutable();
    }

    private static MemcgSpec MemcgOf(ScenarioFields fields)
    {
        const string Accepted = "an absolute path below the root, such as /db or /db/shard1";
        fields.Accept("path", "max", "high", "min", "low", "swap_max", "swappiness");
        var memcg = new MemcgSpec
        {
            Path = fields.Text("path", Accepted),
            MaxPages = fields.Limit("max", least: 1, absent: MemcgSpec.Unlimited),
            HighPages = fields.Limit("high", least: 1, absent: MemcgSpec.Unlimited),
            SwapMaxPages = fields.Limit("swap_max", least: 0, absent: MemcgSpec.Unlimited),
            MinPages = fields.Limit("min", least: 0, absent: 0),
            LowPages = fields.Limit("low", least: 0, absent: 0),
            Swappiness = fields.Has("swappiness") ? (int)fields.Whole("swappiness", 0, 200) : null,
        };
        if (!PathForm().IsMatch(memcg.Path))
            throw fields.Wrong("path", Accepted);
        if (memcg.MinPages > memcg.MaxPages)
            throw fields.Wrong("min", "at most the max of the same memcg");
        if (memcg.LowPages > memcg.MaxPages)
            throw fields.Wrong("low", "at most the max of the same memcg");
        return memcg;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z")]
    private static partial Regex NameForm();

    [GeneratedRegex(@"^(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}){1,32}\z")]
    private static partial Regex PathForm();

    [GeneratedRegex(@"^([a-z0-9]+(@([0-9]+\.[0-9]+|fixed))?([+-][a-z0-9_]+)*|[^\p{C}]*[^\p{C}/]\.so)\z")]
    private static partial Regex PolicyForm();
}
