using System.Diagnostics;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>Pages that go to a lower memory tier instead of out: kernel-reclaim 2.13 and 2.12, step 10.</summary>
public unsafe class DemotionTests
{
    private static readonly string[] Forms = [.. SmallMachine.PolicyNames, "mglru/unordered", "classic/concurrent", "mglru/unordered/concurrent"];

    [Test]
    public void AnAnonymousPageKeepsAllButItsFrame([ValueSource(nameof(Forms))] string form)
    {
        var log = new Log();
        using Engine engine = Build(form, log);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 40, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < 40; page++)
            engine.Access(space, [page % 2 == 0 ? page | Engine.WriteBit : page], ref tally);
        Forget(engine, space);
        ulong? swap = engine.SwapFree;

        Assert.That(engine.Reclaim(new ReclaimRequest(40, memcg, engine.Nodes[0])).Reclaimed, Is.EqualTo(40));

        long faults = tally.Faults;
        for (uint page = 0; page < 40; page++)
        {
            uint slot = space.BaseSlot + page;
            uint pfn = engine.Machine.Tables.FrameAt(slot);
            Assert.That(engine.Machine.NodeIdOf(pfn), Is.EqualTo(1));
            Assert.That(engine.Machine.Frames.OwnerOf(pfn), Is.EqualTo(slot));
            Assert.That(LeafTables.Test(engine.Machine.Tables.Dirty, slot), Is.EqualTo(page % 2 == 0));
            engine.Access(space, [page], ref tally);
        }

