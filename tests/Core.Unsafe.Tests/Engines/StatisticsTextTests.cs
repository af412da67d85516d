using System.Globalization;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>memory.stat, memory.events and vmstat: keys, order and units are the kernel's (kernel-reclaim 7).</summary>
public class StatisticsTextTests
{
    /// <summary>The order of 6.18, as /proc/vmstat of a running one lists it; only what is modelled.</summary>
    private const string NodeKeys =
        "nr_free_pages nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file nr_zone_active_file "
        + "nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file "
        + "workingset_refault_anon workingset_refault_file workingset_activate_anon workingset_activate_file "
        + "workingset_restore_anon workingset_restore_file nr_anon_pages nr_mapped nr_file_pages nr_vmscan_write nr_vmscan_immediate_reclaim "
        + "pgdemote_kswapd pgdemote_direct pgdemote_proactive";

    private const string EventKeys =
        "pswpin pswpout allocstall_normal pgactivate pgdeactivate pgfault pgmajfault pgrefill "
        + "pgsteal_kswapd pgsteal_direct pgsteal_proactive pgscan_kswapd pgscan_direct pgscan_proactive "
        + "pgscan_anon pgscan_file pgsteal_anon pgsteal_file pageoutrun pgrotated oom_kill unevictable_pgs_culled";

    [Test]
    public void MemoryStatIsTheKernelsToTheByte()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        MemoryCgroup child = engine.CreateMemcg("child", memcg);
        engine.SetMax(memcg, 20);
        AddressSpace space = engine.CreateAddressSpace("s", 30, child);
        engine.Map(space, 25, 30, engine.CreateFile(5));
        Touch(engine, space, 0, 30);
        Touch(engine, space, 0, 1);

