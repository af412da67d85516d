using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>memory.high, memory.max, memory.swap.max and the events of each: kernel-reclaim 4.2, 4.4 and 7.4.</summary>
public class LimitTests
{
    [Test]
    public void AboveHighABatchIsReclaimedAndNobodyWaits()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Assert.That(engine.SetHigh(memcg, 100), Is.True);
        AddressSpace space = engine.CreateAddressSpace("s", 400, memcg);

        AccessTally tally = Touch(engine, space, 0, 100);
        Assert.That(Events(engine, memcg), Is.EqualTo((0L, 0L, 0L, 0L)), "at the limit is not above it");
        for (uint page = 100; page < 300; page++)
        {
            engine.Access(space, [page], ref tally);
            Assert.That(memcg.Usage, Is.LessThanOrEqualTo(100ul));
        }

        Assert.That(Events(engine, memcg), Is.EqualTo((0L, 4L, 0L, 0L)), "at the charges of pages 101, 165, 229 and 293");
        Assert.That(engine.Read(memcg, Counter.pgsteal_direct), Is.EqualTo(4 * 64), "kernel-reclaim 4.4: the pages charged, which the kernel does 64 at a time");
        Assert.That((tally.ThrottledMs, tally.Refused, tally.ColdFaults), Is.EqualTo((0L, 0L, 300L)));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WhereNothingCanBeReclaimedTheTaskIsThrottledAndNeverRefused()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { SwapPages = 0 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        engine.SetHigh(memcg, 1000);
        AddressSpace space = engine.CreateAddressSpace("s", 2000, memcg);

        AccessTally tally = Touch(engine, space, 0, 1064);
        Assert.That((engine.Read(memcg, Counter.high), tally.ThrottledMs), Is.EqualTo((1L, 0L)), "one page above, and the batch it answers for");

        // 1065 of 1000 is 6.5 per cent: ((65 << 20) / 1000)^2 * 1000 >> 34 ticks.
        engine.Access(space, [1064], ref tally);
        Assert.That((engine.Read(memcg, Counter.high), tally.ThrottledMs), Is.EqualTo((1L + 17, 270L)), "16 retries");

        for (uint page = 1065; page < 1500; page++)
            engine.Access(space, [page], ref tally);
        Assert.That(memcg.Usage, Is.EqualTo(1500));
        Assert.That(tally.Refused, Is.Zero);
        Assert.That(tally.ThrottledMs, Is.EqualTo(270 + Expected(1129) + Expected(1193) + Expected(1257) + Expected(1321) + Expected(1385) + Expected(1449)));

        static long Expected(long usage)
        {
            long overage = ((usage - 1000) << 20) / 1000;
            return Math.Min(overage * overage * 1000 >> 34, 2000);
        }
    }

    [Test]
    public void TheChargeOfAChildReclaimsFromEachAncestorAboveItsHigh()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup middle = engine.CreateMemcg("middle", top);
        MemoryCgroup child = engine.CreateMemcg("child", middle);
        engine.SetHigh(top, 150);
        engine.SetHigh(child, 1000);
        AddressSpace space = engine.CreateAddressSpace("s", 400, child);

        Touch(engine, space, 0, 151);

