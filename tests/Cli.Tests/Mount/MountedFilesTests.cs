using System.Globalization;

namespace ReclaimNative.Cli.Tests.Mount;

/// <summary>The files of a mounted scenario in the hands of a shell. The scenario has ended, so that what they say is known.</summary>
[NonParallelizable]
public sealed class MountedFilesTests
{
    private const string Scenario =
        """
        name: shop
        summary: one service that has come to rest
        seed: 1
        accesses: 100000
        policies: [mglru]
        nodes:
          - { memory: 64M }
        memcgs:
          - { path: /shop }
          - { path: /shop/db, max: 32M }
        processes:
          - { name: db, memcg: /shop/db, anon: all, pattern: { kind: loop, pages: 4096, write: 0.5 } }
        """;

    private const string Db = "sys/fs/cgroup/shop/db";
    private const long Mebibyte = 1 << 20;

    private static string _folder = "";
    private static MountedCommand? _mounted;

    private static MountedCommand Mounted => _mounted!;

    [OneTimeSetUp]
    public static void Mount()
    {
        Mounting.SkipUnlessPossible();
        _folder = Directory.CreateTempSubdirectory("reclaim-mount-").FullName;
        File.WriteAllText(Path.Combine(_folder, "shop.yaml"), Scenario);
        _mounted = new MountedCommand(_folder, "machine", "shop.yaml", "--speed", "max");
        _mounted.WaitFor("has ended after 100,000 accesses");
    }

    [OneTimeTearDown]
    public static void Unmount()
    {
        _mounted?.Dispose();
        if (_folder.Length > 0)
            Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void AnAmountWrittenIsReclaimed()
    {
        long before = Current();
        ShellRun run = Mounted.Sh($"/bin/echo 2M > {Db}/memory.reclaim");

        Assert.That(run, Is.EqualTo(new ShellRun(0, "", "")));
        Assert.That(before - Current(), Is.InRange(2 * Mebibyte, 3 * Mebibyte));
    }

    [Test]
    public void RedirectionsThatAppendReclaimToo()
    {
        long before = Current();
        ShellRun run = Mounted.Sh($"echo 1M >> {Db}/memory.reclaim && echo 1M swappiness=200 >> {Db}/memory.reclaim");

        Assert.That(run, Is.EqualTo(new ShellRun(0, "", "")));
        Assert.That(before - Current(), Is.InRange(2 * Mebibyte, 4 * Mebibyte));
    }

    [Test]
    public void MoreThanThereIsEndsWithEagain()
    {
        ShellRun run = Mounted.Sh($"mkdir sys/fs/cgroup/empty; /bin/echo 1M > sys/fs/cgroup/empty/memory.reclaim");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((1, "/bin/echo: write error: Resource temporarily unavailable\n")));
    }

