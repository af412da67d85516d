using System.CommandLine;
using ReclaimNative.Cli.Isolation;
using ReclaimNative.Lab.Controllers;
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
        Option<string?> controllers = new("--controller")
        {
            Description = $"controllers that ask for memory back, with commas between, each with :parameter=value ({string.Join(", ", ControllerCatalog.All.Select(c => c.Name))}); of a timed scenario",
            HelpName = "LIST",
        };
        Option<string?> atRefaults = new("--at-refaults")
        {
            Description = "compares the controllers at so many refaults a second: each tries harder or less hard until that many come",
            HelpName = "R",
        };
        ScenarioOptions changes = new();
        OutputOptions output = new();
        SupervisionOptions supervision = new();
        Command command = new(
            "run",
            """
            Runs a scenario: nodes, memory cgroups and processes with access patterns or recorded traces.

            Example:
              reclaim run scenarios/demo.yaml --policy classic,mglru-walk --html report.html
              reclaim run cold-and-hot-tiers --controller none,senpai,senpai:pressure_us=50000
            """)
        {
            scenario, policies, controllers, atRefaults,
        };
        changes.AddTo(command);
        supervision.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool isolates = supervision.Isolates(parsed);
            IReadOnlyList<PolicyChoice>? choices = !isolates && parsed.GetValue(policies) is { } list ? PolicyCatalog.Shelf.ParseList(list) : null;
            IReadOnlyList<ControllerChoice> controlled = parsed.GetValue(controllers) is { } wanted ? ControllerChoice.ParseList(wanted) : [];
            double? rate = parsed.GetValue(atRefaults) is { } rateText ? Numbers.Above0("--at-refaults", rateText) : null;
            if (rate is not null && controlled.Count == 0)
                throw new UsageException("--at-refaults goes with --controller: it compares controllers");
            Func<Scenario, Scenario> change = changes.Read(parsed);
            Supervision careful = supervision.Read(parsed);
            output.Check(parsed);
            output.IsComplete = supervision.IsIsolated(parsed);
            Scenario read = change(ScenarioLibrary.Load(parsed.GetValue(scenario)!));
            if (isolates)
            {
                IReadOnlyList<string> isolated = IsolatedRuns.Split(parsed.GetValue(policies) ?? string.Join(',', read.Policies));
                return supervision.RunIsolated(parsed, isolated, policies.Name, bySubject: true, output);
            }

            if (rate is { } refaults)
            {
                ControllerComparison comparison = new(read, choices, controlled, refaults) { Supervision = careful };
                return Write(parsed, ProgressBar.Run(comparison.TotalAccesses, comparison.Run), output, supervision);
            }

            return RunAndWrite(parsed, read, choices, output, supervision, careful, controlled);
        });
        return command;
    }

    /// <summary>Runs a scenario with a progress bar and writes its results where the options say.</summary>
    public static int RunAndWrite(
        ParseResult parsed,
        Scenario scenario,
        IReadOnlyList<PolicyChoice>? policies,
        OutputOptions output,
        SupervisionOptions? options = null,
        Supervision? supervision = null,
        IReadOnlyList<ControllerChoice>? controllers = null)
    {
        ScenarioRun run = new(scenario, policies) { Supervision = supervision ?? Supervision.Default, Controllers = controllers ?? [] };
        return Write(parsed, ProgressBar.Run(run.TotalAccesses, run.Run), output, options);
    }

    private static int Write(ParseResult parsed, (ResultSet Results, bool Interrupted) outcome, OutputOptions output, SupervisionOptions? options)
    {
        output.Write(parsed, outcome.Results);
        options?.SayEjected(parsed, outcome.Results);
        return outcome.Interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }
}
