using System.Text;
using ReclaimNative.Control;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Control;

/// <summary>The tree of control files over an engine: what is where, what it says, and what a write does.</summary>
public class ControlTreeTests
{
    private Engine _engine = null!;
    private ControlTree _tree = null!;
    private MemoryCgroup _memcg = null!;
    private AddressSpace _space = null!;

    [SetUp]
    public void Build() => Build(KernelVersion.Fixed);

    [TearDown]
    public void Dispose() => _engine.Dispose();

    [Test]
    public void DirectoriesListWhatTheyHoldWithItsMode()
    {
        Assert.That(Show(""), Is.EqualTo("proc/ sys/"));
        Assert.That(Show("sys"), Is.EqualTo("sys/devices/ sys/fs/ sys/kernel/"));
        Assert.That(Show("sys/devices/system/node"), Is.EqualTo(
            "sys/devices/system/node/has_memory:444 sys/devices/system/node/online:444 sys/devices/system/node/possible:444 "
            + "sys/devices/system/node/node0/ sys/devices/system/node/node1/"));
        Assert.That(Names("sys/devices/system/node/node1"), Is.EqualTo("distance:444 meminfo:444 memory_pressure:644 reclaim:200 reclaim_request:200 vmstat:444"));
        Assert.That(Names("sys/fs/cgroup"), Is.EqualTo("cgroup.controllers:444 memory.numa_stat:444 memory.pressure:644 memory.reclaim:200 memory.stat:444 m/"));
        Assert.That(Names("sys/fs/cgroup/m"), Is.EqualTo(
            "cgroup.controllers:444 memory.current:444 memory.events:444 memory.events.local:444 memory.high:644 memory.low:644 memory.max:644 "
            + "memory.min:644 memory.numa_stat:444 memory.pressure:644 memory.reclaim:200 memory.stat:444 memory.swap.current:444 memory.swap.max:644"));
        Assert.That(Names("sys/kernel/mm/numa"), Is.EqualTo("demotion_enabled:644"));
        Assert.That(Names("proc/sys/vm"), Is.EqualTo("swappiness:644"));
    }

    [Test]
    public void EveryReadableFileCanBeReadAndEveryOtherSaysWhyNot()
    {
        int files = 0;
        foreach (ControlEntry entry in All(""))
        {
            using ControlFile file = _tree.Open(entry.Path);
            if (entry.IsReadable)
                Assert.That(file.Read(), Does.EndWith("\n").Or.Empty, entry.Path);
            else
                Assert.That(Error(() => file.Read()), Is.EqualTo(ControlError.Access), entry.Path);
            if (!entry.IsWritable)
                Assert.That(Error(() => file.Write("1"u8)), Is.EqualTo(ControlError.Access), entry.Path);
            Assert.That(_tree.Find(entry.Path), Is.EqualTo(entry));
            files++;
        }

        Assert.That(files, Is.GreaterThan(30));
    }

    [Test]
    public void WhatIsNotThereIsSaidSo()
    {
        Assert.That(_tree.Find("sys/nothing"), Is.Null);
        Assert.That(_tree.Find("sys/fs/cgroup/m/memory.stat/x"), Is.Null);
        Assert.That(Error(() => _tree.Open("sys/nothing")), Is.EqualTo(ControlError.NoEntry));
        Assert.That(Error(() => _tree.Open("sys/fs/cgroup/m/memory.stat/x")), Is.EqualTo(ControlError.NotDirectory));
        Assert.That(Error(() => _tree.Open("sys")), Is.EqualTo(ControlError.IsDirectory));
        Assert.That(Error(() => _tree.List("proc/vmstat")), Is.EqualTo(ControlError.NotDirectory));
        Assert.That(Error(() => _tree.List("proc/x")), Is.EqualTo(ControlError.NoEntry));
    }

