using System.Diagnostics;
using System.Globalization;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>How a mount begins and ends, and that the scenario goes on meanwhile.</summary>
[NonParallelizable]
public sealed class MountCommandTests
{
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
    public void AControlLoopThatReadsUsageAndAsksForReclaimHoldsItDown()
    {
        Mounting.SkipUnlessPossible();
        using MountedCommand mounted = new(_folder, "machine", "loop-above-memory", "--policy", "mglru", "--speed", "0.05");
        string cgroup = mounted.Sh("dirname sys/fs/cgroup/*/memory.reclaim").Output.Trim();
        ShellRun loop = mounted.Sh(
            $"""
            asked=0
            for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                if [ $(cat {cgroup}/memory.current) -gt 4194304 ]; then
                    echo 2M > {cgroup}/memory.reclaim && asked=$((asked + 1))
                fi
                sleep 0.05
            done
            echo $asked
            grep "^pgsteal_proactive " {cgroup}/memory.stat
            """);

        string[] lines = loop.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        long asked = long.Parse(lines[0], CultureInfo.InvariantCulture);
        Assert.That(asked, Is.GreaterThan(0), loop.Error);
        Assert.That(long.Parse(lines[1].Split(' ')[1], CultureInfo.InvariantCulture), Is.GreaterThanOrEqualTo(asked * 512), "2M are 512 pages");
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
