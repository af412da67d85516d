using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>Reclaim for the whole machine by the memcg LRU: who is visited, and what becomes of him. Kernel-reclaim 4.5.</summary>
public class MemcgOrderTests
{
    [TestCase("mglru", KernelVersion.V6_1, null, false)]
    [TestCase("mglru", KernelVersion.V6_12, null, true)]
    [TestCase("mglru", KernelVersion.V6_18, null, true)]
    [TestCase("mglru", KernelVersion.Fixed, null, true)]
    [TestCase("classic", KernelVersion.V6_18, null, false)]
    [TestCase("mglru classic", KernelVersion.Fixed, null, false)]
    [TestCase("fifo", KernelVersion.Fixed, null, false)]
    [TestCase("mglru", KernelVersion.Fixed, HierarchyWalk.SharedCookie, false)]
    [TestCase("mglru", KernelVersion.V6_1, HierarchyWalk.MemcgLru, true)]
    [TestCase("classic fifo", KernelVersion.V6_1, HierarchyWalk.MemcgLru, true)]
    public void TheKernelHasItForMglruFrom612OnAndTheOwnerForAny(string policies, KernelVersion kernel, HierarchyWalk? asked, bool uses)
    {
        EngineOptions options = SmallMachine.Form(policies) with { Kernel = kernel, HierarchyWalk = asked };
        using var engine = new Engine(options);

        Assert.That(engine.Host.MemcgLrus is not null, Is.EqualTo(uses));
    }

    [Test]
    public void AWalkThatThereIsNotIsRefused() =>
        Assert.That(
            () => new Engine(SmallMachine.Form("mglru") with { HierarchyWalk = (HierarchyWalk)7 }),
            Throws.TypeOf<EngineException>().With.Message.Contains("SharedCookie and MemcgLru are accepted"));

