using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>What advice about pages comes to, under every policy.</summary>
public class AdviceTests
{
    private static readonly string[] Forms =
        [.. SmallMachine.PolicyNames, "classic/concurrent", "mglru/unordered", "mglru@6.1/6.1", "mglru/identity", "classic+walk+lookaround", "sieve+walk"];

    [Test]
    public void ColdPagesGoBeforeOthers([ValueSource(nameof(Forms))] string form)
    {
        using Engine engine = Filled(form, null, out AddressSpace space);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 600).Select(i => (uint)i)], ref tally);
        Assert.That(engine.Advise(space, 100, 300, PageAdvice.Cold, out long affected));
        Assert.That(affected, Is.EqualTo(200));
        Assert.That(engine.Validate(), Is.Null);

        ReclaimResult result = engine.Reclaim(new ReclaimRequest(120, engine.Memcgs[1]));

        Assert.That(result.Reclaimed, Is.GreaterThanOrEqualTo(120));
        int cold = Enumerable.Range(100, 200).Count(p => !engine.IsResident(space, (ulong)p));
        int others = Enumerable.Range(0, 600).Count(p => !engine.IsResident(space, (ulong)p)) - cold;
        Assert.That(others, Is.Zero, $"{cold} cold pages went, and {others} others");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void PagesOutExactlyThosePagesAndBringsThemInUnused([ValueSource(nameof(Forms))] string form)
    {
        var store = new Store { Kept = 7 };
        using Engine engine = Filled(form, store, out AddressSpace space);
        engine.SetPinned(space, 5, true);

        Assert.That(engine.Advise(space, 0, 100, PageAdvice.PageOut, out long affected));

        Assert.That(affected, Is.EqualTo(98), "neither the pinned one nor the one that its owner keeps");
        Assert.That(Residents(engine, space), Is.EqualTo(Enumerable.Range(0, 600).Where(p => p is 5 or 7 or >= 100)));
        Assert.That(engine.Memcgs[1].SwapUsage, Is.EqualTo(98));
        Assert.That(engine.Validate(), Is.Null);

        long faults = engine.Read(engine.Root, Counter.pgfault);
        Assert.That(engine.Advise(space, 0, 100, PageAdvice.WillNeed, out affected));

        Assert.That(affected, Is.EqualTo(98));
        Assert.That(store.In, Is.EqualTo(98));
        Assert.That(engine.Read(engine.Root, Counter.pgfault), Is.EqualTo(faults), "it is no fault");
        Assert.That(Residents(engine, space), Is.EqualTo(Enumerable.Range(0, 600)));
        var words = new ulong[2];
        engine.ReadBitmap(space, PageBitmap.Accessed, 0, 100, words);
        Assert.That(words, Is.EqualTo(new[] { words[0] & 0b1010_0000, 0UL }), "and no use");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WhatWasNeverTouchedIsLeftAlone()
    {
        using Engine engine = Filled("mglru", null, out AddressSpace space);
        foreach (PageAdvice advice in Enum.GetValues<PageAdvice>())
        {
            Assert.That(engine.Advise(space, 600, 700, advice, out long affected));
            Assert.That(affected, Is.Zero);
        }
    }

    [Test]
    public void PagesThatOthersMapStayAndThoseOfAFileComeIntoTheCacheAlone([Values("classic", "mglru", "lru")] string policy)
    {
        using Engine engine = Filled(policy, null, out AddressSpace space);
        AddressSpace other = engine.CreateAddressSpace("o", 100);
        PageFile file = engine.CreateFile(50);
        engine.Map(space, 600, 650, file);
        engine.Map(other, 0, 10, file);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(600, 20).Select(i => (uint)i | Engine.WriteBit)], ref tally);
        engine.Access(other, [.. Enumerable.Range(0, 10).Select(i => (uint)i)], ref tally);

        engine.Advise(space, 600, 650, PageAdvice.Cold, out long affected);
        Assert.That(affected, Is.EqualTo(10), "ten are mapped twice");
        engine.Advise(space, 600, 650, PageAdvice.PageOut, out affected);
        Assert.That(affected, Is.EqualTo(10));
        Assert.That(file.Resident, Is.EqualTo(10));

        engine.Advise(space, 600, 650, PageAdvice.WillNeed, out affected);
        Assert.That(affected, Is.EqualTo(40), "ten that were evicted and thirty that nobody has read yet");
        Assert.That(file.Resident, Is.EqualTo(50));
        Assert.That(space.Resident, Is.EqualTo(610), "they are not mapped");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void BringingInStopsWhereThereIsNoMemory()
    {
        using Engine engine = Filled("lru", null, out AddressSpace space);
        engine.Advise(space, 0, 300, PageAdvice.PageOut, out _);
        for (ulong page = 300; page < 600; page++)
            engine.SetPinned(space, page, true);
        engine.SetMax(engine.Memcgs[1], 310);

        bool isDone = engine.Advise(space, 0, 300, PageAdvice.WillNeed, out long affected);

        // Those that come in push each other out again; only a limit that is all pinned stops it.
        Assert.That(isDone);
        Assert.That(affected, Is.EqualTo(300));
        engine.SetMax(engine.Memcgs[1], 300);
        Assert.That(engine.Advise(space, 0, 300, PageAdvice.WillNeed, out affected), Is.False);
        Assert.That(affected, Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void APageThatCannotBeReadEndsTheAdviceAndThoseBeforeItAreIn()
    {
        var store = new Store { Kept = ulong.MaxValue };
        using Engine engine = Filled("classic", store, out AddressSpace space);
        engine.Advise(space, 0, 20, PageAdvice.PageOut, out _);
        store.Lost = 7;
        long affected = 0;
        Assert.That(() => engine.Advise(space, 0, 20, PageAdvice.WillNeed, out affected), Throws.TypeOf<PageInException>().With.Message.Contains("Page 7 "));
        Assert.That(affected, Is.EqualTo(7));
        Assert.That(Residents(engine, space).Take(8), Is.EqualTo(Enumerable.Range(0, 7).Append(20)));
        Assert.That(engine.Validate(), Is.Null);
        store.Lost = null;
        Assert.That(engine.Advise(space, 0, 20, PageAdvice.WillNeed, out affected));
        Assert.That(affected, Is.EqualTo(13));
    }

    [Test]
    public void WithoutSwapNothingIsPagedOut()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { SwapPages = 3 });
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        AccessTally tally = default;
        engine.Access(space, [0, 1, 2, 3, 4], ref tally);
        engine.Advise(space, 0, 100, PageAdvice.PageOut, out long affected);
        Assert.That(affected, Is.EqualTo(3));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void OtherAdviceAndRangesAreRefused()
    {
        using Engine engine = Filled("lru", null, out AddressSpace space);
        Assert.That(() => engine.Advise(space, 0, 1, (PageAdvice)4, out _), Throws.TypeOf<EngineException>().With.Message.Contains("advice 4"));
        Assert.That(() => engine.Advise(space, 0, 701, PageAdvice.Cold, out _), Throws.TypeOf<EngineException>().With.Message.Contains("do not lie"));
        Assert.That(() => engine.Advise(space, 0, 701, PageAdvice.WillNeed, out _), Throws.TypeOf<EngineException>().With.Message.Contains("do not lie"));
    }

    [Test]
    public void AgesOfPagesAreThoseOfScansAndOfPagesThatNeverWereNone()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru")) with { IdleAge = true });
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        AccessTally tally = default;
        engine.Access(space, [0, 1, 2], ref tally);
        engine.ScanIdleAges();
        engine.ScanIdleAges();
        engine.Access(space, [1], ref tally);
        engine.ScanIdleAges();
        engine.Advise(space, 2, 3, PageAdvice.PageOut, out _);
        var ages = new byte[5];
        engine.ReadAges(space, 0, ages);
        Assert.That(ages, Is.EqualTo(new byte[] { 2, 0, 2, 255, 255 }));
        Assert.That(() => engine.ReadAges(space, 99, new byte[2]), Throws.TypeOf<EngineException>());
    }

    /// <summary>A policy that sees accesses hears of that one page at once, and of nothing when it reclaims the next time.</summary>
    [Test]
    public void APageThatItsOwnerUsesIsPutBackAsUsed([Values("arc", "lirs", "lfu", "2q", "lru", "clockpro", "classic", "mglru")] string policy)
    {
        var store = new Store { Kept = 7, Answer = PageAnswer.Accessed };
        using Engine engine = Filled(policy, store, out AddressSpace space);

        Assert.That(engine.Advise(space, 0, 100, PageAdvice.PageOut, out long affected));

        Assert.That(affected, Is.EqualTo(99), "it stays");
        Assert.That(engine.Validate(), Is.Null);
        engine.Discard(space, 7, 8);
        Assert.That(engine.Reclaim(new ReclaimRequest(64, engine.Memcgs[1])).Reclaimed, Is.GreaterThanOrEqualTo(64));
        Assert.That(engine.Validate(), Is.Null, "its frame was another's, or nobody's, by then");
    }

    private static IEnumerable<int> Residents(Engine engine, AddressSpace space) =>
        Enumerable.Range(0, (int)space.Pages).Where(p => engine.IsResident(space, (ulong)p));

    /// <summary>A cgroup whose space has pages 0 to 599 of 700 in memory.</summary>
    private static Engine Filled(string form, Backing? backing, out AddressSpace space)
    {
        var engine = new Engine(SmallMachine.Form(form) with { Backing = backing, LeafTables = form.Contains("identity", StringComparison.Ordinal) ? null : 64 });
        space = engine.CreateAddressSpace("s", 700, engine.CreateMemcg("m"));
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 600).Select(i => (uint)i)], ref tally);
        return engine;
    }

    private sealed class Store : Backing
    {
        public ulong Kept { get; init; }

        public PageAnswer Answer { get; init; } = PageAnswer.Keep;

        public int In { get; private set; }

        public ulong? Lost { get; set; }

        public override PageAnswer PageOut(in BackedPage page) => page.Page == Kept ? Answer : PageAnswer.Evict;

        public override bool PageIn(in BackedPage page)
        {
            if (page.Page == Lost)
                return false;
            In++;
            return true;
        }
    }
}
