using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

public class AccessTallyTests
{
    [Test]
    public void AMappingThatFindsNoLinkIsRefusedAndNothingElse()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { SharedMappings = 1 });
        PageFile file = engine.CreateFile(4);
        AddressSpace first = Mapping(engine, file);
        AddressSpace second = Mapping(engine, file);
        AccessTally tally = default;
        engine.Access(first, [0], ref tally);

        engine.Access(second, [0], ref tally);

        Assert.That(tally.Refused, Is.EqualTo(1), "a second mapping takes two links and there is one");
        Assert.That(tally.MinorFaults, Is.Zero, "what was refused is not a fault as well");
        Assert.That(tally.Accesses, Is.EqualTo(2), "each access counts once");
        Assert.That(engine.IsResident(second, 0), Is.False);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void EachKindOfAccessIsTalliedAsItself()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        PageFile file = engine.CreateFile(4);
        AddressSpace anon = engine.CreateAddressSpace("anon", 8, memcg);
        AddressSpace first = Mapping(engine, file);
        AddressSpace second = Mapping(engine, file);
        engine.SetMax(memcg, 1);
        AccessTally tally = default;

        int done = engine.Access(anon, [0, 0, 1, 0 | Engine.WriteBit], ref tally);
        engine.Access(first, [2], ref tally);
        engine.Access(second, [2, 2], ref tally);
        engine.AccessFile(file, 2, false, null, 0, ref tally);

        Assert.That(done, Is.EqualTo(4));
        Assert.That(tally.ColdFaults, Is.EqualTo(3), "pages 0 and 1 and the file's page 2");
        Assert.That(tally.Refaults, Is.EqualTo(1), "page 0 was evicted for page 1");
        Assert.That(tally.MinorFaults, Is.EqualTo(1), "the second mapping found the page in the cache");
        Assert.That(tally.Hits, Is.EqualTo(3), "one of each space and one by descriptor");
        Assert.That(tally.Refused, Is.Zero);
        Assert.That(tally.Faults, Is.EqualTo(4));
    }

    [Test]
    public void OnlyFaultsThatReadArePgmajfault()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        PageFile file = engine.CreateFile(4);
        AddressSpace space = Mapping(engine, file);
        AddressSpace anon = engine.CreateAddressSpace("anon", 4);
        AccessTally tally = default;
        engine.AccessFile(file, 0, false, null, 0, ref tally);
        Assert.That((Read(Counter.pgfault), Read(Counter.pgmajfault)), Is.EqualTo((0L, 0L)), "a read is no fault");

        engine.Access(space, [0, 1], ref tally);
        engine.Access(anon, [0], ref tally);
        Assert.That((Read(Counter.pgfault), Read(Counter.pgmajfault)), Is.EqualTo((3L, 1L)), "page 0 was cached, a new anonymous page reads nothing");

        engine.Reclaim(new ReclaimRequest(3));
        engine.Access(anon, [0], ref tally);
        Assert.That((Read(Counter.pgfault), Read(Counter.pgmajfault), Read(Counter.pswpin)), Is.EqualTo((4L, 2L, 1L)));

        long Read(Counter counter) => engine.Read(engine.Root, counter);
    }

    [Test]
    public void WithoutSwapAnAccessBeyondAFullCgroupIsRefusedAndNothingBreaks([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { SwapPages = 0 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        engine.SetMax(memcg, 50);
        AccessTally tally = default;
        var accesses = new uint[100];
        for (uint i = 0; i < 100; i++)
            accesses[i] = i;

        int done = engine.Access(space, accesses, ref tally);

        Assert.That(done, Is.EqualTo(51), "up to and including the one that was refused");
        Assert.That(tally.Refused, Is.EqualTo(1));
        Assert.That(tally.ColdFaults, Is.EqualTo(50));
        Assert.That(memcg.Usage, Is.EqualTo(50));
        Assert.That(engine.Read(memcg, Counter.oom), Is.EqualTo(1));
        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero, "to find nothing is no fault of the policy's");
        Assert.That(engine.Validate(), Is.Null);
        engine.Discard(space, 0, 1);
        Assert.That(engine.Access(space, [60], ref tally), Is.EqualTo(1), "a page given back makes room");
        Assert.That(tally.Refused, Is.EqualTo(1));
    }

    [Test]
    public void AFullMachineRefusesWithoutEnd([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Nodes = [new NodeOptions(300)], SwapPages = 0 });
        AddressSpace space = engine.CreateAddressSpace("s", 400);
        AccessTally tally = default;

        for (uint page = 0; page < 400; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(tally.ColdFaults + tally.Refused, Is.EqualTo(400));
        Assert.That(tally.Refused, Is.GreaterThan(100), "the reserve below the min watermark stays free");
        Assert.That(engine.ReadGlobal(Counter.oom), Is.EqualTo(tally.Refused));
        Assert.That(engine.Validate(), Is.Null);
    }

    private static AddressSpace Mapping(Engine engine, PageFile file)
    {
        AddressSpace space = engine.CreateAddressSpace("mapping", file.Pages);
        engine.Map(space, 0, file.Pages, file);
        return space;
    }
}
