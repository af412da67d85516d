using System.Diagnostics;
using System.Globalization;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>How a mount begins and ends, and that the scenario goes on meanwhile.</summary>
[NonParallelizable]
public sealed class MountCommandTests
{
    private const string Tight = "sys/fs/cgroup/shop/db";

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("reclaim-mount-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void CtrlCUnmountsWhoeverIsInItAndPrintsWhatWasMeasured()
    {
        Mounting.SkipUnlessPossible();
        using MountedCommand mounted = new(_folder, "machine", "loop-above-memory", "--policy", "mglru", "--speed", "0.01");
        using Process reader = ShellRun.Start(mounted.Directory, "sh", ["-c", "exec 3< proc/vmstat; echo open; exec sleep 60"]);
        try
        {
            Assert.That(reader.StandardOutput.ReadLine(), Is.EqualTo("open"));
            mounted.Signal("INT");
            CommandRun run = mounted.End();

            Assert.That(run.ExitCode, Is.EqualTo(130), run.Error);
            Assert.That(run.Output, Does.Contain("mglru").And.Contain("Stopped early: "));
            Assert.That(Mounting.On(mounted.Directory), Is.Null);
            Assert.That(Directory.Exists(mounted.Directory), Is.False, "it was made for the mount");
        }
        finally
        {
            reader.Kill();
            reader.WaitForExit();
        }
    }

    [Test]
    public void UnmountingEndsItOnceNobodyUsesIt()
    {
        Mounting.SkipUnlessPossible();
        Directory.CreateDirectory(Path.Combine(_folder, "machine"));
        using MountedCommand mounted = new(_folder, "machine", "loop-above-memory", "--speed", "0.01");
        using Process reader = ShellRun.Start("/", "sh", ["-c", $"exec 3< {mounted.Directory}/proc/vmstat; echo open; exec sleep 60"]);
        Assert.That(reader.StandardOutput.ReadLine(), Is.EqualTo("open"));
        ShellRun busy = ShellRun.Of("/", "fusermount3", ["-u", mounted.Directory]);
        string still = mounted.Cat("proc/meminfo");
        reader.Kill();
        reader.WaitForExit();

        Assert.That(busy.ExitCode, Is.Not.Zero);
        Assert.That(busy.Error, Does.Contain("busy"));
        Assert.That(still, Does.Contain("MemTotal"));
        Assert.That(ShellRun.Of("/", "fusermount3", ["-u", mounted.Directory]).ExitCode, Is.Zero);
        Assert.That(mounted.End().ExitCode, Is.Zero);
        Assert.That(Directory.Exists(mounted.Directory), Is.True, "it was there before");
    }

    [Test]
    public void WithExitItMeasuresWhatRunMeasures()
    {
        Mounting.SkipUnlessPossible();
        string[] options = ["two-under-one-limit", "--policy", "classic", "--csv", "-"];
        using MountedCommand mounted = new(_folder, "machine", [.. options, "--exit", "--speed", "max", "--accesses", "2000000"]);
        CommandRun run = mounted.End();

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(Untimed(run.Output), Is.EqualTo(Untimed(CommandRun.Of(_folder, null, ["run", .. options]).Output)));
    }

    [Test]
    public void InRealTimeTheScenarioGoesOnWhileItsFilesAreRead()
    {
        Mounting.SkipUnlessPossible();
        using MountedCommand mounted = new(_folder, "machine", "loop-above-memory", "--speed", "0.01");
        Stopwatch passed = Stopwatch.StartNew();
        long first = Faults(mounted);
        long second = first;
        while (second == first && passed.Elapsed < TimeSpan.FromSeconds(20))
            second = Faults(mounted);

        Assert.That(second, Is.GreaterThan(first));
        Assert.That(mounted.Error, Does.Not.Contain("has ended"));
    }

    [Test]
    public void AControlLoopReadsPressureAndAsksForMoreAsLongAsItIsLow()
    {
        Mounting.SkipUnlessPossible();
        using MountedCommand mounted = MountTight();
        string loop = Path.Combine(_folder, "loop.sh");
        File.WriteAllText(
            loop,
            $$"""
            cd {{Tight}}
            echo max > memory.max
            total() { sed -n 's/^some.*total=//p' memory.pressure; }
            asked=0
            last=$(total)
            for turn in 1 2 3 4 5 6 7 8 9 10; do
                sleep 0.1
                now=$(total)
                [ $((now - last)) -lt 400000 ] && echo 256K > memory.reclaim && asked=$((asked + 1))
                last=$now
            done
            echo $asked
            sed -n 's/^pgsteal_proactive //p' memory.stat
            """);
        ShellRun run = mounted.Sh($"sh {loop}");

        Assert.That(run.Error, Is.Empty);
        long[] told = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        Assert.That(told[0], Is.GreaterThan(0));
        Assert.That(told[1], Is.GreaterThanOrEqualTo(told[0] * 64), "256K are 64 pages");
    }

    [Test]
    public void AProgramThatPollsAPressureTriggerIsWoken()
    {
        Mounting.SkipUnlessPossible();
        string program = CProgram.Build(_folder, "wait_for_event.c");
        using MountedCommand mounted = MountTight();
        Stopwatch passed = Stopwatch.StartNew();
        ShellRun woken = ShellRun.Of(mounted.Directory, program, [$"{Tight}/memory.pressure", "some 2000 1000000", "2", "25000"]);
        Assert.That(passed.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)), "poll(2) asks by itself only when its time is over");
        ShellRun unreached = ShellRun.Of(mounted.Directory, program, [$"{Tight}/memory.pressure", "full 999000 1000000", "1", "1000"]);

