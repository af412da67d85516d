using System.CommandLine;
using ReclaimNative.Lab.Fidelity;
using ReclaimNative.Lab.Results;
using Spectre.Console;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim fidelity</c>: classic and mglru beside what real kernels did.</summary>
internal static class FidelityCommand
{
    private static readonly string DefaultTruth = Path.Combine("..", "shared", "kernel-truth");

    public static Command Create()
    {
        Option<string?> truth = new("--truth")
        {
            Description = $"directory with summary.csv, results.csv, traces/ and make_traces.py; {DefaultTruth} otherwise, if it is there",
            HelpName = "DIR",
        };
        Option<string?> kernels = new("--kernel") { Description = "kernels, with commas between, such as 6.1,6.18; all otherwise", HelpName = "LIST" };
        Option<string?> policies = new("--policy")
        {
            Description = "policies, with commas between, such as mglru,classic@6.1; all otherwise",
            HelpName = "LIST",
        };
        Option<string?> traces = new("--trace") { Description = "names of traces, with commas between; all otherwise", HelpName = "LIST" };
        Option<string?> json = new("--json") { Description = "write reclaim.fidelity/1 JSON to FILE ('-' = stdout, and nothing else there)", HelpName = "FILE" };
        Command command = new(
            "fidelity",
            """
            Replays what real kernels ran, and tells how far classic and mglru are from them.

            A kernel's cell, one trace at one limit under one policy, is compared at equal mean residency: the memory is adjusted until ours has the kernel's within 4 pages, several such replays are gathered, and the one with median misses counts. Plain LRU is brought to the same residency by the same rule. Where the kernel is within 3 % of plain LRU, a cell says little about a policy; such cells are summed up apart.
            Traces that are not in DIR/traces are written by DIR/make_traces.py, which python3 runs; every trace is checked against DIR/traces/traces.csv.

            Example:
              reclaim fidelity --truth ../shared/kernel-truth --policy mglru --json fidelity.json
            """)
        {
            truth, kernels, policies, traces, json,
        };
        command.SetAction(parsed =>
        {
            string? file = parsed.GetValue(json);
            if (file is not null)
                OutputOptions.CheckFile(file);
            TruthSet set = TruthSet.Load(TruthDirectory(parsed.GetValue(truth)));
            FidelityRun run = new(set, Choice(set, parsed.GetValue(kernels), parsed.GetValue(policies), parsed.GetValue(traces)));
            if (run.TotalCells == 0)
                throw new UsageException($"{set.Directory} has no cell of that trace, kernel and policy together that can be compared");
            return Run(run, file);
        });
        return command;
    }

    private static int Run(FidelityRun run, string? file)
    {
        (FidelityResult result, bool interrupted) = ProgressBar.Run(run.TotalCells, run.Run);
        if (file != ResultFile.StandardOutput)
            FidelityTable.Write(result, AnsiConsole.Console);
        if (file is not null)
            FidelityJson.Save(result, file);
        return interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }

    private static string TruthDirectory(string? given)
    {
        string directory = given ?? DefaultTruth;
        if (Directory.Exists(directory))
            return directory;
        throw new UsageException(given is null
            ? $"there is no {DefaultTruth} here; --truth DIR is accepted, a directory with summary.csv, results.csv and traces/traces.csv"
            : $"--truth '{given}': there is no such directory; one with summary.csv, results.csv and traces/traces.csv is accepted");
    }

    private static Func<TruthCell, string, bool> Choice(TruthSet set, string? kernels, string? policies, string? traces)
    {
        (TruthCell Cell, string? Preset)[] all = [.. set.Cells.Select(c => (c, TruthPolicy.PresetOf(c.Kernel, c.Policy)))];
        string[] presets = [.. all.Select(c => c.Preset).OfType<string>()];
        HashSet<string>? ofKernel = Listed("--kernel", kernels, all.Where(c => c.Preset is not null).Select(c => TruthPolicy.VersionOf(c.Cell.Kernel)!));
        HashSet<string>? ofPolicy = Listed("--policy", policies, presets.Select(TruthPolicy.NameOf).Concat(presets));
        HashSet<string>? ofTrace = Listed("--trace", traces, set.Cells.Select(c => c.Place.Trace));
        return (cell, preset) =>
            ofKernel?.Contains(TruthPolicy.VersionOf(cell.Kernel)!) != false
            && (ofPolicy?.Contains(preset) != false || ofPolicy.Contains(TruthPolicy.NameOf(preset)))
            && ofTrace?.Contains(cell.Place.Trace) != false;
    }

    private static HashSet<string>? Listed(string option, string? list, IEnumerable<string> known)
    {
        if (list is null)
            return null;
        string[] accepted = [.. known.Distinct()];
        HashSet<string> wanted = [.. list.Split(',').Select(word => word.Trim())];
        return wanted.FirstOrDefault(word => !accepted.Contains(word)) is { } unknown
            ? throw new UsageException($"{option} '{unknown}': {string.Join(", ", accepted)} is accepted, with commas between")
            : wanted;
    }
}