    [Test]
    public void TheFilesOfNodesSayWhatTheEngineKnows()
    {
        Assert.That(Read("sys/devices/system/node/online"), Is.EqualTo("0-1\n"));
        Assert.That(Read("sys/devices/system/node/node1/distance"), Is.EqualTo("20 10\n"));
        Assert.That(Read("sys/devices/system/node/node0/vmstat"), Is.EqualTo(_engine.ReadNodeVmstat(_engine.Nodes[0])));
        string[] lines = Read("sys/devices/system/node/node0/meminfo").Split('\n');
        Assert.That(lines[0], Is.EqualTo("Node 0 MemTotal:           8192 kB"));
        Assert.That(lines[1], Is.EqualTo($"Node 0 MemFree:        {_engine.Nodes[0].Free * 4,8} kB"));
        Assert.That(lines, Does.Contain($"Node 0 MemUsed:        {(2048 - _engine.Nodes[0].Free) * 4,8} kB"));
        Assert.That(lines, Does.Contain("Node 0 AnonPages:           400 kB"));
    }

    [Test]
    public void MeminfoHasTheKernelsColumns()
    {
        string[] lines = Read("proc/meminfo").Split('\n');

        Assert.That(lines[0], Is.EqualTo("MemTotal:          16384 kB"));
        Assert.That(lines, Does.Contain("AnonPages:           400 kB"));
        Assert.That(lines, Does.Contain("SwapTotal:          4000 kB"));
        Assert.That(lines, Does.Contain("SwapFree:           4000 kB"));
        Assert.That(Read("proc/vmstat"), Is.EqualTo(_engine.ReadVmstat()));
    }

    [Test]
    public void TheFilesOfACgroupSayWhatItHas()
    {
        Assert.That(Read("sys/fs/cgroup/m/memory.current"), Is.EqualTo($"{100 * 4096}\n"));
        Assert.That(Read("sys/fs/cgroup/m/memory.stat"), Is.EqualTo(_engine.ReadMemoryStat(_memcg)));
        Assert.That(Read("sys/fs/cgroup/m/memory.numa_stat"), Does.StartWith("anon N0=409600 N1=0\nfile N0=0 N1=0\nfile_mapped N0=0 N1=0\n"));
        Write("sys/fs/cgroup/m/memory.reclaim", "40K");
        Assert.That(Read("sys/fs/cgroup/m/memory.current"), Is.EqualTo($"{_memcg.Usage * 4096}\n"));
        Assert.That(Read("sys/fs/cgroup/m/memory.swap.current"), Is.EqualTo($"{_memcg.SwapUsage * 4096}\n"));
        Assert.That(_memcg.Usage, Is.LessThanOrEqualTo(90));
    }

    [TestCase("memory.high", "1M", "1048576")]
    [TestCase("memory.low", "4097", "4096")]
    [TestCase("memory.max", "0x100000\n", "1048576")]
    [TestCase("memory.min", " 12k ", "12288")]
    [TestCase("memory.swap.max", "0", "0")]
    [TestCase("memory.max", "max\n", "max")]
    [TestCase("memory.high", "8E", "max")]
    public void ALimitIsReadAsItWasWrittenInWholePages(string file, string written, string read)
    {
        Write("sys/fs/cgroup/m/" + file, written);

        Assert.That(Read("sys/fs/cgroup/m/" + file), Is.EqualTo(read + "\n"));
    }

    [Test]
    public void LimitsReachTheEngineEachByItself()
    {
        Write("sys/fs/cgroup/m/memory.low", "16K");
        Write("sys/fs/cgroup/m/memory.min", "4K");
        Write("sys/fs/cgroup/m/memory.low", "16K");
        Write("sys/fs/cgroup/m/memory.min", "8K");
        Write("sys/fs/cgroup/m/memory.swap.max", "20K");
        Write("sys/fs/cgroup/m/memory.high", "200K");
        Write("sys/fs/cgroup/m/memory.max", "400K");

        Assert.That((_memcg.Min, _memcg.Low, _memcg.SwapMax, _memcg.High, _memcg.Max), Is.EqualTo((2UL, 4UL, 5UL, 50UL, 100UL)));
    }

