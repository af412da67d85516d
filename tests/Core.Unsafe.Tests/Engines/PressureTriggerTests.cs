using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>When triggers fire: kernel-reclaim 8.4.</summary>
public class PressureTriggerTests
{
    private const long Ms = 1000;

    [Test]
    public void AnEventComesAtTheCheckThatSeesTheThresholdReached()
    {
        using Engine engine = Machine(out AddressSpace task);
        using PressureTrigger trigger = engine.AddPressureTrigger(engine.Root, "some 150000 1000000");
        Assert.That(trigger.ToString(), Is.EqualTo("some 150000 1000000"));
        engine.SetTaskState(task, TaskState.Stalled);

        engine.NowUs = 150 * Ms;
        Assert.That(trigger.TakeEvent(), Is.False, "reached, but not looked at before the next tenth of the window");
        engine.NowUs = 200 * Ms - 1;
        Assert.That(trigger.TakeEvent(), Is.False);
        engine.NowUs = 200 * Ms;
        Assert.That(trigger.TakeEvent(), Is.True);
        Assert.That(trigger.TakeEvent(), Is.False, "taken");
    }

    [Test]
    public void LessThanTheThresholdIsNoEvent()
    {
        using Engine engine = Machine(out AddressSpace task);
        using PressureTrigger trigger = engine.AddPressureTrigger(engine.Root, "some 150000 1000000");
        engine.SetTaskState(task, TaskState.Stalled);
        engine.NowUs = 149_999;
        engine.SetTaskState(task, TaskState.Running);

        engine.NowUs = 60_000 * Ms;

        Assert.That(trigger.TakeEvent(), Is.False);
    }

    [Test]
    public void GrowthCountsOverTheEdgeOfAWindow()
    {
        using Engine engine = Machine(out AddressSpace task);
        using PressureTrigger trigger = engine.AddPressureTrigger(engine.Root, "some 150000 1000000");
        using PressureTrigger steeper = engine.AddPressureTrigger(engine.Root, "some 190001 1000000");
        Stall(engine, task, 900 * Ms, 1000 * Ms);
        Assert.That(trigger.TakeEvent(), Is.False, "100 ms in this window");
        Stall(engine, task, 1000 * Ms, 1100 * Ms);

        Assert.That(trigger.TakeEvent(), Is.True, "100 ms, and nine tenths of the 100 of the window before");
        Assert.That(steeper.TakeEvent(), Is.False, "that is 190 ms in all");
    }

    [Test]
    public void AtMostOneEventAWindowAndTheNextIsHeldBack()
    {
        using Engine engine = Machine(out AddressSpace task);
        using PressureTrigger trigger = engine.AddPressureTrigger(engine.Root, "some 100000 1000000");
        Stall(engine, task, 0, 100 * Ms);
        Assert.That(trigger.TakeEvent(), Is.True);
        Stall(engine, task, 300 * Ms, 600 * Ms);
        Assert.That(trigger.TakeEvent(), Is.False, "the window after the event is not over");
        engine.NowUs = 1100 * Ms - 1;
        Assert.That(trigger.TakeEvent(), Is.False);
        engine.NowUs = 1100 * Ms;
        Assert.That(trigger.TakeEvent(), Is.True, "what was held back");
        engine.NowUs = 5000 * Ms;
        Assert.That(trigger.TakeEvent(), Is.False, "nothing new has come since");
    }

    [Test]
    public void FullNeedsThatNobodyIsProductive()
    {
        using Engine engine = Machine(out AddressSpace task);
        AddressSpace other = engine.CreateAddressSpace("other", 1);
        using PressureTrigger some = engine.AddPressureTrigger(engine.Root, "some 1000 100000");
        using PressureTrigger full = engine.AddPressureTrigger(engine.Nodes[0], "full 1000 100000");
        engine.SetTaskState(other, TaskState.Running);
        Stall(engine, task, 0, 50 * Ms);
        Assert.That((some.TakeEvent(), full.TakeEvent()), Is.EqualTo((true, false)));
        engine.SetTaskState(other, TaskState.Idle);
        Stall(engine, task, 200 * Ms, 250 * Ms);
        Assert.That((some.TakeEvent(), full.TakeEvent()), Is.EqualTo((true, true)));
    }

    [Test]
    public void ADisposedTriggerIsSilentAndOthersGoOn()
    {
        using Engine engine = Machine(out AddressSpace task);
        PressureTrigger gone = engine.AddPressureTrigger(engine.Root, "some 1000 100000");
        PressureTrigger stays = engine.AddPressureTrigger(engine.Root, "some 1000 100000");
        Stall(engine, task, 0, 50 * Ms);
        gone.Dispose();
        Assert.That(gone.TakeEvent(), Is.False);
        Assert.That(stays.TakeEvent(), Is.True);
        Stall(engine, task, 500 * Ms, 550 * Ms);
        gone.Dispose();
        Assert.That(gone.TakeEvent(), Is.False);
        Assert.That(stays.TakeEvent(), Is.True);
    }

    [Test]
    public void AFarJumpOfTheClockTakesNoTime([Values(1, 7, 10, 25, 500_000)] long windowUs)
    {
        using Engine engine = Machine(out AddressSpace task);
        using PressureTrigger trigger = engine.AddPressureTrigger(engine.Root, $"some 1 {windowUs}");
        engine.SetTaskState(task, TaskState.Stalled);
        engine.NowUs = 1L << 61;
        Assert.That(trigger.TakeEvent(), Is.True);
        engine.SetTaskState(task, TaskState.Idle);
        engine.NowUs += 2 * windowUs;
        trigger.TakeEvent();
        engine.NowUs = 1L << 62;
        Assert.That(trigger.TakeEvent(), Is.False);
    }

    private static void Stall(Engine engine, AddressSpace task, long fromUs, long toUs)
    {
        engine.NowUs = fromUs;
        engine.SetTaskState(task, TaskState.Stalled);
        engine.NowUs = toUs;
        engine.SetTaskState(task, TaskState.Running);
    }

    private static Engine Machine(out AddressSpace task)
    {
        var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Pressure = true });
        task = engine.CreateAddressSpace("s", 1);
        return engine;
    }
}
