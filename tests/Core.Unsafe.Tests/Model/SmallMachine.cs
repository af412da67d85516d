using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Model;

/// <summary>Engines small enough that a test can look at every page after every step.</summary>
internal static class SmallMachine
{
    /// <summary>The policies that come with the engine.</summary>
    public static readonly string[] PolicyNames =
        ["fifo", "lru", "clock", "sieve", "classic", "mglru", "s3fifo", "arc", "2q", "lfu", "mru", "lirs", "clockpro", "lruk", "wtinylfu", "comeback"];

    /// <summary>A built-in policy by name, with version and switches if wanted: <c>mglru@6.1</c>.</summary>
    public static PolicyDefinition Policy(string name) => PolicyShelf.BuiltIn.Parse(name).Define();

    /// <summary>One node with room to spare, so that only cgroup limits reclaim.</summary>
    public static Engine WithRoom(params PolicyDefinition[] policies) => new(Options(policies));

    /// <summary>
    /// The options of <see cref="WithRoom"/> for policies with blanks between them, then, each after a slash, what the
    /// engine is to be: <c>mglru/unordered/concurrent</c>.
    /// </summary>
    public static EngineOptions Form(string form)
    {
        string[] words = form.Split('/');
        string[] versions = [.. words[1..].Where(w => KernelVersions.TryParse(w, out _))];
        if (words[1..].Except(versions).Except(["unordered", "concurrent", "identity", "demotion"]).Any())
            throw new ArgumentException($"No form {form}.");
        return Options([.. words[0].Split(' ').Select(Policy)]) with
        {
            Order = words.Contains("unordered") ? ListOrder.Unordered : ListOrder.Exact,
            Concurrent = words.Contains("concurrent"),
            Identity = words.Contains("identity"),
            Demotion = words.Contains("demotion"),
            Kernel = versions.Length > 0 && KernelVersions.TryParse(versions[0], out KernelVersion kernel) ? kernel : KernelVersion.Fixed,
            StatisticsPeriod = 50,
            WalkSlice = 1000,
        };
    }

    /// <summary>The options of <see cref="WithRoom"/>, to be varied.</summary>
    public static EngineOptions Options(params PolicyDefinition[] policies) => new()
    {
        Nodes = [new NodeOptions(4096)],
        Memcgs = 8,
        AddressSpaces = 8,
        LeafTables = 64,
        Policies = policies,
    };
}
