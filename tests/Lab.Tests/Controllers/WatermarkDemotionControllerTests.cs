using ReclaimNative.Lab.Controllers;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Tests.Controllers;

public sealed class WatermarkDemotionControllerTests
{
    [Test]
    public void BelowTheLowWatermarkItDemotesUpToTheHighAndEvictsNothing()
    {
        using Engine engine = Filled(9400, tiers: 2);
        Node fast = engine.Nodes[0];
        IController controller = ControllerChoice.ParseList("demotion:low=10:high=25")[0].Create(engine, []);
        Assert.That(fast.Free, Is.LessThan(1000));

        controller.Tick(0);

        Assert.That(fast.Free, Is.InRange(2500, 2500 + 64), "a quarter of 10,000, and at most a batch more");
        Assert.That(engine.Root.Usage, Is.EqualTo(9400), "all of it is in memory still");
        Assert.That(engine.Read(engine.Root, Counter.pgdemote_proactive), Is.EqualTo(2500 - 600).Within(64));
        Assert.That(engine.Read(engine.Root, Counter.pswpout), Is.Zero);
    }

    [Test]
    public void AboveTheLowWatermarkItDoesNothing()
    {
        using Engine engine = Filled(8500, tiers: 2);
        ControllerChoice.ParseList("demotion:low=10:high=25")[0].Create(engine, []).Tick(0);

        Assert.That(engine.Nodes[0].Free, Is.EqualTo(1500), "between the two it waits");
    }

    [Test]
    public void ItNeedsTwoTiersAndOrderedWatermarks()
    {
        using Engine one = Filled(100, tiers: 1);
        using Engine two = Filled(100, tiers: 2);

        Assert.That(() => ControllerChoice.ParseList("demotion")[0].Create(one, []), Throws.TypeOf<ControllerException>().With.Message.Contains("tiers"));
        Assert.That(
            () => ControllerChoice.ParseList("demotion:low=30:high=20")[0].Create(two, []),
            Throws.TypeOf<ControllerException>().With.Message.Contains("30 above 20 per cent"));
    }

    private static Engine Filled(int pages, int tiers)
    {
        Engine engine = new(new EngineOptions
        {
            Nodes = [.. Enumerable.Range(0, tiers).Select(t => new NodeOptions(10_000, t))],
            Policies = [PolicyDefinition.Of<FifoPolicy>()],
            Demotion = tiers > 1,
        });
        AddressSpace space = engine.CreateAddressSpace("task", (ulong)pages);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, pages).Select(p => (uint)p)], ref tally);
        return engine;
    }
}
