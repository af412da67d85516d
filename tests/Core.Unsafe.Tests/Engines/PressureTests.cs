using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>Pressure stall information of cgroups, nodes and the machine: kernel-reclaim 8.</summary>
public class PressureTests
{
    [Test]
    public void SomeIsWhenOneIsStalledAndFullWhenNobodyIsProductive()
    {
        using Engine engine = Machine();
        AddressSpace one = engine.CreateAddressSpace("one", 1);
        AddressSpace two = engine.CreateAddressSpace("two", 1);
        Step(one, TaskState.Running, 10);
        Step(two, TaskState.Stalled, 100);
        Step(one, TaskState.Stalled, 1000);
        Step(two, TaskState.Idle, 10_000);
        Step(two, TaskState.Running, 100_000);
        Step(one, TaskState.Idle, 1_000_000);

        PressureReading reading = engine.ReadPressure(engine.Root);

        Assert.That(reading.Some.TotalUs, Is.EqualTo(111_100), "from the second step to the end of the fifth");
        Assert.That(reading.Full.TotalUs, Is.EqualTo(11_000), "not while the other was running, before and after");

        void Step(AddressSpace task, TaskState state, long us)
        {
            engine.SetTaskState(task, state);
            engine.NowUs += us;
        }
    }

    [Test]
    public void ATaskCountsInItsCgroupInAllAboveAndOnItsHomeNode()
    {
        using Engine engine = Machine();
        MemoryCgroup outer = engine.CreateMemcg("outer");
        MemoryCgroup inner = engine.CreateMemcg("inner", outer);
        MemoryCgroup other = engine.CreateMemcg("other");
        engine.SetTaskState(engine.CreateAddressSpace("s", 1, inner, 1), TaskState.Stalled);
        engine.SetTaskState(engine.CreateAddressSpace("r", 1, other, 0), TaskState.Running);

        engine.NowUs += 500;

        Assert.That(Total(inner), Is.EqualTo((500L, 500L)));
        Assert.That(Total(outer), Is.EqualTo((500L, 500L)));
        Assert.That(Total(other), Is.EqualTo((0L, 0L)));
        Assert.That(Total(engine.Root), Is.EqualTo((500L, 0L)), "on the machine somebody is productive");
        PressureReading onNode = engine.ReadPressure(engine.Nodes[1]);
        Assert.That((onNode.Some.TotalUs, onNode.Full.TotalUs), Is.EqualTo((500L, 500L)));
        Assert.That(engine.ReadPressure(engine.Nodes[0]).Some.TotalUs, Is.Zero);

        (long Some, long Full) Total(MemoryCgroup memcg) =>
            (engine.ReadPressure(memcg).Some.TotalUs, engine.ReadPressure(memcg).Full.TotalUs);
    }

