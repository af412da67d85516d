using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>
/// The policies that know pages beyond their eviction, and SIEVE with walks, each beside a model written from its paper.
/// </summary>
public class ReusePolicyTests
{
    private const uint Pages = 160;

    private static readonly string[] Names = ["lirs", "clockpro", "lruk", "wtinylfu", "sieve+walk"];

    [Test]
    public void EveryAccessHitsOrMissesAsInTheModelAndLeavesTheSamePages(
        [ValueSource(nameof(Names))] string policy, [Values(1, 2, 3, 5, 16, 40, 120)] int capacity, [Values(1, 2, 3)] int seed) =>
        Compare(policy, capacity, seed, byDescriptor: false, frees: false);

    /// <summary>Each read by descriptor counts as one access, though a policy hears of it twice.</summary>
    [Test]
    public void FilePagesReadByDescriptorLeaveAsInTheModel(
        [Values("lirs", "clockpro", "lruk", "wtinylfu")] string policy, [Values(3, 16, 40)] int capacity, [Values(1, 2)] int seed) =>
        Compare(policy, capacity, seed, byDescriptor: true, frees: false);

    [Test]
    public void PagesThatAreFreedLeaveTheModelsOrder(
        [ValueSource(nameof(Names))] string policy, [Values(1, 2, 5, 40)] int capacity, [Values(4, 5)] int seed) =>
        Compare(policy, capacity, seed, byDescriptor: false, frees: true);

    /// <summary>A loop, a hot set and noise under a capacity that changes; most of what there is is pinned now and then.</summary>
    [Test]
    public void PinsFreesAndChangedLimitsLeaveEveryInvariantAndNoOverride(
        [ValueSource(nameof(Names))] string policy, [Values(1, 2, 3, 4)] int seed)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.SetMax(memcg, 30);
        var random = new Random(seed);
        var pinned = new HashSet<uint>();
        AccessTally tally = default;
        for (int step = 0; step < 4000; step++)
        {
            uint page = ExactPolicyModelTests.NextPage(random, step);
            switch (random.Next(40))
            {
                case < 3:
                    engine.Discard(space, page, page + 1);
                    pinned.Remove(page);
                    break;
                case < 7 when pinned.Count < 25 && engine.IsResident(space, page):
                    engine.SetPinned(space, page, true);
                    pinned.Add(page);
                    break;
                case 8:
                    foreach (uint each in pinned)
                        engine.SetPinned(space, each, false);
                    pinned.Clear();
                    break;
                case 9:
                    engine.SetMax(memcg, (ulong)random.Next(26, 100));
                    break;
                default:
                    engine.Access(space, [page], ref tally);
                    break;
            }

            Assert.That(engine.Validate(), Is.Null, $"seed {seed}, step {step}, page {page}");
            Assert.That(pinned.All(p => engine.IsResident(space, p)), $"seed {seed}, step {step}");
        }

