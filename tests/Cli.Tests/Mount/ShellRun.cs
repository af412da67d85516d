using System.Diagnostics;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>One run of a program that is not ours, in English.</summary>
internal sealed record ShellRun(int ExitCode, string Output, string Error)
{
    private const int MostMilliseconds = 60_000;

    /// <summary>Runs a line of shell.</summary>
    public static ShellRun Of(string folder, string line) => Of(folder, "sh", ["-c", line]);

    /// <summary>Runs a program.</summary>
    public static ShellRun Of(string folder, string program, string[] arguments)
    {
        using Process process = Start(folder, program, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(MostMilliseconds))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end");
        }

        process.WaitForExit();
        return new ShellRun(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Starts a program; its caller ends it.</summary>
    public static Process Start(string folder, string program, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        return Process.Start(start)!;
    }
}
