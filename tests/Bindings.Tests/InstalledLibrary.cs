using System.Diagnostics;

namespace ReclaimNative.Bindings.Tests;

/// <summary>
/// The library, installed once for all tests that ask for it as docs/c-abi.md says, and then moved: what it holds has to be found where
/// it is, not where it was put.
/// </summary>
internal static class InstalledLibrary
{
    /// <summary>Widths that the builds use, by their folder below <c>lib</c>.</summary>
    public static readonly (string Level, string Folder, int Bits)[] Builds =
    [
        ("x86-64", "", 128),
        ("x86-64-v3", "glibc-hwcaps/x86-64-v3", 256),
        ("x86-64-v4", "glibc-hwcaps/x86-64-v4", 512),
    ];

    private static readonly Lazy<string> Moved = new(Install);

    /// <summary>Where the tree is.</summary>
    public static string Prefix => Moved.Value;

    public static string Lib => Path.Combine(Prefix, "lib");

    /// <summary>Whether this CPU has what a build needs, as the dynamic linker sees it.</summary>
    public static bool Runs(string level) =>
        level == "x86-64" || Command.Run(Prefix, TimeSpan.FromSeconds(30), "/lib64/ld-linux-x86-64.so.2", "--help").Output.Contains($"{level} (supported");

    /// <summary>A command of dotnet that installs. What was published has been restored.</summary>
    public static Ended Dotnet(params IEnumerable<string> properties) => PublishedLibrary.Dotnet(["build", "src/Bindings", "-t:Install", "--no-restore", .. properties]);

    private static string Install()
    {
        string root = Path.Combine(PublishedLibrary.Workplace, "installed");
        if (Directory.Exists(root))
            Directory.Delete(root, recursive: true);

        var clock = Stopwatch.StartNew();
        Ended install = Dotnet($"-p:Prefix={root}/first");
        Assert.That(install.Code, Is.Zero, () => $"dotnet build src/Bindings -t:Install: {install}");
        TestContext.Progress.WriteLine($"libreclaim was built for three levels of x86-64 and installed in {clock.Elapsed.TotalSeconds:0} s.");

        string moved = Path.Combine(root, "moved");
        Directory.Move(Path.Combine(root, "first"), moved);
        return moved;
    }
}