    [Test]
    public void TheTextIsTheKernels()
    {
        using Engine engine = Machine();
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Assert.That(engine.ReadMemoryPressure(memcg), Is.EqualTo(
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"));
        AddressSpace task = engine.CreateAddressSpace("s", 1, memcg);
        engine.SetTaskState(task, TaskState.Stalled);
        engine.NowUs += 10_000_000;
        engine.SetTaskState(task, TaskState.Running);
        engine.SetTaskState(engine.CreateAddressSpace("t", 1, memcg), TaskState.Stalled);
        engine.NowUs += 123;

        string text = engine.ReadMemoryPressure(memcg);

        Assert.That(text, Is.EqualTo(
            "some avg10=63.18 avg60=15.32 avg300=3.37 total=10000123\nfull avg10=63.18 avg60=15.32 avg300=3.37 total=10000000\n"));
        Assert.That(engine.ReadMemoryPressure(engine.Nodes[0]), Is.EqualTo(text));
        Assert.That(engine.ReadPressure(memcg).Some.Avg10.Percent, Is.EqualTo(63.18).Within(0.01));
    }

    [Test]
    public void ADestroyedTaskLeavesItsGroupsAndItsNumberBeginsAnew()
    {
        using Engine engine = Machine();
        AddressSpace gone = engine.CreateAddressSpace("gone", 1);
        engine.SetTaskState(gone, TaskState.Stalled);
        engine.NowUs += 10;
        engine.Destroy(gone);
        AddressSpace next = engine.CreateAddressSpace("next", 1);
        Assert.That(next.Id, Is.EqualTo(gone.Id), "the number is used again");
        engine.NowUs += 100;
        engine.SetTaskState(next, TaskState.Stalled);
        engine.NowUs += 1000;

        Assert.That(engine.ReadPressure(engine.Root).Full.TotalUs, Is.EqualTo(1010));
        Assert.That(() => engine.SetTaskState(gone, TaskState.Idle), Throws.TypeOf<EngineException>());
    }

    [Test]
    public void MillisecondsAndMicrosecondsAreOneClock()
    {
        using Engine engine = Machine();
        engine.NowUs = 1_234_567;
        Assert.That(engine.NowMs, Is.EqualTo(1234));
        engine.NowMs += 1;
        Assert.That(engine.NowUs, Is.EqualTo(1_235_000));
        Assert.That(() => engine.NowMs = long.MaxValue, Throws.TypeOf<EngineException>());
        Assert.That(() => engine.NowUs = long.MinValue, Throws.TypeOf<EngineException>());
        Assert.That(engine.NowUs, Is.EqualTo(1_235_000), "what is refused changes nothing");
    }

    [Test]
    public void AClockThatGoesBackMakesNoTimePassUntilItIsWhereItWas()
    {
        using Engine engine = Machine();
        engine.SetTaskState(engine.CreateAddressSpace("s", 1), TaskState.Stalled);
        engine.NowUs = 5000;
        Assert.That(engine.ReadPressure(engine.Root).Some.TotalUs, Is.EqualTo(5000));
        engine.NowUs = 1000;
        Assert.That(engine.ReadPressure(engine.Root).Some.TotalUs, Is.EqualTo(5000));
        engine.NowUs = 5007;
        Assert.That(engine.ReadPressure(engine.Root).Some.TotalUs, Is.EqualTo(5007));
    }

    [Test]
    public void AFarJumpOfTheClockTakesNoTime()
    {
        using Engine engine = Machine();
        AddressSpace task = engine.CreateAddressSpace("s", 1);
        engine.SetTaskState(task, TaskState.Stalled);
        engine.NowUs = 1L << 61;
        engine.SetTaskState(task, TaskState.Idle);
        Assert.That(engine.ReadMemoryPressure(engine.Root), Does.StartWith("some avg10=100.00 avg60=100.00 avg300=100.00 total=2305843009213693952\n"));

        engine.NowUs = 1L << 62;

        Assert.That(engine.ReadMemoryPressure(engine.Root), Does.StartWith("some avg10=0.00 avg60=0.00 avg300=0.00 total=2305843009213693952\n"));
    }

    [Test]
    public void AStallThatBeginsRightBeforeASampleIsInAllThatFollow()
    {
        using Engine engine = Machine();
        engine.NowUs = 1_999_000;
        engine.SetTaskState(engine.CreateAddressSpace("s", 1), TaskState.Stalled);
        engine.NowUs = 12_000_000;

        Assert.That(engine.ReadPressure(engine.Root).Some.Avg10.ToString(), Is.EqualTo("63.18"), "a period of 0.05 per cent, which is none, and five full ones");
    }

    [Test]
    public void WithoutPressureEveryQuestionIsRefusedAndSaysWhy()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        AddressSpace task = engine.CreateAddressSpace("s", 1);
        Action[] questions =
        [
            () => engine.SetTaskState(task, TaskState.Running),
            () => engine.ReadPressure(engine.Root),
            () => engine.ReadPressure(engine.Nodes[0]),
            () => engine.ReadMemoryPressure(engine.Root),
            () => engine.ReadMemoryPressure(engine.Nodes[0]),
            () => engine.AddPressureTrigger(engine.Root, "some 1 1"),
            () => engine.AddPressureTrigger(engine.Nodes[0], "some 1 1"),
        ];

        foreach (Action question in questions)
            Assert.That(question, Throws.TypeOf<EngineException>().With.Message.Contains("MachineOptions.Pressure"));
    }

    [Test]
    public void WhatIsAnothersIsRefused()
    {
        using Engine engine = Machine();
        using Engine other = Machine();
        AddressSpace task = other.CreateAddressSpace("s", 1);

        Assert.That(() => engine.SetTaskState(task, TaskState.Running), Throws.TypeOf<EngineException>());
        Assert.That(() => other.SetTaskState(task, (TaskState)3), Throws.TypeOf<EngineException>().With.Message.Contains("3"));
        Assert.That(() => engine.ReadPressure(other.Root), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.ReadPressure(other.Nodes[0]), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.AddPressureTrigger(other.Root, "some 1 1"), Throws.TypeOf<EngineException>());
    }

    [Test]
    public void RefaultsOfTheWorkingSetAreTallied()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic"), SmallMachine.Policy("fifo")));
        AccessTally tally = Thrash(engine, "classic");
        long restored = engine.Read(engine.Memcgs[1], Observe.Counter.workingset_restore_anon)
            + engine.Read(engine.Memcgs[1], Observe.Counter.workingset_restore_file);
        Assert.That(tally.WorkingsetRefaults, Is.EqualTo(restored).And.GreaterThan(10), "classic restores what was active, and nothing else");
        Assert.That(tally.WorkingsetRefaults, Is.LessThan(tally.Refaults));

        tally = Thrash(engine, "fifo");
        Assert.That((tally.WorkingsetRefaults, tally.Refaults > 10), Is.EqualTo((0L, true)), "fifo has no working set");
    }

