using System.CommandLine;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim run</c>: a described machine with competing processes, under one policy or several.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        Argument<string> scenario = new("SCENARIO")
        {
            Description = "a built-in scenario's name ('reclaim scenarios' lists them) or a YAML file",
        };
        Option<string?> policies = new("--policy")
        {
            Description = "policies instead of the scenario's own, with commas between, each with +switch or -switch",
            HelpName = "LIST",
        };
        Option<string?> seed = new("--seed") { Description = "seed instead of the scenario's own", HelpName = "N" };
        Option<string?> swappiness = new("--swappiness")
        {
            Description = "0 to 200, for every cgroup that sets none of its own",
            HelpName = "N",
        };
        Option<bool> noEvents = new("--no-events") { Description = "leaves the scenario's events out, to see what they cost" };
        OutputOptions output = new();
        Command command = new(
            "run",
            """
            Runs a scenario: nodes, memory cgroups and processes with access patterns or recorded traces.

            Example:
              reclaim run scenarios/demo.yaml --policy classic,mglru-walk --html report.html
            """)
        {
            scenario, policies, seed, swappiness, noEvents,
        };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            IReadOnlyList<PolicyChoice>? choices = parsed.GetValue(policies) is { } list ? PolicyCatalog.Shelf.ParseList(list) : null;
            ulong? seedGiven = parsed.GetValue(seed) is { } number ? Numbers.Seed(number) : null;
            int? swappinessGiven = parsed.GetValue(swappiness) is { } value ? Numbers.Swappiness(value) : null;
            output.Check(parsed);
            Scenario read = ScenarioLibrary.Load(parsed.GetValue(scenario)!);
            read = read with { Seed = seedGiven ?? read.Seed, Swappiness = swappinessGiven ?? read.Swappiness };
            if (parsed.GetValue(noEvents))
                read = read with { Events = [] };
            return RunAndWrite(parsed, read, choices, output);
        });
        return command;
    }

    /// <summary>Runs a scenario with a progress bar and writes its results where the options say.</summary>
    public static int RunAndWrite(ParseResult parsed, Scenario scenario, IReadOnlyList<PolicyChoice>? policies, OutputOptions output)
    {
        ScenarioRun run = new(scenario, policies);
        (ResultSet results, bool interrupted) = ProgressBar.Run(run.TotalAccesses, run.Run);
        output.Write(parsed, results);
        return interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }
}
