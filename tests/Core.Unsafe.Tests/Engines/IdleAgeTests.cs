using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>Idle ages: kernel-reclaim 1.2 and 10.</summary>
public unsafe class IdleAgeTests
{
    private static readonly string[] Forms = ["classic", "mglru", "mglru/unordered", "classic/identity", "mglru/unordered/identity", "classic/concurrent"];

    [Test]
    public void APageThatIsNotUsedAgesAndOneThatIsBeginsAnew([ValueSource(nameof(Forms))] string form)
    {
        using Engine engine = Machine(form);
        AddressSpace space = engine.CreateAddressSpace("s", 10);
        AccessTally tally = default;
        engine.Access(space, [0, 1, 2], ref tally);
        Assert.That(Ages(engine), Is.EqualTo(Pages((0, 3))), "come in since the last scan");
        engine.ScanIdleAges();
        Assert.That(Ages(engine), Is.EqualTo(Pages((0, 3))), "used before the scan");
        engine.ScanIdleAges();
        engine.Access(space, [1], ref tally);
        engine.ScanIdleAges();
        Assert.That(Ages(engine), Is.EqualTo(Pages((0, 1), (2, 2))));
        Assert.That(Promotions(engine), Is.EqualTo(Pages((1, 1))), "page 1, at age 1");
        engine.Access(space, [0, 0, 1], ref tally);
        engine.ScanIdleAges();
        Assert.That(Promotions(engine), Is.EqualTo(Pages((0, 1), (1, 1), (2, 1))), "page 1 at age 0, page 0 at age 2 and once");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AgesEndAt254([ValueSource(nameof(Forms))] string form)
    {
        using Engine engine = Machine(form);
        AddressSpace space = engine.CreateAddressSpace("s", 10);
        AccessTally tally = default;
        engine.Access(space, [5], ref tally);
        for (int scan = 0; scan < 300; scan++)
        {
            Assert.That(Ages(engine), Is.EqualTo(Pages((Math.Clamp(scan - 1, 0, 254), 1))), $"after {scan} scans");
            engine.ScanIdleAges();
        }

        engine.Access(space, [5], ref tally);
        engine.ScanIdleAges();
        Assert.That(Promotions(engine), Is.EqualTo(Pages((254, 1))));
    }

    [Test]
    public void AnEvictedPageGoesOnAgeingAndItsReturnIsAPromotionOfThatAge([ValueSource(nameof(Forms))] string form)
    {
        using Engine engine = Machine(form);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 10, memcg);
        AccessTally tally = default;
        engine.Access(space, [7], ref tally);
        for (int scan = 0; scan < 3; scan++)
            engine.ScanIdleAges();
        Evict(engine, memcg, space, 7);
        Assert.That(Ages(engine), Is.EqualTo(Pages()), "only resident pages are counted");
        for (int scan = 0; scan < 4; scan++)
            engine.ScanIdleAges();
        engine.Access(space, [7], ref tally);
        Assert.That(tally.Refaults, Is.EqualTo(1));
        Assert.That(Promotions(engine), Is.EqualTo(Pages((6, 1))), "seven scans, of which the first found it used");
        Assert.That(Ages(engine), Is.EqualTo(Pages((0, 1))));
        engine.ScanIdleAges();
        Assert.That(Promotions(engine), Is.EqualTo(Pages((6, 1))), "counted once");
        engine.Discard(space, 7, 8);
        engine.ScanIdleAges();
        engine.Access(space, [7], ref tally);
        Assert.That(Promotions(engine), Is.EqualTo(Pages((6, 1))), "a first touch is none");
    }

