using System.CommandLine;
using ReclaimNative.Cli.Isolation;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim compare</c>: traces under policies and memory sizes.</summary>
internal static class CompareCommand
{
    private const string DefaultMemory = "10%,25%,50%";
    private const string DefaultPolicies = "classic,mglru,sieve,lru,opt";

    public static Command Create()
    {
        Option<string[]> traces = new("--trace")
        {
            Description = "trace files; '-' = stdin; .gz, .zst and .xz are unpacked",
            HelpName = "FILE",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> format = new("--format")
        {
            Description = $"read traces as one of {string.Join(", ", TraceFormat.All.Select(f => f.Name))}; found by content or extension otherwise",
            HelpName = "NAME",
        };
        Option<string> memory = new("--memory")
        {
            Description = "how many of a trace's pages may be resident: pages (4096p), bytes (64M) or per cent of its footprint (25%), with commas between",
            HelpName = "LIST",
            DefaultValueFactory = _ => DefaultMemory,
        };
        Option<string> policies = new("--policy")
        {
            Description = "policies, with commas between, each with +switch or -switch ('reclaim policies' lists them)",
            HelpName = "LIST",
            DefaultValueFactory = _ => DefaultPolicies,
        };
        Option<string> anonPages = new("--anon-pages")
        {
            Description = "pages below N are anonymous, the others one file: N, all or none",
            HelpName = "N",
            DefaultValueFactory = _ => "all",
        };
        Option<string> fileAccess = new("--file-access")
        {
            Description = "how file pages are accessed: mmap or read",
            HelpName = "HOW",
            DefaultValueFactory = _ => "mmap",
        };
        Option<string> swappiness = new("--swappiness")
        {
            Description = "0 to 200: the cost of file against anonymous pages",
            HelpName = "N",
            DefaultValueFactory = _ => "60",
        };
        Option<string> seed = new("--seed")
        {
            Description = "seed of what policies draw at random; none of today's draws anything",
            HelpName = "N",
            DefaultValueFactory = _ => "1",
        };
        OutputOptions output = new();
        SupervisionOptions supervision = new();
        Command command = new(
            "compare",
            """
            Replays traces under policies and memory sizes.

            The machine: one task in one memory cgroup at its limit, one node with room to spare, synchronous swap that never fills, no read-ahead, no kswapd.

            Example:
              reclaim compare --trace scenarios/traces/*.u32.gz --memory 10%,25%,50% --policy classic,mglru,sieve,opt --html report.html
              reclaim compare --trace my.u32 --policy mglru,./mine.so --isolate
            """)
        {
            traces, format, memory, policies, anonPages, fileAccess, swappiness, seed,
        };
        supervision.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            IReadOnlyList<MemorySize> sizes = MemorySize.ParseList(parsed.GetValue(memory)!);
            bool isolates = supervision.Isolates(parsed);
            IReadOnlyList<string> isolated = isolates ? IsolatedRuns.Split(parsed.GetValue(policies)!) : [];
            IReadOnlyList<PolicyChoice> choices = isolates ? [] : PolicyCatalog.Shelf.ParseList(parsed.GetValue(policies)!);
            Supervision careful = supervision.Read(parsed);
            TraceFormat? forced = parsed.GetValue(format) is { } name ? Forced(name) : null;
            ReplayOptions options = new()
            {
                AnonPages = AnonPages(parsed.GetValue(anonPages)!),
                FileAccess = FileAccess(parsed.GetValue(fileAccess)!),
                Swappiness = Numbers.Swappiness(parsed.GetValue(swappiness)!),
            };
            _ = Numbers.Seed(parsed.GetValue(seed)!);
            output.Check(parsed);
            output.IsComplete = supervision.IsIsolated(parsed);
            string[] files = parsed.GetValue(traces)!;
            if (files.FirstOrDefault(f => f.StartsWith("--", StringComparison.Ordinal)) is { } unknown)
                throw new UsageException($"'{unknown}' is no option of compare; 'reclaim compare --help' tells what is accepted");
            if (files.Count(f => f == TraceReader.StandardInput) > 1)
                throw new UsageException("--trace - can be given once: there is one stdin");
            if (isolates && files.Contains(TraceReader.StandardInput))
                throw new UsageException("--isolate: each policy's process reads the trace anew, so it has to be a file, not stdin");
            if (isolates)
            {
                CheckTraces(files);
                return supervision.RunIsolated(parsed, isolated, policies.Name, bySubject: false, output);
            }

            Trace[] loaded = [.. files.Select(f => TraceReader.Load(f, forced))];
            ComparisonPlan plan = new(loaded, sizes, choices, options) { Supervision = careful };
            (ResultSet results, bool interrupted) = ProgressBar.Run(plan.TotalAccesses, plan.Run);
            output.Write(parsed, results);
            supervision.SayEjected(parsed, results);
            return interrupted ? ExitCode.Interrupted : ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Refuses once, before all processes refuse it.</summary>
    private static void CheckTraces(IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            if (!File.Exists(file))
                throw new TraceException($"{file}: {(Directory.Exists(file) ? "is a folder; expected a trace file" : "there is no such file")}");
        }
    }

    private static TraceFormat Forced(string name)
    {
        try
        {
            return TraceFormat.Parse(name);
        }
        catch (TraceException problem)
        {
            throw new UsageException(problem.Message);
        }
    }

    private static ulong AnonPages(string text) => text switch
    {
        "all" => ulong.MaxValue,
        "none" => 0,
        _ => Numbers.Unsigned("--anon-pages", text, "a page number, all or none"),
    };

    private static FileAccessMode FileAccess(string text) => text switch
    {
        "mmap" => FileAccessMode.Mmap,
        "read" => FileAccessMode.Read,
        _ => throw new UsageException($"--file-access '{text}': mmap or read is accepted"),
    };
}
