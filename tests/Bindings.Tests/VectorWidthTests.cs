namespace ReclaimNative.Bindings.Tests;

/// <summary>Three builds, each with vectors of its own width: who gets which, and that all come to the same.</summary>
internal sealed class VectorWidthTests
{
    private const string Loader = "/lib64/ld-linux-x86-64.so.2";

    /// <summary>The widest vectors of the builds that this CPU can run.</summary>
    public static int Widest => InstalledLibrary.Builds.Last(b => InstalledLibrary.Runs(b.Level)).Bits;

    private static IEnumerable<TestCaseData> Builds => InstalledLibrary.Builds.Select(b => new TestCaseData(b.Level, b.Folder, b.Bits).SetArgDisplayNames(b.Level));

    private static string Program { get; } = Path.Combine(PublishedLibrary.Workplace, "widths");

    [OneTimeSetUp]
    public void Build() => Compile("workload.c", Program, "-L" + InstalledLibrary.Lib, "-lreclaim");

    [TestCaseSource(nameof(Builds))]
    public void EachBuildUsesItsWidthAndComesToTheSame(string level, string folder, int bits)
    {
        if (!InstalledLibrary.Runs(level))
            Assert.Ignore($"This CPU has no {level}.");
        string[] lines = Run("env", "LD_LIBRARY_PATH=" + Path.Combine(InstalledLibrary.Lib, folder), Loader, "--glibc-hwcaps-mask", "none", Program);
        Assert.That(lines[0], Is.EqualTo($"library {bits}"));
        Assert.That(lines[1..], Is.EqualTo(Run("env", "LD_LIBRARY_PATH=" + InstalledLibrary.Lib, Loader, "--glibc-hwcaps-mask", "none", Program)[1..]));
        Assert.That(lines, Has.Length.GreaterThan(5), "policies that went through the workload");
    }

    [TestCaseSource(nameof(Builds))]
    public void TheLinkerPicksTheBuildOfTheCpu(string level, string folder, int bits)
    {
        if (!InstalledLibrary.Runs(level))
            Assert.Ignore($"This CPU has no {level}.");
        Assert.That(Run("env", "LD_LIBRARY_PATH=" + InstalledLibrary.Lib, Loader, "--glibc-hwcaps-mask", level, Program)[0], Is.EqualTo($"library {bits}"), "for a CPU that has no more");
    }

    [Test]
    public void TheLinkerPicksTheWidestByEnvironmentAndByRunPath()
    {
        Assert.That(Run("env", "LD_LIBRARY_PATH=" + InstalledLibrary.Lib, Program)[0], Is.EqualTo($"library {Widest}"));

        string program = Program + "-rpath";
        Compile("workload.c", program, "-L" + InstalledLibrary.Lib, "-lreclaim", "-Wl,-rpath," + InstalledLibrary.Lib);
        Assert.That(Run(program)[0], Is.EqualTo($"library {Widest}"));
    }

    [Test]
    public void OpenedByTheSonameItIsTheWidestAndByPathTheOneThatIsThere()
    {
        string program = Path.Combine(PublishedLibrary.Workplace, "open");
        Compile("open.c", program, "-ldl", "-Wl,-rpath," + InstalledLibrary.Lib);
        Assert.That(Run(program, "libreclaim.so.0"), Is.EqualTo([$"library {Widest}"]));
        Assert.That(Run(program, Path.Combine(InstalledLibrary.Lib, "libreclaim.so.0")), Is.EqualTo(["library 128"]));
        Assert.That(Run(program, "libreclaim.so"), Is.EqualTo(["library 128"]), "the name for linking is no SONAME, and only the baseline has it");
    }

    private static void Compile(string source, string program, params string[] arguments)
    {
        Ended built = Command.Gcc(
            PublishedLibrary.Workplace,
            ["-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", Path.Combine(Repository.Root, "tests", "Bindings.Tests", "package", source),
            "-o", program, "-I" + Path.Combine(InstalledLibrary.Prefix, "include"), .. arguments]);
        Assert.That(built.Code, Is.Zero, built.ToString);
    }

    private static string[] Run(string program, params string[] arguments)
    {
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(2), program, arguments);
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Errors, Is.Empty);
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
