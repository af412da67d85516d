using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>What policies may not do in the operations that lru_gen asks for: each is counted, and nothing is lost.</summary>
public class GenerationContractTests
{
    [Test]
    public void APolicyWithoutReadGenerationsKeepsNone()
    {
        using Engine engine = Build<Bad.Withholds>(out MemoryCgroup memcg);

        Assert.That(engine.KeepsGenerations(memcg), Is.False);
        Assert.That(engine.ReadGenerations(memcg, engine.Nodes[0]), Is.Empty);
        Assert.That(() => engine.EvictGenerations(memcg, engine.Nodes[0], 0), Throws.TypeOf<EngineException>().With.Message.Contains("withholds"));
        Assert.That(engine.GenerationSwitches, Is.EqualTo(GenerationSwitches.None));
    }

    [Test]
    public void AnInspectionThatChangesSomethingIsRefused()
    {
        using Engine engine = Build<MovesWhileAsked>(out MemoryCgroup memcg);

        Assert.That(engine.ReadGenerations(memcg, engine.Nodes[0]), Has.Count.EqualTo(1));

        Assert.That(engine.PolicyReports[0].Overrides[(int)PolicyOverride.WrongOperation], Is.EqualTo(1));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AnInspectionThatThrowsEndsThePolicy()
    {
        using Engine engine = Build<ThrowsWhenAsked>(out MemoryCgroup memcg);

        Assert.That(engine.ReadGenerations(memcg, engine.Nodes[0]), Is.Empty);

        Assert.That(engine.PolicyReports[0].Ejection!.Operation, Is.EqualTo(PolicyOperation.ReadGenerations));
        Assert.That(engine.KeepsGenerations(memcg), Is.False);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void AnEvictionThatThrowsEndsThePolicyAndLosesNothing()
    {
        using Engine engine = Build<ThrowsWhenEvicting>(out MemoryCgroup memcg);

        Assert.That(engine.EvictGenerations(memcg, engine.Nodes[0], 7), Is.Zero);

        Assert.That(engine.PolicyReports[0].Ejection!.Operation, Is.EqualTo(PolicyOperation.IsolateOldest));
        Assert.That(engine.Validate(), Is.Null);
        Assert.That(memcg.Usage, Is.EqualTo(100UL));
    }

    [Test]
    public void AnEvictionThatIsolatesNothingForEverComesToItsEnd()
    {
        using Engine engine = Build<PretendsToEvict>(out MemoryCgroup memcg);

        Assert.That(engine.EvictGenerations(memcg, engine.Nodes[0], ulong.MaxValue - 1), Is.Zero);

        Assert.That(memcg.Usage, Is.EqualTo(100UL));
    }

    [Test]
    public void MoreGenerationsThanThereIsRoomForAreCutOff()
    {
        using Engine engine = Build<CountsWithoutEnd>(out MemoryCgroup memcg);

        Assert.That(engine.ReadGenerations(memcg, engine.Nodes[0]), Has.Count.EqualTo(64));
        Assert.That(engine.EvictGenerations(memcg, engine.Nodes[0], 7), Is.EqualTo(100), "all of them, in batches");
        Assert.That(engine.Validate(), Is.Null);
    }

    private static Engine Build<TPolicy>(out MemoryCgroup memcg) where TPolicy : struct, IReclaimPolicy
    {
        var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<TPolicy>()) with { Fallback = SmallMachine.Policy("fifo") });
        memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        var tally = default(AccessTally);
        engine.Access(space, [.. Enumerable.Range(0, 100).Select(i => (uint)i)], ref tally);
        return engine;
    }

    private static int One(Span<GenerationReport> reports)
    {
        reports[0] = new GenerationReport { Anon = new GenerationPages { IsOpen = true }, File = new GenerationPages { IsOpen = true } };
        return 1;
    }

    /// <summary>Moves a page when it is to look.</summary>
    private readonly struct MovesWhileAsked : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => Bad.Bad.Named("moves");

        public static int ReadGenerations(PolicyView view, Span<GenerationReport> reports)
        {
            view.MoveToHead(0, view.Tail(0));
            return One(reports);
        }
    }

    private readonly struct ThrowsWhenAsked : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => Bad.Bad.Named("throws");

        public static int ReadGenerations(PolicyView view, Span<GenerationReport> reports) => throw new InvalidOperationException("no");
    }

    /// <summary>Isolates some pages, and throws.</summary>
    private readonly struct ThrowsWhenEvicting : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => Bad.Bad.Named("throws");

        public static int ReadGenerations(PolicyView view, Span<GenerationReport> reports) => One(reports);

        public static void IsolateOldest(PolicyView view, int swappiness, long wanted, ref FolioBatch batch)
        {
            if (view.ResidentOf(FolioType.Anon) > 0)
                throw new InvalidOperationException("no");
        }
    }

    /// <summary>Says that it looks, and never returns a page.</summary>
    private readonly struct PretendsToEvict : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => Bad.Bad.Named("pretends");

        public static int ReadGenerations(PolicyView view, Span<GenerationReport> reports) => One(reports);

        public static void IsolateOldest(PolicyView view, int swappiness, long wanted, ref FolioBatch batch) => batch.Examined = long.MaxValue;
    }

    /// <summary>Claims a million generations.</summary>
    private readonly struct CountsWithoutEnd : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => Bad.Bad.Named("counts");

        public static int ReadGenerations(PolicyView view, Span<GenerationReport> reports)
        {
            One(reports);
            return 1_000_000;
        }

        public static void IsolateOldest(PolicyView view, int swappiness, long wanted, ref FolioBatch batch) => view.IsolateTail(0, 64, ref batch);
    }
}
