using System.Text;
using ReclaimNative.Control;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Control;

/// <summary>Commands written to lru_gen: every outcome of the table in kernel-reclaim 5.19, in each profile.</summary>
public class LruGenCommandTests
{
    private Engine _engine = null!;
    private MemoryCgroup _memcg = null!;
    private AddressSpace _space = null!;

    [TearDown]
    public void Dispose() => _engine?.Dispose();

    [TestCase("")]
    [TestCase("\n")]
    [TestCase(" ;, \n")]
    [TestCase("x 1 0 3")]
    [TestCase("*1 0 3")]
    [TestCase("+")]
    [TestCase("+ 1 0")]
    [TestCase("+ 1 0 x")]
    [TestCase("+ -1 0 3")]
    [TestCase("+ 0x1 0 3")]
    [TestCase("+ 1 0 3 60 1 1")]
    [TestCase("+ 1 0 3 60 1 x")]
    [TestCase("+ 1 0 3 60 -1")]
    [TestCase("+ 1 0 3 abc")]
    [TestCase("+ 1 0 3 202")]
    [TestCase("+ 1 0 3 60x")]
    [TestCase("+ 1 2 3", Description = "no such node")]
    [TestCase("+ 1 4294967296 3")]
    [TestCase("+ 9 0 3", Description = "no such cgroup")]
    [TestCase("+ 1 0 4", Description = "a generation yet to come")]
    [TestCase("- 1 0 2", Description = "one of the two youngest")]
    [TestCase("- 1 0 99999999999999999999")]
    [TestCase("+ 2 0 3", Description = "bound to fifo")]
    public void IsInvalidInEveryProfile(string text)
    {
        foreach (KernelVersion kernel in Enum.GetValues<KernelVersion>())
        {
            Build(kernel);
            string before = State();

            ControlException refusal = Assert.Throws<ControlException>(() => Write(text))!;

            Assert.That(refusal.Error, Is.EqualTo(ControlError.Invalid), refusal.Message);
            Assert.That(refusal.Message, Does.Contain("accepted").Or.Contain("required"));
            Assert.That(State(), Is.EqualTo(before), "nothing was done");
        }
    }

    [Test]
    public void ACommandForAnotherPolicyNamesIt()
    {
        Build(KernelVersion.Fixed);

        Assert.That(() => Write("+ 2 0 3"), Throws.TypeOf<ControlException>().With.Message.Contains("/f, is bound to policy fifo"));
    }

    [TestCase(KernelVersion.V6_1, "201", ControlError.Invalid)]
    [TestCase(KernelVersion.V6_12, "max", ControlError.Invalid)]
    [TestCase(KernelVersion.V6_12, "0x10", ControlError.Invalid)]
    [TestCase(KernelVersion.V6_12, "0060", null)]
    [TestCase(KernelVersion.V6_18, "201", null)]
    [TestCase(KernelVersion.V6_18, "max", null)]
    [TestCase(KernelVersion.V6_18, "0x10", null)]
    [TestCase(KernelVersion.V6_18, "+60", null)]
    [TestCase(KernelVersion.V6_18, "99999", ControlError.Invalid)]
    [TestCase(KernelVersion.Fixed, "00060", ControlError.Invalid)]
    [TestCase(KernelVersion.V6_18, "4294967296", ControlError.Range)]
    [TestCase(KernelVersion.Fixed, "99999999999999999999999", ControlError.Range)]
    [TestCase(KernelVersion.V6_12, "4294967296", ControlError.Invalid)]
    public void TheFifthFieldDiffersByVersion(KernelVersion kernel, string swappiness, ControlError? error)
    {
        Build(kernel);

        Assert.That(Try($"+ 1 0 3 {swappiness}"), Is.EqualTo(error));
        Assert.That(Youngest(), Is.EqualTo(error is null ? 4UL : 3));
    }