        Assert.That(tally.Faults, Is.EqualTo(faults), "the pages are there");
        Assert.That((memcg.Usage, space.Resident, engine.SwapFree), Is.EqualTo((40ul, 40L, swap)));
        Assert.That((engine.Read(memcg, Counter.pswpout), log.Out.Count), Is.EqualTo((0L, 0)));
        Assert.That(engine.Nodes[0].Free, Is.EqualTo(engine.Nodes[0].Pages));
        Assert.That(log.Moved.Select(m => (m.Page.Space, m.Page.NodeId, m.To)), Is.All.EqualTo((space, 0, 1)));
        Assert.That(log.Moved.Select(m => m.Page.Dirty == (m.Page.Page % 2 == 0)), Is.All.True);
        Assert.That(log.Moved.Select(m => m.Page.Page).Order(), Is.EqualTo(Enumerable.Range(0, 40)));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AFilePageTakesItsMappingsAlong([ValueSource(nameof(Forms))] string form, [Values(0, 1, 3)] int mappings)
    {
        using Engine engine = Build(form, null);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        PageFile file = engine.CreateFile(10);
        AccessTally tally = default;
        for (uint page = 0; page < 10; page++)
            engine.AccessFile(file, page, page % 2 == 0, memcg, 0, ref tally);
        var spaces = new AddressSpace[mappings];
        for (int i = 0; i < mappings; i++)
        {
            spaces[i] = engine.CreateAddressSpace($"s{i}", 10, memcg);
            engine.Map(spaces[i], 0, 10, file);
            for (uint page = 0; page < 10; page++)
                engine.Access(spaces[i], [page], ref tally);
            Forget(engine, spaces[i]);
        }

        // By descriptor and through mappings once each: some policies want to look twice.
        for (int i = 0; i < 4 && Frames(engine, file).Any(f => engine.Machine.NodeIdOf(f) == 0); i++)
            engine.Reclaim(new ReclaimRequest(10, memcg, engine.Nodes[0]));

        long faults = tally.Faults;
        foreach (uint pfn in Frames(engine, file))
            Assert.That(engine.Machine.NodeIdOf(pfn), Is.EqualTo(1));
        foreach (AddressSpace space in spaces)
        {
            for (uint page = 0; page < 10; page++)
            {
                Assert.That(engine.Machine.Tables.FrameAt(space.BaseSlot + page), Is.EqualTo(engine.Machine.Tables.FrameAt(file.SlotOf(page))));
                engine.Access(space, [page], ref tally);
            }
        }

        for (uint page = 0; page < 10; page++)
            Assert.That(engine.Machine.Frames.Has(engine.Machine.Tables.FrameAt(file.SlotOf(page)), FolioFlags.Dirty), Is.EqualTo(page % 2 == 0));
        Assert.That(tally.Faults, Is.EqualTo(faults));
        Assert.That((memcg.Usage, file.Resident), Is.EqualTo((10ul, 10L)));
        Assert.That(engine.ReadNodeVmstat(engine.Nodes[1]), Does.Contain($"nr_mapped {(mappings > 0 ? 10 : 0)}\n"));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WhileItsOwnerMovesAPageNoTableNamesIt()
    {
        var log = new Log();
        using Engine engine = Build("fifo", log);
        PageFile file = engine.CreateFile(4);
        AddressSpace[] spaces = [engine.CreateAddressSpace("a", 8), engine.CreateAddressSpace("b", 8)];
        AccessTally tally = default;
        foreach (AddressSpace space in spaces)
        {
            engine.Map(space, 0, 4, file);
            engine.Access(space, [0, 1, 2, 3, 4, 5, 6, 7], ref tally);
        }

        int named = 0;
        log.Look = page => named += spaces.Count(s => (page.Space ?? s) == s && LeafTables.Test(engine.Machine.Tables.Present, s.BaseSlot + (uint)page.Page));
        engine.Reclaim(new ReclaimRequest(12, null, engine.Nodes[0]));

        Assert.That((log.Moved.Count, named), Is.EqualTo((12, 0)));
        Assert.That(spaces.Select(s => s.Resident), Is.All.EqualTo(8));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void APolicyRemembersOfAMovedPageWhatItKnew()
    {
        using Engine engine = Build("fifo", null);
        AddressSpace space = engine.CreateAddressSpace("s", 1);
        AccessTally tally = default;
        engine.Access(space, [0], ref tally);
        engine.Machine.Frames.Set(engine.Machine.Tables.FrameAt(space.BaseSlot), FolioFlags.Workingset | FolioFlags.Referenced);

        engine.Reclaim(new ReclaimRequest(1, null, engine.Nodes[0]));

        uint pfn = engine.Machine.Tables.FrameAt(space.BaseSlot);
        Assert.That(engine.Machine.NodeIdOf(pfn), Is.EqualTo(1));
        Assert.That(engine.Machine.Frames.Flags(pfn), Is.EqualTo(FolioFlags.Lru | FolioFlags.SwapBacked | FolioFlags.Workingset | FolioFlags.Referenced));
    }

    [Test]
    public void TheNearestNodesOfTheNextTierAreDrawnByLotAndTheOthersComeAfter()
    {
        // Node 2 is the fast one; 1 and 3 are next and equally near, 0 and 5 further, 4 a tier lower.
        var order = new List<int>();
        for (int run = 0; run < 2; run++)
        {
            using Engine engine = Build("fifo", null, 1, 1, 0, 1, 2, 1);
            Demotion demotion = engine.Machine.Demotion;
            Node[] nodes = engine.Machine.Nodes;
            int[] chosen = [.. Enumerable.Range(0, 64).Select(_ => demotion.ChooseTarget(nodes[2]).Id)];

            Assert.That(chosen, Is.All.AnyOf(1, 3));
            Assert.That(chosen.Count(c => c == 1), Is.InRange(16, 48));
            order.AddRange(chosen);
            Assert.That(nodes.Where(n => !demotion.CanDemote(n)), Is.EqualTo(nodes[4..5]));
            Assert.That(demotion.ChooseTarget(nodes[0]).Id, Is.EqualTo(4));

            var taken = new List<int>();
            while (demotion.TakeFrame(nodes[2], nodes[3], out _) is { } node)
            {
                if (taken.LastOrDefault(-1) != node.Id)
                    taken.Add(node.Id);
            }

            Assert.That(string.Join(' ', taken), Is.EqualTo("3 1 0 5 4"), "the chosen one, its tier by distance, the next tier");
        }

        Assert.That(order[..64], Is.EqualTo(order[64..]), "each run draws the same lots");
        using Engine crossed = Build("fifo", null, 0, 2, 1);
        Assert.That(crossed.Machine.Demotion.ChooseTarget(crossed.Nodes[0]).Id, Is.EqualTo(2), "the tier counts before the distance");
    }

    [Test]
    public void ATargetIsUsedDownToItsMinimumAndItsKswapdWokenBelowLow()
    {
        using Engine engine = Build("fifo", null);
        Node from = engine.Nodes[0];
        Node to = engine.Nodes[1];
        while (to.Free > to.Watermarks.Low)
        {
            Assert.That(to.KswapdWanted, Is.False);
            Assert.That(engine.Machine.Demotion.TakeFrame(from, to, out _), Is.SameAs(to));
        }

        Assert.That(engine.Machine.Demotion.TakeFrame(from, to, out _), Is.SameAs(to));
        Assert.That(to.KswapdWanted, Is.True);
        while (engine.Machine.Demotion.TakeFrame(from, to, out uint pfn) is not null)
            Assert.That(engine.Machine.NodeIdOf(pfn), Is.EqualTo(1));

        Assert.That(to.Free, Is.EqualTo(to.Watermarks.Min), "the reserve is not for this");
        Assert.That(from.KswapdWanted, Is.False);
        Assert.That(engine.ReadGlobal(Counter.allocstall_normal), Is.Zero);
    }

    [Test]
    public void PagesGoDownTierByTier([Values("fifo", "clock", "classic", "mglru", "mglru/unordered")] string form)
    {
        var log = new Log();
        using Engine engine = Build(form, log, 0, 1, 2);
        AddressSpace space = engine.CreateAddressSpace("s", 6000);
        AccessTally tally = default;
        bool middleWoken = false;
        for (uint page = 0; page < 6000; page++)
        {
            engine.Access(space, [page], ref tally);
            Assert.That(engine.Nodes[0].Free, Is.GreaterThan(engine.Nodes[0].Watermarks.Min));
            engine.RunKswapd(engine.Nodes[0]);
            middleWoken |= engine.Nodes[1].KswapdWanted;
            for (int node = 1; node < 3; node++)
            {
                while (engine.Nodes[node].KswapdWanted)
                    engine.RunKswapd(engine.Nodes[node]);
            }
        }

        Assert.That(middleWoken, Is.True);

        // A batch is longer than the way from low to min on nodes of this size, so now and then one finds no room below.
        int Moves(int from, int to) => log.Moved.Count(m => m.Page.NodeId == from && m.To == to);
        int Evictions(int node) => log.Out.Count(p => p.NodeId == node);
        Assert.That(Moves(0, 1), Is.GreaterThan(4000));
        Assert.That(Moves(0, 2), Is.LessThan(100));
        Assert.That(Moves(1, 2), Is.GreaterThan(3000));
        Assert.That(log.Moved.Count, Is.EqualTo(Moves(0, 1) + Moves(0, 2) + Moves(1, 2)), "never up");
        Assert.That((Evictions(0), Evictions(1) < 300, Evictions(2) > 2000), Is.EqualTo((0, true, true)));
        Assert.That(tally.Refused, Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WithoutSwapAnonymousPagesAreDemotedAndNeverEvicted([Values("fifo", "clock", "classic", "mglru", "mglru/unordered")] string form)
    {
        using var engine = new Engine(Options(form, null, 0, 1) with { SwapPages = 0 });
        Node top = engine.Nodes[0];
        AddressSpace space = engine.CreateAddressSpace("s", 2000);
        AccessTally tally = default;
        uint page = 0;
        while (top.Free > top.Watermarks.Low)
            engine.Access(space, [page++], ref tally);
        Forget(engine, space);

        engine.SetDemotion(false);
        Assert.That(engine.RunKswapd(top), Is.Zero, "there is nowhere to go");
        engine.SetDemotion(true);
        while (top.Free <= top.Watermarks.High)
            Assert.That(engine.RunKswapd(top), Is.Positive);

        Assert.That(engine.Read(engine.Root, Counter.pgdemote_kswapd), Is.Positive.And.EqualTo(engine.Read(engine.Root, Counter.pgsteal_kswapd)));
        Assert.That(space.Resident, Is.EqualTo(page));
        Assert.That(engine.Reclaim(new ReclaimRequest(10, null, engine.Nodes[1])).Reclaimed, Is.Zero, "below it there is nothing");
        Assert.That(engine.Validate(), Is.Null);
    }

    [TestCase(KernelVersion.V6_1, true)]
    [TestCase(KernelVersion.V6_12, false)]
    [TestCase(KernelVersion.V6_18, false)]
    [TestCase(KernelVersion.Fixed, false)]
    public void WhatARequestCannotDemoteStaysSinceSixTwelve(KernelVersion kernel, bool evicts)
    {
        foreach (string form in Forms)
        {
            var log = new Log { Refuses = true };
            using var engine = new Engine(Options(form, log, 0, 1) with { Kernel = kernel });
            AddressSpace space = engine.CreateAddressSpace("s", 64);
            AccessTally tally = default;
            for (uint page = 0; page < 64; page++)
                engine.Access(space, [page], ref tally);

            long got = engine.Reclaim(new ReclaimRequest(20, null, engine.Nodes[0])).Reclaimed;

            Assert.That(got > 0, Is.EqualTo(evicts), form);
            Assert.That((long)log.Out.Count, Is.EqualTo(got), form);
            Assert.That(space.Resident, Is.EqualTo(64 - got));
            Assert.That(log.Asked, Is.Positive, "the owner was asked to move them");
            Assert.That(engine.Read(engine.Root, Counter.pgdemote_proactive), Is.Zero);
            Assert.That(engine.Validate(), Is.Null);
        }
    }

    [Test]
    public void UnderPressureWhatCannotBeDemotedIsEvicted([ValueSource(nameof(Forms))] string form, [Values] bool full)
    {
        var log = new Log { Refuses = !full };
        using Engine engine = Build(form, log);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        while (full && engine.Machine.Demotion.TakeFrame(engine.Nodes[0], engine.Nodes[1], out _) is not null)
        {
        }

        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < 100; page++)
            engine.Access(space, [page], ref tally);
        engine.SetMax(memcg, 50);

        Assert.That(memcg.Usage, Is.LessThanOrEqualTo(50));
        Assert.That(log.Out, Has.Count.GreaterThanOrEqualTo(50));
        Assert.That((log.Moved.Count, engine.Read(memcg, Counter.pgdemote_direct)), Is.EqualTo((0, 0L)));
    }

    [Test]
    public void ALimitIsReachedAlthoughADemotedPageStaysCharged([ValueSource(nameof(Forms))] string form)
    {
        var log = new Log();
        using Engine engine = Build(form, log);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 300, memcg);
        AccessTally tally = default;
        engine.SetMax(memcg, 100);
        for (uint page = 0; page < 300; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(tally.Refused, Is.Zero);
        Assert.That((log.Moved.Count, log.Out.Count), Is.EqualTo((engine.Read(memcg, Counter.pgdemote_direct), engine.Read(memcg, Counter.pswpout))));
        Assert.That(log.Moved, Is.Not.Empty);
        Assert.That(log.Out, Has.Count.GreaterThanOrEqualTo(200));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void ADemotedPageCountsAsStolenAndAsDemotedByWhomever([Values] Reclaimer reclaimer)
    {
        using Engine engine = Build("classic", null);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Node top = engine.Nodes[0];
        AddressSpace space = engine.CreateAddressSpace("s", 2000, memcg);
        AccessTally tally = default;
        uint page = 0;
        while (!top.KswapdWanted)
            engine.Access(space, [page++], ref tally);
        Forget(engine, space);
        if (reclaimer == Reclaimer.Kswapd)
        {
            engine.RunKswapd(top);
        }
        else if (reclaimer == Reclaimer.Proactive)
        {
            engine.Reclaim(new ReclaimRequest(50, memcg, top));
        }
        else
        {
            // Nobody runs kswapd, and both nodes run short.
            while (engine.ReadGlobal(Counter.allocstall_normal) == 0)
                engine.Access(space, [page++], ref tally);
        }

        (Counter scan, Counter steal, Counter demote)[] all =
        [
            (Counter.pgscan_direct, Counter.pgsteal_direct, Counter.pgdemote_direct),
            (Counter.pgscan_kswapd, Counter.pgsteal_kswapd, Counter.pgdemote_kswapd),
            (Counter.pgscan_proactive, Counter.pgsteal_proactive, Counter.pgdemote_proactive),
        ];
        Lruvec onTop = engine.Machine.LruvecOf(memcg, top);
        foreach ((Counter scan, Counter steal, Counter demote) in all)
        {
            long demoted = onTop.Counts[demote];
            Assert.That(demoted > 0, Is.EqualTo(steal.ToString().EndsWith(reclaimer.ToString().ToLowerInvariant(), StringComparison.Ordinal)));
            Assert.That(onTop.Counts[steal], Is.EqualTo(demoted).Or.Zero.Or.GreaterThan(demoted));
            Assert.That(onTop.Counts[scan], Is.GreaterThanOrEqualTo(demoted));
            Assert.That(engine.ReadMachine(demote), Is.EqualTo(demoted), "for a cgroup or for the machine");
            if (demoted > 0)
                Assert.That(engine.ReadNodeVmstat(top), Does.Contain($"{demote} {demoted}\n"));
        }
    }

    [Test]
    public void SwitchingOnGivesKswapdAnotherChance()
    {
        using var engine = new Engine(Options("fifo", null, 0, 1) with { Demotion = false });
        engine.Nodes[0].KswapdFailures = engine.Nodes[1].KswapdFailures = 16;

        engine.SetDemotion(false);
        Assert.That(engine.Nodes.Select(n => n.KswapdFailures), Is.All.EqualTo(16));
        Assert.That(engine.Machine.Demotion.CanDemote(engine.Nodes[0]), Is.False);

        engine.SetDemotion(true);
        Assert.That(engine.Nodes.Select(n => n.KswapdFailures), Is.All.Zero);
        Assert.That(engine.Machine.Demotion.CanDemote(engine.Nodes[0]), Is.True);
    }

    [Test]
    public void AnIdentityEngineRefuses()
    {
        EngineOptions options = SmallMachine.Form("classic/identity") with { LeafTables = null };

        Assert.That(() => new Engine(options with { Demotion = true }), Throws.TypeOf<EngineException>().With.Message.Contain("identity"));
        using var engine = new Engine(options);
        Assert.That(() => engine.SetDemotion(true), Throws.TypeOf<EngineException>().With.Message.Contain("identity"));
        engine.SetDemotion(false);
    }

    [Test]
    public void APageThatIsBeingMovedIsThereForAllWhoAsk([Values("classic/concurrent", "mglru/unordered/concurrent")] string form)
    {
        const uint Pages = 200;
        var log = new Log { Lingers = true };
        using var engine = new Engine(Options(form, log, 0, 1) with { SwapPages = 0 });
        PageFile file = engine.CreateFile(Pages / 2);
        string? problem = null;
        long looks = 0;
        for (int round = 0; round < 10; round++)
        {
            AddressSpace space = engine.CreateAddressSpace("s", Pages);
            engine.Map(space, 0, Pages / 2, file);
            AccessTally cold = default;
            for (uint page = 0; page < Pages; page++)
                engine.Access(space, [page], ref cold);
            Forget(engine, space);
            bool done = false;
            var other = new Thread(() =>
            {
                AccessTally tally = default;
                while (!Volatile.Read(ref done))
                {
                    if (!log.TryMeet(out uint page))
                        continue;
                    switch (looks++ % 3)
                    {
                        case 0 when !engine.IsResident(space, page):
                            problem ??= $"page {page} was not resident";
                            break;
                        case 1 when !engine.SetPinned(space, page, false):
                            problem ??= $"page {page} was not there to be pinned";
                            break;
                        case 2:
                            engine.Access(space, [page | Engine.WriteBit], ref tally);
                            if (tally.Hits != tally.Accesses)
                                problem ??= $"page {page} was faulted in";
                            break;
                    }
                }
            });
            other.Start();
            for (int i = 0; i < 20; i++)
                engine.Reclaim(new ReclaimRequest(20, null, engine.Nodes[0]));
            Volatile.Write(ref done, true);
            other.Join();
            Assert.That(problem, Is.Null);
            Assert.That(engine.Validate(), Is.Null);
            engine.Destroy(space);
        }

        Assert.That(log.Moved, Has.Count.GreaterThan(300));
        Assert.That(looks, Is.GreaterThan(300));
    }

    private static Engine Build(string form, Log? log, params int[] tiers) => new(Options(form, log, tiers));

    private static EngineOptions Options(string form, Log? log, params int[] tiers)
    {
        int[] wanted = tiers.Length == 0 ? [0, 1] : tiers;
        return SmallMachine.Form(form) with { Nodes = [.. wanted.Select(t => new NodeOptions(1024, t))], Demotion = true, Backing = log };
    }

    private static uint[] Frames(Engine engine, PageFile file) =>
        [.. Enumerable.Range(0, (int)file.Pages).Select(page => engine.Machine.Tables.FrameAt(file.SlotOf((uint)page)))];

    /// <summary>No page of a space has been accessed lately.</summary>
    private static void Forget(Engine engine, AddressSpace space)
    {
        for (uint page = 0; page < space.Pages; page++)
            engine.Machine.Tables.Clear(engine.Machine.Tables.Accessed, space.BaseSlot + page);
    }

    /// <summary>What the owner of memory was asked and told.</summary>
    private sealed class Log : Backing
    {
        private int _moving = -1;

        public bool Refuses { get; init; }

        /// <summary>A move waits a moment for another thread to take an interest in its page.</summary>
        public bool Lingers { get; init; }

        public int Asked { get; private set; }

        /// <summary>Called while a page is being moved.</summary>
        public Action<BackedPage>? Look { get; set; }

        public List<(BackedPage Page, int To)> Moved { get; } = [];

        public List<BackedPage> Out { get; } = [];

        public override PageAnswer PageOut(in BackedPage page)
        {
            Out.Add(page);
            return PageAnswer.Evict;
        }

        public override bool Migrate(in BackedPage page, int toNode)
        {
            Asked++;
            if (Refuses)
                return false;
            Look?.Invoke(page);
            if (Lingers)
            {
                Volatile.Write(ref _moving, (int)page.Page);
                var clock = Stopwatch.StartNew();
                while (Volatile.Read(ref _moving) >= 0 && clock.ElapsedMilliseconds < 5)
                    Thread.Yield();
                Thread.SpinWait(2000);
                Volatile.Write(ref _moving, -1);
            }

            Moved.Add((page, toNode));
            return true;
        }

        /// <summary>Which page is just being moved, told once for each move.</summary>
        public bool TryMeet(out uint page)
        {
            int moving = Interlocked.Exchange(ref _moving, -1);
            page = (uint)moving;
            return moving >= 0;
        }
    }
}
