using System.Diagnostics;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>A cgroup changes its policy with its pages resident.</summary>
public class PolicySwitchTests
{
    private static readonly string[] Shelf = [.. PolicyShelf.BuiltIn.All.Select(d => d.Name)];

    [Test]
    public void NothingLeavesAndNothingIsLost([ValueSource(nameof(Shelf))] string from, [ValueSource(nameof(Shelf))] string to)
    {
        if (from == to)
            return;
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(from), SmallMachine.Policy(to));
        (MemoryCgroup memcg, AddressSpace space) = Busy(engine, 300, 200, seed: 1);
        bool[] before = Resident(engine, space);
        ulong usage = memcg.Usage;

        engine.SetPolicy(memcg, to);

        Assert.That(engine.PolicyNameOf(memcg), Is.EqualTo(to));
        Assert.That(engine.PolicyNameOf(engine.Root), Is.EqualTo(from), "the others keep theirs");
        Assert.That(Resident(engine, space), Is.EqualTo(before));
        Assert.That(memcg.Usage, Is.EqualTo(usage));
        Assert.That(engine.Validate(), Is.Null);

        Run(engine, space, 300, 3000, seed: 2);
        Assert.That(engine.Validate(), Is.Null);
        engine.SetPolicy(memcg, from);
        Assert.That(engine.Validate(), Is.Null);
        Run(engine, space, 300, 3000, seed: 3);

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero);
        Assert.That(memcg.Usage, Is.InRange(100, 200), "kernels free a batch at a time");
    }

    [Test]
    public void OrderIsCarriedOverColdestFirst([Values("lru", "fifo", "sieve", "lfu", "s3fifo", "arc", "2q", "lirs")] string to)
    {
        using Engine engine = SmallMachine.WithRoom([.. new[] { "lru", "fifo", to }.Distinct().Select(SmallMachine.Policy)]);
        MemoryCgroup memcg = engine.CreateMemcg("m", policy: to == "lru" ? "fifo" : "lru");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        engine.SetMax(memcg, 8);
        AccessTally tally = default;
        engine.Access(space, [7, 3, 5, 1, 0, 2, 6, 4], ref tally);

        engine.SetPolicy(memcg, to);

        uint[] order = [7, 3, 5, 1, 0, 2, 6, 4];
        for (uint i = 0; i < order.Length; i++)
        {
            engine.Access(space, [50 + i], ref tally);
            Assert.That(engine.IsResident(space, order[i]), Is.False, $"page {order[i]} is number {i} to go");
            if (i + 1 < order.Length)
                Assert.That(engine.IsResident(space, order[i + 1]), Is.True);
        }
    }

    [Test]
    public void WhatMglruHoldsYoungIsActiveForClassicAndBack()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("mglru"), SmallMachine.Policy("classic"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        PageFile file = engine.CreateFile(50);
        AccessTally tally = default;
        for (uint page = 0; page < 20; page++)
            engine.Access(space, [page], ref tally);
        for (uint page = 0; page < 10; page++)
            engine.AccessFile(file, page, false, memcg, 0, ref tally);

        engine.SetPolicy(memcg, "classic");

        Assert.That(engine.SizesOf(memcg, engine.Nodes[0]), Is.EqualTo(new LruSizes(0, 20, 10, 0)), "faulted pages were in young generations, read ones in old");
        engine.SetPolicy(memcg, "mglru");
        Assert.That(engine.SizesOf(memcg, engine.Nodes[0]), Is.EqualTo(new LruSizes(0, 20, 10, 0)));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WhatOnePolicyHoldsWarmIsWarmForTheNext(
        [Values("s3fifo", "arc", "2q", "lirs", "clockpro", "wtinylfu", "lfu", "comeback")] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy), SmallMachine.Policy("classic"));
        MemoryCgroup memcg = engine.CreateMemcg("m", policy: policy);
        AddressSpace space = engine.CreateAddressSpace("s", 1000, memcg);
        engine.SetMax(memcg, 100);
        WarmUp(engine, space);
        AccessTally tally = default;

        Assert.That(ResidentOf(engine, space, 10), Is.EqualTo(10), "the policy knows them");
        engine.SetPolicy(memcg, "classic");
        LruSizes sizes = engine.SizesOf(memcg, engine.Nodes[0]);
        Assert.That(sizes.ActiveAnon, Is.GreaterThanOrEqualTo(10), "the hot ones are active");
        foreach (int page in Enumerable.Range(0, 10))
            Assert.That(IsActive(engine, space, (ulong)page), Is.True, $"page {page} is warm");

        // And back, without a use in between: the next pages push out those that were used once.
        engine.SetPolicy(memcg, policy);
        Assert.That(engine.Validate(), Is.Null);
        for (uint once = 900; once < 930; once++)
            engine.Access(space, [once], ref tally);
        Assert.That(ResidentOf(engine, space, 10), Is.EqualTo(10), "the hot ones are kept");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void TheWarmListComesLast([Values("s3fifo", "arc", "2q", "lirs", "clockpro", "wtinylfu", "comeback")] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy), SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m", policy: policy);
        AddressSpace space = engine.CreateAddressSpace("s", 1000, memcg);
        engine.SetMax(memcg, 100);
        WarmUp(engine, space);
        AccessTally tally = default;

        engine.SetPolicy(memcg, "fifo");
        long cold = 100 - Math.Max(10, WarmOf(engine, memcg));
        for (uint once = 900; once < 900 + cold; once++)
            engine.Access(space, [once], ref tally);

        Assert.That(ResidentOf(engine, space, 10), Is.EqualTo(10), $"{cold} pages came in, and as many cold ones were there to go");
    }

    [Test]
    public void OrderGoesThroughEachPolicy(
        [Values("s3fifo", "arc", "2q", "lirs", "clockpro", "wtinylfu", "lfu", "lruk", "comeback", "classic", "mglru", "sieve", "clock")] string through)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"), SmallMachine.Policy(through));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 200, memcg);
        uint[] order = [7, 3, 5, 1, 0, 2, 6, 4];
        AccessTally tally = default;
        engine.Access(space, order, ref tally);
        engine.SetMax(memcg, (ulong)order.Length);

        engine.SetPolicy(memcg, through);
        engine.SetPolicy(memcg, "fifo");

        for (uint i = 0; i < order.Length; i++)
        {
            engine.Access(space, [100 + i], ref tally);
            Assert.That(engine.IsResident(space, order[i]), Is.False, $"page {order[i]} is number {i} to go");
            if (i + 1 < order.Length)
                Assert.That(engine.IsResident(space, order[i + 1]), Is.True);
        }
    }

    [Test]
    public void EachFormOfEngineSwitches([Values("mglru fifo clock", "mglru fifo clock/concurrent", "mglru fifo clock/identity")] string form)
    {
        string[] names = ["fifo", "clock", "mglru", "clock", "fifo", "mglru"];
        EngineOptions options = SmallMachine.Form(form);
        using var engine = new Engine(options.Identity ? options with { LeafTables = null } : options);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 512, memcg);
        engine.SetMax(memcg, 100);
        for (int i = 0; i < names.Length; i++)
        {
            Run(engine, space, 512, 1500, seed: i);
            engine.SetPolicy(memcg, names[i]);
            Assert.That(engine.Validate(), Is.Null, names[i]);
        }

        Run(engine, space, 512, 1500, seed: 9);
        Assert.That(engine.Validate(), Is.Null);
        Assert.That(memcg.Usage, Is.InRange(20, 100), "kernels free a batch at a time");
    }

    [Test]
    public void AnUnorderedEngineSwitchesBetweenFormsOfMglru()
    {
        using var engine = new Engine(SmallMachine.Form("mglru mglru-bloom/unordered"));
        (MemoryCgroup memcg, AddressSpace space) = Busy(engine, 300, 200, seed: 1);

        engine.SetPolicy(memcg, "mglru-bloom");

        Assert.That(engine.Validate(), Is.Null);
        Run(engine, space, 300, 3000, seed: 2);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void TrafficGoesOnWhileAPolicyIsSwitched()
    {
        using var engine = new Engine(SmallMachine.Form("classic mglru fifo/concurrent"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        // Room for what three threads may hold isolated and in batches at once, and for the youngest generations beside that.
        engine.SetMax(memcg, 2000);
        AddressSpace[] spaces = [.. Enumerable.Range(0, 3).Select(i => engine.CreateAddressSpace($"s{i}", 1500, memcg))];
        int stop = 0;
        Thread[] threads = [.. spaces.Select((space, i) => new Thread(() =>
        {
            for (int seed = i; Volatile.Read(ref stop) == 0; seed += 3)
                Run(engine, space, 1500, 500, seed);
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        string[] names = ["mglru", "fifo", "classic"];
        for (int i = 0; i < 60; i++)
        {
            Thread.Sleep(2);
            engine.SetPolicy(memcg, names[i % names.Length]);
        }

        Volatile.Write(ref stop, 1);
        foreach (Thread thread in threads)
            thread.Join();

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero);
    }

    [Test]
    public void APolicyThatIsNotThereIsRefused()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("lru"));

        Assert.That(
            () => engine.SetPolicy(engine.Root, "fifo"),
            Throws.TypeOf<EngineException>().With.Message.EqualTo("The engine has no policy 'fifo'; it was built with lru."));
    }

    [Test]
    public void ShadowsOfTheOldPolicyAreRefaultsOfWhichNothingIsKnown()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("classic"), SmallMachine.Policy("mglru"));
        (MemoryCgroup memcg, AddressSpace space) = Busy(engine, 300, 100, seed: 1);
        engine.SetPolicy(memcg, "mglru");
        long before = engine.Read(memcg, Counter.workingset_refault_anon);
        AccessTally tally = default;
        uint gone = (uint)Enumerable.Range(0, 300).First(p => !engine.IsResident(space, (ulong)p));

        engine.Access(space, [gone], ref tally);

        Assert.That(tally.Refaults, Is.EqualTo(1));
        Assert.That(engine.Read(memcg, Counter.workingset_refault_anon), Is.EqualTo(before + 1));
    }

    /// <summary>Ten pages that are used in every round, among pages that are used once.</summary>
    private static void WarmUp(Engine engine, AddressSpace space)
    {
        AccessTally tally = default;
        for (uint round = 0; round < 30; round++)
        {
            for (uint hot = 0; hot < 10; hot++)
                engine.Access(space, [hot], ref tally);
            for (uint once = 0; once < 20; once++)
                engine.Access(space, [100 + round * 20 + once], ref tally);
        }
    }

    private static (MemoryCgroup Memcg, AddressSpace Space) Busy(Engine engine, uint pages, ulong max, int seed)
    {
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", pages, memcg);
        engine.SetMax(memcg, max);
        for (uint page = 0; page < 200; page++)
        {
            AccessTally tally = default;
            engine.Access(space, [page], ref tally);
        }

        Run(engine, space, pages, 3000, seed);
        return (memcg, space);
    }

    private static void Run(Engine engine, AddressSpace space, uint pages, int steps, int seed)
    {
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < steps; step++)
            engine.Access(space, [(uint)(random.NextDouble() * random.NextDouble() * pages)], ref tally);
        if (tally.Refused > 0)
            throw new InvalidOperationException("An access was refused.");
    }

    /// <summary>What docs/policies.md says of the time that a switch takes comes from here.</summary>
    [Test]
    [Explicit("a measurement, 10 s")]
    public void HowLongASwitchTakes()
    {
        const int Resident = 1_000_000;
        string[] names = ["fifo", "lru", "sieve", "classic", "mglru", "s3fifo", "arc", "2q", "lfu", "lirs", "clockpro", "lruk", "wtinylfu", "comeback"];
        using var engine = new Engine(new EngineOptions
        {
            Nodes = [new NodeOptions(Resident + (Resident / 8))],
            Memcgs = 2,
            AddressSpaces = 1,
            LeafTables = (Resident / 512) + 1,
            Policies = [.. names.Select(SmallMachine.Policy)],
        });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Resident, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < Resident; page++)
            engine.Access(space, [page], ref tally);
        Assert.That(memcg.Usage, Is.EqualTo((ulong)Resident));
        foreach (string name in names[1..])
        {
            double there = double.MaxValue;
            double back = double.MaxValue;
            for (int i = 0; i < 5; i++)
            {
                there = Math.Min(there, Nanoseconds(name));
                back = Math.Min(back, Nanoseconds("fifo"));
            }

            TestContext.Out.WriteLine($"fifo -> {name}: {there:0.0} ns a page, back {back:0.0}");
        }

        double Nanoseconds(string to)
        {
            long began = Stopwatch.GetTimestamp();
            engine.SetPolicy(memcg, to);
            return Stopwatch.GetElapsedTime(began).TotalNanoseconds / Resident;
        }
    }

    /// <summary>Pages of a cgroup that the policy before left as warm.</summary>
    private static long WarmOf(Engine engine, MemoryCgroup memcg)
    {
        MachineState machine = engine.Machine;
        return Enumerable.Range(0, (int)machine.Frames.Count).LongCount(pfn =>
            machine.Frames.Has((uint)pfn, FolioFlags.Active) && machine.LruvecOf(memcg, engine.Nodes[0]).Index == machine.LruvecIndexOf((uint)pfn));
    }

    private static int ResidentOf(Engine engine, AddressSpace space, int first) => Resident(engine, space).Take(first).Count(r => r);

    private static bool IsActive(Engine engine, AddressSpace space, ulong page)
    {
        MachineState machine = engine.Machine;
        return machine.Frames.Has(machine.Tables.FrameOf(space.BaseSlot + (uint)page), FolioFlags.Active);
    }

    private static bool[] Resident(Engine engine, AddressSpace space) =>
        [.. Enumerable.Range(0, (int)space.Pages).Select(page => engine.IsResident(space, (ulong)page))];
}