    [Test]
    public void EqualCgroupsAreReclaimedFromAlike([Values("mglru", "classic", "fifo")] string policy)
    {
        const int Cgroups = 6;
        using var engine = new Engine(SmallMachine.Form(policy) with { Nodes = [new NodeOptions(1200)], HierarchyWalk = HierarchyWalk.MemcgLru });
        AddressSpace[] spaces = [.. Enumerable.Range(0, Cgroups).Select(i => engine.CreateAddressSpace("s", 4000, engine.CreateMemcg($"c{i}")))];
        AccessTally tally = default;
        for (uint page = 0; page < 4000; page++)
        {
            foreach (AddressSpace space in spaces)
                engine.Access(space, [page], ref tally);
        }

        double[] stolen = [.. engine.Memcgs.Skip(1).Select(m => (double)engine.Read(m, Counter.pgsteal_anon))];
        Assert.That(stolen, Is.All.EqualTo(stolen.Average()).Within(12).Percent, "each brings in 4000 pages of which 200 have room");
        Assert.That(engine.Memcgs.Skip(1).Select(m => m.Usage), Is.All.InRange(50, 400));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void InARoundOfTurnsEveryoneHasOne()
    {
        using var machine = new Machine(cgroups: 5);
        machine.Fill(machine.Engine.Root);
        machine.Log.IsDone = true;
        machine.Log.PagesPerVisit = 32;

        machine.Direct();
        Assert.That(machine.Log.Visits, Has.Count.EqualTo(1), "enough after one");
        for (int i = 1; i < 6; i++)
            machine.Direct();

        Assert.That(machine.Log.Visits, Is.EquivalentTo(Enumerable.Range(0, 6)), "the root and five, each once");
        Assert.That(machine.Order.Sequence, Is.EqualTo(1));
        machine.Log.Visits.Clear();
        for (int i = 0; i < 6; i++)
            machine.Direct();
        Assert.That(machine.Log.Visits, Is.EquivalentTo(Enumerable.Range(0, 6)), "and again");
    }

    [Test]
    public void WhoGaveAPartStaysWhereHeIs()
    {
        using var machine = new Machine(cgroups: 5);
        machine.Log.PagesPerVisit = 8;
        var before = Enumerable.Range(0, 6).Select(machine.Order.PlaceOf).ToArray();

        machine.Run(priority: 0, wanted: long.MaxValue);

        int[] sized = [.. Enumerable.Range(1, 5)];
        Assert.That(sized.Select(machine.Order.PlaceOf), Is.EqualTo(sized.Select(m => before[m])));
        Assert.That(machine.Order.PlaceOf(0).Segment == MemcgSegment.Tail || machine.Order.PlaceOf(0).Slot == 1, "the root has no pages");
    }

    [TestCase(5, false, Description = "64 pages >> 5: worth it")]
    [TestCase(7, true)]
    public void WhoIsTooSmallAtThisPriorityIsPutOffThenHasHadHisTurn(int priority, bool moves)
    {
        using var machine = new Machine(cgroups: 1);

        machine.Run(priority, wanted: long.MaxValue);
        bool moved = machine.Order.PlaceOf(1) is (_, _, MemcgSegment.Tail) or (1, _, _);
        machine.Run(priority, wanted: long.MaxValue);

        Assert.That(moved, Is.EqualTo(moves));
        Assert.That(machine.Order.Sequence, moves ? Is.Positive : Is.Zero);
    }

    [Test]
    public void BelowMinIsATurnWithoutAVisit()
    {
        using var machine = new Machine(cgroups: 3);
        machine.Engine.SetProtection(machine.Engine.Memcgs[2], 64, 0);

        machine.Run(priority: 0, wanted: long.MaxValue);

        Assert.That(machine.Log.Visits, Does.Not.Contain(2).And.Contains(1).And.Contains(3));
        Assert.That((machine.Order.PlaceOf(2).Slot, machine.Order.PlaceOf(2).Segment), Is.EqualTo((1, MemcgSegment.Default)));
    }

    [Test]
    public void BelowLowIsLeftForLast()
    {
        using var machine = new Machine(cgroups: 3);
        machine.Engine.SetProtection(machine.Engine.Memcgs[2], 0, 64);
        List<MemcgSegment> segments = [];
        machine.Log.OnVisit = id =>
        {
            if (id == 2)
                segments.Add(machine.Order.PlaceOf(2).Segment);
        };

        machine.Run(priority: 0, wanted: long.MaxValue);
        machine.Run(priority: 0, wanted: long.MaxValue);

        Assert.That(segments, Is.Not.Empty.And.All.EqualTo(MemcgSegment.Tail), "put off when first met, visited when met again");
        Assert.That(machine.Log.Visits.Count(id => id == 1), Is.EqualTo(2));
    }

    [TestCase(KernelVersion.V6_18, false)]
    [TestCase(KernelVersion.Fixed, true)]
    public void DirectReclaimRefreshesProtectionWhereThatIsFixed(KernelVersion kernel, bool isProtected)
    {
        using var machine = new Machine(cgroups: 2, kernel);
        machine.Engine.SetProtection(machine.Engine.Memcgs[1], 64, 0);

        machine.Run(priority: 0, wanted: long.MaxValue);
        Assert.That(machine.Log.Visits, isProtected ? Does.Not.Contain(1) : Does.Contain(1), "kernel-reclaim 15, row 12");

        machine.Log.Visits.Clear();
        machine.Background();
        machine.Run(priority: 0, wanted: long.MaxValue);
        Assert.That(machine.Log.Visits, Does.Not.Contain(1), "kswapd has worked it out");
    }

    [Test]
    public void ProtectionIsRefreshedAlongThePath()
    {
        using var machine = new Machine(cgroups: 1);
        MemoryCgroup inner = machine.Add("inner", machine.Engine.Memcgs[1]);
        machine.Engine.SetProtection(machine.Engine.Memcgs[1], 128, 0);
        machine.Engine.SetProtection(inner, 32, 0);

        machine.Run(priority: 0, wanted: long.MaxValue);

        Assert.That(inner.EffectiveMin, Is.EqualTo(64), "32 of its own, and a third of the 96 that the parent has left");
        Assert.That(machine.Log.Visits, Does.Not.Contain(inner.Id));
    }

    [Test]
    public void ATurnInReclaimForACgroupCounts([Values] bool below)
    {
        using var machine = new Machine(cgroups: 2);
        MemoryCgroup target = machine.Engine.Memcgs[1];
        if (below)
            machine.Add("inner", target);
        machine.Log.PagesPerVisit = 32;

        machine.Engine.Reclaim(new ReclaimRequest(8, target));
        Assert.That(machine.Order.PlaceOf(1).Slot, Is.Zero, "a part was taken");
        machine.Log.IsDone = true;
        machine.Engine.Reclaim(new ReclaimRequest(8, target));
        machine.Engine.Reclaim(new ReclaimRequest(8, target));

        Assert.That((machine.Order.PlaceOf(1).Slot, machine.Order.PlaceOf(2).Slot), Is.EqualTo((1, 0)));
    }

    [Test]
    public void KswapdStopsWhenFreeFramesAreToSpare()
    {
        using var machine = new Machine(cgroups: 5);
        Assert.That(machine.Engine.Nodes[0].Free, Is.GreaterThan(machine.Engine.Nodes[0].Watermarks.High + 64));

        machine.Run(priority: 0, wanted: long.MaxValue, Reclaimer.Kswapd);

        Assert.That(machine.Log.Visits, Has.Count.LessThanOrEqualTo(1));
    }

    [Test]
    public void AMachineOfThreadsKeepsTheOrderWhole()
    {
        using var engine = new Engine(SmallMachine.Form("mglru/concurrent") with { Nodes = [new NodeOptions(1024)] });
        AddressSpace[] spaces = [.. Enumerable.Range(0, 4).Select(i => engine.CreateAddressSpace("s", 2000, engine.CreateMemcg($"c{i}")))];

        Concurrency.Race.Run(4, thread =>
        {
            AccessTally tally = default;
            for (uint page = 0; page < 2000; page++)
                engine.Access(spaces[thread], [page], ref tally);
        });

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(engine.ReadGlobal(Counter.pgsteal_direct), Is.Positive);
    }

    private sealed class VisitLog
    {
        public List<int> Visits { get; } = [];

        /// <summary>Every visit is a turn.</summary>
        public bool IsDone { get; set; }

        public int PagesPerVisit { get; set; }

        public Action<int>? OnVisit { get; set; }
    }

    /// <summary>Cgroups of 64 pages each under a policy that logs who is visited.</summary>
    private sealed class Machine : IDisposable
    {
        public Machine(int cgroups, KernelVersion kernel = KernelVersion.Fixed)
        {
            Engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Turns>(Log)) with { Kernel = kernel });
            for (int i = 1; i <= cgroups; i++)
                Add($"c{i}", null);
        }