    [TestCase("")]
    [TestCase("-1")]
    [TestCase("MAX")]
    [TestCase("1M 2M")]
    [TestCase("1.5M")]
    [TestCase("16E")]
    public void ALimitThatIsNoneChangesNothing(string text)
    {
        foreach (string file in new[] { "memory.high", "memory.low", "memory.max", "memory.min", "memory.swap.max" })
        {
            string before = Read("sys/fs/cgroup/m/" + file);
            Assert.That(Error(() => Write("sys/fs/cgroup/m/" + file, text)), Is.EqualTo(ControlError.Invalid));
            Assert.That(Read("sys/fs/cgroup/m/" + file), Is.EqualTo(before));
        }
    }

    [Test]
    public void ADirectoryIsACgroup()
    {
        _tree.CreateDirectory("sys/fs/cgroup/m/below");

        Assert.That(_engine.Memcgs[^1].Path, Is.EqualTo("/m/below"));
        Assert.That(Read("sys/fs/cgroup/m/below/memory.current"), Is.EqualTo("0\n"));
        Assert.That(Error(() => _tree.CreateDirectory("sys/fs/cgroup/m/below")), Is.EqualTo(ControlError.Exists));
        Assert.That(Error(() => _tree.CreateDirectory("sys/fs/cgroup/m/memory.max")), Is.EqualTo(ControlError.Exists));
        Assert.That(Error(() => _tree.CreateDirectory("sys/fs/cgroup/x/below")), Is.EqualTo(ControlError.NoEntry));
        Assert.That(Error(() => _tree.CreateDirectory("sys/kernel/x")), Is.EqualTo(ControlError.Access));
        while (_engine.Memcgs.Count < _engine.MemcgCapacity)
            _tree.CreateDirectory($"sys/fs/cgroup/c{_engine.Memcgs.Count}");
        Assert.That(Error(() => _tree.CreateDirectory("sys/fs/cgroup/more")), Is.EqualTo(ControlError.NoSpace));
    }

    [Test]
    public void SwitchesReachTheEngine()
    {
        Write("proc/sys/vm/swappiness", "0x20\n");
        Write("sys/kernel/mm/lru_gen/min_ttl_ms", "1500\n");
        Write("sys/kernel/mm/numa/demotion_enabled", "1\n");

        Assert.That((_engine.Root.Swappiness, _engine.MinTtlMs, _engine.IsDemotionOn), Is.EqualTo((32, 1500L, true)));
        Assert.That(Read("proc/sys/vm/swappiness") + Read("sys/kernel/mm/lru_gen/min_ttl_ms") + Read("sys/kernel/mm/numa/demotion_enabled"), Is.EqualTo("32\n1500\ntrue\n"));
        Write("sys/kernel/mm/numa/demotion_enabled", "off");
        Assert.That(_engine.IsDemotionOn, Is.False);
    }

    [TestCase("proc/sys/vm/swappiness", "201")]
    [TestCase("proc/sys/vm/swappiness", "max")]
    [TestCase("proc/sys/vm/swappiness", "")]
    [TestCase("sys/kernel/mm/lru_gen/min_ttl_ms", "-1")]
    [TestCase("sys/kernel/mm/lru_gen/min_ttl_ms", "4294967296")]
    [TestCase("sys/kernel/mm/numa/demotion_enabled", "2")]
    [TestCase("sys/kernel/mm/numa/demotion_enabled", "o")]
    [TestCase("sys/kernel/mm/reclaim", "0 1 - 0")]
    [TestCase("sys/devices/system/node/node0/reclaim_request", "1 - 0 64")]
    public void WhatMeansNothingIsRefused(string file, string text) =>
        Assert.That(Error(() => Write(file, text)), Is.EqualTo(ControlError.Invalid));

    [TestCase("sys/devices/system/node/node0/reclaim", "40K")]
    [TestCase("sys/devices/system/node/node0/reclaim_request", "10 - 1 0")]
    [TestCase("sys/kernel/mm/reclaim", "0-1 10 60 0 0")]
    public void RequestsReclaim(string file, string text)
    {
        Write(file, text);

        Assert.That(_engine.Read(_engine.Root, Counter.pgsteal_proactive), Is.GreaterThanOrEqualTo(10));
    }

    [TestCase("sys/fs/cgroup/m/memory.reclaim", "8M")]
    [TestCase("sys/devices/system/node/node1/reclaim", "8M")]
    [TestCase("sys/kernel/mm/reclaim", "1 10 60 0 0")]
    public void LessThanAskedIsToBeTriedAgain(string file, string text) =>
        Assert.That(Error(() => Write(file, text)), Is.EqualTo(ControlError.Again));

