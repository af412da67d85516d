using System.Diagnostics;
using System.Text.Json;

namespace ReclaimNative.Cli.Tests;

/// <summary><c>reclaim stress</c> as a process: output, errors and Ctrl-C.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class StressCommandTests
{
    private const int Failed = 1;
    private const int Usage = 2;
    private const int Interrupted = 130;

    private static string _folder = "";

    [OneTimeSetUp]
    public static void MakeFolder() => _folder = Directory.CreateTempSubdirectory("reclaim-stress-").FullName;

    [OneTimeTearDown]
    public static void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void HelpSaysWhatTheWorkloadIsAndHasAnExample()
    {
        CommandRun run = CommandRun.Of(_folder, null, "stress", "--help");

        Assert.That(run.ExitCode, Is.Zero);
        Assert.That(run.Output, Does.Contain("Example:").And.Contain("reclaim stress --pages").And.Contain("4 of 5 in a scattered fifth"));
    }

    [Test]
    public void JsonOnStdoutIsAloneThereAndSaysWhatRan()
    {
        CommandRun run = CommandRun.Of(_folder, null, "stress", "--pages", "16K,20000", "--threads", "2", "--seconds", "0", "--vector-bits", "128", "--json", "-");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        JsonElement[] rows = [.. JsonDocument.Parse(run.Output).RootElement.GetProperty("rows").EnumerateArray()];
        string[] told = [.. rows.Select(r =>
            $"{r.GetProperty("pages")} {r.GetProperty("frames")} {r.GetProperty("threads")} {r.GetProperty("vector_bits")} {r.GetProperty("policy")} {r.GetProperty("exact_order")} {r.GetProperty("valid")}")];
        Assert.That(string.Join(", ", told), Is.EqualTo("16384 16384 2 128 mglru False True, 20000 20000 2 128 mglru False True"));
        Assert.That(rows[0].GetProperty("ptes_scanned_per_second").GetDouble(), Is.Positive);
    }

    [Test]
    public void ATableAndAFile()
    {
        string file = Path.Combine(_folder, "stress.json");
        CommandRun run = CommandRun.Of(_folder, null, "stress", "--pages", "16K", "--policy", "sieve", "--seconds", "0", "--json", file);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")), "no progress in a pipe");
        Assert.That(run.Output, Does.StartWith("sieve, exact order, 1 thread, ").And.Contain("grown against backed").And.Not.Contain("\u001b"));
        Assert.That(JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("rows")[0].GetProperty("exact_order").GetBoolean(), Is.True);
    }

    [Test]
    public void AnInterruptLeavesTheRowsMeasuredSoFar()
    {
        string file = Path.Combine(_folder, "interrupted.json");
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "reclaim.dll"), "stress", "--pages", "16K,1M", "--threads", "1", "--seconds", "600", "--json", file])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        try
        {
            Assert.That(SpinWait.SpinUntil(() => process.HasExited || IsWorking(process.Id), TimeSpan.FromSeconds(60)), Is.True, "it begins to work");
            using Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
            kill.WaitForExit();
            Assert.That(process.WaitForExit(60_000), Is.True, "it ends long before its time");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        Assert.That(process.ExitCode, Is.EqualTo(Interrupted), process.StandardError.ReadToEnd());
        Assert.That(process.StandardOutput.ReadToEnd(), Does.Contain("stopped early: 0 of 2 sizes were finished"));
        Assert.That(JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("rows").GetArrayLength(), Is.Zero);
    }

    [TestCase(Usage, "12", "--pages 12")]
    [TestCase(Usage, "5T", "--pages 5T")]
    [TestCase(Usage, "16K to 4200000000", "--pages 4G")]
    [TestCase(Usage, "''", "--pages 1M,")]
    [TestCase(Usage, "1 to 64", "--threads 0")]
    [TestCase(Usage, "1 to 64", "--threads 65")]
    [TestCase(Usage, "1 to 64", "--threads two")]
    [TestCase(Usage, "exact or unordered", "--order sorted")]
    [TestCase(Usage, "exact is accepted", "--order unordered --policy classic")]
    [TestCase(Usage, "1 is accepted", "--threads 2 --policy sieve")]
    [TestCase(Usage, "nosuch", "--policy nosuch")]
    [TestCase(Usage, "one policy", "--policy mglru,classic")]
    [TestCase(Usage, "in advance", "--policy opt")]
    [TestCase(Usage, "128", "--vector-bits 100")]
    [TestCase(Usage, "--seed", "--seed -1")]
    [TestCase(Usage, "0 to 86400", "--seconds -1")]
    [TestCase(Usage, "0 to 86400", "--seconds 1e9")]
    [TestCase(Usage, "nowhere", "--json nowhere/x.json")]
    [TestCase(Usage, "extra", "extra")]
    [TestCase(Failed, "4200000000 pages are left out", "--pages 4200000000 --order exact")]
    public void BadInputGetsOneLineThatNamesWhatWasWrong(int exitCode, string named, string arguments)
    {
        CommandRun run = CommandRun.Of(_folder, null, ["stress", .. Quick(arguments), .. arguments.Split(' ')]);

        Assert.That(run.ErrorLines, Has.Length.EqualTo(1), $"one line on stderr, not: {run.Error}");
        Assert.That(run.ErrorLines[0], Does.StartWith("reclaim: ").And.Contain(named));
        Assert.That(run.ExitCode, Is.EqualTo(exitCode));
        Assert.That(run.Output, Is.Empty, "nothing on stdout");
    }

    /// <summary>Should what is wrong be accepted one day, the test is to fail and not to fill the machine.</summary>
    private static string[] Quick(string arguments) =>
        [.. arguments.Contains("--pages") ? (string[])[] : ["--pages", "16K"], .. arguments.Contains("--seconds") ? (string[])[] : ["--seconds", "0"]];

    /// <summary>A thread of the run is there, so the handler of interrupts is as well.</summary>
    private static bool IsWorking(int process)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{process}/task").Any(task => File.ReadAllText(Path.Combine(task, "comm")).StartsWith("stress", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }
}