    [TestCase(KernelVersion.V6_1)]
    [TestCase(KernelVersion.V6_12)]
    [TestCase(KernelVersion.V6_18)]
    [TestCase(KernelVersion.Fixed)]
    public void PlusOpensAGeneration(KernelVersion kernel)
    {
        Build(kernel);

        Write("+1 0 3\n");
        Write(" +\t1 0 4 60 1 \n");

        Assert.That(Youngest(), Is.EqualTo(5UL));
    }

    [TestCase(KernelVersion.V6_1, 3UL)]
    [TestCase(KernelVersion.V6_12, 3UL)]
    [TestCase(KernelVersion.V6_18, 4UL)]
    [TestCase(KernelVersion.Fixed, 3UL)]
    public void PlusOnAnOldGenerationDoesNothingButIn618(KernelVersion kernel, ulong youngest)
    {
        Build(kernel);

        Write("+ 1 0 2");

        Assert.That(Youngest(), Is.EqualTo(youngest));
    }

    [TestCase(KernelVersion.V6_1, ControlError.Range)]
    [TestCase(KernelVersion.V6_12, ControlError.Range)]
    [TestCase(KernelVersion.V6_18, null)]
    [TestCase(KernelVersion.Fixed, null)]
    public void PlusWithoutForceNeedsRoomBeforeTheRework(KernelVersion kernel, ControlError? error)
    {
        Build(kernel);

        Assert.That(Try("+ 1 0 3 60 0"), Is.EqualTo(error));
    }

    [TestCase(KernelVersion.V6_12, null)]
    [TestCase(KernelVersion.V6_18, ControlError.Exists)]
    [TestCase(KernelVersion.Fixed, ControlError.Exists)]
    public void PlusThatLosesARaceSaysSoFrom618On(KernelVersion kernel, ControlError? error)
    {
        Build(kernel, concurrent: true);
        Lruvec lruvec = _engine.Machine.LruvecOf(_memcg, _engine.Nodes[0]);
        Assert.That(lruvec.TryTakeToken());

        Assert.That(Try("+ 1 0 3"), Is.EqualTo(error));

        lruvec.ReleaseToken();
        Assert.That(Youngest(), Is.EqualTo(3UL));
    }

    [Test]
    public void ForceLooksAtEveryTable([Values] bool forces)
    {
        Build(KernelVersion.Fixed);
        Write("+ 1 0 3");
        long looked = _engine.Read(_memcg, Counter.mm_leaf_total);

        Write($"+ 1 0 4 60 {(forces ? 1 : 0)}");

        Assert.That(_engine.Read(_memcg, Counter.mm_leaf_total) - looked, Is.EqualTo(forces ? 1024 : 0), "nothing was used since the first walk");
    }

    [Test]
    public void MinusEvictsUntilTheGenerationIsGone([Values] KernelVersion kernel)
    {
        Build(kernel);
        AgeAway();
        ulong youngest = Youngest();

        Write($"- 1 0 {youngest - 2} 200");

        Assert.That(_engine.ReadGenerations(_memcg, _engine.Nodes[0]).Where(g => g.Sequence <= youngest - 2).Sum(g => g.Anon.Count), Is.Zero);
        Assert.That(_memcg.Usage, Is.LessThan(600UL));
        Assert.That(_engine.Read(_memcg, Counter.pgsteal_direct), Is.EqualTo(600 - (long)_memcg.Usage), "counted as a task's own");
        Assert.That(_engine.ReadGlobal(Counter.pgsteal_direct), Is.EqualTo(600 - (long)_memcg.Usage), "of the machine as well");
        Assert.That(_engine.Validate(), Is.Null);
    }