    [Test]
    public void ACancelledRequestIsInterrupted()
    {
        using var cancel = new CancellationTokenSource();
        var tree = new ControlTree(_engine, () => cancel.Token);
        cancel.Cancel();
        foreach ((string file, string text) in new[] { ("sys/fs/cgroup/m/memory.reclaim", "64K"), ("sys/devices/system/node/node0/reclaim_request", "10 - 0 0") })
        {
            using ControlFile open = tree.Open(file);
            Assert.That(Error(() => open.Write(Encoding.Latin1.GetBytes(text))), Is.EqualTo(ControlError.Interrupted), file);
        }

        Assert.That(_memcg.Usage, Is.EqualTo(100UL));
    }

    [TestCase("10 60 1 2", "swappiness")]
    [TestCase("10 - 1 16", "demot")]
    public void WhatTheEngineRefusesIsInvalidInItsOwnWords(string text, string names)
    {
        ControlException refusal = Assert.Throws<ControlException>(() => Write("sys/devices/system/node/node1/reclaim_request", text))!;

        Assert.That(refusal.Error, Is.EqualTo(ControlError.Invalid));
        Assert.That(refusal.Message, Does.Contain(names).IgnoreCase);
    }

    [Test]
    public void TheNodeFileOf618HidesEveryErrorAndOlderKernelsHaveNone()
    {
        const string File = "sys/devices/system/node/node0/reclaim";
        Assert.That(Error(() => Write(File, "foo")), Is.EqualTo(ControlError.Invalid));
        Build(KernelVersion.V6_18);
        Assert.That(Error(() => Write(File, "foo")), Is.EqualTo(ControlError.Again));
        Assert.That(Error(() => Write("sys/fs/cgroup/m/memory.reclaim", "foo")), Is.EqualTo(ControlError.Invalid));
        Assert.That(() => Write(File, ""), Throws.Nothing, "a write of nothing does not reach the file");
        foreach (KernelVersion kernel in new[] { KernelVersion.V6_1, KernelVersion.V6_12 })
        {
            Build(kernel);
            Assert.That(_tree.Find(File), Is.Null);
        }

        Assert.That(Error(() => Write("sys/fs/cgroup/m/memory.reclaim", "")), Is.EqualTo(ControlError.Invalid), "6.12");
        Build(KernelVersion.V6_1);
        Assert.That(Error(() => Write("sys/fs/cgroup/m/memory.reclaim", "\n")), Is.EqualTo(ControlError.Again), "everything is more than there is");
        Assert.That(_memcg.Usage, Is.Zero);
    }

    [Test]
    public void PressureIsReadAndWaitedForByOneTriggerAFile()
    {
        Assert.That(Read("proc/pressure/memory"), Is.EqualTo(_engine.ReadMemoryPressure(_engine.Root)));
        Assert.That(Read("sys/devices/system/node/node1/memory_pressure"), Does.StartWith("some avg10="));
        using (ControlFile file = _tree.Open("sys/fs/cgroup/m/memory.pressure"))
        {
            Assert.That(file.TakePriorityEvent(), Is.False);
            Assert.That(Error(() => file.Write("some 1"u8)), Is.EqualTo(ControlError.Invalid));
            file.Write("some 100000 1000000\n"u8);
            Assert.That(Error(() => file.Write("some 100000 1000000\n"u8)), Is.EqualTo(ControlError.Busy));
            using ControlFile other = _tree.Open("sys/fs/cgroup/m/memory.pressure");
            other.Write("full 500000 1000000\n"u8);
            _engine.SetTaskState(_space, TaskState.Stalled);
            _engine.NowMs += 300;
            Assert.That((file.TakePriorityEvent(), file.TakePriorityEvent(), other.TakePriorityEvent()), Is.EqualTo((true, false, false)));
            Assert.That(file.Read(), Is.EqualTo(_engine.ReadMemoryPressure(_memcg)).And.Contain("total=300000"));
            Assert.That(_engine.Pressure.TriggerCount, Is.EqualTo(2));
        }

        Assert.That(_engine.Pressure.TriggerCount, Is.Zero, "a trigger ends with its file");
    }

