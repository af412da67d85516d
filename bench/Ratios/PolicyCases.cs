using System.Diagnostics;
using System.Runtime.CompilerServices;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;
using Trace = ReclaimNative.Lab.Traces.Trace;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// P: what the boundary of policies costs. An operation with an empty body on a batch of 32, through the table, beside a direct
/// call that is not inlined; and whole replays by <c>compare</c>'s own code of the demo's recorded trace under the same policy
/// in C# and in C.
/// </summary>
internal sealed unsafe class PolicyCases : IRatioCases
{
    private const int Batch = 32;
    private const int Calls = 100_000;

    private const string EmptyBody = """
        #include "reclaim_policy.h"
        static void on_accesses(reclaim_lruvec_t *lru, const uint32_t *folios, uint32_t count) { (void)lru; (void)folios; (void)count; }
        static const reclaim_policy_t policy = {
            .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "empty",
            .flags = RECLAIM_SEES_ACCESSES, .sight = RECLAIM_SIGHT_ACCESSES, .on_accesses = on_accesses,
        };
        const reclaim_policy_t *reclaim_policy(void) { return &policy; }

        """;

    private static readonly string Sources = Path.Combine(AppContext.BaseDirectory, "policies");

    private readonly string _directory = Directory.CreateTempSubdirectory("reclaim-policies-").FullName;
    private readonly uint[] _folios = [.. Enumerable.Range(0, Batch).Select(i => (uint)i)];
    private readonly List<Engine> _engines = [];

    public string Mark => "P";

    public IEnumerable<RatioCase> Cases(PeerLibrary peers)
    {
        File.WriteAllText(Path.Combine(_directory, "empty.c"), EmptyBody);
        PolicyView managed = View(PolicyDefinition.Of<Empty>());
        PolicyView foreign = View(PolicyDefinition.OfLibrary(Compile(Path.Combine(_directory, "empty.c"))));
        yield return Boundary("C# policy", managed);
        yield return Boundary("C policy", foreign);

        Trace trace = TraceReader.Load(Path.Combine(AppContext.BaseDirectory, "sqlite-orders.u32.gz"));
        PolicyShelf shelf = PolicyCatalog.Shelf.With<S3FifoTwin>();
        string fifo = Compile(Path.Combine(Sources, "fifo.c"));
        string s3fifo = Compile(Path.Combine(Sources, "s3fifo.c"));
        foreach (int percent in new[] { 10, 25, 50 })
        {
            yield return Replays(trace, percent, "fifo", shelf.Parse("fifo"), shelf.Parse(fifo));
            yield return Replays(trace, percent, "S3-FIFO", shelf.Parse("s3fifotwin"), shelf.Parse(s3fifo));
        }
    }

    public void Dispose()
    {
        _engines.ForEach(e => e.Dispose());
        Directory.Delete(_directory, recursive: true);
    }

    private PolicyView View(PolicyDefinition definition)
    {
        var engine = new Engine(new EngineOptions { Nodes = [new(4096)], Policies = [definition], LeafTables = 8 });
        _engines.Add(engine);
        return engine.Host.ViewOf(engine.Root, engine.Nodes[0]);
    }

    private RatioCase Boundary(string name, PolicyView view) => new()
    {
        Name = $"an operation with an empty body, batch of {Batch}, {name}",
        Work = Calls,
        Unit = "ns/call",
        Contestants =
        [
            new Contestant(name + " through the table", Side.Ours, () =>
            {
                for (int i = 0; i < Calls; i++)
                    view.Ops.OnAccesses(view, _folios);
                return Calls;
            }),
            new Contestant("direct call", Side.Peer, () =>
            {
                for (int i = 0; i < Calls; i++)
                    Direct(view, _folios);
                return Calls;
            }),
        ],
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Direct(PolicyView view, ReadOnlySpan<uint> folios)
    {
    }

    private static RatioCase Replays(Trace trace, int percent, string name, PolicyChoice managed, PolicyChoice foreign)
    {
        long pages = (long)trace.UniquePages * percent / 100;
        return new()
        {
            Name = $"replay of {trace.Name} at {percent} %, {name} in C",
            Work = trace.Accesses.Length,
            Unit = "ns/access",
            Contestants =
            [
                new Contestant("C", Side.Ours, () => Faults(foreign)),
                new Contestant("the same in C#", Side.Peer, () => Faults(managed)),
            ],
        };

        ulong Faults(PolicyChoice policy) => (ulong)Replay.Run(trace, policy, null, pages, new ReplayOptions(), null, default).Faults;
    }

    private string Compile(string source)
    {
        string library = Path.Combine(_directory, Path.GetFileNameWithoutExtension(source) + ".so");
        using Process gcc = Process.Start("gcc", ["-std=c99", "-O2", "-shared", "-fPIC", source, "-o", library, "-I" + Sources]);
        gcc.WaitForExit();
        return gcc.ExitCode == 0 ? library : throw new InvalidOperationException($"gcc did not compile {source}.");
    }

    private readonly struct Empty : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "empty", Flags = PolicyFlags.SeesAccesses, Sight = PolicySight.Accesses };

        public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
        {
        }
    }
}
