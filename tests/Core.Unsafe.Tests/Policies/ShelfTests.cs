using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>
/// The exact policies of the literature where their papers say nothing: pins, refusals, frees, limits that change, several
/// cgroups. What they do where the papers do is in ExactPolicyModelTests.
/// </summary>
public sealed class ShelfTests
{
    private static readonly string[] All = ["s3fifo", "arc", "2q", "lfu", "mru"];

    private static readonly string[] WithGhosts = ["s3fifo", "arc", "2q"];

    [Test]
    public void UnderPinsRefusalsFreesAndLimitsThatChangeNothingIsOverriddenAndEveryInvariantHolds(
        [ValueSource(nameof(All))] string policy, [Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Backing = new Moody(new Random(seed)) });
        MemoryCgroup[] memcgs = [engine.CreateMemcg("a"), engine.CreateMemcg("b")];
        AddressSpace[] spaces = [engine.CreateAddressSpace("a", 200, memcgs[0]), engine.CreateAddressSpace("b", 200, memcgs[1])];
        PageFile file = engine.CreateFile(200);
        foreach (MemoryCgroup memcg in memcgs)
            engine.SetMax(memcg, 40);
        AccessTally tally = default;
        for (int step = 0; step < 6000; step++)
        {
            int at = random.Next(2);
            uint page = (uint)(random.NextDouble() * random.NextDouble() * 200);
            switch (random.Next(40))
            {
                case 0:
                    engine.SetMax(memcgs[at], (ulong)random.Next(1, 120));
                    break;
                case 1 or 2:
                    engine.Discard(spaces[at], page, page + 1);
                    break;
                case 3 or 4:
                    engine.SetPinned(spaces[at], page, true);
                    break;
                case 5:
                    for (uint all = 0; all < 200; all++)
                        engine.SetPinned(spaces[at], all, false);
                    break;
                case 6:
                    engine.Reclaim(new ReclaimRequest(random.Next(1, 90)) { Memcg = memcgs[at] });
                    break;
                case < 20:
                    engine.AccessFile(file, page, random.Next(5) == 0, memcgs[at], 0, ref tally);
                    break;
                default:
                    engine.Access(spaces[at], [page], ref tally);
                    break;
            }

            if (step % 16 == 0)
                Assert.That(engine.Validate(), Is.Null, $"seed {seed}, step {step}");
        }

        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WhatCannotGoStopsNoReclaimAndGoesWhenItCanAgain(
        [ValueSource(nameof(All))] string policy, [Values] bool pinsTheUsed, [Values(4, 16, 28)] int pinned)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 4000, memcg);
        engine.SetMax(memcg, 32);
        AccessTally tally = default;
        for (uint page = 0; page < 200; page++)
            engine.Access(space, [page % 64], ref tally);
        uint[] resident = [.. Enumerable.Range(0, 64).Select(p => (uint)p).Where(p => engine.IsResident(space, p))];
        if (pinsTheUsed)
        {
            foreach (uint page in resident.Take(pinned))
                engine.Access(space, [page, page, page, page], ref tally);
        }

        foreach (uint page in resident.Take(pinned))
            engine.SetPinned(space, page, true);

        for (uint page = 100; page < 1100; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(tally.Refused, Is.Zero);
        Assert.That(resident.Take(pinned).All(p => engine.IsResident(space, p)), Is.True);
        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);

        foreach (uint page in resident.Take(pinned))
            engine.SetPinned(space, page, false);
        engine.SetMax(memcg, 1);
        Assert.That(memcg.Usage, Is.LessThanOrEqualTo(1));
        Assert.That(engine.Validate(), Is.Null);
    }

    /// <summary>Whichever queue the policy's own rule names, the other has its turn.</summary>
    [Test]
    public void AQueueOfPinnedPagesLeavesTheOtherToReclaim([ValueSource(nameof(WithGhosts))] string policy, [Values(0, 1)] int list)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 1000, memcg);
        PolicyView view = engine.Host.ViewOf(memcg, engine.Nodes[0]);
        engine.SetMax(memcg, 32);
        AccessTally tally = default;
        var random = new Random(5);
        for (int step = 0; step < 2000; step++)
            engine.Access(space, [(uint)(random.NextDouble() * random.NextDouble() * 64)], ref tally);
        engine.Access(space, [70, 71, 72, 73], ref tally);
        Assert.That(view.Count(0) > 0 && view.Count(1) > 0, Is.True);
        uint[] pinned = [.. Enumerable.Range(0, 74).Select(p => (uint)p).Where(p => engine.IsResident(space, p) && ListOf(engine, space, p) == list)];
        foreach (uint page in pinned)
            engine.SetPinned(space, page, true);

        for (uint page = 100; page < 150; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(tally.Refused, Is.Zero);
        Assert.That(pinned.All(p => engine.IsResident(space, p)), Is.True);
        Assert.That(engine.Validate(), Is.Null);
    }

    /// <summary>A pinned page that is next to go every time is not looked at every time.</summary>
    [Test]
    public void ManyPinnedPagesMakeEvictionsLittleDearer([ValueSource(nameof(All))] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 8000, memcg);
        engine.SetMax(memcg, 1000);
        AccessTally tally = default;
        for (uint page = 0; page < 1000; page++)
            engine.Access(space, [page], ref tally);
        for (uint page = 0; page < 900; page++)
            engine.SetPinned(space, page, true);

        for (uint page = 1000; page < 8000; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(tally.Refused, Is.Zero);
        Assert.That(engine.Read(memcg, Counter.pgscan_direct), Is.LessThan(12 * 7000), "900 of 1000 pages are pinned: a queue meets 10 for one that goes");
    }

    [Test]
    public void AnEvictedPageThatIsDiscardedIsRememberedNoLonger([ValueSource(nameof(WithGhosts))] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        PolicyView view = engine.Host.ViewOf(memcg, engine.Nodes[0]);
        engine.SetMax(memcg, 20);
        AccessTally tally = default;
        for (uint page = 0; page < 20; page++)
            engine.Access(space, [page, page < 5 ? page : 0], ref tally);
        for (uint page = 20; page < 26; page++)
            engine.Access(space, [page], ref tally);
        uint[] ghosts = [.. Enumerable.Range(0, 26).Select(p => (uint)p).Where(p => view.Order(0).Contains(space.BaseSlot + p))];
        Assert.That(ghosts, Has.Length.GreaterThan(1));

        engine.Discard(space, ghosts[0], ghosts[0] + 1);
        Assert.That(view.Order(0).Contains(space.BaseSlot + ghosts[0]), Is.False);
        Assert.That(view.Order(0).Count, Is.EqualTo(ghosts.Length - 1));

        engine.Access(space, [ghosts[0], ghosts[1]], ref tally);
        Assert.That(ListOf(engine, space, ghosts[0]), Is.Zero, "as new");
        Assert.That(ListOf(engine, space, ghosts[1]), Is.EqualTo(1), "remembered");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void APageThatComesBackForAnotherCgroupIsNewThereAndForgottenWhereItWas([ValueSource(nameof(WithGhosts))] string policy)
    {
        string other = policy == "arc" ? "2q" : "arc";
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy), SmallMachine.Policy(other));
        MemoryCgroup[] memcgs = [engine.CreateMemcg("a", null, policy), engine.CreateMemcg("b", null, other)];
        PageFile file = engine.CreateFile(100);
        AccessTally tally = default;
        foreach (MemoryCgroup memcg in memcgs)
            engine.SetMax(memcg, 10);

        // Back and forth: every page is evicted from one cgroup and brought in by the other.
        for (int round = 0; round < 6; round++)
        {
            for (uint page = 0; page < 60; page++)
                engine.AccessFile(file, page, false, memcgs[round % 2], 0, ref tally);
            Assert.That(engine.Validate(), Is.Null, $"round {round}");
        }

        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
        PolicyView before = engine.Host.ViewOf(memcgs[0], engine.Nodes[0]);
        for (uint page = 0; page < 60; page++)
            Assert.That(before.Order(0).Contains(file.SlotOf(page)), Is.False);
    }

    [Test]
    public void TheWordsOfAPageStartAgainWhenItComesInForAnotherCgroup()
    {
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<CountsArrivals>());
        MemoryCgroup[] memcgs = [engine.CreateMemcg("a"), engine.CreateMemcg("b")];
        PageFile file = engine.CreateFile(100);
        foreach (MemoryCgroup memcg in memcgs)
            engine.SetMax(memcg, 1);
        AccessTally tally = default;
        for (uint page = 0; page < 20; page++)
            engine.AccessFile(file, page % 2, false, memcgs[0], 0, ref tally);
        Assert.That(engine.Host.ViewOf(memcgs[0], engine.Nodes[0]).History(file.SlotOf(0), 0), Is.EqualTo(10));

        engine.AccessFile(file, 0, false, memcgs[1], 0, ref tally);

        Assert.That(engine.Host.ViewOf(memcgs[1], engine.Nodes[0]).History(file.SlotOf(0), 0), Is.EqualTo(1));
        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
    }

    /// <summary>Memory on the node of the process is used up by another cgroup, so its pages come in elsewhere than announced.</summary>
    [Test]
    public void PagesThatComeInOnAnotherNodeThanAnnouncedAreRememberedThere([ValueSource(nameof(WithGhosts))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with
        {
            Nodes = [new NodeOptions(256), new NodeOptions(256)],
        });
        AddressSpace wall = engine.CreateAddressSpace("wall", 256, engine.CreateMemcg("wall"));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 400, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < 256 && engine.Nodes[0].Free > engine.Nodes[0].Watermarks.Low; page++)
        {
            engine.Access(wall, [page], ref tally);
            engine.SetPinned(wall, page, true);
        }

        engine.SetMax(memcg, 40);
        var random = new Random(1);
        for (int step = 0; step < 8000; step++)
            engine.Access(space, [(uint)(random.NextDouble() * random.NextDouble() * 400)], ref tally);

        PolicyView away = engine.Host.ViewOf(memcg, engine.Nodes[1]);
        Assert.That(away.Count(0) + away.Count(1), Is.GreaterThan(30));
        Assert.That(away.Count(1), Is.GreaterThan(0), "some came back while they were remembered");
        Assert.That(tally.Refused, Is.Zero);
        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AGhostOfAResidentPageAndAPageOnTheWrongListAreNamed([ValueSource(nameof(WithGhosts))] string policy)
    {
        using var lru = new OneLruvec(policy);
        uint pfn = lru.Anon(0);
        lru.View.Order(0).AddHead(lru.View.PageOf(pfn));
        Assert.That(lru.Engine.Validate(), Does.Contain("remembers 1 pages; it may remember 0"));

        lru.View.Order(0).Remove(lru.View.PageOf(pfn));
        Assert.That(lru.Engine.Validate(), Is.Null);
        lru.View.MoveToHead(1, pfn);
        Assert.That(lru.Engine.Validate(), Does.Contain($"frame {pfn} is on list 1 and is marked for another"));
    }

    [Test]
    public void AResidentPageAmongTheGhostsIsNamed([ValueSource(nameof(WithGhosts))] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        engine.SetMax(memcg, 20);
        AccessTally tally = default;
        for (uint page = 0; page < 22; page++)
            engine.Access(space, [page, 5], ref tally);
        PolicyView view = engine.Host.ViewOf(memcg, engine.Nodes[0]);
        Assert.That(engine.Validate(), Is.Null);

        view.Order(0).AddHead(space.BaseSlot + 21);

        Assert.That(engine.Validate(), Does.Contain($"page {space.BaseSlot + 21} is resident and on "));
    }

    [Test]
    public void AHeapThatMissesAPageIsNamed()
    {
        using var lru = new OneLruvec("lfu");
        uint pfn = lru.Anon(0);
        lru.View.MoveToHead(1, pfn);

        Assert.That(lru.Engine.Validate(), Does.Contain("the heap has 1 frames and should have 0"));
    }

    private static int ListOf(Engine engine, AddressSpace space, uint page)
    {
        uint pfn = engine.Machine.Tables.FrameAt(space.BaseSlot + page);
        return engine.Host.ViewAt(engine.Machine.LruvecIndexOf(pfn)).ListOf(pfn);
    }

    private readonly struct CountsArrivals : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "counts", HistoryWords = 1, Flags = PolicyFlags.SeesArrivals };

        public static void Arrive(PolicyView view, uint page, bool returns) => view.History(page, 0)++;
    }

    /// <summary>An owner that keeps one page in eight for now.</summary>
    private sealed class Moody(Random random) : Backing
    {
        public override PageAnswer PageOut(in BackedPage page) => random.Next(8) > 0 ? PageAnswer.Evict : PageAnswer.Keep;
    }
}