    [Test]
    public void WithoutPressureItsFilesAreNotSupported()
    {
        Build(KernelVersion.Fixed, pressure: false);

        Assert.That(_tree.Find("proc/pressure"), Is.Null);
        Assert.That(_tree.Find("sys/devices/system/node/node0/memory_pressure"), Is.Null);
        Assert.That(Error(() => Read("sys/fs/cgroup/memory.pressure")), Is.EqualTo(ControlError.NotSupported));
        Assert.That(Error(() => Write("sys/fs/cgroup/memory.pressure", "some 1 1")), Is.EqualTo(ControlError.NotSupported));
    }

    [Test]
    public void WithoutCgroupsThereAreNoneToBeSeen()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { NoMemcg = true });
        var tree = new ControlTree(engine);

        Assert.That(tree.Find("sys/fs"), Is.Null);
        Assert.That(tree.Find("sys/devices/system/node/node0/reclaim"), Is.Not.Null);
    }

    [Test]
    public void AFileOfARemovedCgroupStaysOpenAndAnswersThatItIsGone()
    {
        MemoryCgroup ends = _engine.CreateMemcg("ends", _memcg);
        ControlEntry[] entries = [.. All("sys/fs/cgroup/m/ends")];
        ControlFile[] files = [.. entries.Select(entry => _tree.Open(entry.Path))];
        foreach ((ControlFile file, ControlEntry entry) in files.Zip(entries).Where(pair => pair.Second.IsReadable))
            Assert.That(file.Read, Throws.Nothing, entry.Path);
        _engine.Remove(ends);
        for (int again = 0; again < 2; again++)
        {
            foreach ((ControlFile file, ControlEntry entry) in files.Zip(entries))
            {
                Assert.That(Error(() => file.Read()), Is.EqualTo(ControlError.NoDevice), entry.Path);
                Assert.That(Error(() => file.Write("1"u8)), Is.EqualTo(ControlError.NoDevice), entry.Path);
            }

            // One of the same name, and of the same number, is another.
            MemoryCgroup next = _engine.CreateMemcg("ends", _memcg);
            Assert.That(next.Id, Is.EqualTo(ends.Id));
            using ControlFile opened = _tree.Open("sys/fs/cgroup/m/ends/memory.current");
            Assert.That(opened.Read(), Is.EqualTo("0\n"));
            if (again == 0)
                _engine.Remove(next);
        }

        foreach (ControlFile file in files)
            file.Dispose();
    }

    private void Build(KernelVersion kernel, bool pressure = true)
    {
        _engine?.Dispose();
        _engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with
        {
            Nodes = [new NodeOptions(2048), new NodeOptions(2048, 1)],
            SwapPages = 1000,
            Kernel = kernel,
            Pressure = pressure,
        });
        _tree = new ControlTree(_engine);
        _memcg = _engine.CreateMemcg("m");
        _space = _engine.CreateAddressSpace("s", 100, _memcg);
        var tally = default(AccessTally);
        _engine.Access(_space, [.. Enumerable.Range(0, 100).Select(i => (uint)i)], ref tally);
    }

    private IEnumerable<ControlEntry> All(string directory) =>
        _tree.List(directory).SelectMany(e => e.IsDirectory ? All(e.Path) : [e]);

    private string Show(string directory) => string.Join(' ', _tree.List(directory).Select(Show));

    private string Names(string directory) => Show(directory).Replace(directory + "/", "", StringComparison.Ordinal);

    private static string Show(ControlEntry entry) => entry.Path + (entry.IsDirectory ? "/" : ":" + Convert.ToString(entry.Mode, 8));

    private string Read(string path)
    {
        using ControlFile file = _tree.Open(path);
        return file.Read();
    }

    private void Write(string path, string text)
    {
        using ControlFile file = _tree.Open(path);
        file.Write(Encoding.Latin1.GetBytes(text));
    }

    private static ControlError Error(Action action) => Assert.Throws<ControlException>(action)!.Error;
}
