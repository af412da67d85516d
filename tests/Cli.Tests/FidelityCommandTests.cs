using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;

namespace ReclaimNative.Cli.Tests;

/// <summary><c>reclaim fidelity</c> as a process: output, errors and Ctrl-C.</summary>
[Parallelizable(ParallelScope.Children)]
public sealed class FidelityCommandTests
{
    private const int Failed = 1;
    private const int Usage = 2;
    private const int Interrupted = 130;

    private const string Kernel61 = "6.1.0-56-cloud-amd64";
    private const string Kernel618 = "6.18.15+deb13-cloud-amd64";

    private static string _folder = "";

    [OneTimeSetUp]
    public static void MakeFolder()
    {
        // One level down: beside a temporary directory there may be a folder called shared.
        _folder = Directory.CreateTempSubdirectory("reclaim-fidelity-").CreateSubdirectory("work").FullName;
        WriteTruth("truth", accesses: 2000, pages: 64, limits: [40]);
        WriteTruth("broken", accesses: 2000, pages: 64, limits: [40]);
        File.AppendAllText(Path.Combine(_folder, "broken", "results.csv"), "too,short\n");
        Directory.CreateDirectory(Path.Combine(_folder, "empty"));
    }

    [OneTimeTearDown]
    public static void RemoveFolder() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Test]
    public void ATableAndAFile()
    {
        string file = Path.Combine(_folder, "fidelity.json");
        CommandRun run = CommandRun.Of(_folder, null, "fidelity", "--truth", "truth", "--json", file);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")), "no progress in a pipe");
        Assert.That(run.Output, Does.StartWith("misses at equal mean residency").And.Contain("mglru@6.18").And.Contain("by class").And.Contain("direction: of").And.Not.Contain("\u001b"));
        Assert.That(run.Output, Does.Contain("note: 1 of 4 cells are not compared"));
        Assert.That(JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("cells").GetArrayLength(), Is.EqualTo(3));
    }

    [TestCase("--kernel 6.18", "mglru@6.18")]
    [TestCase("--policy mglru", "mglru@6.1 mglru@6.18")]
    [TestCase("--policy classic@6.1,mglru@6.18", "classic@6.1 mglru@6.18")]
    [TestCase("--policy mglru --kernel 6.1 --trace cycle", "mglru@6.1")]
    public void JsonOnStdoutIsAloneThereAndHoldsWhatWasAskedFor(string choice, string presets)
    {
        CommandRun run = CommandRun.Of(_folder, null, ["fidelity", "--truth", "truth", "--json", "-", .. choice.Split(' ')]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        JsonElement document = JsonDocument.Parse(run.Output).RootElement;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("reclaim.fidelity/1"));
        Assert.That(string.Join(' ', document.GetProperty("cells").EnumerateArray().Select(c => c.GetProperty("policy").GetString())), Is.EqualTo(presets));
    }

    [Test]
    public void AnInterruptLeavesTheCellsFinishedSoFar()
    {
        WriteTruth("long", accesses: 1 << 20, pages: 16384, limits: Enumerable.Range(4000, 200));
        string file = Path.Combine(_folder, "interrupted.json");
        ProcessStartInfo start = new("dotnet") { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "reclaim.dll"), "fidelity", "--truth", "long", "--json", file])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        try
        {
            // Starting takes a fraction of that, the whole run a hundred times as much.
            Assert.That(SpinWait.SpinUntil(() => process.HasExited || process.TotalProcessorTime.TotalSeconds > 2, TimeSpan.FromSeconds(60)), Is.True, "it begins to work");
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
        Assert.That(process.StandardOutput.ReadToEnd(), Does.Contain("note: stopped early: "));
        Assert.That(JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("cells").GetArrayLength(), Is.LessThan(600));
    }

    [TestCase(Usage, "--truth DIR is accepted", "")]
    [TestCase(Usage, "there is no such directory", "--truth nowhere")]
    [TestCase(Failed, "traces.csv: there is no such file", "--truth empty")]
    [TestCase(Failed, "results.csv:6: has 2 fields", "--truth broken")]
    [TestCase(Usage, "'5.4': 6.1, 6.18 is accepted", "--truth truth --kernel 5.4")]
    [TestCase(Usage, "'lru': classic, mglru, classic@6.1", "--truth truth --policy lru")]
    [TestCase(Usage, "'nosuch': cycle is accepted", "--truth truth --trace nosuch")]
    [TestCase(Usage, "''", "--truth truth --trace cycle,")]
    [TestCase(Usage, "no cell of that trace", "--truth truth --kernel 6.18 --policy classic")]
    [TestCase(Usage, "nowhere", "--truth truth --json nowhere/x.json")]
    [TestCase(Usage, "extra", "extra")]
    public void BadInputGetsOneLineThatNamesWhatWasWrong(int exitCode, string named, string arguments)
    {
        CommandRun run = CommandRun.Of(_folder, null, ["fidelity", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.That(run.ErrorLines, Has.Length.EqualTo(1), $"one line on stderr, not: {run.Error}");
        Assert.That(run.ErrorLines[0], Does.StartWith("reclaim: ").And.Contain(named));
        Assert.That(run.ExitCode, Is.EqualTo(exitCode));
        Assert.That(run.Output, Is.Empty, "nothing on stdout");
    }

    /// <summary>A kernel-truth directory of one trace, with four cells for each limit of which three can be compared.</summary>
    private static void WriteTruth(string name, int accesses, int pages, IEnumerable<int> limits)
    {
        string folder = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.Combine(folder, "traces"));
        var bytes = new byte[sizeof(uint) * accesses];
        for (int i = 0; i < accesses; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)), (uint)(i * 2654435761L >> 7) % (uint)pages);
        File.WriteAllBytes(Path.Combine(folder, "traces", "cycle.bin"), bytes);
        File.WriteAllText(
            Path.Combine(folder, "traces", "traces.csv"),
            $"trace,pages,anon_pages,accesses,sha256\ncycle,{pages},{pages},{accesses},{Convert.ToHexStringLower(SHA256.HashData(bytes))}\n");

        using StreamWriter summary = new(Path.Combine(folder, "summary.csv"));
        using StreamWriter results = new(Path.Combine(folder, "results.csv"));
        summary.Write("trace,limit_pages,file_mode,swappiness,kernel,policy,runs,misses_min,misses_median,misses_max,resident_mean,sim_lru\n");
        results.Write("trace,limit_pages,file_mode,swappiness,kernel,policy,resident_pages_observed,pgscan,pgactivate,pgrefill,workingset_refault_anon,workingset_refault_file\n");
        foreach (int limit in limits)
        {
            foreach ((string kernel, string policy) in ((string, string)[])[(Kernel61, "classic"), (Kernel61, "mglru"), (Kernel618, "classic"), (Kernel618, "mglru")])
            {
                summary.Write($"cycle,{limit},-,60,{kernel},{policy},1,900,900,900,{limit - 4},1000\n");
                results.Write($"cycle,{limit},-,60,{kernel},{policy},{limit - 4},2000,1,1,1,0\n");
            }
        }
    }
}
