using System.Text;
using System.Text.Json;

namespace ReclaimNative.Cli.Tests;

/// <summary>What the commands print and write when they are asked properly.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class CommandTests
{
    private static string _folder = "";

    [OneTimeSetUp]
    public static void MakeFolder() => _folder = Directory.CreateTempSubdirectory("reclaim-cli-").FullName;

    [OneTimeTearDown]
    public static void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void NoArgumentsPrintAShortHelp()
    {
        CommandRun run = CommandRun.Of(_folder, null);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(run.Output, Does.Contain("reclaim demo").And.Contain("reclaim compare"));
    }

    [TestCase("demo")]
    [TestCase("compare")]
    [TestCase("run")]
    [TestCase("node")]
    [TestCase("mount")]
    [TestCase("stress")]
    [TestCase("fidelity")]
    [TestCase("policies")]
    [TestCase("scenarios")]
    public void EveryCommandHasHelpWithAnExample(string command)
    {
        CommandRun run = CommandRun.Of(_folder, null, command, "--help");

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Contain("Example:").And.Contain($"reclaim {command}"));
    }

    [Test]
    public void TheDemoPrintsATableAndWritesAReport()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "demo")).FullName;
        CommandRun run = CommandRun.Of(folder, null, "demo");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("sqlite").And.Contain("classic").And.Contain("mglru").And.Contain("sieve"));
        Assert.That(run.Output, Does.Not.Contain("\u001b"), "no colours in a pipe");
        Assert.That(new FileInfo(Path.Combine(folder, "reclaim-report.html")).Length, Is.GreaterThan(100_000));
    }

    [Test]
    public void ARequestPrintsWhatItCameToAndTheSameAsJson()
    {
        string[] request = ["node", "0", "4M", "--memcg", "/db", "--scenario", "demo", "--at", "200000"];

        CommandRun text = CommandRun.Of(_folder, null, request);
        CommandRun json = CommandRun.Of(_folder, null, [.. request, "--preview", "--json", "-"]);

        Assert.That((text.ExitCode, json.ExitCode), Is.EqualTo((0, 0)), text.Error + json.Error);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        JsonElement result = document.RootElement.GetProperty("result");
        Assert.That(document.RootElement.GetProperty("preview").GetBoolean(), Is.True);
        Assert.That(result.GetProperty("reclaimed").GetInt64(), Is.GreaterThanOrEqualTo(1024));
        Assert.That(text.Output, Does.Contain($"{result.GetProperty("reclaimed").GetInt64():N0} reclaimed"), "the preview is the request");
        Assert.That(text.Output, Does.Contain("1,024 pages of node 0, memcg /db").And.Contain("stopped: done"));
    }

    [Test]
    public void ControllersAreComparedSideBySide()
    {
        string file = Path.Combine(_folder, "timed.yaml");
        File.WriteAllText(
            file,
            """
            name: timed
            summary: half of it idle
            accesses: 300000
            policies: [classic]
            costs: { swap: zram }
            nodes: [{ memory: 128M }]
            memcgs: [{ path: /a }]
            processes: [{ name: one, memcg: /a, populate: true, rate: 2000, pattern: { kind: phase, pages: 16384, hot: 2048, every: 1000000, stay: 1 } }]
            """);

        CommandRun run = CommandRun.Of(_folder, null, "run", file, "--controller", "none,senpai:interval=1:max_probe=0.05", "--csv", Path.Combine(_folder, "timed.csv"));

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("saved %").And.Contain("senpai:interval=1:max_probe=0.05").And.Contain("refaults/s"));
        Assert.That(File.ReadLines(Path.Combine(_folder, "timed.csv")).First(), Does.Contain("controller").And.Contain("late_pressure_some_us"));
    }

    [Test]
    public void JsonOnStdoutIsAloneThereAndHoldsTheContractsFields()
    {
        CommandRun run = CommandRun.Of(_folder, Encoding.UTF8.GetBytes("1\n2 W\n3\n1\n"), "compare", "--trace", "-", "--format", "text", "--memory", "2p", "--policy", "fifo,opt", "--json", "-");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        using JsonDocument document = JsonDocument.Parse(run.Output);
        Assert.That(document.RootElement.GetProperty("schema").GetString(), Is.EqualTo("reclaim.results/1"));
        JsonElement[] rows = [.. document.RootElement.GetProperty("results").EnumerateArray()];
        string[] told = [.. rows.Select(r => $"{r.GetProperty("policy")} {r.GetProperty("sees")} {r.GetProperty("faults")}")];
        Assert.That(string.Join(", ", told), Is.EqualTo("fifo bits 4, opt future 3"), "fifo drops page 1, opt keeps it");
        Assert.That(rows[0].GetProperty("counters").GetProperty("pgsteal_direct").GetInt64(), Is.EqualTo(2));
    }

    [Test]
    public void AScenarioRunRepeatsItself()
    {
        string[] arguments = ["run", "loop-above-memory", "--policy", "mglru", "--csv", "-"];
        string[] first = Counts(CommandRun.Of(_folder, null, arguments));
        string[] second = Counts(CommandRun.Of(_folder, null, arguments));

        Assert.That(first, Is.Not.Empty);
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void AnotherSeedGivesAnotherRun()
    {
        string[] first = Counts(CommandRun.Of(_folder, null, "run", "two-under-one-limit", "--policy", "fifo", "--csv", "-"));
        string[] second = Counts(CommandRun.Of(_folder, null, "run", "two-under-one-limit", "--policy", "fifo", "--csv", "-", "--seed", "99"));

        Assert.That(second, Is.Not.EqualTo(first));
    }

    [Test]
    public void EveryBuiltInScenarioIsListed()
    {
        CommandRun run = CommandRun.Of(_folder, null, "scenarios");

        Assert.That(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(7));
        Assert.That(run.Output, Does.Contain("demo").And.Contains("switch-there-and-back").And.Contains("cold-and-hot-tiers"));
    }

    /// <summary>The rows of a CSV without the two columns that depend on the time a run took.</summary>
    private static string[] Counts(CommandRun run)
    {
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        string[][] lines = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('\r').Split(','))];
        int[] timed = [Array.IndexOf(lines[0], "wall_seconds"), Array.IndexOf(lines[0], "accesses_per_second")];
        Assert.That(timed, Has.None.EqualTo(-1));
        return [.. lines.Select(line => string.Join(',', line.Where((_, i) => !timed.Contains(i))))];
    }
}
