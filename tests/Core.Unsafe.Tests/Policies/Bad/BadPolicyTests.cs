using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies.Bad;

/// <summary>
/// Every way to break the contract ends as docs/policies.md says: counted by kind, stopped, and ejected when it goes on. No access is
/// refused for it, nothing is lost, and the pages are the fallback's.
/// </summary>
public class BadPolicyTests
{
    private const int Max = 600;
    private const uint Pages = 1500;

    private static IEnumerable<TestCaseData> Corpus() =>
        BadPolicy.Corpus.Select(bad => new TestCaseData(bad.Definition, bad.Kind).SetArgDisplayNames(bad.Definition.Name));

    [TestCaseSource(nameof(Corpus))]
    public void ItIsEjectedAndNothingIsLost(PolicyDefinition bad, PolicyOverride kind)
    {
        using Engine engine = Build(bad, concurrent: false, out MemoryCgroup memcg, out AddressSpace space);
        AccessTally tally = Run(engine, space, seed: 1);

        Assert.That(tally.Refused, Is.Zero, "no access was refused for want of memory");
        Assert.That(engine.Validate(), Is.Null);
        PolicyReport report = engine.PolicyReports[0];
        Assert.That(report.Ejection, Is.Not.Null, string.Join(" ", report.Overrides));
        Assert.That(report[kind], Is.Positive);
        Assert.That(report[report.Ejection!.Cause], Is.Positive, "where it breaks several rules, whichever was one too many");
        Assert.That(report.Ejection.Fallback, Is.EqualTo("mglru"));
        Assert.That(report.Ejection.Message, Does.StartWith($"Policy {bad.Name} was ejected: "));
        Assert.That(report.Ejection.Dump, Does.StartWith($"policy {bad.Name}").And.Contains("override ").And.Contains("list 0"));
        Assert.That(engine.PolicyNameOf(memcg), Is.EqualTo("mglru"));
        Assert.That(memcg.Usage, Is.InRange(Max / 2, Max));
        Assert.That(engine.PolicyReports[1].Ejection, Is.Null);
        Assert.That(engine.PolicyReports[1].Overrides.Sum() - engine.PolicyReports[1][PolicyOverride.Pinned], Is.Zero);
        Assert.That(
            () => engine.SetPolicy(memcg, bad.Name),
            NUnit.Framework.Throws.TypeOf<EngineException>().With.Message.Contains("can't be bound again"));
    }