    [Test]
    public void ManyThreadsLoseNoStateOfATask()
    {
        using var engine = new Engine(SmallMachine.Form("classic/concurrent") with { Pressure = true });
        MemoryCgroup[] memcgs = [engine.CreateMemcg("a"), engine.CreateMemcg("b")];
        AddressSpace[] tasks = [.. Enumerable.Range(0, 4).Select(i => engine.CreateAddressSpace("s", 1, memcgs[i % 2]))];
        using PressureTrigger trigger = engine.AddPressureTrigger(engine.Root, "some 100 1000");
        var threads = new Thread[tasks.Length];
        for (int i = 0; i < tasks.Length; i++)
        {
            int self = i;
            threads[i] = new Thread(() =>
            {
                for (int step = 0; step < 50_000; step++)
                {
                    engine.SetTaskState(tasks[self], (TaskState)((step + self) % 3));
                    engine.ReadPressure(memcgs[self % 2]);
                    if (self == 0)
                        engine.NowUs += 7;
                    trigger.TakeEvent();
                }

                engine.SetTaskState(tasks[self], TaskState.Idle);
            });
        }

        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();

        PressureReading machine = engine.ReadPressure(engine.Root);
        Assert.That(machine.Some.TotalUs, Is.InRange(1, engine.NowUs));
        Assert.That(engine.ReadPressure(engine.Nodes[0]), Is.EqualTo(machine), "all are at home there");
        Assert.That(memcgs.Select(m => engine.ReadPressure(m).Some.TotalUs), Is.All.LessThanOrEqualTo(machine.Some.TotalUs));
        engine.NowUs += 1_000_000;
        Assert.That(engine.ReadPressure(engine.Root).Some.TotalUs, Is.EqualTo(machine.Some.TotalUs), "all are idle");
        engine.SetTaskState(tasks[0], TaskState.Stalled);
        engine.NowUs += 1;
        Assert.That(engine.ReadPressure(engine.Root).Full.TotalUs, Is.EqualTo(machine.Full.TotalUs + 1), "nobody is left over as running");
    }

    /// <summary>A working set that is used again and again, beside a stream that drives it out now and then.</summary>
    private static AccessTally Thrash(Engine engine, string policy)
    {
        MemoryCgroup memcg = engine.CreateMemcg(policy, null, policy);
        AddressSpace space = engine.CreateAddressSpace(policy, 1000, memcg);
        engine.Map(space, 0, 30, engine.CreateFile(30));
        engine.SetMax(memcg, 120);
        AccessTally tally = default;
        uint next = 0;
        for (int round = 0; round < 60; round++)
        {
            for (uint page = 0; page < 60; page++)
                engine.Access(space, [page], ref tally);
            for (int i = 0; i < 70; i++)
                engine.Access(space, [100 + next++ % 900], ref tally);
        }

        return tally;
    }

    private static Engine Machine() => new(SmallMachine.Options(SmallMachine.Policy("fifo")) with
    {
        Nodes = [new NodeOptions(1024), new NodeOptions(1024)],
        Pressure = true,
    });
}