    [Test]
    public void MinusLeavesYoungerGenerationsAlone()
    {
        Build(KernelVersion.Fixed);
        AgeAway();
        var tally = default(AccessTally);
        _engine.Access(_space, [.. Enumerable.Range(600, 100).Select(i => (uint)i)], ref tally);
        Write($"+ 1 0 {Youngest()} 60 0");
        GenerationReport[] before = [.. _engine.ReadGenerations(_memcg, _engine.Nodes[0])];
        Assert.That((before[0].Anon.Count, before.Skip(1).Sum(g => g.Anon.Count)), Is.EqualTo((600L, 100L)), "the new pages are younger");

        Write($"- 1 0 {before[0].Sequence} 200");

        Assert.That(_memcg.Usage, Is.EqualTo(100UL));
        Write($"- 1 0 {before[0].Sequence} 200");
        Assert.That(_memcg.Usage, Is.EqualTo(100UL), "it is gone already");
    }

    [Test]
    public void MinusStopsAtTheAmount()
    {
        Build(KernelVersion.Fixed);
        AgeAway();

        Write($"- 1 0 {Youngest() - 2} 200 100");

        Assert.That(600 - (long)_memcg.Usage, Is.InRange(100, 100 + FolioBatch.Capacity));
        Write($"- 1 0 {Youngest() - 2} 200 0");
        Assert.That(600 - (long)_memcg.Usage, Is.InRange(100, 100 + FolioBatch.Capacity), "none wanted");
    }

    [Test]
    public void MinusOnWhatIsGoneAlreadyOrCanNotGoSucceedsWithoutWork()
    {
        Build(KernelVersion.Fixed);
        AgeAway();
        ulong youngest = Youngest();
        _engine.SetPinned(_space, 0, true);

        Write($"- 1 0 {youngest - 2} 0");
        Assert.That(_memcg.Usage, Is.EqualTo(600UL), "there are no file pages");
        for (uint page = 0; page < 600; page++)
            _engine.SetPinned(_space, page, true);
        Write($"- 1 0 {youngest - 2} 200");
        Assert.That(_memcg.Usage, Is.EqualTo(600UL), "every page is pinned");
        Write("- 1 0 0 200");
        Assert.That(_memcg.Usage, Is.EqualTo(600UL));
        Assert.That(_engine.Validate(), Is.Null);
    }

    [Test]
    public void CommandsBeforeAFailingOneStayDone()
    {
        Build(KernelVersion.Fixed);

        Assert.That(Try("+1 0 3;+1 0 4,\n;+1 0 9;+1 0 5"), Is.EqualTo(ControlError.Invalid));
        Assert.That(Youngest(), Is.EqualTo(5UL), "two were done, and the one after the failure was not");
        Write("+1 0 5\n\n+1 0 6;");
        Assert.That(Youngest(), Is.EqualTo(7UL));
    }

    [Test]
    public void MinusThatIsCancelledIsInterrupted()
    {
        Build(KernelVersion.Fixed);
        AgeAway();
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        using ControlFile file = new ControlTree(_engine, () => cancel.Token).Open("sys/kernel/debug/lru_gen");
        byte[] command = Encoding.Latin1.GetBytes($"- 1 0 {Youngest() - 2} 200");

        Assert.That(() => file.Write(command), Throws.TypeOf<ControlException>().With.Property("Error").EqualTo(ControlError.Interrupted));
        Assert.That(_memcg.Usage, Is.EqualTo(600UL));
    }

    [Test]
    public void OwnSwappinessIsNoneWithoutSwap()
    {
        Build(KernelVersion.Fixed, swapPages: 10);
        AgeAway();

        Write($"- 1 0 {Youngest() - 2}");

        Assert.That(_memcg.Usage, Is.EqualTo(600UL), "less than a batch of swap is free");
    }

    [Test]
    public void WithTheNodePassRemovedNothingIsEvicted()
    {
        Build(KernelVersion.Fixed);
        AgeAway();
        _engine.Pass.TestHookRemoved = true;

        Write($"- 1 0 {Youngest() - 2} 200");

        Assert.That(_memcg.Usage, Is.EqualTo(600UL));
    }

