using System.CommandLine;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Proactive;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Policies;
using Spectre.Console;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim node</c>: one proactive request, and what becomes of it.</summary>
internal static class NodeCommand
{
    public static Command Create()
    {
        Argument<string> nodes = new("NODES") { Description = "a node's number, a list such as 0,2-3, or all" };
        Argument<string> amount = new("AMOUNT") { Description = $"how much to reclaim: {MemorySize.Accepted}" };
        Option<string?> scenario = new("--scenario") { Description = "the scenario whose machine is asked: a built-in one's name or a YAML file", HelpName = "SCENARIO" };
        Option<string?> at = new("--at") { Description = "accesses after which the request comes; otherwise at the scenario's end", HelpName = "N" };
        Option<string?> policy = new("--policy") { Description = "one policy instead of the scenario's first", HelpName = "NAME" };
        Option<string?> memcg = new("--memcg") { Description = "the cgroup and all below it; otherwise the whole machine", HelpName = "PATH" };
        Option<string?> swappiness = new("--swappiness") { Description = "0 to 200, or max for anonymous pages alone; otherwise each cgroup's own", HelpName = "S" };
        Option<string?> type = new("--type") { Description = $"which pages: {string.Join(", ", Words.All<ReclaimTypes>())}", HelpName = "TYPE" };
        Option<string?> mode = new("--mode") { Description = $"what becomes of them: {string.Join(", ", Words.All<ReclaimMode>())}", HelpName = "MODE" };
        Option<string?> minIdle = new("--min-idle") { Description = "only pages that nobody has used for so long, such as 500ms or 2m", HelpName = "TIME" };
        Option<string?> scanLimit = new("--scan-limit") { Description = "most pages examined", HelpName = "N" };
        Option<string?> timeLimit = new("--time-limit") { Description = "longest time that it may take, such as 500us or 10ms", HelpName = "TIME" };
        Option<bool> preview = new("--preview") { Description = "tells what would be taken, and takes nothing" };
        Option<bool> real = new("--real") { Description = "asks this machine's own kernel, which evicts pages of running programs; says first what it writes where" };
        Option<string?> json = new("--json") { Description = "write reclaim.request/1 JSON to FILE ('-' = stdout, and nothing else there)", HelpName = "FILE" };
        Command command = new(
            "node",
            """
            Makes one proactive request of a scenario's machine at a point of its run, or of this machine's own kernel, and says what became of it.

            Example:
              reclaim node 0 16M --swappiness 10 --scenario cold-and-hot-tiers --at 5000000
              reclaim node all 64M --memcg /cold --mode evict --min-idle 60s --scenario cold-and-hot-tiers --preview
              reclaim node 0 64M --swappiness 10 --real
            """)
        {
            nodes, amount, scenario, at, policy, memcg, swappiness, type, mode, minIdle, scanLimit, timeLimit, preview, real, json,
        };
        command.SetAction(parsed =>
        {
            string? file = parsed.GetValue(json);
            if (file is not null)
                OutputOptions.CheckFile(file);
            RequestSpec request = new(NodesOf(parsed.GetValue(nodes)!), AmountOf(parsed.GetValue(amount)!))
            {
                Memcg = parsed.GetValue(memcg),
                Swappiness = parsed.GetValue(swappiness) is { } given ? SwappinessOf(given) : null,
                Types = parsed.GetValue(type) is { } types ? WordOf<ReclaimTypes>("--type", types) : default,
                Mode = parsed.GetValue(mode) is { } modes ? WordOf<ReclaimMode>("--mode", modes) : default,
                MinIdle = parsed.GetValue(minIdle) is { } idle ? Numbers.Duration("--min-idle", idle) : default,
                MaxScanned = parsed.GetValue(scanLimit) is { } scans ? AtLeast1("--scan-limit", scans) : null,
                TimeLimit = parsed.GetValue(timeLimit) is { } time ? Numbers.Duration("--time-limit", time) : null,
                IsPreview = parsed.GetValue(preview),
            };
            if (parsed.GetValue(real) && (parsed.GetValue(scenario) ?? parsed.GetValue(policy) ?? parsed.GetValue(at)) is not null)
                throw new UsageException("--real asks this machine's kernel; --scenario, --policy and --at are for a scenario's machine");
            IReclaimTarget target = parsed.GetValue(real)
                ? new KernelTarget { Announced = (path, text) => Console.Error.WriteLine($"reclaim: writing '{text}' to {path}: this machine's kernel reclaims for real") }
                : TargetOf(parsed.GetValue(scenario), parsed.GetValue(policy), parsed.GetValue(at));
            (RequestReport report, _) = ProgressBar.Run(1, (_, _, stop) => target.Carry(request, stop));
            if (file != ResultFile.StandardOutput)
                RequestTable.Write(report, AnsiConsole.Console);
            if (file is not null)
                RequestJson.Save(report, file);
            return ExitCode.Ok;
        });
        return command;
    }

    private static ScenarioTarget TargetOf(string? scenario, string? policy, string? at)
    {
        if (scenario is null)
            throw new UsageException("there is nobody to ask: --scenario is wanted, a scenario's name ('reclaim scenarios' lists them) or file, or --real for this machine's kernel");
        Scenario read = ScenarioLibrary.Load(scenario);
        PolicyChoice choice = PolicyCatalog.Shelf.ParseList(policy ?? read.Policies[0]) is [var one]
            ? one
            : throw new UsageException($"--policy '{policy}': one policy is accepted; run the command once for each");
        long when = at is null ? read.Accesses : AtLeast1("--at", at);
        return when <= read.Accesses
            ? new ScenarioTarget(read, choice, when)
            : throw new UsageException($"--at {when}: the scenario has {read.Accesses} accesses; 1 to {read.Accesses} is accepted");
    }

    private static NodeSet NodesOf(string text) => text == "all"
        ? NodeSet.All
        : NodeSet.TryParse(text, out NodeSet nodes)
            ? nodes
            : throw new UsageException($"NODES '{text}': a node's number below {NodeSet.MostNodes}, a list such as 0,2-3, or all is accepted");

    private static long AmountOf(string text) => MemorySize.TryParse(text, out long pages) && pages > 0
        ? pages
        : throw new UsageException($"AMOUNT '{text}': {MemorySize.Accepted} are accepted, at least 1p");

    private static int SwappinessOf(string text) => text == "max" ? ReclaimRequest.AnonOnly : Numbers.Swappiness(text);

    private static long AtLeast1(string option, string text) =>
        Numbers.Unsigned(option, text, "a whole number from 1") is var value and >= 1 and <= long.MaxValue
            ? (long)value
            : throw new UsageException($"{option} '{text}': a whole number from 1 is accepted");

    private static T WordOf<T>(string option, string text)
        where T : struct, Enum => Words.TryParse(text, out T value)
            ? value
            : throw new UsageException($"{option} '{text}': {string.Join(", ", Words.All<T>())} is accepted");
}
