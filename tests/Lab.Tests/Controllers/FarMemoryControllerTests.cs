using ReclaimNative.Lab.Controllers;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Tests.Controllers;

public sealed class FarMemoryControllerTests
{
    private const long Second = 1_000_000;

    [TestCase(0, 6)]
    [TestCase(2, 6)]
    [TestCase(3, 4)]
    [TestCase(7.9, 4)]
    [TestCase(8, 3)]
    [TestCase(108, 1)]
    [TestCase(1e9, 1)]
    public void TheBestThresholdIsTheLeastThatKeepsPromotionsRareEnough(double allowed, int expected)
    {
        // Of age 5: 3, of age 3: 5, of age 2: 40, of age 1: 60; age 0 is never old enough.
        var promotions = new long[256];
        (promotions[0], promotions[1], promotions[2], promotions[3], promotions[5]) = (9999, 60, 40, 5, 3);

        Assert.That(FarMemoryController.BestThreshold(promotions, allowed), Is.EqualTo(expected));
    }

    [TestCase(100, 9)]
    [TestCase(75, 5)]
    [TestCase(76, 9)]
    [TestCase(50, 3)]
    [TestCase(1, 1)]
    [TestCase(0, 1)]
    public void APercentileIsOneOfTheValues(double percent, int expected) =>
        Assert.That(FarMemoryController.Percentile([5, 1, 9, 3], percent), Is.EqualTo(expected));

    [Test]
    public void WhatIsNeverUsedGoesAndWhatIsUsedStays()
    {
        using var machine = new Machine("far-memory:scan=20:warmup=80");

        machine.Ticks(3, hot: 1000);
        Assert.That(machine.Memcg.Usage, Is.EqualTo(3000), "it is warming up");
        machine.Ticks(3, hot: 1000);
        Assert.That(machine.Memcg.Usage, Is.EqualTo(1000).Within(64));
        Assert.That(machine.Resident(0, 1000), Is.EqualTo(1000), "the hot ones");
        Assert.That(machine.Tally.Refaults, Is.Zero);
    }

    [Test]
    public void PagesThatComeBackTooOftenAreLeftAlone([Values(0.1, 400)] double percent)
    {
        using var machine = new Machine($"far-memory:scan=20:warmup=0:promotion_percent={percent}");

        // A second group is used once in two minutes: it is idle for a while each time, and then comes back.
        for (int round = 0; round < 10; round++)
        {
            machine.Ticks(5, hot: 1000);
            machine.Ticks(1, hot: 2000);
        }

        Assert.That(machine.Tally.Refaults, percent < 1 ? Is.LessThan(2100) : Is.GreaterThan(4000), "twice to learn it, since the first time they are a period younger, or again and again");
        Assert.That(machine.Resident(2000, 3000), Is.LessThan(64), "the third group is never used, whatever the limit");
    }

    [Test]
    public void WithoutACgroupItHasNothingToDo()
    {
        using var machine = new Machine("far-memory");
        Assert.That(
            () => ControllerChoice.ParseList("far-memory")[0].Create(machine.Engine, []),
            Throws.TypeOf<ControllerException>().With.Message.Contains("far-memory"));
    }

    /// <summary>A cgroup of 3000 pages, and a controller.</summary>
    private sealed class Machine : IDisposable
    {
        private readonly AddressSpace _space;
        private readonly IController _controller;
        private long _nowUs;

        public AccessTally Tally;

        public Machine(string choice)
        {
            Engine = new Engine(new EngineOptions { Nodes = [new NodeOptions(16384)], Policies = [PolicyDefinition.Of<ClassicPolicy>()], IdleAge = true });
            Memcg = Engine.CreateMemcg("a");
            _space = Engine.CreateAddressSpace("task", 3000, Memcg);
            Access(3000);
            _controller = ControllerChoice.ParseList(choice)[0].Create(Engine, [Memcg]);
        }

        public Engine Engine { get; }

        public MemoryCgroup Memcg { get; }

        /// <summary>Periods pass, in each of which the first pages are used.</summary>
        public void Ticks(int count, int hot)
        {
            for (int i = 0; i < count; i++)
            {
                Access(hot);
                _nowUs += 20 * Second;
                Engine.NowMs = _nowUs / 1000;
                _controller.Tick(_nowUs);
            }
        }

        public int Resident(int first, int end) => Enumerable.Range(first, end - first).Count(p => Engine.IsResident(_space, (ulong)p));

        public void Dispose() => Engine.Dispose();

        private void Access(int pages) => Engine.Access(_space, [.. Enumerable.Range(0, pages).Select(p => (uint)p)], ref Tally);
    }
}