    [Test]
    public void GenerationsAreSwitchedForEveryCgroup()
    {
        Build(KernelVersion.Fixed, policies: "mglru mglru-walk fifo");
        Assert.That(Read("sys/kernel/mm/lru_gen/enabled"), Is.EqualTo("0x0007\n"));
        Write("n\n", "sys/kernel/mm/lru_gen/enabled");
        Assert.That(_engine.Memcgs.Select(_engine.PolicyNameOf), Is.EqualTo(["fifo", "fifo", "fifo"]));
        Assert.That(Read("sys/kernel/mm/lru_gen/enabled"), Is.EqualTo("0x0000\n"));
        Assert.That(Read("sys/kernel/debug/lru_gen"), Is.Empty);
        Write("0x1\n", "sys/kernel/mm/lru_gen/enabled");
        Assert.That(_engine.Memcgs.Select(_engine.PolicyNameOf), Is.EqualTo(["mglru-walk", "mglru-walk", "mglru-walk"]));
        Assert.That(Read("sys/kernel/mm/lru_gen/enabled"), Is.EqualTo("0x0001\n"));
        Write("Yes", "sys/kernel/mm/lru_gen/enabled");
        Assert.That(_engine.Memcgs.Select(_engine.PolicyNameOf), Is.EqualTo(["mglru", "mglru", "mglru"]));
        Assert.That(_engine.Validate(), Is.Null);
    }

    [TestCase("", null)]
    [TestCase("x", ControlError.Invalid)]
    [TestCase("-1", ControlError.Invalid)]
    [TestCase("0x100000000", ControlError.Invalid)]
    [TestCase("1", ControlError.NotSupported)]
    [TestCase("0xfff7", null)]
    public void ASwitchThatCanNotBeSetSaysWhy(string text, ControlError? error)
    {
        Build(KernelVersion.Fixed);

        Assert.That(Try(text, "sys/kernel/mm/lru_gen/enabled"), Is.EqualTo(error), "there is no mglru without walks");
    }

    private void Build(KernelVersion kernel, bool concurrent = false, ulong? swapPages = null, string policies = "mglru fifo")
    {
        _engine?.Dispose();
        string version = kernel == KernelVersion.Fixed ? "" : "@" + KernelVersions.NameOf(kernel);
        PolicyDefinition[] defined = [.. policies.Split(' ').Where(p => p != "fifo" || !concurrent).Select(p => SmallMachine.Policy(p == "mglru" ? p + version : p))];
        _engine = new Engine(SmallMachine.Options(defined) with { Nodes = [new NodeOptions(2048), new NodeOptions(2048)], Kernel = kernel, Concurrent = concurrent, SwapPages = swapPages });
        _memcg = _engine.CreateMemcg("m");
        if (!concurrent)
            _engine.CreateMemcg("f", null, "fifo");
        _space = _engine.CreateAddressSpace("s", 1024, _memcg);
        var tally = default(AccessTally);
        _engine.Access(_space, [.. Enumerable.Range(0, 600).Select(i => (uint)i)], ref tally);
    }

    /// <summary>What was used once is some generations old.</summary>
    private void AgeAway()
    {
        for (int i = 0; i < 4; i++)
            _engine.Age(_memcg, _engine.Nodes[0], 60, force: true);
    }

    private ulong Youngest() => _engine.ReadGenerations(_memcg, _engine.Nodes[0])[^1].Sequence;

    private string State() => Read("sys/kernel/debug/lru_gen_full") + _engine.ReadVmstat() + _memcg.Usage;

    private string Read(string path)
    {
        using ControlFile file = new ControlTree(_engine).Open(path);
        return file.Read();
    }

    private void Write(string text, string path = "sys/kernel/debug/lru_gen")
    {
        using ControlFile file = new ControlTree(_engine).Open(path);
        file.Write(Encoding.Latin1.GetBytes(text));
    }

    private ControlError? Try(string text, string path = "sys/kernel/debug/lru_gen")
    {
        try
        {
            Write(text, path);
            return null;
        }
        catch (ControlException refusal)
        {
            return refusal.Error;
        }
    }
}