        Assert.That(tally.Refused, Is.Zero);
        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
    }

    /// <summary>Cgroups that share nodes and files, page numbers that change hands, owners that refuse, demotion.</summary>
    [Test]
    public void NothingOnACrowdedMachineIsOverridden(
        [Values("lirs", "clockpro", "lruk", "wtinylfu", "lirs clockpro lruk wtinylfu", "lirs clockpro lruk wtinylfu/demotion")] string form,
        [Values(21, 22, 23)] int seed)
    {
        using var machine = new RandomMachine(seed, null, SmallMachine.Form(form));
        for (int step = 0; step < 500; step++)
        {
            string? problem = machine.Step();
            if (problem is not null)
                Assert.Fail($"seed {seed}, step {step} ({machine.LastStep}): {problem}");
        }

        Assert.That(machine.Engine.Read(machine.Engine.Root, Counter.policy_overrides), Is.Zero);
    }

    /// <summary>LRU misses every access of a loop that is a little larger than memory; these keep most of it.</summary>
    [TestCase("lirs", 0.9)]
    [TestCase("clockpro", 0.85)]
    public void ALoopLargerThanMemoryHitsInMostOfMemory(string policy, double share)
    {
        const int Memory = 400;
        const int Loop = 500;
        using var lru = new Trial("lru", Memory);
        using var trial = new Trial(policy, Memory);
        foreach (Trial each in (Trial[])[lru, trial])
        {
            for (int i = 0; i < 10 * Loop; i++)
                each.Access((uint)(i % Loop));
            each.Hits = 0;
            for (int i = 0; i < 10 * Loop; i++)
                each.Access((uint)(i % Loop));
        }

        Assert.That(lru.Hits, Is.Zero);
        Assert.That(trial.Hits, Is.GreaterThan(share * 10 * Memory));
    }

    [TestCase("lirs", true)]
    [TestCase("clockpro", true)]
    [TestCase("lruk", true)]
    [TestCase("wtinylfu", true)]
    [TestCase("lru", false)]
    public void AHotSetLivesThroughAScan(string policy, bool lives)
    {
        using var trial = new Trial(policy, 200);
        var random = new Random(7);
        for (int i = 0; i < 4000; i++)
            trial.Access((uint)(random.Next(4) == 0 ? 150 + random.Next(400) : random.Next(150)));
        for (uint page = 1000; page < 1500; page++)
            trial.Access(page);

        int left = Enumerable.Range(0, 150).Count(p => trial.Engine.IsResident(trial.Space, (ulong)p));
        Assert.That(left, lives ? Is.GreaterThan(120) : Is.Zero);
    }

    [TestCase("sieve", false)]
    [TestCase("sieve+walk", true)]
    public void SieveWalksPageTablesWhenItIsToldToAndElseLooksAtEachPage(string policy, bool walks)
    {
        using var trial = new Trial(policy, 100);
        for (int i = 0; i < 3000; i++)
            trial.Access((uint)(i % 7 == 0 ? 50 + i % 300 : i % 50));

        long entries = trial.Engine.Read(trial.Engine.Root, Counter.mm_leaf_total);
        Assert.That(entries, walks ? Is.Positive : Is.Zero);
        Assert.That(Enumerable.Range(0, 50).Count(p => trial.Engine.IsResident(trial.Space, (ulong)p)), Is.EqualTo(50), "used pages stay either way");
    }

    private static void Compare(string policy, int capacity, int seed, bool byDescriptor, bool frees)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        PageFile file = engine.CreateFile(Pages);
        engine.SetMax(memcg, (ulong)capacity);
        ReuseModel model = ReuseModel.Of(policy, capacity);
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 3000; step++)
        {
            uint page = ExactPolicyModelTests.NextPage(random, step);
            string where = $"seed {seed}, step {step}, page {page}";
            if (frees && random.Next(10) == 0)
            {
                engine.Discard(space, page, page + 1);
                model.Discard(page);
            }
            else
            {
                long hits = tally.Hits;
                bool expected = model.Access(page);
                if (byDescriptor)
                    engine.AccessFile(file, page, false, memcg, 0, ref tally);
                else
                    engine.Access(space, [page], ref tally);
                Assert.That(tally.Hits > hits, Is.EqualTo(expected), where);
            }

            if (!byDescriptor)
            {
                for (uint other = 0; other < Pages; other++)
                {
                    if (engine.IsResident(space, other) != model.Contains(other))
                        Assert.Fail($"{where}: page {other} should {(model.Contains(other) ? "" : "not ")}be resident");
                }
            }

            if (step % 8 == 0)
                Assert.That(engine.Validate(), Is.Null, where);
        }

        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
    }

    /// <summary>One cgroup at its limit, and one process in it.</summary>
    private sealed class Trial : IDisposable
    {
        private AccessTally _tally;

        public Trial(string policy, ulong memory)
        {
            Engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
            MemoryCgroup memcg = Engine.CreateMemcg("m");
            Engine.SetMax(memcg, memory);
            Space = Engine.CreateAddressSpace("s", 2000, memcg);
        }

        public Engine Engine { get; }

        public AddressSpace Space { get; }

        public long Hits { get; set; }

        public void Access(uint page)
        {
            long before = _tally.Hits;
            Engine.Access(Space, [page], ref _tally);
            Hits += _tally.Hits - before;
        }

        public void Dispose() => Engine.Dispose();
    }
}
