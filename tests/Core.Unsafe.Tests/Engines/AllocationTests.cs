using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>Access, fault and reclaim never allocate. Counted on the thread that runs them, after a warm-up that has tiered code up.</summary>
[NonParallelizable]
public class AllocationTests
{
    private const int Accesses = 1_000_000;
    private const uint Pages = 8192;

    [Test]
    public void AMillionAccessesAtALimitAllocateNothing([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(16384)] });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.Map(space, 0, 1024, engine.CreateFile(1024));
        engine.SetMax(memcg, Pages / 4);
        uint[] accesses = Skewed(Accesses);
        AccessTally tally = default;
        engine.Access(space, accesses.AsSpan(0, Accesses / 4), ref tally);
        long faults = tally.Faults;

        long before = GC.GetAllocatedBytesForCurrentThread();
        engine.Access(space, accesses, ref tally);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
        Assert.That(tally.Refaults, Is.GreaterThan(Accesses / 20), "reclaim ran");
        Assert.That(tally.Faults, Is.GreaterThan(faults));
    }

    [Test]
    public void ReclaimOfTheWholeMachineAllocatesNothing(
        [ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy, [Values] HierarchyWalk walk)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with
        {
            Nodes = [new NodeOptions(1024), new NodeOptions(1024)],
            HierarchyWalk = walk,
        });
        engine.MinTtlMs = 1;
        MemoryCgroup outer = engine.CreateMemcg("outer");
        AddressSpace[] spaces =
        [
            engine.CreateAddressSpace("a", Pages, engine.CreateMemcg("a", outer)),
            engine.CreateAddressSpace("b", Pages, engine.CreateMemcg("b", outer), 1),
            engine.CreateAddressSpace("c", Pages, engine.CreateMemcg("c")),
        ];
        engine.SetProtection(outer, 100, 200);
        engine.SetProtection(engine.Memcgs[2], 50, 100);
        PageFile file = engine.CreateFile(2000);
        ReclaimOperation[] requests = [.. Enumerable.Range(0, 120).Select(_ => engine.Begin(new ReclaimRequest(40, outer)))];
        int next = 0;
        uint[] accesses = Skewed(100_000);
        AccessTally tally = default;
        Run(20_000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(accesses.Length);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
        Assert.That(engine.ReadGlobal(Counter.pgsteal_direct), Is.GreaterThan(1000), "direct reclaim ran");
        Assert.That(engine.ReadGlobal(Counter.pgsteal_kswapd), Is.GreaterThan(1000), "kswapd ran");
        Assert.That(engine.Read(outer, Counter.pgsteal_proactive), Is.GreaterThan(100), "requests were carried out");

        void Run(int count)
        {
            for (int at = 0; at < count; at += 50)
            {
                engine.Access(spaces[at / 50 % 3], accesses.AsSpan(at, 50), ref tally);
                engine.AccessFile(file, (uint)at % 2000, at % 3 == 0, outer, at % 2, ref tally);
                if (at % 1000 == 0)
                    StepToTheEnd(requests[next++]);
                if (at % 400 == 0)
                    engine.RunKswapd(engine.Nodes[at % 2]);
            }
        }
    }

    /// <summary>What a request allocates are its accounts and its result; its work costs nothing.</summary>
    private static void StepToTheEnd(ReclaimOperation request)
    {
        while (request.Step())
        {
        }
    }

    [Test]
    public void AboveHighAndAtSwapMaxNothingIsAllocated([Values("fifo", "clock", "classic", "mglru")] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(16384)] });
        MemoryCgroup outer = engine.CreateMemcg("outer");
        MemoryCgroup memcg = engine.CreateMemcg("m", outer);
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.Map(space, 0, 4096, engine.CreateFile(4096));
        engine.SetHigh(outer, Pages / 4);
        engine.SetSwapMax(outer, 3000);
        uint[] accesses = Skewed(100_000);
        AccessTally tally = default;
        engine.Access(space, accesses.AsSpan(0, 50_000), ref tally);

        long before = GC.GetAllocatedBytesForCurrentThread();
        engine.Access(space, accesses, ref tally);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
        Assert.That(engine.Read(outer, Counter.high), Is.GreaterThan(10), "reclaim ran");
        Assert.That(tally.Refused, Is.Zero);
    }

    [Test]
    public void DemotionAllocatesNothing([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with
        {
            Nodes = [new NodeOptions(1024), new NodeOptions(1024, 1), new NodeOptions(1024, 2)],
            Demotion = true,
        });
        AddressSpace space = engine.CreateAddressSpace("s", Pages);
        engine.Map(space, 0, 4096, engine.CreateFile(4096));
        uint[] accesses = Skewed(100_000);
        AccessTally tally = default;
        Run(20_000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(accesses.Length);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
        Assert.That(engine.Read(engine.Root, Counter.pgdemote_kswapd), Is.GreaterThan(1000));

        void Run(int count)
        {
            for (int at = 0; at < count; at += 50)
            {
                engine.Access(space, accesses.AsSpan(at, 50), ref tally);
                for (int node = 0; node < 3; node++)
                    engine.RunKswapd(engine.Nodes[node]);
            }
        }
    }

    [Test]
    public void PressureAllocatesNothing()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Pressure = true });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 1, memcg);
        using PressureTrigger trigger = engine.AddPressureTrigger(memcg, "some 1000 100000");
        int events = 0;
        Run(1000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(20_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
        Assert.That(events, Is.GreaterThan(1000), "triggers fired");
        Assert.That(engine.ReadPressure(memcg).Some.Avg10.Percent, Is.GreaterThan(40), "averages were sampled");

        void Run(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                engine.SetTaskState(space, step % 2 == 0 ? TaskState.Stalled : TaskState.Running);
                engine.NowMs += 10;
                events += trigger.TakeEvent() ? 1 : 0;
                engine.ReadPressure(memcg);
                engine.ReadPressure(engine.Nodes[0]);
            }
        }
    }

    [Test]
    public void IdleAgesAllocateNothing([Values("classic", "mglru", "mglru/unordered", "classic/identity")] string form)
    {
        using var engine = new Engine(SmallMachine.Form(form) with { IdleAge = true, LeafTables = form.Contains("identity") ? null : 64 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 4096, memcg);
        engine.SetMax(memcg, 2000);
        uint[] accesses = [.. Skewed(40_000).Select(w => w & Engine.WriteBit | (w & ~Engine.WriteBit) % 4096)];
        var ages = new long[256];
        AccessTally tally = default;
        Run();

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
        engine.ReadPromotions(memcg, ages);
        Assert.That(tally.Refaults, Is.GreaterThan(1000), "reclaim ran");
        Assert.That(ages.AsSpan(1).ToArray().Sum(), Is.GreaterThan(1000), "pages aged");

        void Run()
        {
            for (int at = 0; at < accesses.Length; at += 500)
            {
                engine.Access(space, accesses.AsSpan(at, 500), ref tally);
                engine.ScanIdleAges();
                engine.ReadIdleAges(engine.Root, ages);
                engine.ReadPromotions(engine.Root, ages);
            }
        }
    }

    private static uint[] Skewed(int count)
    {
        var random = new Random(1);
        var accesses = new uint[count];
        for (int i = 0; i < count; i++)
            accesses[i] = (uint)(random.NextDouble() * random.NextDouble() * Pages) | (random.Next(4) == 0 ? Engine.WriteBit : 0);
        return accesses;
    }
}
