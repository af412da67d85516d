using System.Text.RegularExpressions;

namespace ReclaimNative.Bindings.Tests;

/// <summary>
/// The program of tests/Bindings.Tests/fuzz: random calls of every function, with every engine validated after each thousand. By hand:
/// <c>fuzz CALLS SEED</c>.
/// </summary>
internal sealed partial class FuzzTests
{
    /// <summary>They return text or a number and have nothing to refuse.</summary>
    private static readonly string[] CannotFail =
        ["reclaim_version_number", "reclaim_status_name", "reclaim_last_error", "reclaim_vector_bits", "reclaim_counter_name"];

    private static string Program => Path.Combine(PublishedLibrary.Folder, "fuzz");

    [OneTimeSetUp]
    public void Build()
    {
        string[] sources = [.. Directory.GetFiles(Path.Combine(Repository.Root, "tests", "Bindings.Tests", "fuzz"), "*.c").Order()];
        Ended built = Command.Gcc(
            PublishedLibrary.Workplace,
            ["-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", .. sources, "-o", Program, "-Iout/include", "-Lout", "-lreclaim", "-Wl,-rpath,$ORIGIN"]);
        Assert.That(built.Code, Is.Zero, built.ToString);
    }

    [Test]
    public void RandomCallsBreakNothing() => Run(100_000, 2026, TimeSpan.FromMinutes(3));

    [Test]
    [Explicit("minutes")]
    [Category("Soak")]
    public void MillionsOfRandomCallsBreakNothing([Range(1, 4)] int seed) => Run(1_000_000, seed, TimeSpan.FromMinutes(30));

    private static void Run(int calls, int seed, TimeSpan limit)
    {
        Ended run = Command.Run(PublishedLibrary.Folder, limit, Program, $"{calls}", $"{seed}");
        TestContext.Out.WriteLine(run.Output);
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Errors, Is.Empty);
        Assert.That(run.Output, Does.EndWith($"{calls} calls, seed {seed}, 0 broken\n"));

        (string Function, long Succeeded, long Failed)[] outcomes =
            [.. Outcome().Matches(run.Output).Select(m => (m.Groups[1].Value, long.Parse(m.Groups[2].Value), long.Parse(m.Groups[3].Value)))];
        Assert.That(outcomes.Select(o => o.Function), Is.EquivalentTo(HeaderText.Functions()), "it calls what there is");
        foreach ((string function, long succeeded, long failed) in outcomes)
        {
            Assert.That(succeeded, Is.Positive, function);
            Assert.That(failed > 0 || CannotFail.Contains(function), function);
        }
    }

    [GeneratedRegex(@"^(reclaim_\w+) +(\d+) succeeded, +(\d+) failed", RegexOptions.Multiline)]
    private static partial Regex Outcome();
}
