using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>Whatever a policy says or an owner pins, a reclaim ends.</summary>
public class VisitEndsTests
{
    [Test]
    public void WithEveryPagePinnedAnAccessIsRefused([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        AccessTally tally = default;
        (MemoryCgroup memcg, AddressSpace space) = Full(engine, 20, ref tally);
        for (uint page = 0; page < 20; page++)
            engine.SetPinned(space, page, true);

        tally = Access(engine, space, 30, tally);

        Assert.That(tally.Refused, Is.EqualTo(1));
        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero, "the policy did nothing wrong");
        engine.SetPinned(space, 7, false);
        tally = Access(engine, space, 30, tally);
        Assert.That(engine.IsResident(space, 30), Is.True);
        Assert.That(engine.IsResident(space, 7), Is.False, "the only page that could go");
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void APolicyThatNeverStopsIsStopped() => Stops<NeverStops>();

    [Test]
    public void APolicyThatExaminesLessThanNothingIsStopped() => Stops<ExaminesLessThanNothing>();

    [Test]
    public void APolicyThatExaminesBeyondMeasureIsStopped() => Stops<ExaminesBeyondMeasure>();

    [Test]
    public void APolicyThatWipesItsBudgetIsStopped() => Stops<WipesItsBudget>();

    [Test]
    public void APolicyThatKeepsThePriorityUpIsStopped() => Stops<KeepsThePriorityUp>();

    private static void Stops<TPolicy>() where TPolicy : struct, IReclaimPolicy
    {
        // No more frames than fit: kswapd has work as well.
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<TPolicy>()) with { Nodes = [new NodeOptions(256)] });
        AccessTally tally = default;
        (_, AddressSpace space) = Full(engine, 200, ref tally);
        AddressSpace other = engine.CreateAddressSpace("other", 100);
        for (uint page = 0; engine.Nodes[0].Free > engine.Nodes[0].Watermarks.High; page++)
            engine.Access(other, [page], ref tally);

        tally = Access(engine, space, 300, tally);
        Watchdog.Ends(() => engine.Reclaim(new ReclaimRequest(5)), $"{typeof(TPolicy).Name} evicts nothing");
        Watchdog.Ends(() => engine.RunKswapd(engine.Nodes[0]), $"{typeof(TPolicy).Name} evicts nothing");

        Assert.That(tally.Refused, Is.EqualTo(1));
        Assert.That(engine.ReadGlobal(Counter.pageoutrun), Is.EqualTo(1));
        Assert.That(engine.Validate(), Is.Null);
    }

    private static AccessTally Access(Engine engine, AddressSpace space, uint page, AccessTally tally)
    {
        Watchdog.Ends(() => engine.Access(space, [page], ref tally), $"{engine.PolicyNameOf(engine.Root)} evicts nothing");
        return tally;
    }

    private static (MemoryCgroup Memcg, AddressSpace Space) Full(Engine engine, uint pages, ref AccessTally tally)
    {
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 400, memcg);
        engine.SetMax(memcg, pages);
        for (uint page = 0; page < pages; page++)
            engine.Access(space, [page], ref tally);
        return (memcg, space);
    }

    private readonly struct NeverStops : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "neverstops" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
            view.TryIsolate(view.Tail(0), ref batch);

        public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition) =>
            ReclaimNative.Policies.Verdict.Keep;

        public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => true;
    }

    private readonly struct ExaminesLessThanNothing : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "lessthannothing" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
            batch.Examined = -1;

        public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => true;
    }

    private readonly struct ExaminesBeyondMeasure : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "beyondmeasure" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
            batch.Examined = long.MaxValue;

        public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => true;
    }

    private readonly struct WipesItsBudget : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "wipesitsbudget" };

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
        {
            budget = default;
            batch.Examined = 1;
        }

        public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
        {
            budget = default;
            return true;
        }
    }

    private readonly struct KeepsThePriorityUp : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "keepsthepriorityup" };

        public static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass) => scan.Priority = 12;

        public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => false;
    }
}
