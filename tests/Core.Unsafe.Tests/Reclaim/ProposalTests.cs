using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Concurrency;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>An eviction in two halves: what is proposed, what an answer does, and what it costs.</summary>
public class ProposalTests
{
    private static readonly string[] Forms = [.. SmallMachine.PolicyNames, "mglru/unordered", "classic@6.18/6.18", "mglru@6.1/6.1", "classic/concurrent"];

    [Test]
    public void WhatIsProposedIsWhatARequestWouldEvict([ValueSource(nameof(Forms))] string form, [Values(1, 2)] int seed)
    {
        using var proposing = new TieredMachine(form, seed);
        using var evicting = new TieredMachine(form, seed);
        ReclaimRequest Of(TieredMachine machine) => new(24, machine.Memcgs[1]) { Types = ReclaimTypes.Anon, Mode = ReclaimMode.Evict };
        evicting.Owner.Noted.Clear();
        var pages = new ProposedPage[24];

        ReclaimResult proposed = proposing.Engine.Propose(Of(proposing), pages);
        evicting.Engine.Reclaim(Of(evicting));

        string Names(IEnumerable<ProposedPage> of) => string.Join(' ', of.Select(p => $"{p.Page.Space!.Name}:{p.Page.Page}{(p.Page.Dirty ? "w" : "")}"));
        Assert.That(proposed.Reclaimed, Is.EqualTo(24));
        Assert.That(Names(pages), Is.EqualTo(Names(evicting.Owner.Noted.Take(24))));
    }

    /// <summary>What a batch holds beyond the room is as cold as before: it comes next, and in the same order.</summary>
    [Test]
    public void ASmallRoomDoesNotBlurTheOrder([Values("classic", "fifo", "lru", "clock", "sieve")] string form)
    {
        using var bit = new TieredMachine(form, 5);
        using var whole = new TieredMachine(form, 5);
        ReclaimRequest Of(TieredMachine machine) => new(40, machine.Memcgs[1]) { Types = ReclaimTypes.Anon, Mode = ReclaimMode.Evict };
        var all = new ProposedPage[20];
        whole.Engine.Propose(Of(whole), all);
        List<ulong> one = [];
        var pages = new ProposedPage[1];

        for (int i = 0; i < 20; i++)
        {
            Assert.That(bit.Engine.Propose(Of(bit), pages).Reclaimed, Is.EqualTo(1));
            one.Add(pages[0].Page.Page);
        }

        Assert.That(one, Is.EqualTo(all.Select(p => p.Page.Page)));
    }

    /// <summary>
    /// Each request begins at the first node again, so only one that is large gets to the second. Of each lruvec the order is the same; without
    /// one, it is still the oldest generation that the pages come from, and what was not looked at is back in it.
    /// </summary>
    [Test]
    public void ASmallRoomTakesTheSameOfEachLruvec([Values("mglru", "mglru/unordered", "mglru@6.12/6.12", "mglru@6.1/6.1")] string form)
    {
        using var bit = new TieredMachine(form, 5);
        using var whole = new TieredMachine(form, 5);
        ReclaimRequest Of(TieredMachine machine) => new(40, machine.Memcgs[1]) { Types = ReclaimTypes.Anon, Mode = ReclaimMode.Evict };
        long Oldest(TieredMachine machine, int node) => machine.Engine.ReadGenerations(machine.Memcgs[1], machine.Engine.Nodes[node]).First(g => g.Anon.Count > 0).Anon.Count;
        long[] held = [Oldest(bit, 0), Oldest(bit, 1)];
        var all = new ProposedPage[20];
        whole.Engine.Propose(Of(whole), all);
        var one = new ProposedPage[20];
        var room = new ProposedPage[1];
        for (int i = 0; i < one.Length; i++)
        {
            Assert.That(bit.Engine.Propose(Of(bit), room).Reclaimed, Is.EqualTo(1));
            one[i] = room[0];
        }

        ulong[] On(ProposedPage[] of, int node) => [.. of.Where(p => p.Page.NodeId == node).Select(p => p.Page.Page)];
        for (int node = 0; node < 2; node++)
        {
            Assert.That(Oldest(whole, node), Is.EqualTo(held[node] - On(all, node).Length));
            Assert.That(Oldest(bit, node), Is.EqualTo(held[node] - On(one, node).Length));
            int both = Math.Min(On(all, node).Length, On(one, node).Length);
            if (!form.Contains("unordered"))
                Assert.That(On(one, node)[..both], Is.EqualTo(On(all, node)[..both]));
        }

        Assert.That(On(one, 1), Is.Empty, "each begins at the first node");
    }

