using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>Sorting, isolation, aging and the controller of mglru: kernel-reclaim 5.5 and 5.8 to 5.14.</summary>
public unsafe class MglruReclaimTests
{
    private const int Tiers = 4;
    private OneLruvec _lru = null!;

    private ref MglruPolicy.Generations State => ref _lru.View.State<MglruPolicy.Generations>();

    [SetUp]
    public void Build() => _lru = new OneLruvec("mglru");

    [TearDown]
    public void Dispose() => _lru.Dispose();

    [TestCase(60, 0, 0, FolioType.File, Description = "fewer than 64 refaults of files: they may go")]
    [TestCase(60, 0, 1000, FolioType.Anon)]
    [TestCase(60, 1000, 1000, FolioType.File, Description = "at swappiness 60 files pay for as many refaults")]
    [TestCase(140, 1000, 1000, FolioType.Anon)]
    [TestCase(1, 0, 1000, FolioType.File)]
    [TestCase(0, 0, 1000, FolioType.File)]
    [TestCase(200, 1000, 0, FolioType.Anon)]
    public void TheTypeThatRefaultsLessForItsGainIsTaken(int swappiness, int anonRefaults, int fileRefaults, FolioType type)
    {
        FillOldest();
        for (int i = 0; i < 2 * Tiers; i++)
            State.AverageTotal[i] = 1000;
        State.Refaulted[0 * Tiers + 2] = anonRefaults;
        State.Refaulted[1 * Tiers + 1] = fileRefaults;

        FolioBatch batch = Isolate(priority: 0, swappiness);

        Assert.That(batch.Type, Is.EqualTo(type), "kernel-reclaim 5.10");
        Assert.That(_lru.View.TypeOf(batch[0]), Is.EqualTo(type));
        Assert.That(batch.Count, Is.EqualTo(64), "a batch");
    }

    [Test]
    public void WhenTheChosenTypeGivesNothingTheOtherIsTried()
    {
        for (uint page = 0; page < 10; page++)
            _lru.PlaceAgain(_lru.Anon(page), FolioFlags.None, PlaceHint.Tail);

        Assert.That(Isolate(priority: 0, swappiness: 1).Type, Is.EqualTo(FolioType.Anon));
    }

    [Test]
    public void AtSwappinessZeroAnonymousPagesAreNeitherTakenNorCounted()
    {
        for (uint page = 0; page < 10; page++)
            _lru.PlaceAgain(_lru.Anon(page), FolioFlags.None, PlaceHint.Tail);

        Assert.That(Isolate(priority: 0, swappiness: 0).Examined, Is.Zero);
    }

