using System.Diagnostics;

namespace ReclaimNative.Tests.Policies.Foreign;

/// <summary>Compiles C for the tests, each source once a run, against the repository's headers.</summary>
internal static class CCompiler
{
    private static readonly string Folder = Directory.CreateTempSubdirectory("reclaim-c-policies-").FullName;
    private static readonly Dictionary<string, string> Built = [];

    static CCompiler() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A policy of examples/policies as a library.</summary>
    public static string Example(string name) => Library(name, File.ReadAllText(Path.Combine(Root, "examples", "policies", name + ".c")));

    /// <summary>A policy as a library, with further options for gcc if wanted; the path.</summary>
    public static string Library(string name, string source, params string[] options)
    {
        lock (Built)
        {
            string path = Path.Combine(Folder, name + ".so");
            if (!Built.TryGetValue(path, out string? known))
            {
                Compile(name, source, "c", ["-std=c99", "-O2", "-shared", "-fPIC", "-o", path, .. options]);
                Built[path] = known = source;
            }

            return known == source ? path : throw new InvalidOperationException($"Two sources are called {name}.");
        }
    }

    /// <summary>Compiles a source without warnings, with the options that say what for.</summary>
    public static void Compile(string name, string source, string extension, params string[] options)
    {
        string file = Path.Combine(Folder, $"{name}.{extension}");
        File.WriteAllText(file, source);
        var start = new ProcessStartInfo(
            extension == "c" ? "gcc" : "g++",
            ["-Wall", "-Wextra", "-Wpedantic", "-Werror", file, "-I" + Path.Combine(Root, "src", "Bindings", "include"), .. options])
        {
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        };
        using Process gcc = Process.Start(start)!;
        string errors = gcc.StandardError.ReadToEnd();
        gcc.WaitForExit();
        if (gcc.ExitCode != 0)
            throw new InvalidOperationException($"{start.FileName} {string.Join(' ', options)} refused {name}:\n{errors}");
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ReclaimNative.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("No folder above the tests has ReclaimNative.sln.");
    }
}
