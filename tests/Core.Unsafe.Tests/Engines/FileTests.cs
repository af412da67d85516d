using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>Files: how they begin, are read, are cut and end.</summary>
public class FileTests
{
    [Test]
    public void TruncationDropsPagesDirtyPinnedOrMappedAndForgetsThem([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        PageFile file = engine.CreateFile(200);
        AddressSpace[] spaces = [engine.CreateAddressSpace("a", 100, memcg), engine.CreateAddressSpace("b", 100, memcg)];
        AccessTally tally = default;
        foreach (AddressSpace space in spaces)
        {
            engine.Map(space, 0, 100, file);
            engine.Access(space, [.. Enumerable.Range(0, 60).Select(i => (uint)i | Engine.WriteBit)], ref tally);
        }

        engine.AccessFile(file, [150, 151 | Engine.WriteBit], memcg, 0, ref tally);
        engine.SetPinned(spaces[0], 3, true);
        engine.Reclaim(new ReclaimRequest(20, memcg));
        Assert.That(file.Resident, Is.InRange(1, 61), "some have left shadows");

        engine.Truncate(file, 0, 50);

        Assert.That(Enumerable.Range(0, 50).Any(p => engine.IsResident(spaces[0], (ulong)p) || engine.IsResident(spaces[1], (ulong)p)), Is.False);
        Assert.That(memcg.Usage, Is.EqualTo((ulong)file.Resident));
        Assert.That(engine.Validate(), Is.Null);
        tally = default;
        engine.AccessFile(file, [.. Enumerable.Range(0, 50).Select(i => (uint)i)], memcg, 0, ref tally);
        Assert.That(tally.ColdFaults, Is.EqualTo(50), "nothing is remembered of them");
        engine.Truncate(file, 0, 200);
        Assert.That(file.Resident, Is.Zero);
        Assert.That(memcg.Usage, Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AFileEndsWhenItIsMappedNowhereAndItsPlaceIsGivenOutAgain()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("mglru"));
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        PageFile file = engine.CreateFile(60 * 512, "log");
        Assert.That(() => engine.CreateFile(60 * 512), Throws.TypeOf<EngineException>().With.Message.Contains("leaf tables"));
        engine.Map(space, 10, 20, file);
        Assert.That(engine.IsMapped(file));
        Assert.That(() => engine.Destroy(file), Throws.TypeOf<EngineException>().With.Message.Contains("maps file log"));

        AccessTally tally = default;
        engine.Access(space, [10, 11 | Engine.WriteBit], ref tally);
        engine.Map(space, 10, 20, null);
        engine.Destroy(file);

        Assert.That(engine.Nodes[0].Free, Is.EqualTo(4096));
        Assert.That(engine.FindFile("log"), Is.Null);
        Assert.That(() => engine.Truncate(file, 0, 1), Throws.TypeOf<EngineException>().With.Message.Contains("destroyed"));
        Assert.That(() => engine.Destroy(file), Throws.TypeOf<EngineException>().With.Message.Contains("destroyed"));
        PageFile next = engine.CreateFile(60 * 512);
        Assert.That(next.Id, Is.EqualTo(file.Id));
        Assert.That(() => engine.AccessFile(file, [0], null, 0, ref tally), Throws.TypeOf<EngineException>(), "the old one is not the new one");
        tally = default;
        engine.AccessFile(next, [10, 11], null, 0, ref tally);
        Assert.That(tally.ColdFaults, Is.EqualTo(2));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void OfSeveralWithOneNameTheOldestIsFoundWhateverItsNumber()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        PageFile first = engine.CreateFile(1, "x");
        PageFile second = engine.CreateFile(1, "x");
        engine.Destroy(first);
        PageFile third = engine.CreateFile(1, "x");
        Assert.That(third.Id, Is.LessThan(second.Id));
        Assert.That(engine.FindFile("x"), Is.SameAs(second));
        AddressSpace a = engine.CreateAddressSpace("s", 1);
        AddressSpace b = engine.CreateAddressSpace("s", 1);
        engine.Destroy(a);
        engine.CreateAddressSpace("s", 1);
        Assert.That(engine.FindAddressSpace("s"), Is.SameAs(b));
        using Engine copy = engine.Fork();
        Assert.That(copy.FindFile("x")!.Id, Is.EqualTo(second.Id));
        Assert.That(copy.FindAddressSpace("s")!.Id, Is.EqualTo(b.Id));
        Assert.That(engine.FindMemcg("/"), Is.SameAs(engine.Root));
        Assert.That(engine.FindMemcg("/x"), Is.Null);
    }

    [Test]
    public void ABatchByDescriptorIsTheSameAsPageByPage([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        var random = new Random(2);
        uint[] words = [.. Enumerable.Range(0, 3000).Select(_ => (uint)(random.NextDouble() * random.NextDouble() * 400) | (random.Next(4) == 0 ? Engine.WriteBit : 0))];
        using Engine whole = Limited(policy, out PageFile file, out MemoryCgroup memcg);
        AccessTally tally = default;
        Assert.That(whole.AccessFile(file, words, memcg, 0, ref tally), Is.EqualTo(words.Length));

        using Engine single = Limited(policy, out PageFile same, out MemoryCgroup its);
        AccessTally counts = default;
        foreach (uint word in words)
            Assert.That(single.AccessFile(same, word & ~Engine.WriteBit, word >= Engine.WriteBit, its, 0, ref counts));

        Assert.That(tally, Is.EqualTo(counts));
        Assert.That(tally.Refaults, Is.Positive);
        Assert.That(EngineDigest.OfCopy(whole).Except(EngineDigest.OfCopy(single)), Is.Empty);
    }

    [Test]
    public void ABatchEndsWhereAPageIsBeyondTheFileOrThereIsNoMemory()
    {
        using Engine engine = Limited("lru", out PageFile file, out MemoryCgroup memcg);
        AccessTally tally = default;
        Assert.That(() => engine.AccessFile(file, [1, 2, 400, 3], memcg, 0, ref tally), Throws.TypeOf<EngineException>().With.Message.Contains("Page 400"));
        Assert.That(tally.Accesses, Is.EqualTo(2));

        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        engine.Truncate(file, 0, 400);
        engine.Access(space, [.. Enumerable.Range(0, 100).Select(i => (uint)i)], ref tally);
        for (ulong page = 0; page < 100; page++)
            engine.SetPinned(space, page, true);
        tally = default;
        Assert.That(engine.AccessFile(file, [1, 2, 3], memcg, 0, ref tally), Is.EqualTo(1));
        Assert.That(tally.Refused, Is.EqualTo(1));
    }

    [Test]
    public void BatchesAllocateNothing()
    {
        using Engine engine = Limited("mglru", out PageFile file, out MemoryCgroup memcg);
        AddressSpace space = engine.CreateAddressSpace("s", 400, memcg);
        uint[] words = [.. Enumerable.Range(0, 20_000).Select(i => (uint)(i * 7 % 400))];
        var bits = new ulong[7];
        bits.AsSpan().Fill(0x5555_5555_5555_5555);
        AccessTally tally = default;
        long affected = 0;
        void Use()
        {
            engine.AccessFile(file, words, memcg, 0, ref tally);
            engine.Access(space, words, ref tally);
            engine.AccessBitmap(space, 0, 400, bits, bits);
            engine.Advise(space, 0, 200, PageAdvice.Cold, out _);
            engine.Advise(space, 0, 400, PageAdvice.PageOut, out affected);
            engine.Advise(space, 0, 50, PageAdvice.WillNeed, out _);
        }

        for (int i = 0; i < 40; i++)
            Use();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Use();
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(affected, Is.Positive);
    }

    private static Engine Limited(string policy, out PageFile file, out MemoryCgroup memcg)
    {
        Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        memcg = engine.CreateMemcg("m");
        file = engine.CreateFile(400);
        engine.SetMax(memcg, 100);
        return engine;
    }
}