        Assert.That(engine.ReadLocal(top, Counter.high), Is.EqualTo(1));
        Assert.That((engine.ReadLocal(middle, Counter.high), engine.ReadLocal(child, Counter.high)), Is.EqualTo((0L, 0L)));
        Assert.That((engine.Read(engine.Root, Counter.high), engine.Read(middle, Counter.high)), Is.EqualTo((1L, 0L)), "shown above and not below");
        Assert.That(top.Usage, Is.EqualTo(151 - 64));
    }

    [Test]
    public void HighBelowTheUsageIsReclaimedToAtOnceAndIsNoOom([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { SwapPages = 130 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Touch(engine, engine.CreateAddressSpace("s", 200, memcg), 0, 150);

        Assert.That(engine.SetHigh(memcg, 100), Is.True);
        Assert.That(memcg.Usage, Is.LessThanOrEqualTo(100ul));
        Assert.That(engine.SetHigh(memcg, 10), Is.False, "swap has no room for that");
        Assert.That((memcg.High, engine.Read(memcg, Counter.oom)), Is.EqualTo((10ul, 0L)));
        Assert.That(engine.SetHigh(memcg, MemoryCgroup.Unlimited), Is.True);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void MaxThatCannotBeReachedIsAnOom()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { SwapPages = 0 });
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup memcg = engine.CreateMemcg("m", top);
        AddressSpace space = engine.CreateAddressSpace("s", 200, memcg);
        Touch(engine, space, 0, 150);

        Assert.That(engine.SetMax(memcg, 100), Is.False);
        Assert.That(Events(engine, memcg), Is.EqualTo((0L, 0L, 0L, 1L)));

        AccessTally tally = Touch(engine, space, 150, 151);
        Assert.That(tally.Refused, Is.EqualTo(1));
        Assert.That(Events(engine, memcg), Is.EqualTo((0L, 0L, 17L, 2L)), "an event for each attempt to charge");
        Assert.That(Events(engine, top), Is.EqualTo(Events(engine, memcg)), "hierarchical");
        Assert.That(engine.ReadLocal(top, Counter.max), Is.Zero, "local");
    }

    [Test]
    public void MaxCountsWhatAChargeMet()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        engine.SetMax(memcg, 10);

        Touch(engine, engine.CreateAddressSpace("s", 20, memcg), 0, 15);

        Assert.That(Events(engine, memcg), Is.EqualTo((0L, 0L, 5L, 0L)));
    }

    [Test]
    public void LowIsCountedWhereItWasBrokenAndNotWhereItHeld()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup low = engine.CreateMemcg("low", top);
        MemoryCgroup open = engine.CreateMemcg("open", top);
        engine.SetProtection(low, 0, 100);
        Touch(engine, engine.CreateAddressSpace("l", 100, low), 0, 100);
        Touch(engine, engine.CreateAddressSpace("o", 100, open), 0, 50);

        engine.Reclaim(new ReclaimRequest(50, top));
        Assert.That(engine.Read(top, Counter.low), Is.Zero);
        engine.Reclaim(new ReclaimRequest(1, top));
        Assert.That(engine.Read(top, Counter.low), Is.EqualTo(1));
        Assert.That(engine.ReadLocal(low, Counter.low), Is.EqualTo(1));
    }

    [Test]
    public void SwapIsChargedUpTheTreeUntilPagesComeBackOrAreDiscarded([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { SwapPages = 1000 });
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup memcg = engine.CreateMemcg("m", top);
        engine.SetMax(memcg, 100);
        AddressSpace space = engine.CreateAddressSpace("s", 400, memcg);

        Touch(engine, space, 0, 400);
        ulong swapped = memcg.SwapUsage;
        Assert.That(swapped, Is.EqualTo(400 - memcg.Usage));
        Assert.That((top.SwapUsage, engine.Root.SwapUsage, engine.SwapFree), Is.EqualTo((swapped, swapped, (ulong?)(1000 - swapped))));

        engine.SetMax(memcg, MemoryCgroup.Unlimited);
        Touch(engine, space, 0, 200);
        Assert.That(memcg.SwapUsage, Is.EqualTo(400 - memcg.Usage), "what came back is in swap no more");
        engine.Discard(space, 200, 400);
        Assert.That(top.SwapUsage, Is.Zero);
        engine.SetMax(memcg, 50);
        engine.Destroy(space);
        Assert.That((memcg.SwapUsage, engine.SwapFree), Is.EqualTo((0ul, (ulong?)1000)));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void BeyondSwapMaxOfAnyAncestorAnonymousPagesStay([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy, [Values] bool above)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup memcg = engine.CreateMemcg("m", top);
        engine.SetSwapMax(above ? top : memcg, 80);
        AddressSpace space = engine.CreateAddressSpace("s", 400, memcg);
        Touch(engine, space, 0, 300);

        Assert.That(engine.SetMax(memcg, 100), Is.False);

        Assert.That(memcg.SwapUsage, Is.LessThanOrEqualTo(80ul).And.GreaterThan(10ul));
        Assert.That(memcg.Usage + memcg.SwapUsage, Is.EqualTo(300));
        PolicyView view = engine.Host.ViewOf(memcg, engine.Nodes[0]);
        long room = 80 - (long)memcg.SwapUsage;
        Assert.That((view.HasSwapFor(room), view.HasSwapFor(room + 1)), Is.EqualTo((true, false)));
        Assert.That(engine.Host.ViewOf(engine.Root, engine.Nodes[0]).HasSwapFor(1 << 20), Is.True, "others are not concerned");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void SwapMaxBelowTheUsageBringsNothingBack()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        engine.SetMax(memcg, 10);
        AddressSpace space = engine.CreateAddressSpace("s", 60, memcg);
        Touch(engine, space, 0, 50);

        engine.SetSwapMax(memcg, 5);

        Assert.That((memcg.SwapUsage, memcg.SwapMax), Is.EqualTo((40ul, 5ul)));
        Assert.That(engine.Host.ViewOf(memcg, engine.Nodes[0]).HasSwapFor(1), Is.False);
        engine.SetSwapMax(memcg, MemoryCgroup.Unlimited);
        Assert.That(engine.Host.ViewOf(memcg, engine.Nodes[0]).HasSwapFor(1 << 20), Is.True);
    }

    [Test]
    public void APageThatItsOwnerKeepsIsNotInSwap()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Backing = new Refusing(), SwapPages = 100 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Touch(engine, engine.CreateAddressSpace("s", 60, memcg), 0, 50);

        Assert.That(engine.SetMax(memcg, 10), Is.False);

        Assert.That((memcg.SwapUsage, engine.Root.SwapUsage, engine.SwapFree), Is.EqualTo((0ul, 0ul, (ulong?)100)));
    }

    [Test]
    public void TheRootAndOthersCgroupsAreRefused()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        using Engine other = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup foreign = other.CreateMemcg("foreign");

        Assert.That(() => engine.SetHigh(engine.Root, 1), Throws.TypeOf<EngineException>().With.Message.Contains("memory.high"));
        Assert.That(() => engine.SetSwapMax(engine.Root, 1), Throws.TypeOf<EngineException>().With.Message.Contains("memory.swap.max"));
        Assert.That(() => engine.SetHigh(foreign, 1), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.SetSwapMax(foreign, 1), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.ReadLocal(foreign, Counter.max), Throws.TypeOf<EngineException>());
        Assert.That((engine.Root.High, engine.Root.SwapMax, foreign.High), Is.EqualTo((MemoryCgroup.Unlimited, MemoryCgroup.Unlimited, MemoryCgroup.Unlimited)));
    }

    [TestCase(200, 200)]
    [TestCase(ReclaimRequest.AnonOnly, 201)]
    [TestCase(null, 60)]
    public void ARequestsSwappinessReachesThePolicyAlsoAsMax(int? asked, int seen)
    {
        var heard = new List<int>();
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<Listener>(heard));

        engine.Reclaim(new ReclaimRequest(1, null, null, asked));

        Assert.That(heard.Distinct(), Is.EqualTo(new[] { seen }));
    }

    [Test]
    public void MaxIsARequestsSwappinessAndNoCgroups()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));

        Assert.That(() => engine.Reclaim(new ReclaimRequest(1, null, null, 202)), Throws.TypeOf<EngineException>().With.Message.Contains("201"));
        Assert.That(() => engine.Reclaim(new ReclaimRequest(1, null, null, -1)), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.SetSwappiness(engine.Root, 201), Throws.TypeOf<EngineException>());
    }

    [Test]
    public void ARequestForTheMachineShowsInItsCountersAndOneForTheRootCgroupDoesNot()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        Touch(engine, engine.CreateAddressSpace("s", 100), 0, 100);

        engine.Reclaim(new ReclaimRequest(10, engine.Root));
        Assert.That((engine.ReadMachine(Counter.pgsteal_proactive), engine.Read(engine.Root, Counter.pgsteal_proactive)), Is.EqualTo((0L, 10L)), "kernel-reclaim 7.1");
        engine.Reclaim(new ReclaimRequest(10, null, engine.Nodes[0]));
        Assert.That((engine.ReadMachine(Counter.pgsteal_proactive), engine.Read(engine.Root, Counter.pgsteal_proactive)), Is.EqualTo((10L, 20L)), "kernel-reclaim 6.8");
        Assert.That(engine.ReadMachine(Counter.allocstall_normal), Is.Zero, "nobody waits for memory");
    }

    private static (long Low, long High, long Max, long Oom) Events(Engine engine, MemoryCgroup memcg) =>
        (engine.Read(memcg, Counter.low), engine.Read(memcg, Counter.high), engine.Read(memcg, Counter.max), engine.Read(memcg, Counter.oom));

    private static AccessTally Touch(Engine engine, AddressSpace space, uint from, uint to)
    {
        AccessTally tally = default;
        for (uint page = from; page < to; page++)
            engine.Access(space, [page], ref tally);
        return tally;
    }

    private sealed class Refusing : ReclaimNative.Reclaim.Backing
    {
        public override ReclaimNative.Reclaim.PageAnswer PageOut(in ReclaimNative.Reclaim.BackedPage page) => ReclaimNative.Reclaim.PageAnswer.Keep;
    }

    private readonly struct Listener : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "listener" };

        public static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass) =>
            ((List<int>)target.Instance!).Add(target.SwappinessOf(scan));
    }
}