        Assert.That(engine.ReadMemoryStat(memcg), Is.EqualTo(
            """
            anon 61440
            file 20480
            file_mapped 20480
            inactive_anon 61440
            active_anon 0
            inactive_file 20480
            active_file 0
            workingset_refault_anon 1
            workingset_refault_file 0
            workingset_activate_anon 0
            workingset_activate_file 0
            workingset_restore_anon 0
            workingset_restore_file 0
            pgdemote_kswapd 0
            pgdemote_direct 0
            pgdemote_proactive 0
            pgscan 11
            pgsteal 11
            pswpin 1
            pswpout 11
            pgscan_kswapd 0
            pgscan_direct 11
            pgscan_proactive 0
            pgsteal_kswapd 0
            pgsteal_direct 11
            pgsteal_proactive 0
            pgfault 31
            pgmajfault 6
            pgrefill 0
            pgactivate 0
            pgdeactivate 0

            """));
        Assert.That(engine.ReadMemoryStat(engine.Root), Is.EqualTo(engine.ReadMemoryStat(memcg)), "there is nothing else");
    }

    [Test]
    public void MemoryEventsAreThoseOfTheTreeOrOfTheCgroupAlone()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        MemoryCgroup child = engine.CreateMemcg("child", memcg);
        engine.SetMax(memcg, 100);
        engine.SetHigh(child, 20);
        engine.SetMax(child, 30);
        Touch(engine, engine.CreateAddressSpace("s", 200, child), 0, 21);
        Touch(engine, engine.CreateAddressSpace("t", 200, memcg), 0, 110);

        Assert.That(engine.ReadMemoryEvents(child), Is.EqualTo("low 0\nhigh 1\nmax 0\noom 0\noom_kill 0\n"));
        Assert.That(engine.ReadMemoryEvents(memcg, local: true), Is.EqualTo($"low 0\nhigh 0\nmax {engine.ReadLocal(memcg, Counter.max)}\noom 0\noom_kill 0\n"));
        Assert.That(engine.ReadMemoryEvents(memcg), Is.EqualTo($"low 0\nhigh 1\nmax {engine.Read(memcg, Counter.max)}\noom 0\noom_kill 0\n"));
        Assert.That(engine.Read(memcg, Counter.max), Is.Positive);
    }

    [Test]
    public void VmstatHasSizesThenEventsAndANodeItsOwn()
    {
        using Engine engine = TwoNodes();

        Assert.That(string.Join(' ', Read(engine.ReadVmstat()).Select(l => l.Key)), Is.EqualTo(NodeKeys + " " + EventKeys));
        Assert.That(string.Join(' ', Read(engine.ReadNodeVmstat(engine.Nodes[1])).Select(l => l.Key)), Is.EqualTo(NodeKeys));
    }

    [Test]
    public void TheMachinesSizesAndNodeCountersAreTheSumOfItsNodes([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using Engine engine = TwoNodes(policy);
        AddressSpace home = engine.CreateAddressSpace("a", 300, engine.CreateMemcg("a"));
        AddressSpace away = engine.CreateAddressSpace("b", 300, engine.CreateMemcg("b"), 1);
        engine.Map(away, 0, 100, engine.CreateFile(100));
        Touch(engine, home, 0, 300);
        Touch(engine, away, 0, 300);
        engine.Reclaim(new ReclaimRequest(100));
        Touch(engine, home, 0, 300);
        Touch(engine, away, 0, 300);

        List<(string Key, long Value)> machine = Read(engine.ReadVmstat());
        List<(string Key, long Value)> first = Read(engine.ReadNodeVmstat(engine.Nodes[0]));
        List<(string Key, long Value)> second = Read(engine.ReadNodeVmstat(engine.Nodes[1]));
        for (int i = 0; i < first.Count; i++)
            Assert.That(machine[i], Is.EqualTo((first[i].Key, first[i].Value + second[i].Value)));

        long Of(string key) => machine.Single(l => l.Key == key).Value;
        Assert.That(Of("nr_free_pages") + Of("nr_anon_pages") + Of("nr_file_pages"), Is.EqualTo(2048));
        Assert.That(Of("nr_inactive_anon") + Of("nr_active_anon"), Is.EqualTo(Of("nr_anon_pages")));
        Assert.That(Of("nr_inactive_file") + Of("nr_active_file"), Is.EqualTo(Of("nr_file_pages")));
        Assert.That(Of("workingset_refault_anon") + Of("workingset_refault_file"), Is.GreaterThanOrEqualTo(100));
        Assert.That(Of("pgsteal_proactive"), Is.GreaterThanOrEqualTo(100).And.EqualTo(Of("pgsteal_anon") + Of("pgsteal_file")));
    }

    [Test]
    public void AFilePageIsMappedOnceWhoeverMapsItAndNotWhenItIsOnlyRead()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        PageFile file = engine.CreateFile(10);
        AddressSpace a = engine.CreateAddressSpace("a", 10, memcg);
        AddressSpace b = engine.CreateAddressSpace("b", 10);
        engine.Map(a, 0, 10, file);
        engine.Map(b, 0, 10, file);
        AccessTally tally = default;
        for (uint page = 0; page < 10; page++)
            engine.AccessFile(file, page, false, memcg, 0, ref tally);
        Assert.That(Mapped(), Is.Zero);

        Touch(engine, a, 0, 4);
        Touch(engine, b, 2, 6);
        Assert.That(Mapped(), Is.EqualTo(6), "charged to whoever read it in");
        engine.Discard(a, 0, 10);
        Assert.That(Mapped(), Is.EqualTo(4));
        engine.SetMax(memcg, 1);
        Assert.That(Mapped(), Is.LessThanOrEqualTo(1));
        Assert.That(engine.Validate(), Is.Null);

        long Mapped()
        {
            long bytes = Read(engine.ReadMemoryStat(memcg)).Single(l => l.Key == "file_mapped").Value;
            Assert.That(Read(engine.ReadVmstat()).Single(l => l.Key == "nr_mapped").Value * 4096, Is.EqualTo(bytes));
            return bytes / 4096;
        }
    }

    [Test]
    public void OfAnotherEngineOrOneThatIsGoneNothingIsRead()
    {
        Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        using Engine other = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        Assert.That(() => engine.ReadMemoryStat(other.CreateMemcg("m")), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.ReadMemoryEvents(other.Memcgs[1]), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.ReadNodeVmstat(other.Nodes[0]), Throws.TypeOf<EngineException>());

        engine.Dispose();

        Assert.That(engine.ReadVmstat, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => engine.ReadMemoryStat(other.Root), Throws.TypeOf<ObjectDisposedException>());
    }

    private static Engine TwoNodes(string policy = "fifo") =>
        new(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(1024), new NodeOptions(1024)] });

    private static List<(string Key, long Value)> Read(string text)
    {
        Assert.That(text, Does.EndWith("\n").And.Not.Contain("\r").And.Not.Contain("\n\n"));
        return [.. text[..^1].Split('\n').Select(line => line.Split(' ')).Select(words =>
        {
            Assert.That(words, Has.Length.EqualTo(2));
            return (words[0], long.Parse(words[1], CultureInfo.InvariantCulture));
        })];
    }

    private static void Touch(Engine engine, AddressSpace space, uint from, uint to)
    {
        AccessTally tally = default;
        for (uint page = from; page < to; page++)
            engine.Access(space, [page], ref tally);
    }
}
