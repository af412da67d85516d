using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using ReclaimNative.Cli.Mount;
using ReclaimNative.Control;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim mount</c>: a scenario's control files as a file system, while it runs.</summary>
internal static class MountCommand
{
    /// <summary>Cgroups that may be made by mkdir beside those of the scenario.</summary>
    private const int SpareMemcgs = 64;

    private const double LeastSpeed = 1e-6;
    private const double MostSpeed = 1e6;
    private const string NoSpeed = "max";

    public static Command Create()
    {
        Argument<string> directory = new("DIR") { Description = "an empty directory to mount on, or the name of one to be made and removed again" };
        Argument<string> scenario = new("SCENARIO")
        {
            Description = "a built-in scenario's name ('reclaim scenarios' lists them) or a YAML file",
        };
        Option<string?> policy = new("--policy") { Description = "the policy, with +switch or -switch; otherwise the scenario's first", HelpName = "NAME" };
        Option<string> speed = new("--speed")
        {
            Description = "virtual seconds for each real one, or max for as fast as can be",
            HelpName = "X",
            DefaultValueFactory = _ => "1",
        };
        Option<string?> accesses = new("--accesses") { Description = "length of the run instead of the scenario's own", HelpName = "N" };
        Option<bool> exit = new("--exit") { Description = "ends with the scenario; otherwise the tree stays until it is unmounted" };
        ScenarioOptions changes = new();
        OutputOptions output = new();
        Command command = new(
            "mount",
            """
            Runs a scenario and serves its control files as a file system: sys/fs/cgroup, sys/devices/system/node, sys/kernel and proc/pressure, to be read and written by shells and daemons.

            It stays in the foreground. Ctrl-C or 'fusermount3 -u DIR' unmounts, and the results so far are printed as by 'reclaim run'. It needs the system's libfuse3.

            Example:
              reclaim mount /tmp/machine cold-and-hot-tiers --policy mglru
            and in another shell:
              echo 4M > /tmp/machine/sys/fs/cgroup/cold/memory.reclaim
            """)
        {
            directory, scenario, policy, speed, accesses, exit,
        };
        changes.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            PolicyChoice? choice = parsed.GetValue(policy) is { } name ? PolicyCatalog.Shelf.Parse(name) : null;
            Func<Scenario, Scenario> change = changes.Read(parsed);
            double pace = Speed(parsed.GetValue(speed)!);
            long? length = parsed.GetValue(accesses) is { } count ? Accesses(count) : null;
            output.Check(parsed);
            Scenario read = change(ScenarioLibrary.Load(parsed.GetValue(scenario)!));
            read = read with { Accesses = length ?? read.Accesses };
            PreparedScenario prepared = new(read, choice is null ? null : [choice]);
            (ResultSet results, bool interrupted) = Mount(prepared, parsed.GetValue(directory)!, pace, parsed.GetValue(exit));
            output.Write(parsed, results);
            return interrupted ? ExitCode.Interrupted : ExitCode.Ok;
        });
        return command;
    }

    private static (ResultSet Results, bool Interrupted) Mount(PreparedScenario prepared, string directory, double speed, bool exits)
    {
        FuseLibrary library = FuseLibrary.Load();
        using MountPoint point = MountPoint.Prepare(directory);
        using ScenarioMachine machine = prepared.Start(prepared.Policies[0], adjust: options => options with
        {
            Memcgs = options.Memcgs + SpareMemcgs,
            Pressure = true,
        });
        using CancellationTokenSource stop = new();
        FuseTree tree = new(new ControlTree(machine.Engine, () => stop.Token), Say);
        IReadOnlyList<ResultRow>? rows = null;
        bool wasStopped;
        using (FuseSession session = new(library, point.Path, tree))
        {
            using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, stop, session);
            using PosixSignalRegistration terminate = StopOn(PosixSignal.SIGTERM, stop, session);
            using PosixSignalRegistration hangUp = StopOn(PosixSignal.SIGHUP, stop, session);
            Say($"mounted on {point.Path}; unmount with 'fusermount3 -u {point.Path}' or Ctrl-C");
            new MountedScenario(machine, session, tree, new VirtualClock(speed)).Run(stop.Token, () =>
            {
                rows = machine.Rows();
                if (!exits)
                    Say($"the scenario has ended after {machine.AccessesDone.ToString("N0", CultureInfo.InvariantCulture)} accesses; {point.Path} stays mounted");
                return !exits;
            });
            wasStopped = stop.IsCancellationRequested;
        }

        string[] notes = machine.HasMore ? [$"Stopped early: {machine.AccessesDone} of {prepared.Scenario.Accesses} accesses were done."] : [];
        ResultSet results = prepared.ResultsOf(rows ?? machine.Rows(), notes);
        return (results, wasStopped && machine.HasMore);
    }

    /// <summary>Without these a signal would leave a mount that nobody serves. A second one ends the process all the same.</summary>
    private static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop, FuseSession session) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
            session.Interrupt();
        });

    private static void Say(string line) => Console.Error.WriteLine($"reclaim: {line.ReplaceLineEndings(" ")}");

    private static double Speed(string text) =>
        text == NoSpeed ? double.PositiveInfinity
        : double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double speed) && speed is >= LeastSpeed and <= MostSpeed ? speed
        : throw new UsageException($"--speed '{text}': virtual seconds for each real one, 0.000001 to 1000000, or {NoSpeed} is accepted");

    private static long Accesses(string text) =>
        Numbers.Unsigned("--accesses", text, "a whole number from 1") is var count and >= 1 and <= long.MaxValue
            ? (long)count
            : throw new UsageException($"--accesses '{text}': a whole number from 1 is accepted");
}