    [Test]
    public void APageOfAFileIsUsedThroughAnyMappingAndByDescriptor()
    {
        using Engine engine = Machine("classic");
        PageFile file = engine.CreateFile(8);
        AddressSpace one = engine.CreateAddressSpace("one", 8);
        AddressSpace two = engine.CreateAddressSpace("two", 8);
        engine.Map(one, 0, 8, file);
        engine.Map(two, 0, 4, file, 2);
        AccessTally tally = default;
        engine.Access(one, [2, 3, 4], ref tally);
        engine.Access(two, [0, 1], ref tally);
        engine.ScanIdleAges();
        engine.ScanIdleAges();
        Assert.That(Ages(engine), Is.EqualTo(Pages((1, 3))), "one age for a page, however often it is mapped");
        engine.Access(two, [0], ref tally);
        engine.AccessFile(file, 4, false, null, 0, ref tally);
        engine.ScanIdleAges();
        Assert.That(Ages(engine), Is.EqualTo(Pages((0, 2), (2, 1))), "page 2 through the second mapping, page 4 by descriptor");
        engine.Access(two, [2], ref tally);
        Assert.That(tally.MinorFaults, Is.EqualTo(3), "mapping a page is use of it");
        engine.ScanIdleAges();
        Assert.That(Promotions(engine), Is.EqualTo(Pages((0, 1), (1, 2))));
    }

    [Test]
    public void WhatAPolicySawIsSeen([Values("mglru", "mglru/unordered", "mglru/identity")] string form)
    {
        using Engine engine = Machine(form);
        AddressSpace space = engine.CreateAddressSpace("s", 600);
        uint[] pages = [.. Enumerable.Range(0, 600).Select(i => (uint)i)];
        AccessTally tally = default;
        engine.Access(space, pages, ref tally);
        engine.ScanIdleAges();
        engine.ScanIdleAges();
        engine.Access(space, pages, ref tally);
        engine.Age(engine.Root, engine.Nodes[0]);
        Assert.That(Accessed(engine, space), Is.Zero, "the walk has cleared the bits");
        engine.ScanIdleAges();

        Assert.That(Ages(engine), Is.EqualTo(Pages((0, 600))));
        Assert.That(Promotions(engine), Is.EqualTo(Pages((1, 600))));
    }

    [Test]
    public void AScanLeavesOneReferenceForThePolicy([ValueSource(nameof(Forms))] string form)
    {
        using Engine engine = Machine(form);
        AddressSpace space = engine.CreateAddressSpace("s", 10);
        engine.Map(space, 5, 10, null, 0, VmaFlags.NoRecency);
        AccessTally tally = default;
        engine.Access(space, [3, 6], ref tally);
        engine.ScanIdleAges();
        Assert.That(Accessed(engine, space), Is.Zero);
        var told = new Tests.Mechanisms.Recorder([]);

        Assert.That(References(3), Is.EqualTo(1));
        Assert.That(References(3), Is.Zero, "counted once");
        Assert.That(References(6), Is.Zero, "use without recency would not have counted either");

        int References(uint page) => ReferenceScan.Run(
            engine.Machine,
            engine.Machine.LruvecOf(engine.Root, engine.Nodes[0]),
            engine.Machine.Tables.FrameAt(space.BaseSlot + page),
            null,
            lookaround: false,
            ref told).Mappings;
    }

    [Test]
    public void CgroupsCountTheirOwnAndAllBelow()
    {
        using Engine engine = Machine("classic");
        MemoryCgroup outer = engine.CreateMemcg("outer");
        MemoryCgroup inner = engine.CreateMemcg("inner", outer);
        MemoryCgroup other = engine.CreateMemcg("other");
        PageFile file = engine.CreateFile(4);
        AccessTally tally = default;
        AddressSpace space = engine.CreateAddressSpace("i", 4, inner);
        engine.Access(space, [0, 1, 2], ref tally);
        engine.Access(engine.CreateAddressSpace("o", 4, outer), [0, 1], ref tally);
        engine.AccessFile(file, 0, false, other, 0, ref tally);
        engine.AccessFile(file, 1, false, inner, 0, ref tally);
        engine.ScanIdleAges();
        engine.Access(space, [0], ref tally);
        engine.AccessFile(file, 0, false, inner, 0, ref tally);
        engine.ScanIdleAges();

        Assert.That(Ages(engine, inner), Is.EqualTo(Pages((0, 1), (1, 3))));
        Assert.That(Ages(engine, outer), Is.EqualTo(Pages((0, 1), (1, 5))));
        Assert.That(Ages(engine, other), Is.EqualTo(Pages((0, 1))), "whoever uses it, it is charged there");
        Assert.That(Ages(engine), Is.EqualTo(Pages((0, 2), (1, 5))));
        Assert.That(Promotions(engine, inner), Is.EqualTo(Pages((0, 1))));
        Assert.That(Promotions(engine, outer), Is.EqualTo(Pages((0, 1))));
        Assert.That(Promotions(engine, other), Is.EqualTo(Pages((0, 1))));
        Assert.That(Promotions(engine), Is.EqualTo(Pages((0, 2))));
    }