        public VisitLog Log { get; } = new();

        public Engine Engine { get; }

        public MemcgLru Order => Engine.Host.MemcgLrus![0];

        public MemoryCgroup Add(string name, MemoryCgroup? parent)
        {
            MemoryCgroup memcg = Engine.CreateMemcg(name, parent);
            Fill(memcg);
            return memcg;
        }

        public void Fill(MemoryCgroup memcg)
        {
            AddressSpace space = Engine.CreateAddressSpace("s", 64, memcg);
            AccessTally tally = default;
            for (uint page = 0; page < 64; page++)
                Engine.Access(space, [page], ref tally);
        }

        public void Direct() => Run(priority: 12, wanted: 32);

        public void Run(int priority, long wanted, Reclaimer reclaimer = Reclaimer.Direct)
        {
            ScanControl scan = new() { Reclaimer = reclaimer, MaySwap = true, Priority = priority, NrToReclaim = wanted };
            Engine.Pass.Run(Engine.Nodes[0], scan, ref scan, shared: true);
        }

        public void Background()
        {
            ScanControl scan = new() { Reclaimer = Reclaimer.Kswapd, MaySwap = true, Priority = 12, Background = true };
            Engine.Pass.RunBackground(Engine.Nodes[0], scan, ref scan);
        }

        public void Dispose() => Engine.Dispose();
    }

    private readonly struct Turns : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "turns", Flags = PolicyFlags.IgnoresReferences | PolicyFlags.MemcgLru };

        public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
        {
            if (scan.Background)
                return false;
            LogOf(view).Visits.Add(view.Memcg.Id);
            LogOf(view).OnVisit?.Invoke(view.Memcg.Id);
            return true;
        }

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            budget.Done = LogOf(view).IsDone;
            view.IsolateTail(0, LogOf(view).PagesPerVisit, ref batch);
        }

        public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => false;

        private static VisitLog LogOf(PolicyView view) => (VisitLog)view.Instance!;
    }
}
