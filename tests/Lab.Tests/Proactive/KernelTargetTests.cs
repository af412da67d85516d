using ReclaimNative.Lab.Proactive;

namespace ReclaimNative.Lab.Tests.Proactive;

/// <summary>Requests to a kernel, against a directory in the place of its files.</summary>
public sealed class KernelTargetTests
{
    private readonly List<(string File, string Text)> _announced = [];
    private string _root = "";

    [SetUp]
    public void MakeAKernel()
    {
        _root = Directory.CreateTempSubdirectory("kernel").FullName;
        _announced.Clear();
        Write("sys/devices/system/node/online", "0-1\n");
        Write("sys/devices/system/node/node0/reclaim", "");
        Write("sys/devices/system/node/node1/reclaim", "");
        Write("sys/fs/cgroup/db/memory.reclaim", "");
        Write("sys/fs/cgroup/db/memory.stat", "anon 1\npgsteal_proactive 5\n");
        Write("proc/vmstat", "pgscan_proactive 100\npgsteal_proactive 50\npgdemote_proactive 3\n");
    }

    [TearDown]
    public void RemoveIt() => Directory.Delete(_root, recursive: true);

    [TestCase(null, "67108864")]
    [TestCase(10, "67108864 swappiness=10")]
    [TestCase(ReclaimRequest.AnonOnly, "67108864 swappiness=max")]
    public void ANodeIsAskedInTheKernelsWords(int? swappiness, string text)
    {
        RequestReport report = Carry(Of(1, 16384) with { Swappiness = swappiness });

        Assert.That(Read("sys/devices/system/node/node1/reclaim"), Is.EqualTo(text));
        Assert.That(Read("sys/devices/system/node/node0/reclaim"), Is.Empty);
        Assert.That(_announced, Is.EqualTo(new[] { (Path.Combine(_root, "sys/devices/system/node/node1/reclaim"), text) }));
        Assert.That((report.Stop, report.Reclaimed, report.Scanned, report.Demoted), Is.EqualTo(("done", 0L, (long?)0, (long?)0)), "what counters say");
    }

    [Test]
    public void ACgroupIsAskedOnAllNodes()
    {
        Carry(new RequestSpec(NodeSet.All, 1) { Memcg = "/db" });

        Assert.That(Read("sys/fs/cgroup/db/memory.reclaim"), Is.EqualTo("4096"));
        Assert.That(_announced, Has.Count.EqualTo(1));
    }

    [Test]
    public void AmountsAreWhatTheCountersHaveGrownBy()
    {
        RequestReport report = new KernelTarget(_root)
        {
            Announced = (_, _) => Write("proc/vmstat", "pgscan_proactive 170\npgsteal_proactive 110\npgdemote_proactive 4\n"),
        }.Carry(Of(0, 32), CancellationToken.None);

        Assert.That((report.Reclaimed, report.Scanned, report.Demoted), Is.EqualTo((60L, (long?)70, (long?)1)));
    }

    [Test]
    public void WhatTheKernelCantDoIsRefusedAndNothingWritten([ValueSource(nameof(Foreign))] RequestSpec request)
    {
        Assert.That(() => Carry(request), Throws.TypeOf<EngineException>().With.Message.Contains("accepted"));
        Assert.That(_announced, Is.Empty);
    }

    [Test]
    public void AFileThatIsNotThereIsNamed()
    {
        File.Delete(Path.Combine(_root, "sys/devices/system/node/node0/reclaim"));

        Assert.That(() => Carry(Of(0, 1)), Throws.TypeOf<EngineException>().With.Message.Contains("node0/reclaim does not exist"));
        Assert.That(() => Carry(new RequestSpec(NodeSet.All, 1) { Memcg = "/none" }), Throws.TypeOf<EngineException>().With.Message.Contains("memory.reclaim"));
        Assert.That(_announced, Is.Empty);
    }

    [Test]
    public void ANodeThatIsNotThereIsNamed() =>
        Assert.That(() => Carry(Of(2, 1)), Throws.TypeOf<EngineException>().With.Message.Contains("has 0-1"));

    internal static IEnumerable<RequestSpec> Foreign()
    {
        RequestSpec plain = Of(0, 1);
        yield return plain with { Types = ReclaimTypes.File };
        yield return plain with { Mode = ReclaimMode.Demote };
        yield return plain with { MinIdle = TimeSpan.FromSeconds(1) };
        yield return plain with { MaxScanned = 5 };
        yield return plain with { TimeLimit = TimeSpan.FromSeconds(1) };
        yield return plain with { IsPreview = true };
        yield return plain with { Memcg = "/db" };
        yield return new RequestSpec(NodeSet.All, 1) { Memcg = "db" };
        yield return new RequestSpec(NodeSet.All, 1) { Memcg = "/../x" };
    }

    private static RequestSpec Of(int node, long pages) => new(NodeSet.OfMask(1UL << node), pages);

    private RequestReport Carry(RequestSpec request) =>
        new KernelTarget(_root) { Announced = (file, text) => _announced.Add((file, text)) }.Carry(request, CancellationToken.None);

    private void Write(string file, string text)
    {
        string path = Path.Combine(_root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private string Read(string file) => File.ReadAllText(Path.Combine(_root, file));
}
