using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>How pages come in and what is said of them when they go out.</summary>
public class ArrivalTests
{
    [Test]
    public void AFaultWithRecencyIsNewByFaultAndAnyOtherArrivalByRead()
    {
        var log = new List<string>();
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<Listener>(log));
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        PageFile file = engine.CreateFile(100);
        engine.Map(space, 10, 20, file);
        engine.Map(space, 20, 30, file, 10, VmaFlags.NoRecency);
        engine.Map(space, 30, 40, null, 0, VmaFlags.NoRecency);
        AccessTally tally = default;

        engine.Access(space, [0, 10, 20, 30, 0, 10], ref tally);
        engine.AccessFile(file, 50, false, null, 0, ref tally);
        engine.AccessFile(file, 0, false, null, 0, ref tally);

        Assert.That(
            string.Join(' ', log),
            Is.EqualTo("NewByFault NewByFault NewByRead NewByRead NewByRead DescriptorAccess DescriptorAccess"),
            "hits through mappings leave a bit and call nobody");
    }

    [Test]
    public void TheBackingIsToldWhatWasWrittenSinceThePageCameIn()
    {
        var log = new Store();
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Backing = log });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        engine.SetMax(memcg, 3);
        AccessTally tally = default;

        engine.Access(space, [0 | Engine.WriteBit, 1, 1 | Engine.WriteBit, 2, 3, 4, 5], ref tally);
        Assert.That(log.Take(), Is.EqualTo("out 0 dirty, out 1 dirty, out 2"), "by its fault, by a hit, not at all");

        engine.Access(space, [0, 6, 7, 8], ref tally);
        Assert.That(log.Take(), Is.EqualTo("out 3, in 0, out 4, out 5, out 0"), "what came back from swap is clean until it is written again");
    }

    [Test]
    public void AFilePageIsNamedByItsPlaceInTheFile([Values] bool firstTouch)
    {
        var log = new Store();
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Backing = log, FirstTouch = firstTouch });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        engine.CreateFile(600);
        PageFile file = engine.CreateFile(600);
        engine.SetMax(memcg, 1);
        AccessTally tally = default;

        engine.AccessFile(file, 550, false, memcg, 0, ref tally);
        engine.AccessFile(file, 3, false, memcg, 0, ref tally);
        Assert.That(
            log.Take(),
            Is.EqualTo(firstTouch ? "in file 1 page 550, out file 1 page 550, in file 1 page 3" : "out file 1 page 550"),
            "a page that has never been in memory is asked for only where the owner wants that, of a file as any other");

        engine.AccessFile(file, 550, false, memcg, 0, ref tally);
        Assert.That(log.Take(), Is.EqualTo("out file 1 page 3, in file 1 page 550"));
    }

    [Test]
    public void DescriptorAccessesAreAccessesToTheExactPolicies(
        [Values("fifo", "lru", "clock", "sieve", "s3fifo", "arc", "2q", "lfu", "mru")] string policy, [Values(1, 5, 40)] int capacity, [Values(1, 2)] int seed)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        PageFile file = engine.CreateFile(100);
        engine.SetMax(memcg, (ulong)capacity);
        ExactModel model = ExactModel.Of(policy, capacity);
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 4000; step++)
        {
            uint page = (uint)(random.NextDouble() * random.NextDouble() * 100);
            long hits = tally.Hits;
            engine.AccessFile(file, page, false, memcg, 0, ref tally);
            Assert.That(tally.Hits > hits, Is.EqualTo(model.Access(page)), $"seed {seed}, step {step}, page {page}");
        }

        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AShadowOfAnotherPolicyIsARefaultThatIsNotRecent()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("classic"), SmallMachine.Policy("mglru"));
        MemoryCgroup mglru = engine.CreateMemcg("m", null, "mglru");
        PageFile file = engine.CreateFile(10);
        AccessTally tally = default;
        engine.AccessFile(file, 0, false, null, 0, ref tally);
        engine.Reclaim(new ReclaimRequest(1));
        Assert.That(file.Resident, Is.Zero);

        engine.AccessFile(file, 0, false, mglru, 0, ref tally);

        Assert.That(tally.Refaults, Is.EqualTo(1));
        Assert.That(engine.Read(mglru, Counter.workingset_refault_file), Is.EqualTo(1), "counted where it is now");
        Assert.That(engine.Read(engine.Root, Counter.workingset_activate_file), Is.Zero);
    }

    private readonly struct Listener : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "listener" };

        public static void OnEvent(PolicyView view, uint pfn, FolioEvent what) => ((List<string>)view.Instance!).Add(what.ToString());
    }

    private sealed class Store : Backing
    {
        private readonly List<string> _log = [];

        public override PageAnswer PageOut(in BackedPage page)
        {
            _log.Add($"out {Name(page)}{(page.Dirty ? " dirty" : "")}");
            return PageAnswer.Evict;
        }

        public override bool PageIn(in BackedPage page)
        {
            _log.Add($"in {Name(page)}");
            return true;
        }

        public string Take()
        {
            string all = string.Join(", ", _log);
            _log.Clear();
            return all;
        }

        private static string Name(in BackedPage page) => page.File is null ? $"{page.Page}" : $"file {page.File.Id} page {page.Page}";
    }
}