    [Test]
    public void WithLessThanABatchOfSwapAnonymousPagesStay()
    {
        using var lru = new OneLruvec("mglru", 63);
        for (uint page = 0; page < 100; page++)
            lru.PlaceAgain(lru.Anon(page), FolioFlags.None, PlaceHint.Tail);

        Assert.That(lru.Engine.Reclaim(new ReclaimRequest(10)).Reclaimed, Is.Zero, "kernel-reclaim 5.5: s is 0");
        Assert.That(lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void ATierThatRefaultsMoreThanTheFirstIsMovedOnAndCounted()
    {
        uint[] once = [.. Enumerable.Range(0, 5).Select(i => _lru.Read((uint)i))];
        uint[] twice = [.. Enumerable.Range(5, 5).Select(i => _lru.Read((uint)i, 2))];
        uint[] four = [.. Enumerable.Range(10, 5).Select(i => _lru.Read((uint)i, 4))];
        State.AverageTotal[Tiers] = State.AverageTotal[Tiers + 1] = State.AverageTotal[Tiers + 2] = 1000;
        State.Refaulted[Tiers + 2] = 64;

        FolioBatch batch = Isolate(priority: 0, swappiness: 0);

        Assert.That(Pfns(batch), Is.EqualTo(once.Concat(twice)), "tier 1 does not refault");
        Assert.That(State.AverageTotal[Tiers + 2], Is.EqualTo((1000 + 5) / 2), "counted, and carried over since the generation ran empty");
        Assert.That(four.Select(p => _lru.View.ListOf(p)), Is.All.EqualTo(3), "the next generation of files");
        Assert.That(four.Select(_lru.MemoryOf), Is.All.EqualTo(FolioFlags.None), "referenced and refs are cleared");
        Assert.That(_lru.View.Total(Counter.pgrefill), Is.EqualTo(5));
    }

    [Test]
    public void SaturatedPagesMoveOnWithoutBeingCounted()
    {
        uint taken = _lru.Read(0);
        uint[] saturated = [.. Enumerable.Range(1, 4).Select(i => _lru.Read((uint)i))];
        foreach (uint pfn in saturated)
            _lru.PlaceAgain(pfn, FolioFlags.Referenced | FolioFlags.RefsMask | FolioFlags.Workingset, PlaceHint.Tail);
        _lru.PlaceAgain(taken, FolioFlags.Referenced | FolioFlags.Workingset, PlaceHint.Tail);

        FolioBatch batch = Isolate(priority: 0, swappiness: 0);

        Assert.That(Pfns(batch), Is.EqualTo(new[] { taken }), "the top tier may go as long as nothing refaults; refs + workingset of 5 may not");
        Assert.That(saturated.Select(p => _lru.View.ListOf(p)), Is.All.EqualTo(3));
        Assert.That(State.AverageTotal[Tiers + 3], Is.Zero, "kernel-reclaim 5.8; what is protected is carried over when the generation runs empty");
    }

    [Test]
    public void PromotedPagesAreSortedToTheirGenerationWhenTheyAreMet()
    {
        uint promoted = _lru.Read(0);
        uint cold = _lru.Read(1);
        MglruPolicy.OnYoung(_lru.View, [promoted], YoungSource.Walk);
        MglruPolicy.OnYoung(_lru.View, [promoted], YoungSource.Walk);

        FolioBatch batch = Isolate(priority: 0, swappiness: 0);

        Assert.That(Pfns(batch), Is.EqualTo(new[] { cold }));
        Assert.That(_lru.View.ListOf(promoted), Is.EqualTo(7), "the youngest of files");
        Assert.That(batch.Scanned, Is.EqualTo(1), "pgscan counts what was isolated");
    }

    [Test]
    public void OnlyTheShareOfThePriorityIsExamined()
    {
        for (uint page = 0; page < 100; page++)
            _lru.Read(page, 6);

        FolioBatch batch = Isolate(priority: 4, swappiness: 0);

        Assert.That(batch.Examined, Is.EqualTo(100 >> 4), "all of them sorted, none taken");
        Assert.That(batch.Count, Is.Zero);
    }

    [Test]
    public void AnIsolatedPageWithoutTheReferencedFlagForgetsItsRefs()
    {
        uint forgets = _lru.Read(0);
        _lru.PlaceAgain(forgets, FolioFlags.RefsMask, PlaceHint.Tail);
        uint keeps = _lru.Read(1, 3);

        Isolate(priority: 0, swappiness: 0);

        Assert.That(_lru.MemoryOf(forgets), Is.EqualTo(FolioFlags.None), "kernel-reclaim 5.8");
        Assert.That(_lru.MemoryOf(keeps), Is.EqualTo(FolioFlags.Referenced | (FolioFlags)(2u << FolioField.RefsShift)));
        Assert.That(_lru.FlagsOf(keeps) & FolioFlags.GenerationMask, Is.EqualTo(FolioFlags.None));
    }

    [Test]
    public void ATypeWithTwoGenerationsGivesNothing()
    {
        FillOldest();
        State.MinSeq[1] = 2;
        _lru.PlaceAgain(_lru.Read(500), FolioFlags.None);

        FolioBatch batch = Isolate(priority: 0, swappiness: 60);

        Assert.That(batch.Type, Is.EqualTo(FolioType.Anon), "files were the first choice");
    }

    [Test]
    public void AtTheFirstPriorityEvictionNeverAges()
    {
        for (uint page = 0; page < 10; page++)
            _lru.Read(page);
        State.MinSeq[1] = 2;
        State.MinSeq[0] = 2;

        Isolate(priority: 12, swappiness: 60);
        Assert.That(State.MaxSeq, Is.EqualTo(3));

        LruvecBudget budget = default;
        Isolate(priority: 11, swappiness: 60, ref budget);
        Assert.That((State.MaxSeq, budget.Done), Is.EqualTo((4ul, true)), "and at any other it has had its turn when it did");
    }

    [Test]
    public void AgingPromotesWhatPageTablesSayWasUsedTwice()
    {
        uint used = _lru.Anon(0);
        uint idle = _lru.Anon(100);
        _lru.Machine.Tables.Clear(_lru.Machine.Tables.Accessed, _lru.Space.BaseSlot + 100);
        Use();
        Age();
        Assert.That(GenerationOf(used), Is.EqualTo(2), "the first observation");
        Use();
        Age();

        Assert.That(GenerationOf(used), Is.EqualTo(0), "youngest when it was seen: generation 4");
        Assert.That(GenerationOf(idle), Is.EqualTo(2));
        Assert.That(State.MaxSeq, Is.EqualTo(5));
        Assert.That(_lru.Engine.Validate(), Is.Null);

        // Enough of the table that the walk finds it worth another look.
        void Use()
        {
            for (uint page = 0; page < 64; page++)
                _lru.Anon(page);
        }
    }

    [Test]
    public void AgingMergesTheOldestGenerationIntoTheNextAndCountsItAsProtected()
    {
        uint first = _lru.Read(0, 2);
        uint second = _lru.Read(1);
        uint promoted = _lru.Read(2);
        MglruPolicy.OnYoung(_lru.View, [promoted], YoungSource.Walk);
        MglruPolicy.OnYoung(_lru.View, [promoted], YoungSource.Walk);
        State.Refaulted[Tiers] = 10;
        State.AverageRefaulted[Tiers] = 4;
        State.Evicted[Tiers] = 20;

        Age();

        Assert.That((State.MinSeq[1], State.MaxSeq), Is.EqualTo((1ul, 4ul)));
        Assert.That((GenerationOf(first), GenerationOf(second)), Is.EqualTo((1, 1)));
        Assert.That(_lru.View.Tail(3), Is.EqualTo(second), "each at the tail, so in turned order");
        Assert.That(_lru.View.ListOf(promoted), Is.EqualTo(7), "what was promoted goes to its own");
        Assert.That((State.AverageRefaulted[Tiers], State.AverageTotal[Tiers]), Is.EqualTo((7L, 10L)), "(4 + 10) / 2 and (0 + 20 + 1) / 2");
        Assert.That(State.AverageTotal[Tiers + 1], Is.Zero, "(0 + 1) / 2");
        Assert.That((State.Refaulted[Tiers], State.Evicted[Tiers], State.Protected[Tiers]), Is.EqualTo((0L, 0L, 0L)));
        Assert.That(_lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void AgingLeavesATypeThatCanNotBeEvictedWhereItIs()
    {
        uint anon = _lru.Anon(0);
        _lru.PlaceAgain(anon, FolioFlags.None, PlaceHint.Tail);

        Age(swappiness: 0);

        Assert.That((State.MinSeq[0], State.MaxSeq), Is.EqualTo((1ul, 4ul)));
        Assert.That(GenerationOf(anon), Is.Zero, "its oldest pages alias the youngest generation: kernel-reclaim 5.5");
        Assert.That(_lru.View.Sizes().ActiveAnon, Is.EqualTo(1));
        Assert.That(LeafTables.Test(_lru.Machine.Tables.Accessed, _lru.Space.BaseSlot), Is.True, "nor are its page tables walked");
        Assert.That(_lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void APageThatCarriesAClosedGenerationIsStillCounted()
    {
        uint pfn = _lru.Anon(0);
        _lru.PlaceAgain(pfn, FolioFlags.None, PlaceHint.Tail);
        MglruPolicy.OnYoung(_lru.View, [pfn], YoungSource.Walk);
        MglruPolicy.OnYoung(_lru.View, [pfn], YoungSource.Walk);

        // Carries generation 3 and is linked in 0, which turns into 4 while anonymous pages can't be evicted.
        Age(swappiness: 0);
        while (State.MinSeq[0] < 4)
            Isolate(priority: 0, swappiness: 60);

        Assert.That(State.MinSeq[0], Is.EqualTo(4), "generation 3 looked empty and was closed");
        Assert.That(GenerationOf(pfn), Is.EqualTo(3));
        LruSizes sizes = _lru.View.Sizes();
        Assert.That(sizes.InactiveAnon + sizes.ActiveAnon, Is.EqualTo(1));
        Assert.That(_lru.Engine.Validate(), Is.Null);
    }

    [Test]
    public void NeitherTypeLeavesTheOtherBehindAtTheBoundary()
    {
        for (uint page = 0; page < 100; page++)
            _lru.Read(page);

        // Anonymous memory is empty, so its generations could all be closed, but file still has its oldest.
        Isolate(priority: 6, swappiness: 60);
        Assert.That((State.MinSeq[0], State.MinSeq[1]), Is.EqualTo((1ul, 0ul)), "held at max_seq - 2");

        for (int i = 0; i < 3; i++)
            Isolate(priority: 0, swappiness: 60);
        Assert.That((State.MinSeq[0], State.MinSeq[1]), Is.EqualTo((2ul, 2ul)), "both together may pass");
    }

    [Test]
    public void RejectedPagesDoNotLandInTheOldestGenerationAgain()
    {
        uint rejected = _lru.Read(0);
        FolioBatch batch = Isolate(priority: 0, swappiness: 0);
        batch.Survivors = 1;
        _lru.View.SetFlags(rejected, FolioFlags.RefsMask);
        State.MinSeq[1] = 0;
        ScanControl scan = default;
        LruvecBudget budget = default;

        MglruPolicy.After(_lru.View, ref scan, ref budget, ref batch);

        Assert.That(_lru.MemoryOf(rejected), Is.EqualTo(FolioFlags.Active), "kernel-reclaim 5.9");
    }

    [Test]
    public void AnEvictionIsCountedInItsTierAndSoIsARefault()
    {
        uint pfn = _lru.Read(0, 3);
        var shadow = MglruPolicy.MakeShadow(_lru.View, pfn, _lru.View);
        MglruPolicy.OnRefault(_lru.View, pfn, shadow, inFault: false);

        Assert.That(State.Evicted[Tiers + 2], Is.EqualTo(1));
        Assert.That(State.Refaulted[Tiers + 2], Is.EqualTo(1));
    }

    [Test]
    public void ARefaultOfAnotherCgroupsPageSaysNothing()
    {
        uint pfn = _lru.Read(0);
        var shadow = MglruPolicy.MakeShadow(_lru.View, pfn, _lru.View);

        MglruPolicy.OnRefault(_lru.View, pfn, shadow with { Memcg = 1 }, inFault: false);
        MglruPolicy.OnRefault(_lru.View, pfn, shadow with { Node = 1 }, inFault: false);

        Assert.That(State.Refaulted[Tiers], Is.Zero);
        Assert.That(_lru.View.Total(Counter.workingset_refault_file), Is.Zero, "kernel-reclaim 5.14");
    }

    [TestCase(true, 12, 64, 6)]
    [TestCase(true, 12, 63, 12, Description = "small reclaims start where they always do")]
    [TestCase(true, 11, 64, 11)]
    [TestCase(false, 12, 64, 12, Description = "cgroup reclaim too")]
    public void ALargeReclaimOfTheMachineIsPreparedForItsSize(bool machine, int priority, int wanted, int prepared)
    {
        for (uint page = 0; page < 100; page++)
            _lru.Read(page);
        MemoryCgroup child = _lru.Engine.CreateMemcg("c");
        var scan = new ScanControl { Target = machine ? null : child, Priority = priority, NrToReclaim = wanted, MaySwap = true };
        PassState pass = default;

        MglruPolicy.Prepare(_lru.View, ref scan, ref pass);

        Assert.That(scan.Priority, Is.EqualTo(prepared), "floor(log2(100)) is 6, less 6 bits, at least 6");
    }

    [TestCase(true, Reclaimer.Direct, 9, true)]
    [TestCase(true, Reclaimer.Direct, 10, false, Description = "enough for the machine")]
    [TestCase(true, Reclaimer.Kswapd, 9, false, Description = "the node is balanced")]
    [TestCase(false, Reclaimer.Direct, 10, true, Description = "a cgroup is scanned for its whole share")]
    public void EvictionEndsWhenTheMachineHasEnough(bool machine, Reclaimer reclaimer, int reclaimed, bool goesOn)
    {
        for (uint page = 0; page < 200; page++)
            _lru.Read(page);
        var scan = new ScanControl
        {
            Target = machine ? null : _lru.Engine.CreateMemcg("c"),
            Reclaimer = reclaimer,
            NrToReclaim = 10,
            NrReclaimed = reclaimed,
            MaySwap = true,
        };
        LruvecBudget budget = default;
        PassState pass = default;
        FolioBatch batch = default;
        MglruPolicy.Isolate(_lru.View, ref scan, ref pass, ref budget, ref batch);

        Assert.That(MglruPolicy.Continue(_lru.View, ref scan, ref pass, ref budget), Is.EqualTo(goesOn), "kernel-reclaim 5.12");
    }

    private FolioBatch Isolate(int priority, int swappiness)
    {
        LruvecBudget budget = default;
        return Isolate(priority, swappiness, ref budget);
    }

    private FolioBatch Isolate(int priority, int swappiness, ref LruvecBudget budget)
    {
        var scan = new ScanControl { Target = _lru.Engine.Root, Priority = priority, Swappiness = swappiness, MaySwap = true, NrToReclaim = 1000 };
        PassState pass = default;
        FolioBatch batch = default;
        MglruPolicy.Isolate(_lru.View, ref scan, ref pass, ref budget, ref batch);
        return batch;
    }

    private void Age(int swappiness = 60) => MglruPolicy.Age(_lru.View, ref State, swappiness);

    private void FillOldest()
    {
        for (uint page = 0; page < 100; page++)
        {
            _lru.PlaceAgain(_lru.Anon(page), FolioFlags.None, PlaceHint.Tail);
            _lru.Read(page);
        }
    }

    private int GenerationOf(uint pfn) => (int)((uint)(_lru.FlagsOf(pfn) & FolioFlags.GenerationMask) >> FolioField.GenerationShift) - 1;

    private static uint[] Pfns(FolioBatch batch) => [.. Enumerable.Range(0, batch.Count).Select(i => batch[i])];
}
