using System.Diagnostics;

namespace ReclaimNative.Cli.Tests;

/// <summary>Policies in C as libraries that commands are given.</summary>
internal static class CPolicyLibrary
{
    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Compiles a source against the repository's headers, with further options for gcc if wanted; both names are seen from the folder.</summary>
    public static void Build(string folder, string source, string library, params string[] options)
    {
        var start = new ProcessStartInfo(
            "gcc", ["-std=c99", "-O2", "-shared", "-fPIC", source, "-o", library, "-I" + Path.Combine(Root, "src", "Bindings", "include"), .. options])
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
        };
        using Process gcc = Process.Start(start)!;
        string errors = gcc.StandardError.ReadToEnd();
        gcc.WaitForExit();
        Assert.That(gcc.ExitCode, Is.Zero, errors);
    }

    private static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "ReclaimNative.sln")))
            root = Path.GetDirectoryName(root)!;
        return root;
    }
}