    [Test]
    public void IdleTimeIsSinceTheScanThatFoundThePageUsed()
    {
        using Engine engine = Machine("classic");
        AddressSpace space = engine.CreateAddressSpace("s", 4);
        PageFile file = engine.CreateFile(4);
        engine.Map(space, 2, 4, file);
        AccessTally tally = default;
        foreach (uint page in new uint[] { 1, 2 })
        {
            engine.NowMs = 1000;
            engine.Access(space, [page], ref tally);
            engine.NowMs = 1500;
            Assert.That(Idle(page), Is.Zero, "no scan yet");
            engine.ScanIdleAges();
            engine.NowMs = 2100;
            Assert.That(Idle(page), Is.EqualTo(600));
            engine.ScanIdleAges();
            engine.NowMs = 9000;
            Assert.That(Idle(page), Is.EqualTo(7500), "however regular scans are");
            engine.Access(space, [page], ref tally);
            Assert.That(Idle(page), Is.Zero, "its accessed bit says so");
            engine.ScanIdleAges();
            Assert.That(Idle(page), Is.Zero);
        }

        long Idle(uint page) => IdleAge.IdleMsOf(engine.Machine, engine.Machine.Tables.FrameAt(space.BaseSlot + page));
    }

    [Test]
    public void WithoutIdleAgesEveryQuestionIsRefusedAndNothingIsKept()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("classic"));
        var room = new long[256];
        Action[] questions =
        [
            engine.ScanIdleAges,
            () => engine.ReadIdleAges(engine.Root, room),
            () => engine.ReadPromotions(engine.Root, room),
            () => engine.IdleAgePeriodMs = 1000,
        ];
        foreach (Action question in questions)
            Assert.That(question, Throws.TypeOf<EngineException>().With.Message.Contains("MachineOptions.IdleAge"));
        string[] columns = [.. engine.Machine.Columns.Select(c => c.Name)];
        Assert.That(columns.Intersect(["table.age", "table.aged", "memcg.promotions", "frame.young"]), Is.Empty);

        using Engine with = Machine("mglru/unordered");
        Assert.That(with.Machine.Columns.Select(c => c.Name).Intersect(["table.age", "table.aged", "memcg.promotions", "frame.young"]).Count(), Is.EqualTo(4));
    }

    [Test]
    public void WhatMakesNoSenseIsRefused()
    {
        using Engine engine = Machine("classic");
        using Engine other = Machine("classic");
        Assert.That(engine.IdleAgePeriodMs, Is.EqualTo(120_000));
        Assert.That(() => engine.IdleAgePeriodMs = 0, Throws.TypeOf<EngineException>());
        Assert.That(() => engine.ReadIdleAges(engine.Root, new long[255]), Throws.TypeOf<EngineException>().With.Message.Contains("255"));
        Assert.That(() => engine.ReadPromotions(engine.Root, new long[255]), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.ReadIdleAges(other.Root, new long[256]), Throws.TypeOf<EngineException>());
        Assert.That(engine.IdleAgePeriodMs, Is.EqualTo(120_000));
    }

    [Test]
    public void TablesThatNoPageCameToTakeNoMemory()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { LeafTables = 1 << 16, IdleAge = true });
        AddressSpace space = engine.CreateAddressSpace("s", 30_000_000);
        AccessTally tally = default;
        engine.Access(space, [29_999_999], ref tally);
        for (int scan = 0; scan < 3; scan++)
            engine.ScanIdleAges();

        Assert.That(Ages(engine), Is.EqualTo(Pages((2, 1))));
        int column = engine.Machine.Columns.Select(c => c.Name).ToList().IndexOf("table.age");
        Assert.That(engine.Machine.ResidentBytesOf(column), Is.LessThanOrEqualTo(4 << 20), "of 30 MB");
    }

    [Test]
    public void ScansRunBesideEverythingElse([Values("classic/concurrent", "mglru/concurrent", "mglru/unordered/concurrent", "classic/identity/concurrent")] string form)
    {
        using Engine engine = Machine(form);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace[] spaces = [.. Enumerable.Range(0, 3).Select(_ => engine.CreateAddressSpace("s", 900, memcg))];
        if (!form.Contains("identity"))
        {
            PageFile file = engine.CreateFile(300);
            foreach (AddressSpace space in spaces)
                engine.Map(space, 0, 300, file);
        }

        engine.SetMax(memcg, 1000);
        bool stop = false;
        long done = 0;
        var tallies = new AccessTally[spaces.Length];
        Thread[] threads = [.. Enumerable.Range(0, spaces.Length).Select(self => new Thread(() =>
        {
            var random = new Random(self);
            while (!Volatile.Read(ref stop))
            {
                engine.Access(spaces[self], [(uint)(random.NextDouble() * random.NextDouble() * 900)], ref tallies[self]);
                Interlocked.Increment(ref done);
            }
        }))];
        var ages = new long[256];
        foreach (Thread thread in threads)
            thread.Start();
        for (int scan = 0; scan < 100; scan++)
        {
            long enough = Interlocked.Read(ref done) + 300;
            while (Interlocked.Read(ref done) < enough)
                Thread.Yield();
            engine.ScanIdleAges();
            engine.ReadIdleAges(memcg, ages);
        }

        Volatile.Write(ref stop, true);
        foreach (Thread thread in threads)
            thread.Join();

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(Ages(engine, memcg).Sum(), Is.EqualTo((long)memcg.Usage), "every resident page has one age");
        Assert.That(Promotions(engine).Sum(), Is.InRange(1000, tallies.Sum(t => t.Accesses - t.ColdFaults)));
        engine.ScanIdleAges();
        long[] before = Ages(engine);
        engine.ScanIdleAges();
        Assert.That(Ages(engine), Is.EqualTo((long[])[0, .. before[..254], 0]).Or.EqualTo((long[])[0, .. before[..253], before[253] + before[254], 0]), "all are a scan older");
    }

    private static Engine Machine(string form) => new(SmallMachine.Form(form) with { IdleAge = true, LeafTables = form.Contains("identity") ? null : 64 });

    private static void Evict(Engine engine, MemoryCgroup memcg, AddressSpace space, ulong page)
    {
        for (int attempt = 0; attempt < 8 && engine.IsResident(space, page); attempt++)
            engine.Reclaim(new ReclaimRequest(1, memcg));
        Assert.That(engine.IsResident(space, page), Is.False);
    }

    private static long Accessed(Engine engine, AddressSpace space) => Enumerable.Range(0, (int)space.Pages)
        .Count(page => LeafTables.Test(engine.Machine.Tables.Accessed, space.BaseSlot + (uint)page));

    private static long[] Ages(Engine engine, MemoryCgroup? memcg = null)
    {
        var ages = new long[256];
        engine.ReadIdleAges(memcg ?? engine.Root, ages);
        return ages;
    }

    private static long[] Promotions(Engine engine, MemoryCgroup? memcg = null)
    {
        var ages = new long[256];
        engine.ReadPromotions(memcg ?? engine.Root, ages);
        return ages;
    }

    private static long[] Pages(params (int Age, long Count)[] pages)
    {
        var byAge = new long[256];
        foreach ((int age, long count) in pages)
            byAge[age] = count;
        return byAge;
    }
}
