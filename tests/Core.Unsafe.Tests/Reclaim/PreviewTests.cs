using ReclaimNative.Machine;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>A preview is the request itself, and leaves no trace.</summary>
public class PreviewTests
{
    private static readonly string[] Forms = [.. SmallMachine.PolicyNames, "mglru/unordered", "classic mglru fifo", "classic/concurrent", "mglru/unordered/concurrent", "mglru@6.1/6.1", "classic@6.18/6.18"];

    [Test]
    public void ItSaysWhatTheRequestDoesThenAndChangesNothing([ValueSource(nameof(Forms))] string form)
    {
        for (int seed = 0; seed < 12; seed++)
        {
            using TieredMachine machine = Machine(form, seed);
            ReclaimRequest request = RandomRequest(machine, new Random(seed));
            machine.Owner.Noted.Clear();
            machine.Engine.Preview(new ReclaimRequest(1)); // what hits were noted are handed over
            IReadOnlyList<string> before = EngineDigest.Of(machine.Engine);
            List<ProposedPage> leaving = [];

            ReclaimResult preview = machine.Engine.Preview(request, leaving);

            Assert.That(EngineDigest.Of(machine.Engine).Except(before), Is.Empty, $"{request}");
            Assert.That(machine.Owner.Noted, Is.Empty, "the owner is not asked");
            ReclaimResult result = machine.Engine.Reclaim(request);
            Assert.That(Text(preview), Is.EqualTo(Text(result)), $"{request}");
            Assert.That(leaving, Is.EqualTo(machine.Owner.Noted));
            Assert.That(leaving, Has.Count.EqualTo(result.Reclaimed));
            Assert.That(machine.Engine.Validate(), Is.Null);
        }
    }

    [Test]
    public void AMachineGoesOnAsIfThereHadBeenNone([Values("classic", "mglru", "s3fifo", "mglru/unordered")] string form)
    {
        using var with = new TieredMachine(form, 3);
        using var without = new TieredMachine(form, 3);
        for (int round = 0; round < 5; round++)
        {
            with.Engine.Preview(new ReclaimRequest(300, with.Memcgs[0]));
            with.Engine.Preview(new ReclaimRequest(100) { Types = ReclaimTypes.File });
            with.Run(round, 1500);
            without.Run(round, 1500);
            with.Engine.Reclaim(new ReclaimRequest(80, with.Memcgs[0]));
            without.Engine.Reclaim(new ReclaimRequest(80, without.Memcgs[0]));
        }

        Assert.That(with.Owner.Noted, Is.EqualTo(without.Owner.Noted).Using<ProposedPage>((a, b) => a.Page.Page == b.Page.Page && a.ToNode == b.ToNode));
        Assert.That(EngineDigest.Of(with.Engine).Except(EngineDigest.Of(without.Engine)), Is.Empty);
    }

    [Test]
    public void TheLotsThatChooseAmongLowerNodesFallTheSameWayAgain()
    {
        using var machine = new TieredMachine("classic", 2, o => o with { Nodes = [new NodeOptions(1500, 1), new NodeOptions(1500), new NodeOptions(1500, 1)] });
        var request = new ReclaimRequest(100, null, machine.Engine.Nodes[1]) { Mode = ReclaimMode.Demote };
        List<ProposedPage> leaving = [];
        machine.Engine.Preview(request, leaving);
        machine.Owner.Noted.Clear();

        machine.Engine.Reclaim(request);

        Assert.That(machine.Owner.Noted, Is.EqualTo(leaving));
        Assert.That(leaving.Select(p => p.ToNode).Distinct(), Is.EquivalentTo(new int?[] { 0, 2 }));
    }

