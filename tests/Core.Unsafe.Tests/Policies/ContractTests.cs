using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>The policy proposes, the core disposes: what a policy leaves out, forgets or makes up.</summary>
public class ContractTests
{
    [Test]
    public void AnEmptyPolicyIsFifo([Values(1, 2)] int seed, [Values(1, 7, 50)] int capacity)
    {
        // Its own mappings are asked and it answers with the default verdict, so accessed bits change nothing.
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<Empty>());
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        engine.SetMax(memcg, (ulong)capacity);
        ExactModel model = ExactModel.Of("fifo", capacity);
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 2000; step++)
        {
            uint page = (uint)(random.NextDouble() * random.NextDouble() * 100);
            model.Access(page);
            engine.Access(space, [page], ref tally);
            for (uint other = 0; other < 100; other++)
            {
                if (engine.IsResident(space, other) != model.Contains(other))
                    Assert.Fail($"seed {seed}, step {step}: page {other} should {(model.Contains(other) ? "" : "not ")}be resident");
            }
        }

        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WhatAPolicyForgetsToPlaceGoesToItsFirstList() => Overrides<ForgetsToPlace>(isStillReclaimed: true);

    [Test]
    public void WhatAPolicyForgetsToPlaceIsNotLostInAnyEngine([Values] ListOrder order, [Values] bool concurrent)
    {
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<ForgetsToPlace>()) with { Order = order, Concurrent = concurrent });
        AddressSpace space = engine.CreateAddressSpace("s", 100);
        PageFile file = engine.CreateFile(100);
        AccessTally tally = default;
        for (uint page = 0; page < 50; page++)
        {
            engine.Access(space, [page], ref tally);
            engine.AccessFile(file, page, false, null, 0, ref tally);
        }

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.EqualTo(100));
    }

    [Test]
    public void WhatAPolicyPlacesOnAListItDoesNotHaveGoesToItsFirst() => Overrides<PlacesOnForeignList>(isStillReclaimed: true);

    [Test]
    public void FramesOfOthersAreNotIsolated() => Overrides<ProposesForeign>(isStillReclaimed: true);

    [Test]
    public void FramesThatAreFreeOrBeyondTheMachineAreNotIsolated() => Overrides<ProposesFree>(isStillReclaimed: true);

    [Test]
    public void AFrameIsIsolatedOnce() => Overrides<ProposesTwice>(isStillReclaimed: true);

    [Test]
    public void MoreThanABatchIsNotTaken() => Overrides<ProposesTooMany>(isStillReclaimed: true);

    [Test]
    public void WhatIsIsolatedIsNotMovedOrPlacedByThePolicy() => Overrides<MovesWhatIsIsolated>(isStillReclaimed: true);

    [Test]
    public void APolicyThatSeesAccessesCanNotPlaceThemAgain() => Overrides<PlacesOnAccess>(isStillReclaimed: true);

    [Test]
    public void AVerdictThatThereIsNotKeepsThePage() => Overrides<MadeUpVerdict>(isStillReclaimed: false, counts: false);

    [Test]
    public void AFrameIsNotPlacedOnTheListOfAnotherLruvec()
    {
        var views = new List<PolicyView>();
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<PlacesAbroad>(views));
        AddressSpace space = engine.CreateAddressSpace("s", 10, engine.CreateMemcg("m"));
        AccessTally tally = default;

        engine.Access(space, [0, 1, 2], ref tally);

        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.EqualTo(3));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void PinnedFramesAreKeptWhateverThePolicySays()
    {
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<Empty>());
        AddressSpace space = Fill(engine, "m", 20);
        for (uint page = 0; page < 10; page++)
            engine.SetPinned(space, page, true);
        AccessTally tally = default;

        for (uint page = 20; page < 60; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(Enumerable.Range(0, 10).All(page => engine.IsResident(space, (ulong)page)), Is.True);
        Assert.That(tally.Refused, Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AnOwnerThatRefusesAVictimKeepsIt()
    {
        var backing = new RefusesEvenPages();
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Empty>()) with { Backing = backing, SwapPages = 1000 });
        AddressSpace space = Fill(engine, "m", 20);
        AccessTally tally = default;

        for (uint page = 21; page < 99; page += 2)
            engine.Access(space, [page], ref tally);

        Assert.That(Enumerable.Range(0, 10).All(i => engine.IsResident(space, (ulong)(2 * i))), Is.True);
        Assert.That(tally.Refused, Is.Zero, "reclaim went on with others");
        Assert.That(engine.Validate(), Is.Null, "the swap taken for a refused page was given back");
    }

    [Test]
    public void ReclaimCleanNeverWritesToSwap()
    {
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<OnlyClean>());
        AddressSpace space = Fill(engine, "m", 20);
        AccessTally tally = default;

        engine.Access(space, [50], ref tally);

        Assert.That(tally.Refused, Is.EqualTo(1));
        Assert.That(engine.Read(engine.Root, Counter.pswpout), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void OnlyThePolicysOwnFlagsCanBeChanged()
    {
        using var lru = new OneLruvec("fifo");
        uint pfn = lru.Anon(0);
        FolioFlags before = lru.FlagsOf(pfn);

        lru.View.SetFlags(pfn, (FolioFlags)uint.MaxValue);
        FolioFlags set = lru.FlagsOf(pfn);
        lru.View.ClearFlags(pfn, (FolioFlags)uint.MaxValue);

        const FolioFlags Core = FolioFlags.Lru | FolioFlags.Isolated | FolioFlags.SwapBacked | FolioFlags.Dirty | FolioFlags.Writeback
            | FolioFlags.Reclaim | FolioFlags.Pinned;
        Assert.That(set & Core, Is.EqualTo(before & Core));
        Assert.That(lru.FlagsOf(pfn), Is.EqualTo(before));
    }

    private static void Overrides<TPolicy>(bool isStillReclaimed, bool counts = true) where TPolicy : struct, IReclaimPolicy
    {
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.Of<TPolicy>());
        AddressSpace space = Fill(engine, "m", 80);
        AddressSpace other = Fill(engine, "other", 80);
        AccessTally tally = default;
        for (uint page = 70; page < 99; page++)
        {
            engine.Access(space, [page, page, 10], ref tally);
            engine.Access(other, [page], ref tally);
            Assert.That(engine.Validate(), Is.Null, $"after page {page}");
        }

        engine.Reclaim(new ReclaimRequest(70));
        Assert.That(engine.Validate(), Is.Null);
        Assert.That(tally.Refused, isStillReclaimed ? Is.Zero : Is.Positive);
        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), counts ? Is.Positive : Is.GreaterThanOrEqualTo(0));
    }

    private static AddressSpace Fill(Engine engine, string name, uint pages)
    {
        MemoryCgroup memcg = engine.CreateMemcg(name);
        AddressSpace space = engine.CreateAddressSpace(name, 100, memcg);
        engine.SetMax(memcg, pages);
        AccessTally tally = default;
        for (uint page = 0; page < pages; page++)
            engine.Access(space, [page], ref tally);
        return space;
    }

    private sealed class RefusesEvenPages : Backing
    {
        public override PageAnswer PageOut(in BackedPage page) => page.Page % 2 != 0 ? PageAnswer.Evict : PageAnswer.Keep;
    }

    private readonly struct Empty : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "empty" };
    }

    private readonly struct ForgetsToPlace : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() =>
            new() { Name = "forgets", Lists = 2, Flags = PolicyFlags.OrderFree | PolicyFlags.Concurrent };

        public static void Place(PolicyView view, uint pfn, PlaceHint hint)
        {
        }
    }

    private readonly struct PlacesOnForeignList : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "foreignlist", Lists = 2 };

        public static void Place(PolicyView view, uint pfn, PlaceHint hint)
        {
            view.AddHead(2, pfn);
            view.AddTail(-1, pfn);
            view.AddTail(64, pfn);
        }
    }

    private readonly struct PlacesAbroad : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "abroad" };

        public static void LruvecOnline(PolicyView view) => ((List<PolicyView>)view.Instance!).Add(view);

        public static void OnEvent(PolicyView view, uint pfn, FolioEvent what) => ((List<PolicyView>)view.Instance!)[0].AddHead(0, pfn);
    }

    private readonly struct ProposesForeign : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "foreign" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            for (uint pfn = 0; pfn < 200; pfn += 20)
                view.TryIsolate(pfn, ref batch);
            view.TryIsolate(view.Tail(0), ref batch);
        }
    }

    private readonly struct ProposesFree : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "free" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            view.TryIsolate(view.FrameCount - 1, ref batch);
            view.TryIsolate(view.FrameCount, ref batch);
            view.TryIsolate(PolicyView.None, ref batch);
            view.MoveToHead(0, PolicyView.None);
            view.MoveToTail(0, view.FrameCount);
            view.TryIsolate(view.Tail(0), ref batch);
        }
    }

    private readonly struct ProposesTwice : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "twice" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            uint pfn = view.Tail(0);
            view.TryIsolate(pfn, ref batch);
            view.TryIsolate(pfn, ref batch);
        }
    }

    private readonly struct ProposesTooMany : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "toomany" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            for (int i = 0; i < 70 && view.Tail(0) != PolicyView.None; i++)
                view.TryIsolate(view.Tail(0), ref batch);
        }
    }

    private readonly struct MovesWhatIsIsolated : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "moves" };

        public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition)
        {
            view.MoveToHead(0, pfn);
            view.AddHead(0, pfn);
            view.AddTail(0, pfn);
            return ReclaimNative.Policies.Verdict.Reclaim;
        }
    }

    private readonly struct PlacesOnAccess : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "placesonaccess", Flags = PolicyFlags.SeesAccesses };

        public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
        {
            foreach (uint pfn in pfns)
                view.AddHead(0, pfn);
        }
    }

    private readonly struct MadeUpVerdict : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "madeup" };

        public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition) => (Verdict)99;
    }

    private readonly struct OnlyClean : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "onlyclean" };

        public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition) =>
            ReclaimNative.Policies.Verdict.ReclaimClean;
    }
}
