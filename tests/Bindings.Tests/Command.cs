using System.ComponentModel;
using System.Diagnostics;

namespace ReclaimNative.Bindings.Tests;

/// <summary>What a program printed and how it ended.</summary>
internal sealed record Ended(int Code, string Output, string Errors)
{
    public override string ToString() => $"exit code {Code}\n{Output}{Errors}";
}

/// <summary>Runs programs.</summary>
internal static class Command
{
    /// <summary>Runs a program to its end, or kills it after <paramref name="limit"/>.</summary>
    /// <exception cref="Win32Exception">There is no such program.</exception>
    public static Ended Run(string folder, TimeSpan limit, string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} was still running after {limit.TotalSeconds:0} s.");
        }

        return new Ended(process.ExitCode, output.Result, errors.Result);
    }

    /// <summary>Whether a program is installed.</summary>
    public static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>gcc is a requirement of the README: without it the tests fail and say so.</summary>
    public static void RequireGcc()
    {
        if (!Exists("gcc"))
            Assert.Fail("gcc is not installed; the README names it as a requirement (on Debian: apt-get install gcc).");
    }

    /// <summary>Compiles.</summary>
    public static Ended Gcc(string folder, params IEnumerable<string> arguments) => Run(folder, TimeSpan.FromMinutes(2), "gcc", arguments);
}