    [Test]
    public void EveryStateOfARandomMachineComesBack([Values("classic mglru", "mglru/unordered", "comeback arc lru", "classic/concurrent", "mglru/identity", "lru/identity", "classic/demotion")] string form)
    {
        for (int seed = 0; seed < 4; seed++)
        {
            using var machine = new RandomMachine(seed, 400, SmallMachine.Form(form));
            for (int step = 0; step < 300; step++)
            {
                machine.Step();
                if (step % 15 != 0)
                    continue;
                machine.Engine.Validate();
                machine.Engine.Preview(new ReclaimRequest(1));
                IReadOnlyList<string> before = EngineDigest.Of(machine.Engine);

                machine.Engine.Preview(new ReclaimRequest(200, step % 2 == 0 ? null : machine.Engine.Root));

                Assert.That(EngineDigest.Of(machine.Engine).Except(before), Is.Empty, $"seed {seed}, after {machine.LastStep}");
                Assert.That(machine.Engine.Validate(), Is.Null);
            }
        }
    }

    [Test]
    public void AnEjectionThatAPreviewEarnsStays()
    {
        using var engine = new Engine(SmallMachine.Options(PolicyOfThrows()) with { Fallback = SmallMachine.Policy("fifo") });
        AccessTally tally = default;
        engine.Access(engine.CreateAddressSpace("s", 100), [.. Enumerable.Range(0, 100).Select(p => (uint)p)], ref tally);

        long previewed = engine.Preview(new ReclaimRequest(20, engine.Root)).Reclaimed;

        Assert.That(previewed, Is.GreaterThanOrEqualTo(20), "the caretaker answered");
        Assert.That(engine.Reclaim(new ReclaimRequest(20, engine.Root)).Reclaimed, Is.GreaterThanOrEqualTo(20));
        Assert.That(engine.PolicyNameOf(engine.Root), Is.EqualTo("fifo"));
        Assert.That(engine.Validate(), Is.Null);
    }

    /// <summary>Every other one knows how long its pages have been idle.</summary>
    private static TieredMachine Machine(string form, int seed)
    {
        var machine = new TieredMachine(form, seed, o => o with { IdleAge = seed % 2 == 0, Pressure = seed % 4 == 0 });
        for (int scan = 0; scan < 4 && machine.Engine.Machine.Ages is not null; scan++)
        {
            machine.Engine.ScanIdleAges();
            machine.Run(seed + scan, 300);
            machine.Engine.NowMs += 300;
        }

        return machine;
    }

    private static PolicyDefinition PolicyOfThrows() => PolicyDefinition.Of<Throwing>();

    private static ReclaimRequest RandomRequest(TieredMachine machine, Random random)
    {
        var mode = (ReclaimMode)random.Next(3);
        MemoryCgroup? memcg = random.Next(3) switch { 0 => null, 1 => machine.Engine.Root, _ => machine.Memcgs[random.Next(4)] };
        Node? node = random.Next(2) == 0 ? machine.Engine.Nodes[mode == ReclaimMode.Demote ? 0 : random.Next(2)] : null;
        var request = new ReclaimRequest(random.Next(1, 500), memcg, node)
        {
            Mode = mode,
            Types = (ReclaimTypes)random.Next(4),
            MaxScanned = random.Next(3) == 0 ? random.Next(1, 400) : null,
            BatchPages = random.Next(1, 200),
            Overshoots = random.Next(3) == 0,
        };
        if (machine.Engine.Machine.Ages is not null && random.Next(2) == 0)
            request = request with { MinIdleMs = random.Next(1, 1200) };
        return request.Types == ReclaimTypes.Any && random.Next(2) == 0 ? request with { Swappiness = random.Next(202) } : request;
    }

    private static string Text(ReclaimResult result) =>
        $"{result.Stop} {result.Attempts} {result.Protected} {string.Join(' ', result.Nodes)} {string.Join(' ', Enum.GetValues<ReclaimSkip>().Select(r => result.Skipped[r]))}";

    private readonly struct Throwing : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "throwing", Summary = "throws when asked", Lists = 1 };

        public static void Isolate(
            PolicyView view,
            ref ScanControl scan,
            ref PassState pass,
            ref LruvecBudget budget,
            ref FolioBatch batch) => throw new InvalidOperationException("on purpose");
    }
}
