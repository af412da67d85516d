using System.Diagnostics;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Scenarios;
using ReclaimNative.Lab.Tests.Traces;
using ReclaimNative.Lab.Traces;
using ReclaimNative.Policies;
using Trace = ReclaimNative.Lab.Traces.Trace;

namespace ReclaimNative.Lab.Tests.Comparison;

/// <summary>examples/policies/*.c, compiled by gcc, against miss counts that other programs computed.</summary>
public sealed class CPolicyMissCountTests
{
    private static string _folder = "";

    [OneTimeSetUp]
    public static void MakeFolder() => _folder = Directory.CreateTempSubdirectory("reclaim-c-").FullName;

    [OneTimeTearDown]
    public static void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("fifo", "cloudPhysicsIO.oracleGeneral.zst", "48 489 4897 14692", "103859 96518 91716 72880")]
    [TestCase("s3fifo", "cloudPhysicsIO.oracleGeneral.zst", "48 489 4897 14692", "99810 94559 85691 71506")]
    [TestCase("s3fifo", "orm-busy.trace.xz", "76 7634", "2987680 555338")]
    [TestCase("s3fifo", "OLTP.lis.zst", "1868", "489386")]
    public void TheExamplesAreMetToTheLastMiss(string policy, string trace, string pages, string misses)
    {
        Trace loaded = TraceReader.Load(SharedFolder.File("traces/" + trace));
        PolicyChoice choice = PolicyCatalog.Shelf.Parse(Library(policy));
        Assert.That(choice.Sees, Is.EqualTo(policy == "fifo" ? Sees.Bits : Sees.Accesses));
        foreach ((string size, string published) in pages.Split(' ').Zip(misses.Split(' ')))
        {
            ResultRow row = Replay.Run(loaded, choice, null, long.Parse(size), new ReplayOptions(), null, default);
            Assert.That(row.Faults, Is.EqualTo(long.Parse(published)), $"at {size} pages");
        }
    }

    [TestCase("fifo", 40)]
    [TestCase("s3fifo", 120)]
    public void TheExamplesAreShort(string policy, int lines) =>
        Assert.That(File.ReadLines(Source(policy)).Count(), Is.LessThanOrEqualTo(lines));

    private static string Source(string policy) => Path.Combine(RepositoryFiles.Scenarios, "..", "examples", "policies", policy + ".c");

    private static string Library(string policy)
    {
        string library = Path.Combine(_folder, policy + ".so");
        string headers = Path.Combine(RepositoryFiles.Scenarios, "..", "src", "Bindings", "include");
        var start = new ProcessStartInfo(
            "gcc", ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC", Source(policy), "-o", library, "-I" + headers])
        {
            RedirectStandardError = true,
        };
        using Process gcc = Process.Start(start)!;
        string errors = gcc.StandardError.ReadToEnd();
        gcc.WaitForExit();
        Assert.That(gcc.ExitCode, Is.Zero, errors);
        return library;
    }
}
