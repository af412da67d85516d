using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>The rules of comeback, each on a few pages.</summary>
[NonParallelizable]
public class ComebackPolicyTests
{
    private const int Probation = ComebackPolicy.Probation;
    private const int Main = ComebackPolicy.Main;

    [Test]
    public void MainTakesAllUntilSomethingHasToGoAndProbationWhatIsNewAfterThat()
    {
        using var lru = new OneLruvec("comeback");
        uint early = lru.Anon(0);
        uint read = lru.Read(0);
        Fill(lru, 1, 98);
        Assert.That((lru.View.ListOf(early), lru.View.ListOf(read)), Is.EqualTo((Main, Main + 1)));

        lru.Engine.Reclaim(new ReclaimRequest(1));

        Assert.That(Of(lru).Target, Is.EqualTo(10), "a tenth of 100 pages");
        uint late = lru.Anon(500);
        Assert.That(lru.View.ListOf(late), Is.EqualTo(Probation));
        Assert.That(lru.View.Head(Probation), Is.EqualTo(late));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void TimeIsCountedInPagesBroughtIn()
    {
        using var lru = new OneLruvec("comeback");
        lru.Anon(0);
        lru.Anon(1);
        lru.Read(0, 3);
        lru.Anon(0);

        Assert.That(Of(lru).Time, Is.EqualTo(3), "two faults and a read; hits are not");
    }

    [Test]
    public void ProbationIsEvictedFirstButOnlyWhatIsMoreThanItsShare()
    {
        using OneLruvec lru = Started();
        Fill(lru, 500, 50);

        lru.Engine.Reclaim(new ReclaimRequest(32));
        Assert.That((lru.View.Count(Probation), lru.View.Count(Main)), Is.EqualTo((18L, 100L)));
        Assert.That(lru.View.Tail(Probation), Is.EqualTo(lru.Anon(532)), "500 to 531 were the oldest and went");

        lru.Engine.Reclaim(new ReclaimRequest(32));
        Assert.That((lru.View.Count(Probation), lru.View.Count(Main)), Is.EqualTo((10L, 76L)));
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void AUseOnProbationLeadsToMainAndTheLoadingAccessIsNone()
    {
        using OneLruvec lru = Started();
        Fill(lru, 500, 20);
        uint used = lru.Anon(500);
        uint touched = lru.Read(0, 2);
        Fill(lru, 520, 30);

        lru.Engine.Reclaim(new ReclaimRequest(32));

        Assert.That((lru.View.ListOf(used), lru.View.ListOf(touched)), Is.EqualTo((Main, Main + 1)));
        Assert.That(lru.MemoryOf(used), Is.EqualTo(FolioFlags.Workingset), "without a life: one use says little");
        Assert.That(lru.View.Count(Probation), Is.EqualTo(17), "of 51, 32 went and 2 were promoted, the file page in its turn");
    }

    [TestCase(399u, true)]
    [TestCase(400u, true)]
    [TestCase(401u, false)]
    [TestCase(700u, false)]
    public void WhatComesBackWithinATurnOfTheHandGoesToMain(uint away, bool isAdmitted)
    {
        using OneLruvec lru = Started();
        uint pfn = lru.Anon(500);
        SetTurn(lru, 401);

        ComebackPolicy.OnRefault(lru.View, pfn, lru.View.ShadowOf(pfn, Of(lru).Time - away), inFault: true);

        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(isAdmitted ? FolioFlags.Workingset : FolioFlags.None));
        Assert.That(lru.View.Total(Counter.workingset_activate_anon), Is.EqualTo(isAdmitted ? 1 : 0));
        Assert.That(lru.View.Total(Counter.workingset_refault_anon), Is.EqualTo(1));
    }

    [Test]
    public void AShadowHoldsWhenThePageWasLastKnownToBeInUseAndWhereItWas()
    {
        using OneLruvec lru = Started();
        uint fresh = lru.Anon(500);
        uint old = lru.View.Tail(Main);
        lru.View.Word(old, 0) = 7;
        Of(lru).Time = 1000;

        Assert.That(ComebackPolicy.MakeShadow(lru.View, fresh, lru.View), Is.EqualTo(new ShadowEntry(133, 0, 0, false)), "the 133rd page");
        Assert.That(ComebackPolicy.MakeShadow(lru.View, old, lru.View), Is.EqualTo(new ShadowEntry(7, 0, 0, true)));
    }

    [Test]
    public void TheShadowOfAnotherLruvecSaysNothing()
    {
        using OneLruvec lru = Started();
        MemoryCgroup other = lru.Engine.CreateMemcg("other");
        uint pfn = lru.Anon(500);
        SetTurn(lru, 400);
        long target = Of(lru).Target;

        ComebackPolicy.OnRefault(lru.View, pfn, lru.View.ShadowOf(pfn, Of(lru).Time) with { Memcg = other.Id }, inFault: true);

        Assert.That((lru.MemoryOf(pfn), Of(lru).Target), Is.EqualTo((FolioFlags.None, target)));
        Assert.That(lru.View.Total(Counter.workingset_refault_anon), Is.EqualTo(1), "but it is one");
    }

    // 100 pages, so that a reach is 10; of 100 evictions 20 were from main, and a turn is 400. While 450 came in after
    // a turn, 10 more would have left main. While 125 came in, 100 left probation, which with its 90 and a reach holds as many.
    [TestCase(true, 450u, -1)]
    [TestCase(true, 455u, 0)]
    [TestCase(true, 300u, -1)]
    [TestCase(false, 125u, 1)]
    [TestCase(false, 127u, 0)]
    [TestCase(false, 20u, 1)]
    public void ARefaultVotesForTheListThatAReachMoreWouldHaveMadeItStayOn(bool wasInMain, uint away, int vote)
    {
        using OneLruvec lru = Started(10);
        Fill(lru, 500, 90);
        uint pfn = lru.View.Head(Probation);
        SetTurn(lru, 400);
        Of(lru) = Of(lru) with { Target = 20, Out = 100, OutOfMain = 20 };

        ComebackPolicy.OnRefault(lru.View, pfn, new ShadowEntry(Of(lru).Time - away, 0, 0, wasInMain), inFault: true);

        Assert.That(Of(lru).Target, Is.EqualTo(20 + vote));
    }

    [TestCase(true, 2, 2)]
    [TestCase(true, 3, 2)]
    [TestCase(false, 59, 60)]
    [TestCase(false, 60, 60)]
    public void ProbationStaysBetweenAHundredthAndThreeTenths(bool wasInMain, int before, int after)
    {
        using OneLruvec lru = Started();
        Fill(lru, 500, 100);
        Assert.That(lru.View.ResidentOf(FolioType.Anon), Is.EqualTo(200));
        Of(lru).Target = before;

        ComebackPolicy.OnRefault(lru.View, lru.View.Head(Probation), new ShadowEntry(Of(lru).Time, 0, 0, wasInMain), inFault: true);

        Assert.That(Of(lru).Target, Is.EqualTo(after));
    }

    [Test]
    public void TheSharesOfEvictionsAreThoseOfLate()
    {
        using OneLruvec lru = Started();
        Assert.That((Of(lru).Out, Of(lru).OutOfMain), Is.EqualTo((32L, 32L)));
        Of(lru) = Of(lru) with { Out = 99, OutOfMain = 40 };

        lru.Engine.Reclaim(new ReclaimRequest(1));

        Assert.That((Of(lru).Out, Of(lru).OutOfMain), Is.EqualTo((80L, 51L)), "101 and 42 are halved, being more than 100 pages, and 30 follow");
    }

    [TestCase(0u, true, 1u, true)]
    [TestCase(2u, true, 3u, true)]
    [TestCase(3u, true, 3u, true)]
    [TestCase(3u, false, 2u, true)]
    [TestCase(1u, false, 0u, true)]
    [TestCase(0u, false, 0u, false)]
    public void InMainATurnWithAUseGivesALifeAndOneWithoutTakesIt(uint lives, bool used, uint after, bool stays)
    {
        using OneLruvec lru = Started();
        uint pfn = lru.View.Tail(Main);
        lru.PlaceAgain(pfn, FolioFlags.Workingset | Lives(lives) | (used ? FolioFlags.Young : FolioFlags.None));
        lru.View.MoveToTail(Main, pfn);
        Of(lru).Time = 5000;

        lru.Engine.Reclaim(new ReclaimRequest(1));

        if (!stays)
        {
            Assert.That(lru.FlagsOf(pfn), Is.EqualTo(FolioFlags.None), "evicted");
            return;
        }

        Assert.That(lru.MemoryOf(pfn), Is.EqualTo(FolioFlags.Workingset | Lives(after)));
        Assert.That((lru.View.Head(Main), lru.View.Word(pfn, 0)), Is.EqualTo((pfn, 5000u)), "it goes round, and was in use now");
    }

    [Test]
    public void WhereAllIsHotSomethingGoesAllTheSame()
    {
        using OneLruvec lru = Started();
        for (uint page = 32; page < 132; page++)
            lru.PlaceAgain(lru.Anon(page), FolioFlags.Workingset | FolioFlags.Young | Lives(3));

        lru.Engine.Reclaim(new ReclaimRequest(1));

        Assert.That(lru.View.ResidentOf(FolioType.Anon), Is.EqualTo(68));
        Assert.That(lru.View.Total(Counter.pgscan_proactive), Is.EqualTo(32 + (4 * 100) + 32), "a turn for the use and three for the lives");
        Assert.That(lru.View.Total(Counter.policy_overrides), Is.Zero);
    }

    [TestCase(null, 0, true)]
    [TestCase(0ul, null, true)]
    [TestCase(null, ReclaimRequest.AnonOnly, false)]
    public void PagesThatCannotGoAreNotProposed(ulong? swap, int? swappiness, bool filesGo)
    {
        using var lru = new OneLruvec("comeback", swap);
        for (uint page = 0; page < 50; page++)
        {
            lru.Anon(page);
            lru.Read(page);
        }

        lru.Engine.Reclaim(new ReclaimRequest(10, Swappiness: swappiness));
        for (uint page = 50; page < 100; page++)
        {
            lru.Anon(page);
            lru.Read(page);
        }

        lru.Engine.Reclaim(new ReclaimRequest(200, Swappiness: swappiness));

        long anon = lru.View.ResidentOf(FolioType.Anon);
        long file = lru.View.ResidentOf(FolioType.File);
        Assert.That((anon, file), Is.EqualTo(filesGo ? (100L, 0L) : (0L, 100L)), "all of the others, from probation and main, and none of these");
        Assert.That(lru.View.Total(filesGo ? Counter.pgscan_anon : Counter.pgscan_file), Is.Zero, "nor is one looked at");
        long scanned = lru.View.Total(Counter.pgscan_proactive);
        lru.Engine.Reclaim(new ReclaimRequest(1, Swappiness: swappiness));
        Assert.That(lru.View.Total(Counter.pgscan_proactive), Is.EqualTo(scanned), "with nothing left that may go, nothing is looked at");
        Assert.That(lru.View.Total(Counter.policy_overrides), Is.Zero);
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [TestCase(true, 60, 100, 68)]
    [TestCase(false, 150, 10, 0)]
    public void WhereAllOfOnePartIsPinnedTheOtherGivesItsPages(bool pinsMain, int pages, int target, int mainAfter)
    {
        using OneLruvec lru = Started(68);
        Fill(lru, 500, (uint)pages);
        Of(lru).Target = target;
        uint next = lru.View.Tail(pinsMain ? Main : Probation);
        for (; next != PolicyView.None; next = lru.View.TowardHead(next))
            lru.Machine.Frames.Set(next, FolioFlags.Pinned);

        lru.Engine.Reclaim(new ReclaimRequest(200));

        Assert.That((lru.View.Count(Probation), lru.View.Count(Main)), Is.EqualTo((pinsMain ? 0L : pages, (long)mainAfter)));
    }

    [Test]
    public void OfBothTypesTheOlderGoesFirst()
    {
        using OneLruvec lru = Started();
        Fill(lru, 500, 16);
        for (uint page = 0; page < 30; page++)
            lru.Read(page);
        Fill(lru, 516, 16);

        lru.Engine.Reclaim(new ReclaimRequest(32));

        Assert.That(ComebackPolicy.Sizes(lru.View), Is.EqualTo(new LruSizes(16, 100, 14, 0)));
    }

    [Test]
    public void WhatTheFlusherHasCleanedIsFirstInTurn()
    {
        using OneLruvec lru = Started();
        uint pfn = lru.View.Head(Main);

        lru.PlaceAgain(pfn, FolioFlags.Workingset, PlaceHint.Tail);

        Assert.That((lru.View.Tail(Probation), lru.MemoryOf(pfn)), Is.EqualTo((pfn, FolioFlags.None)));
    }

    [Test]
    public void OfALoopThatDoesNotFitMostOfWhatFitsStaysAndNothingIsAllocated()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("comeback")));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 2000, memcg);
        engine.SetMax(memcg, 1000);
        uint[] loop = [.. Enumerable.Range(0, 2000).Select(i => (uint)i)];
        AccessTally tally = default;
        for (int i = 0; i < 20; i++)
            engine.Access(space, loop, ref tally);
        long faults = tally.Faults;

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
            engine.Access(space, loop, ref tally);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
        Assert.That(tally.Faults - faults, Is.LessThan(20 * 1100), "1000 of 2000 are the least; LRU and CLOCK hit nothing");
        Assert.That(engine.Read(memcg, Counter.pgscan_direct), Is.LessThan(3 * engine.Read(memcg, Counter.pgsteal_direct)));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void APageOnTheWrongListIsNamed()
    {
        using OneLruvec lru = Started();
        uint pfn = lru.Anon(500);
        lru.View.SetFlags(pfn, FolioFlags.Workingset);
        Assert.That(lru.Engine.Validate(), Does.Contain($"frame {pfn} is on list 0"));

        lru.View.ClearFlags(pfn, FolioFlags.Workingset);
        Assert.That(lru.Engine.Validate(), Is.Null);
        Of(lru).OutOfMain = 33;
        Assert.That(lru.Engine.Validate(), Does.Contain("33 of 32 evictions"));
    }

    private static ref ComebackPolicy.State Of(OneLruvec lru) => ref lru.View.State<ComebackPolicy.State>();

    /// <summary>Anonymous pages went to main, 32 were reclaimed, and so many are left. Probation may have 10.</summary>
    private static OneLruvec Started(uint left = 100)
    {
        var lru = new OneLruvec("comeback");
        Fill(lru, 0, left + 32);
        lru.Engine.Reclaim(new ReclaimRequest(1));
        Of(lru).Target = 10;
        return lru;
    }

    private static void Fill(OneLruvec lru, uint first, uint pages)
    {
        for (uint page = first; page < first + pages; page++)
            lru.Anon(page);
    }

    /// <summary>The hand last saw so long ago what it will see next.</summary>
    private static void SetTurn(OneLruvec lru, uint turn)
    {
        Of(lru).Time = 10_000;
        lru.View.Word(lru.View.Tail(Main), 0) = 10_000 - turn;
    }

    private static FolioFlags Lives(uint lives) => (FolioFlags)(lives << FolioField.RefsShift);
}