    [TestCaseSource(nameof(Corpus))]
    public void ItIsEjectedWhileOthersRun(PolicyDefinition bad, PolicyOverride kind)
    {
        if ((bad.Descriptor.Flags & PolicyFlags.Concurrent) == 0)
            Assert.Inconclusive("not for several threads");
        using Engine engine = Build(bad, concurrent: true, out MemoryCgroup memcg, out AddressSpace space);
        // Room for what three threads may hold isolated and in batches at once, and for mglru's youngest generations beside that.
        engine.SetMax(memcg, 3 * Max);
        AddressSpace[] spaces = [space, engine.CreateAddressSpace("b", Pages, memcg), engine.CreateAddressSpace("c", Pages, memcg)];
        long refused = 0;
        Thread[] threads = [.. spaces.Select((own, i) => new Thread(() => Interlocked.Add(ref refused, Run(engine, own, seed: i).Refused)))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(refused, Is.Zero);

        // A folio that is not there any more can have been taken by another thread: that is nobody's fault there.
        if (kind == PolicyOverride.NotItsFolio)
            return;
        Assert.That(engine.PolicyReports[0].Ejection, Is.Not.Null, string.Join(" ", engine.PolicyReports[0].Overrides));
        Assert.That(engine.PolicyNameOf(memcg), Is.EqualTo("mglru"));
    }

    [TestCaseSource(nameof(Corpus))]
    public void TheSameRunEndsTheSameWay(PolicyDefinition bad, PolicyOverride kind)
    {
        (long, long, string) first = Once();

        Assert.That(Once(), Is.EqualTo(first), kind.ToString());

        (long, long, string) Once()
        {
            using Engine engine = Build(bad, concurrent: false, out _, out AddressSpace space);
            AccessTally tally = Run(engine, space, seed: 3);
            PolicyReport report = engine.PolicyReports[0];
            return (tally.Refaults, tally.Hits, string.Join(" ", report.Overrides) + report.Ejection?.Message + report.Ejection?.Dump);
        }
    }

    [Test]
    public void ASlowPolicyIsEjectedWhereSeveralThreadsRun()
    {
        PolicyDefinition slow = PolicyDefinition.Of<Slow>();
        using Engine engine = Build(slow, concurrent: true, out MemoryCgroup memcg, out AddressSpace space, callMs: 1);
        AccessTally tally = default;
        for (uint page = 0; page < Pages && engine.PolicyReports[0].Ejection is null; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(engine.PolicyReports[0].Ejection?.Cause, Is.EqualTo(PolicyOverride.TooSlow));
        Assert.That(engine.Validate(), Is.Null);
        Assert.That(engine.PolicyNameOf(memcg), Is.EqualTo("mglru"));
    }

    [Test]
    public void PinnedPagesAreKeptAndCountedAndNobodyIsEjectedForThem()
    {
        using Engine engine = Build(PolicyDefinition.Of<ReturnsPinned>(), concurrent: false, out MemoryCgroup memcg, out AddressSpace space);
        AccessTally tally = default;
        for (uint page = 0; page < Max; page++)
        {
            engine.Access(space, [page], ref tally);
            engine.SetPinned(space, page, page >= 10);
        }

        for (uint page = Max; page < Max + 200; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(tally.Refused, Is.Zero);
        Assert.That(engine.PolicyReports[0][PolicyOverride.Pinned], Is.Positive);
        Assert.That(engine.PolicyReports[0].Ejection, Is.Null);
        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WithoutAFallbackOnlyAPolicyThatThrowsIsEjectedAndTheCaretakerKeepsItsPages()
    {
        using Engine throws = SmallMachine.WithRoom(PolicyDefinition.Of<Throws>());
        AddressSpace space = Fill(throws);
        AccessTally tally = Run(throws, space, seed: 1);
        Assert.That(tally.Refused, Is.Zero);
        Assert.That(throws.PolicyReports[0].Ejection?.Fallback, Is.EqualTo("caretaker"));
        Assert.That(throws.Validate(), Is.Null);

        using Engine withholds = SmallMachine.WithRoom(PolicyDefinition.Of<Withholds>());
        tally = Run(withholds, Fill(withholds), seed: 1);
        Assert.That(tally.Refused, Is.Positive, "nobody was named to step in");
        Assert.That(withholds.PolicyReports[0].Ejection, Is.Null);
        Assert.That(withholds.Validate(), Is.Null);

        static AddressSpace Fill(Engine engine)
        {
            MemoryCgroup memcg = engine.CreateMemcg("m");
            engine.SetMax(memcg, Max);
            return engine.CreateAddressSpace("s", Pages, memcg);
        }
    }

    [Test]
    public void TheFallbackIsOneOfTheSixtyFourPoliciesThatThereMayBe()
    {
        PolicyDefinition fifo = SmallMachine.Policy("fifo");
        PolicyDefinition[] full = [.. Enumerable.Range(0, 64).Select(i => fifo.With($"fifo{i}", Mechanism.None, Mechanism.None))];
        EngineOptions options = SmallMachine.Options(full);

        using var engine = new Engine(options with { Fallback = full[63] });
        Assert.That(
            () => new Engine(options with { Fallback = SmallMachine.Policy("mglru") }),
            NUnit.Framework.Throws.TypeOf<EngineException>().With.Message.EqualTo("An engine has 1 to 64 policies, the fallback among them; 65 are given."));
    }

    [Test]
    public void StrikesAreForgivenInTime()
    {
        var record = new PolicyRecord(concurrent: false);
        for (int i = 0; i < PolicyReport.StrikeLimit - 1; i++)
            Assert.That(record.Count(PolicyOverride.NotPlaced), Is.False);
        record.Forgive();
        for (int i = 0; i < PolicyReport.StrikeLimit / 2; i++)
            Assert.That(record.Count(PolicyOverride.NotPlaced), Is.False, $"strike {i} after half were forgiven");
        Assert.That(record.Count(PolicyOverride.NotPlaced), Is.True);
    }

    private static Engine Build(PolicyDefinition bad, bool concurrent, out MemoryCgroup memcg, out AddressSpace space, int callMs = 1000)
    {
        var engine = new Engine(SmallMachine.Options(bad) with { Fallback = SmallMachine.Policy("mglru"), Concurrent = concurrent, PolicyCallMs = callMs });
        // Pages of another cgroup have the first frames: they are what a policy gets hold of that counts from 0.
        AccessTally tally = default;
        AddressSpace other = engine.CreateAddressSpace("other", 100);
        for (uint page = 0; page < 100; page++)
            engine.Access(other, [page], ref tally);
        memcg = engine.CreateMemcg("m");
        engine.SetMax(memcg, Max);
        space = engine.CreateAddressSpace("s", Pages, memcg);
        return engine;
    }

    private static AccessTally Run(Engine engine, AddressSpace space, int seed)
    {
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 20_000; step++)
            engine.Access(space, [(uint)(random.NextDouble() * random.NextDouble() * Pages)], ref tally);
        return tally;
    }
}