    [Test]
    public void APageThatIsUsedStaysAndIsYoung([Values("classic", "mglru", "lru", "lfu", "s3fifo", "clock", "sieve", "arc", "lirs", "lruk", "clockpro", "wtinylfu")] string policy, [Values] bool abort)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        AddressSpace space = Filled(engine, 64);
        var pages = new ProposedPage[4];
        engine.Propose(new ReclaimRequest(4, engine.Root), pages);
        ProposedPage used = pages[0];
        AccessTally tally = default;
        if (abort)
        {
            Assert.That(engine.Abort(used.Page, PageAnswer.Accessed), Is.True);
        }
        else
        {
            engine.Access(space, [(uint)used.Page.Page], ref tally);
            Assert.That(engine.Commit(used), Is.EqualTo(PageOutcome.Accessed));
            Assert.That(tally.Hits, Is.EqualTo(1), "a proposed page is there");
        }

        Assert.That(engine.Commit(used), Is.EqualTo(PageOutcome.NotProposed), "it was answered");

        // LIRS has it in its stack from now on, and its next use shows a short distance: the policy knows of the first one.
        if (policy == "lirs")
            engine.Access(space, [(uint)used.Page.Page], ref tally);
        var next = new ProposedPage[20];
        engine.Propose(new ReclaimRequest(20, engine.Root), next);
        Assert.That(next.Select(p => p.Page.Page), Has.No.Member(used.Page.Page));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void CountersSayWhatHasHappened()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { SwapPages = 100 });
        AddressSpace space = Filled(engine, 300);
        var pages = new ProposedPage[10];

        ReclaimResult result = engine.Propose(new ReclaimRequest(50), pages);
        Assert.That((result.Reclaimed, result.Stop), Is.EqualTo((10L, ReclaimStop.Done)));
        Assert.That(engine.Read(engine.Root, Counter.pgscan_proactive), Is.EqualTo(result.Scanned).And.GreaterThanOrEqualTo(10));
        Assert.That((engine.Read(engine.Root, Counter.pgsteal_proactive), engine.Read(engine.Root, Counter.pswpout)), Is.EqualTo((0L, 0L)));
        Assert.That((engine.SwapFree, space.Resident), Is.EqualTo((90UL, 300L)), "swap is taken, memory is not free yet");

        foreach (ProposedPage page in pages[..6])
            Assert.That(engine.Commit(page), Is.EqualTo(PageOutcome.Done));
        Assert.That(engine.Abort(pages[6].Page, PageAnswer.Keep), Is.True);
        engine.Discard(space, pages[7].Page.Page, pages[7].Page.Page + 1);
        Assert.That((engine.SwapFree, space.Resident), Is.EqualTo((92UL, 293L)));
        Assert.That((engine.Read(engine.Root, Counter.pgsteal_proactive), engine.Read(engine.Root, Counter.pswpout)), Is.EqualTo((6L, 6L)));
        Assert.That(engine.ReadMachine(Counter.pgsteal_proactive), Is.EqualTo(6), "the request was for the machine");

        AccessTally tally = default;
        engine.Access(space, [(uint)pages[0].Page.Page], ref tally);
        Assert.That(tally.Refaults, Is.EqualTo(1));
        Assert.That(engine.Read(engine.Root, Counter.workingset_refault_anon), Is.EqualTo(1));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void ASwitchAndARemovalEndProposals()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("mglru"), SmallMachine.Policy("lru"));
        AddressSpace space = Filled(engine, 100);
        var pages = new ProposedPage[30];
        engine.Propose(new ReclaimRequest(30, engine.Root), pages);
        engine.Remove(pages[0].Page);
        Assert.That(engine.IsResident(space, pages[0].Page.Page), Is.False);

        engine.SetPolicy(engine.Root, "lru");

        Assert.That(pages.Select(p => engine.Commit(p)), Is.All.EqualTo(PageOutcome.NotProposed));
        Assert.That(engine.SizesOf(engine.Root, engine.Nodes[0]).InactiveAnon, Is.EqualTo(99));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void ProposalsLapseInACopyAndStandWhereItWasTaken([Values("classic", "mglru", "mglru/unordered", "lru", "clockpro")] string form, [Values] bool saved)
    {
        using var engine = new Engine(SmallMachine.Form(form) with { SwapPages = 100 });
        Filled(engine, 90);
        var pages = new ProposedPage[20];
        engine.Propose(new ReclaimRequest(20, engine.Root), pages);

        using var file = new MemoryStream();
        if (saved)
        {
            engine.Save(file);
            file.Position = 0;
        }

        using Engine copy = saved ? Engine.Restore(file, new CopyOptions { Policies = SmallMachine.Form(form).Policies }) : engine.Fork();

        Assert.That((copy.Machine.Proposed.Count, engine.Machine.Proposed.Count), Is.EqualTo((0L, 20L)));
        Assert.That((copy.SwapFree, engine.SwapFree), Is.EqualTo((100UL, 80UL)), "what was taken for their leaving is back");
        AddressSpace space = copy.AddressSpaces.Single(s => s.Name == "s");
        Assert.That(
            pages.Select(p => copy.Commit(p with { Page = new BackedPage(space, null, p.Page.Page, false, 0) })), Is.All.EqualTo(PageOutcome.NotProposed));
        Assert.That(copy.Validate(), Is.Null);
        Assert.That(pages.Select(p => engine.Commit(p)), Is.All.EqualTo(PageOutcome.Done));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AnAdvisorsEngineRefusesInsteadOfReclaiming([Values("classic", "lru", "mglru/unordered")] string form)
    {
        using var engine = new Engine(SmallMachine.Form(form) with { Nodes = [new NodeOptions(256), new NodeOptions(256, 1)], Advisor = true });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 1000);
        AddressSpace limited = engine.CreateAddressSpace("l", 1000, memcg);
        engine.SetMax(memcg, 10);
        AccessTally tally = default;

        for (uint page = 0; page < 10; page++)
            Assert.That(engine.Add(limited, page, 1), Is.True);
        Assert.That(engine.Add(limited, 10, 1), Is.False, "the limit");
        for (uint page = 0; page < 246; page++)
            Assert.That(engine.Add(space, page, 1), Is.True, "every frame of a node can be used");
        Assert.That(engine.Add(space, 300, 1), Is.False, "and no frame of another is taken");
        Assert.That((engine.Nodes[1].Free, engine.Nodes[0].Free), Is.EqualTo((0u, 256u)));
        Assert.That(engine.Access(space, [.. Enumerable.Range(400, 300).Select(p => (uint)p)], ref tally), Is.EqualTo(257));
        Assert.That((tally.ColdFaults, tally.Refused, tally.Failed), Is.EqualTo((256L, 1L, 0L)));
        Assert.That(engine.SetMax(memcg, 5), Is.False, "a limit takes nothing either");
        Assert.That(engine.Nodes.Any(n => n.KswapdWanted), Is.False);
        Assert.That(engine.Read(engine.Root, Counter.pgscan_direct), Is.Zero);

        var pages = new ProposedPage[5];
        engine.Propose(new ReclaimRequest(5, memcg), pages);
        Assert.That(pages.Select(p => engine.Commit(p)), Is.All.EqualTo(PageOutcome.Done));
        Assert.That(engine.Add(space, 300, 1), Is.True, "what was committed is free");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void APageThatCanNotBeReadStaysAsItWas([ValueSource(nameof(Forms))] string form)
    {
        var store = new Failing();
        using var engine = new Engine(SmallMachine.Form(form) with { Backing = store, SwapPages = 500, Concurrent = false, FirstTouch = true });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        PageFile file = engine.CreateFile(50);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 60).Select(p => (uint)p)], ref tally);
        Assert.That(store.First, Is.EqualTo(60), "it is told of first touches");
        while (engine.Reclaim(new ReclaimRequest(20, memcg)).Reclaimed == 0)
        {
        }

        uint gone = Enumerable.Range(0, 60).Select(p => (uint)p).First(p => !engine.IsResident(space, p));
        store.Fails = true;
        (ulong usage, uint free, ulong? swap, long faults) = (memcg.Usage, engine.Nodes[0].Free, engine.SwapFree, engine.Read(memcg, Counter.pgfault));
        tally = default;
        Assert.That(engine.Access(space, [gone, gone], ref tally), Is.EqualTo(1));
        Assert.That((tally.Refused, tally.Failed, tally.Refaults), Is.EqualTo((1L, 1L, 0L)));
        Assert.That(engine.AccessFile(file, 3, false, memcg, 0, ref tally), Is.False);
        Assert.That((memcg.Usage, engine.Nodes[0].Free, engine.SwapFree), Is.EqualTo((usage, free, swap)));
        Assert.That(engine.Read(memcg, Counter.pgfault), Is.EqualTo(faults));
        Assert.That(engine.IsResident(space, gone), Is.False);
        Assert.That(engine.Validate(), Is.Null);

        store.Fails = false;
        Assert.That(engine.Access(space, [gone], ref tally), Is.EqualTo(1));
        Assert.That(tally.Refaults, Is.EqualTo(1), "its shadow was kept");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AnOwnersReasonIsCounted()
    {
        var owner = new Answering();
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("lru")) with { Backing = owner });
        Filled(engine, 40);
        ReclaimResult result = engine.Reclaim(new ReclaimRequest(30, engine.Root));

        Assert.That(result.Reclaimed, Is.EqualTo(30));
        foreach ((PageAnswer answer, ReclaimSkip skip) in new[] { (PageAnswer.Keep, ReclaimSkip.Refused), (PageAnswer.Pinned, ReclaimSkip.Pinned), (PageAnswer.Dirty, ReclaimSkip.Dirty), (PageAnswer.Busy, ReclaimSkip.Busy), (PageAnswer.Accessed, ReclaimSkip.Policy) })
            Assert.That(result.Skipped[skip], Is.EqualTo(owner.Given[(int)answer]).And.GreaterThan(0), $"{answer}");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void APageTakesItsCookieAlongWhereverItMoves([Values("classic", "mglru/unordered", "s3fifo")] string form)
    {
        using var engine = new Engine(SmallMachine.Form(form) with { Nodes = [new NodeOptions(600), new NodeOptions(600, 1)], Cookies = true, Demotion = true });
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        for (ulong page = 0; page < 40; page++)
            engine.Add(space, page, 0, 1000 + page);
        var pages = new ProposedPage[10];
        engine.Propose(new ReclaimRequest(10, engine.Root) { Mode = ReclaimMode.Demote }, pages);

        foreach (ProposedPage page in pages)
        {
            Assert.That((page.Page.Cookie, page.ToNode), Is.EqualTo((1000 + page.Page.Page, (int?)1)));
            Assert.That(engine.Commit(page with { ToNode = null }), Is.EqualTo(PageOutcome.NotProposed), "it was to move, not to go");
            Assert.That(engine.Commit(page with { ToNode = 0 }), Is.EqualTo(PageOutcome.NotProposed), "its own node is no lower one");
            Assert.That(engine.Commit(page), Is.EqualTo(PageOutcome.Done));
            Assert.That(engine.CookieOf(page.Page), Is.EqualTo(1000 + page.Page.Page));
            Assert.That(engine.TryMove(page.Page, 0), Is.EqualTo(PageOutcome.Done));
            Assert.That(engine.CookieOf(page.Page), Is.EqualTo(1000 + page.Page.Page));
        }

        Assert.That(engine.Read(engine.Root, Counter.pgdemote_proactive), Is.EqualTo(10));
        engine.Add(space, pages[0].Page.Page, 0, 7);
        Assert.That(engine.CookieOf(pages[0].Page), Is.EqualTo(7), "an addition of what is there gives it another");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AnswersAndAdditionsAllocateNothing([Values("classic", "lru", "mglru/unordered")] string form)
    {
        using var engine = new Engine(SmallMachine.Form(form) with { Advisor = true, Cookies = true });
        AddressSpace space = Filled(engine, 400);
        var pages = new ProposedPage[60];
        AccessTally tally = default;
        long allocated = 0;
        for (int round = 0; round < 40; round++)
        {
            int count = (int)engine.Propose(new ReclaimRequest(60, engine.Root), pages).Reclaimed;
            Assert.That(count, Is.GreaterThan(0));
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
            {
                uint page = (uint)pages[i].Page.Page;
                if (i % 3 == 0)
                {
                    engine.Access(space, new ReadOnlySpan<uint>(in page), ref tally);
                }

                if (i % 4 == 0)
                    engine.Abort(pages[i].Page, PageAnswer.Keep);
                else if (engine.Commit(pages[i]) == PageOutcome.Done)
                    engine.Add(space, page, 0, 5);
            }

            if (round > 0)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.That(allocated, Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void ThreadsThatProposeAnswerUseAndPinLeaveEverythingInOrder(
        [Values("classic/concurrent", "mglru/concurrent", "mglru/unordered/concurrent", "fifo/concurrent", "clock/concurrent")] string form, [Values(1, 2)] int seed)
    {
        using var engine = new Engine(SmallMachine.Form(form) with { Nodes = [new NodeOptions(1024), new NodeOptions(700, 1)], Cookies = true, SwapPages = 4000 });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace[] spaces = [engine.CreateAddressSpace("0", 900), engine.CreateAddressSpace("1", 900, memcg)];
        PageFile file = engine.CreateFile(300);
        foreach (AddressSpace space in spaces)
            engine.Map(space, 700, 900, file, 50);
        long[] done = new long[4];

        Race.Run(4, thread =>
        {
            var random = new Random(seed * 10 + thread);
            var pages = new ProposedPage[24];
            AccessTally tally = default;
            for (int round = 0; round < 200; round++)
            {
                AddressSpace space = spaces[random.Next(2)];
                if (thread < 2)
                {
                    int count = (int)engine.Propose(new ReclaimRequest(1 + random.Next(24), random.Next(2) == 0 ? memcg : null) { Mode = ReclaimMode.Evict }, pages).Reclaimed;
                    for (int i = 0; i < count; i++)
                    {
                        if (random.Next(4) == 0)
                            engine.Abort(pages[i].Page, (PageAnswer)random.Next(1, 6));
                        else if (engine.Commit(pages[i]) == PageOutcome.Done)
                            done[thread]++;
                    }

                    continue;
                }

                for (int i = 0; i < 20; i++)
                    engine.Access(space, [(uint)random.Next(900) | (random.Next(3) == 0 ? Engine.WriteBit : 0)], ref tally);
                engine.AccessFile(file, (ulong)random.Next(300), false, memcg, 0, ref tally);
                ulong page = (ulong)random.Next(700);
                engine.Add(space, page, 0, page);
                engine.SetPinned(space, page, random.Next(2) == 0);
                if (round % 50 == 0)
                    engine.Discard(space, page, page + 5);
            }
        });

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(engine.Machine.Proposed.Count, Is.Zero, "every proposal was answered by who made it, or ended with its page");
        Assert.That(done[0] + done[1], Is.GreaterThan(0));
    }

    private static AddressSpace Filled(Engine engine, uint pages)
    {
        AddressSpace space = engine.CreateAddressSpace("s", pages + 100);
        AccessTally tally = default;
        for (uint page = 0; page < pages; page++)
            engine.Access(space, [page], ref tally);
        engine.Age(engine.Root, engine.Nodes[0]);
        return space;
    }

    /// <summary>A store that can be told to fail.</summary>
    private sealed class Failing : Backing
    {
        public bool Fails { get; set; }

        public int First { get; private set; }

        public override bool PageIn(in BackedPage page)
        {
            First += page.First ? 1 : 0;
            return !Fails;
        }
    }

    /// <summary>Gives each answer in turn, and agrees in the end.</summary>
    private sealed class Answering : Backing
    {
        public int[] Given { get; } = new int[6];

        private int _asked;

        public override PageAnswer PageOut(in BackedPage page)
        {
            var answer = (PageAnswer)(_asked++ < 12 ? _asked % 6 : 0);
            Given[(int)answer]++;
            return answer;
        }
    }
}