    [Test]
    public void AMalformedAmountEndsWithEinvalAndItsWordIsNamed()
    {
        long before = Current();
        ShellRun run = Mounted.Sh($"/bin/echo 1M froggiest=7 > {Db}/memory.reclaim");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((1, "/bin/echo: write error: Invalid argument\n")));
        Mounted.WaitFor("froggiest=7");
        Assert.That(Mounted.Error, Does.Contain($"reclaim: {Db}/memory.reclaim: "));
        Assert.That(Current(), Is.EqualTo(before));
    }

    [Test]
    public void LimitsAreSetAndReadBack()
    {
        Assert.That(Mounted.Sh($"echo 48M > {Db}/memory.max && cat {Db}/memory.max").Output, Is.EqualTo("50331648\n"));
        Assert.That(Mounted.Sh($"echo max > {Db}/memory.max && cat {Db}/memory.max").Output, Is.EqualTo("max\n"));
    }

    [TestCase(Db + "/memory.reclaim", "200")]
    [TestCase("sys/devices/system/node/node0/reclaim", "200")]
    [TestCase(Db + "/memory.current", "444")]
    [TestCase(Db + "/memory.max", "644")]
    [TestCase(Db, "755")]
    public void ModesAndOwnersAreAsInTheKernel(string path, string mode)
    {
        Assert.That(Mounted.Sh($"stat -c '%a %u %g' {path}").Output, Is.EqualTo($"{mode} {ShellRun.Of("/", "id -u").Output.Trim()} {ShellRun.Of("/", "id -g").Output}"));
    }

    [TestCase("cat sys/devices/system/node/node0/reclaim")]
    [TestCase("cat " + Db + "/memory.reclaim")]
    [TestCase("true <> " + Db + "/memory.reclaim")]
    [TestCase("echo 1 > " + Db + "/memory.current")]
    [TestCase("echo 1 > " + Db + "/memory.new")]
    public void WhatTheModeForbidsIsRefusedToRootAsWell(string line)
    {
        ShellRun run = Mounted.Sh(line);

        Assert.That(run.ExitCode, Is.Not.Zero);
        Assert.That(run.Error, Does.Contain("Permission denied"));
    }

    [Test]
    public void TheTreeIsListedAndWalked()
    {
        string[] found = Mounted.Sh("find . -type f").Output.Split('\n');

        Assert.That(found, Does.Contain($"./{Db}/memory.reclaim").And.Contain("./sys/devices/system/node/node0/reclaim").And.Contain("./proc/vmstat"));
        string listed = Mounted.Sh("ls -R .").Output;
        Assert.That(listed, Does.Contain($"\n./{Db}:\n").And.Contain("\nmemory.stat\n"));
    }

    [Test]
    public void ADirectoryIsANewCgroup()
    {
        ShellRun run = Mounted.Sh("mkdir sys/fs/cgroup/shop/web && cat sys/fs/cgroup/shop/web/memory.current && ls sys/fs/cgroup/shop");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        Assert.That(run.Output, Does.StartWith("0\n").And.Contain("web\n"));
        Assert.That(Mounted.Sh("mkdir sys/fs/cgroup/shop/web").Error, Does.Contain("File exists"));
        Assert.That(Mounted.Sh("mkdir sys/kernel/web").Error, Does.Contain("Permission denied"));
    }

    [Test]
    public void NothingIsRemoved()
    {
        Assert.That(Mounted.Sh($"rmdir {Db}").Error, Does.Contain("not supported"));
        Assert.That(Mounted.Sh($"rm -f {Db}/memory.stat").Error, Does.Contain("not supported"));
    }

    [Test]
    public void ATextReadByteByByteIsTheWholeText()
    {
        Assert.That(Mounted.Sh($"dd if={Db}/memory.stat bs=1 status=none").Output, Is.EqualTo(Mounted.Cat($"{Db}/memory.stat")));
    }

    [Test]
    public void SeekingToTheStartReadsAnew()
    {
        string program = CProgram.Build(_folder, "read_again.c");
        ShellRun run = ShellRun.Of(Mounted.Directory, program, [$"{Db}/memory.current", $"{Db}/memory.reclaim", "1M"]);

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
        long[] read = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        Assert.That(read[0] - read[1], Is.InRange(Mebibyte, 2 * Mebibyte));
    }

    [Test]
    public void ReadersAtOnceDoNotDisturbEachOther()
    {
        ShellRun run = Mounted.Sh($"for reader in 1 2 3 4 5 6 7 8; do (i=0; while [ $i -lt 10 ]; do cat {Db}/memory.stat | cksum; i=$((i+1)); done) & done; wait");

        string[] sums = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(sums, Has.Length.EqualTo(80));
        Assert.That(sums.Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public void MoreThanAPageIsNoCommand()
    {
        string page = $"printf '%4096s' 1M | dd iflag=fullblock bs=8192 of={Db}/memory.reclaim status=none";

        Assert.That(Mounted.Sh(page), Is.EqualTo(new ShellRun(0, "", "")));
        Assert.That(Mounted.Sh(page.Replace("4096", "4097", StringComparison.Ordinal)).Error, Does.Contain("Argument list too long"));
    }

    private static long Current() => long.Parse(Mounted.Cat($"{Db}/memory.current"), CultureInfo.InvariantCulture);
}
