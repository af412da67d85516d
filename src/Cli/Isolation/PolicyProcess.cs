using System.Diagnostics;
using System.Reflection;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli.Isolation;

/// <summary>
/// This program once more, for one policy: what it measures comes back through its stdout, what its policy is doing through a file
/// that both have mapped.
/// </summary>
internal sealed class PolicyProcess
{
    /// <summary>The option that makes a process one of these.</summary>
    public const string ProgressOption = "--progress-file";

    private const int FirstSignalExit = 128;
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private readonly string _policy;
    private readonly TimeSpan _timeout;
    private PolicyProgress? _stuck;
    private TimeSpan _stuckFor;

    private PolicyProcess(string policy, TimeSpan timeout)
    {
        _policy = policy;
        _timeout = timeout;
    }

    /// <summary>Runs a policy to its end, or to the timeout of one of its calls.</summary>
    /// <param name="policy">The policy as it was asked for.</param>
    /// <param name="arguments">Those of the command, with the policy and without outputs.</param>
    /// <param name="timeout">How long one call may take.</param>
    /// <param name="cancellation">Ends the process.</param>
    public static PolicyOutcome Run(string policy, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("reclaim-isolate-").FullName;
        try
        {
            string path = Path.Combine(folder, "progress");
            using PolicyProgressFile progress = PolicyProgressFile.Create(path);
            return new PolicyProcess(policy, timeout).Run([.. arguments, "--json", ResultFile.StandardOutput, ProgressOption, path], progress, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private PolicyOutcome Run(string[] arguments, PolicyProgressFile progress, CancellationToken cancellation)
    {
        using Process process = Process.Start(Self(arguments))!;
        using MemoryStream output = new();
        using (new PolicyWatchdog(() => progress.Read() is { } at ? [at] : [], _timeout, (at, taken) => End(process, at, taken)))
        using (cancellation.Register(() => EndSoon(process)))
        {
            process.StandardInput.Close();
            process.StandardOutput.BaseStream.CopyTo(output);
            process.WaitForExit();
        }

        int code = process.ExitCode;
        if (code is not (ExitCode.Ok or ExitCode.Interrupted) || _stuck is not null)
            return new PolicyOutcome(_policy, null, Explain(code, progress.Read()));
        output.Position = 0;
        try
        {
            return new PolicyOutcome(_policy, ResultJsonReader.Read(output), null);
        }
        catch (ResultFileException wrong)
        {
            return new PolicyOutcome(_policy, null, $"policy {_policy}: what the process that ran it wrote can't be read: {wrong.Message}");
        }
    }

    private static ProcessStartInfo Self(string[] arguments)
    {
        string program = Environment.ProcessPath ?? throw new EngineException("--isolate: the system does not say which program this is, so it can't be started again");
        ProcessStartInfo start = new(program) { RedirectStandardInput = true, RedirectStandardOutput = true };

        // Not a program of its own but a library that the dotnet command runs.
        if (Path.GetFileNameWithoutExtension(program) == "dotnet" && Assembly.GetEntryAssembly()?.Location is { Length: > 0 } library)
        {
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(library);
        }

        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    private void End(Process process, PolicyProgress at, TimeSpan taken)
    {
        if (_stuck is not null)
            return;
        (_stuck, _stuckFor) = (at, taken);
        Kill(process);
    }

    /// <summary>Ctrl-C at a terminal reaches the process as well: it has some seconds to hand over what it has.</summary>
    private static void EndSoon(Process process) => _ = Task.Delay(LongestEnd).ContinueWith(_ => Kill(process), TaskScheduler.Default);

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended meanwhile.
        }
    }

    private string Explain(int code, PolicyProgress? last)
    {
        if (_stuck is { } stuck)
            return $"policy {_policy}: the process that ran it was ended, for it had been in {stuck.Where}, for {Supervision.Seconds(_stuckFor)}";
        string where = last is { } at ? $" in {at.Where}" : " outside its operations";
        return code > FirstSignalExit
            ? $"policy {_policy}: the process that ran it died of {Signal(code - FirstSignalExit)}{where}"
            : $"policy {_policy}: the process that ran it ended with exit code {code}{(last is null ? "" : where)}";
    }

    private static string Signal(int number) => number switch
    {
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        31 => "SIGSYS",
        _ => $"signal {number}",
    };
}