        Assert.That(woken, Is.EqualTo(new ShellRun(0, "waiting\nevent\nevent\n", "")));
        Assert.That(unreached, Is.EqualTo(new ShellRun(1, "waiting\nno event\n", "")));
        Assert.That(mounted.Sh($"/bin/echo sometimes > {Tight}/memory.pressure").Error, Does.Contain("Invalid argument"));
    }

    [Test]
    public void PressureFadesWhenTheScenarioHasEnded()
    {
        Mounting.SkipUnlessPossible();
        using MountedCommand mounted = MountTight("--accesses", "400000");
        mounted.WaitFor("stays mounted");
        Stopwatch passed = Stopwatch.StartNew();
        string ended = mounted.Cat($"{Tight}/memory.pressure");
        string last = ended;
        while (!last.StartsWith("some avg10=0.00 ", StringComparison.Ordinal) && passed.Elapsed < TimeSpan.FromSeconds(30))
            last = mounted.Cat($"{Tight}/memory.pressure");

        Assert.That(ended, Does.Not.StartWith("some avg10=0.00 "));
        Assert.That(last, Does.StartWith("some avg10=0.00 "));
    }

    [Test]
    public void ADirectoryWhoseServerWasKilledIsNamedAsLeftOver()
    {
        Mounting.SkipUnlessPossible();
        using MountedCommand mounted = new(_folder, "machine", "loop-above-memory", "--speed", "0.01");
        mounted.Signal("KILL");
        _ = mounted.End();
        CommandRun again = CommandRun.Of(_folder, null, "mount", "machine", "loop-above-memory");

        Assert.That(again.ExitCode, Is.EqualTo(1));
        Assert.That(again.ErrorLines, Has.Length.EqualTo(1).And.One.Contains("left over").And.One.Contains($"fusermount3 -u {mounted.Directory}"));
    }

    [TestCase("not empty", "full", "demo")]
    [TestCase("is a file", "full/file", "demo")]
    [TestCase("no directory", "nowhere/machine", "demo")]
    [TestCase("--speed '0'", "machine", "demo", "--speed", "0")]
    [TestCase("--speed 'fast'", "machine", "demo", "--speed", "fast")]
    [TestCase("--accesses '0'", "machine", "demo", "--accesses", "0")]
    [TestCase("nosuch", "machine", "demo", "--policy", "nosuch")]
    public void BadArgumentsAreNamed(string named, params string[] arguments)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "full"));
        File.WriteAllText(Path.Combine(_folder, "full", "file"), "");
        if (!named.StartsWith("--", StringComparison.Ordinal))
            Mounting.SkipUnlessPossible();
        CommandRun run = CommandRun.Of(_folder, null, ["mount", .. arguments]);

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Error);
        Assert.That(run.ErrorLines, Has.Length.EqualTo(1).And.One.Contains(named));
        Assert.That(Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName), Is.EqualTo(["full"]));
    }

    [Test]
    public void WithoutTheLibraryThePackageIsNamed()
    {
        Mounting.SkipUnlessPossible();
        ShellRun hidden = ShellRun.Of(
            _folder,
            $"""
            unshare -m sh -c '
                for library in $(ldconfig -p | sed -n "s/.*libfuse3.* => //p"); do mount --bind /dev/null $library || exit 77; done
                exec dotnet exec {AppContext.BaseDirectory}/reclaim.dll mount machine loop-above-memory'
            """);
        if (hidden.ExitCode is 77 || hidden.Error.Contains("unshare", StringComparison.Ordinal))
            Assert.Ignore($"the library can't be hidden here: {hidden.Error}");

        Assert.That(hidden.ExitCode, Is.EqualTo(1), hidden.Error);
        Assert.That(hidden.Error, Does.Contain("libfuse3-3").And.Contain("fuse3"));
        Assert.That(Directory.Exists(Path.Combine(_folder, "machine")), Is.False);
    }

    /// <summary>A service with less memory than it works with, in time that goes twenty times as fast as ours.</summary>
    private MountedCommand MountTight(params string[] options)
    {
        File.WriteAllText(
            Path.Combine(_folder, "tight.yaml"),
            """
            name: tight
            summary: a service that waits for its pages
            seed: 1
            accesses: 100000000
            policies: [mglru]
            costs: { access_ns: 100, swap: nvme, file_read_us: 100, scan_ns: 100 }
            nodes:
              - { memory: 64M }
            memcgs:
              - { path: /shop }
              - { path: /shop/db, max: 12M }
            processes:
              - { name: db, memcg: /shop/db, anon: all, rate: 20000, pattern: { kind: zipf, pages: 8192, skew: 0.6, write: 0.2 } }
            """);
        return new MountedCommand(_folder, "machine", ["tight.yaml", "--speed", "20", .. options]);
    }

    private static long Faults(MountedCommand mounted)
    {
        string line = mounted.Sh("grep '^pgfault ' proc/vmstat").Output;
        return long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>The rows of a CSV without the two columns that depend on the time a run took.</summary>
    private static string[] Untimed(string csv)
    {
        string[][] lines = [.. csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('\r').Split(','))];
        int[] timed = [Array.IndexOf(lines[0], "wall_seconds"), Array.IndexOf(lines[0], "accesses_per_second")];
        Assert.That(timed, Has.None.EqualTo(-1));
        return [.. lines.Select(line => string.Join(',', line.Where((_, i) => !timed.Contains(i))))];
    }
}
