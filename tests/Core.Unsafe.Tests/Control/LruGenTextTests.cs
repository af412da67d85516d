using System.Runtime.CompilerServices;
using ReclaimNative.Control;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Control;

/// <summary>lru_gen and lru_gen_full, read: byte for byte the kernel's layout (kernel-reclaim 5.18).</summary>
public unsafe class LruGenTextTests
{
    private const int Tiers = 4;

    [Test]
    public void TheShortFormIsTheKernelsToTheByte()
    {
        using Engine engine = Sample(KernelVersion.Fixed);

        Assert.That(Read(engine, "lru_gen"), Is.EqualTo(
            "memcg     0 /\n node     0\n"
            + "          7     120340          0       40960 \n"
            + "          8      60210       2048        8192 \n"
            + "          9      30105       1024        4096 \n"
            + "         10        512        300           0 \n"));
    }

    [Test]
    public void BeforeTheReworkTheShortFormBeginsWithTheOldestAnonymousGeneration()
    {
        using Engine engine = Sample(KernelVersion.V6_12);

        Assert.That(Read(engine, "lru_gen").Split('\n')[2], Does.StartWith("          8 "));
    }

    /// <summary>The first and the last generation are the reference's own example.</summary>
    [TestCase(KernelVersion.V6_12)]
    [TestCase(KernelVersion.V6_18)]
    [TestCase(KernelVersion.Fixed)]
    public void TheFullFormIsTheKernelsToTheByte(KernelVersion kernel)
    {
        using Engine engine = Sample(kernel);

        Assert.That(Read(engine, "lru_gen_full"), Is.EqualTo(
            "memcg     0 /\n node     0\n"
            + "          7     120340          0x      40960 \n"
            + "                     0          0x          0x          0x        120r       9000e          0p\n"
            + "                     1          0x          0x          0x         10r        800e          0p\n"
            + "                     2          0x          0x          0x         70r        100e        310p\n"
            + "                     3          0x          0x          0x          0r          0e         25p\n"
            + "                                0x          0x          0x          0x\n"
            + "          8      60210       2048        8192 \n"
            + "                     0          1r          2e          3p          0x          0x          0x\n"
            + "                     1          0r          0e          0p          0x          0x          0x\n"
            + "                     2          0r          0e          0p          0x          0x          0x\n"
            + "                     3          0r          0e          0p          0x          0x          0x\n"
            + "                                0x          0x          0x          0x\n"
            + "          9      30105       1024        4096 \n"
            + "                     0          0x          0x          0x          0x          0x          0x\n"
            + "                     1          0x          0x          0x          0x          0x          0x\n"
            + "                     2          0x          0x          0x          0x          0x          0x\n"
            + "                     3          0x          0x          0x          0x          0x          0x\n"
            + "                                0x          0x          0x          0x\n"
            + "         10        512        300           0 \n"
            + "                     0          4R        900T          0x         60R       4500T          0x\n"
            + "                     1          0R         10T          0x          5R        400T          0x\n"
            + "                     2          0R          0T          0x         35R        205T          0x\n"
            + "                     3          0R          0T          0x          0R         12T          0x\n"
            + "                            20480T       5120Y         40F         36A\n"));
    }

    [Test]
    public void TheFirstFormHasSixColumnsOfWalksAndBlanksForNothing()
    {
        using Engine engine = Sample(KernelVersion.V6_1);

        string[] lines = Read(engine, "lru_gen_full").Split('\n');

        Assert.That(lines[2], Is.EqualTo("          7     120340          0x      40960 "), "marks of generations stay");
        Assert.That(lines[3], Is.EqualTo("                     0          0           0           0         120r       9000e          0p"));
        Assert.That(lines[7], Is.EqualTo("                                0           0           0           0           0           0 "));
        Assert.That(lines[21], Is.EqualTo("                     0          4R        900T          0          60R       4500T          0 "));
        Assert.That(lines[25], Is.EqualTo("                            20480L       1111O       5120Y         55N         40F         36A"));
    }

    [Test]
    public void ANewLruvecHasGenerationsFromZeroOn()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("mglru"));
        engine.NowMs = 7;

        Assert.That(Read(engine, "lru_gen"), Is.EqualTo("memcg     0 /\n node     0\n" + string.Concat(Enumerable.Range(0, 4).Select(i => $" {i,10} {7,10} {0,10}  {0,10} \n"))));
    }

    [Test]
    public void OnlyCgroupsWithGenerationsAreListedInPreOrder()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo"), SmallMachine.Policy("mglru")) with { Nodes = [new NodeOptions(300), new NodeOptions(300)] });
        MemoryCgroup a = engine.CreateMemcg("a", null, "mglru");
        engine.CreateMemcg("z", null, "mglru");
        engine.CreateMemcg("below", a, "mglru");

        string[] lines = Read(engine, "lru_gen").Split('\n');

        Assert.That(lines.Where(l => l.StartsWith('m')), Is.EqualTo(["memcg     1 /a", "memcg     3 /a/below", "memcg     2 /z"]));
        Assert.That(lines.Count(l => l == " node     1"), Is.EqualTo(3));
    }

    [Test]
    public void WithoutCgroupsThePathIsEmpty()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru")) with { NoMemcg = true });

        Assert.That(Read(engine, "lru_gen"), Does.StartWith("memcg     0 \n node     0\n"));
    }

    /// <summary>The walk that the first form shows counts what it passed by.</summary>
    [Test]
    public void WalksCountTheTablesAndEntriesThatTheySee()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru@6.1")) with { Kernel = KernelVersion.V6_1 });
        AddressSpace space = engine.CreateAddressSpace("s", 1024);
        var tally = default(AccessTally);
        engine.Access(space, [.. Enumerable.Range(0, 600).Select(i => (uint)i)], ref tally);
        engine.Age(engine.Root, engine.Nodes[0], 60, force: false);
        engine.Access(space, [3], ref tally);
        engine.Age(engine.Root, engine.Nodes[0], 60, force: true);

        (long Value, char Letter)[] walk = LruGenListing.Parse(Read(engine, "lru_gen_full"), full: true, walkFields: 6).Memcgs[0].Nodes[0][^1].Walk;

        Assert.That(walk, Is.EqualTo([(2048L, 'L'), (599L, 'O'), (601L, 'Y'), (4L, 'N'), (4L, 'F'), (2L, 'A')]));
    }

    [TestCase("mglru/6.1", 6)]
    [TestCase("mglru@6.12 fifo/6.12", 4)]
    [TestCase("mglru@6.18 classic/6.18", 4)]
    [TestCase("mglru fifo/demotion", 4)]
    [TestCase("mglru/unordered", 4)]
    public void OfRandomMachinesTheSumsAreTheEngines(string form, int walkFields)
    {
        for (int seed = 1; seed <= 4; seed++)
        {
            using var machine = new RandomMachine(seed, seed % 2 == 0 ? 150UL : null, SmallMachine.Form(form));
            Engine engine = machine.Engine;
            long pages = 0;
            for (int step = 0; step < 800; step++)
            {
                Assert.That(machine.Step(), Is.Null, $"seed {seed}, step {step}: {machine.LastStep}");
                engine.NowMs += step;
                if (step % 25 != 24)
                    continue;
                LruGenListing full = LruGenListing.Parse(Read(engine, "lru_gen_full"), true, walkFields);
                LruGenListing open = LruGenListing.Parse(Read(engine, "lru_gen"), false, walkFields);
                pages += Compare(engine, full, open, $"seed {seed}, step {step}");
            }

            Assert.That(pages, Is.GreaterThan(1000), "there was something to compare");
        }
    }

    private static long Compare(Engine engine, LruGenListing full, LruGenListing open, string at)
    {
        long pages = 0;
        int[] expected = [.. engine.Memcgs.Where(m => engine.PolicyNameOf(m).StartsWith("mglru", StringComparison.Ordinal)).Select(m => (int)m.Id)];
        Assert.That(full.Memcgs.Keys, Is.EquivalentTo(expected), at);
        Assert.That(open.Memcgs.Keys, Is.EqualTo(full.Memcgs.Keys), at);
        foreach (int id in expected)
        {
            MemoryCgroup memcg = engine.FindMemcg(id)!;
            Assert.That(full.Memcgs[id].Path, Is.EqualTo(memcg.Path));
            foreach (Node node in engine.Nodes)
            {
                List<LruGenListing.Generation> all = full.Memcgs[id].Nodes[node.Id];
                List<LruGenListing.Generation> shown = open.Memcgs[id].Nodes[node.Id];
                LruSizes sizes = engine.SizesOf(memcg, node);
                long anon = sizes.InactiveAnon + sizes.ActiveAnon;
                long file = sizes.InactiveFile + sizes.ActiveFile;
                foreach (MemoryCgroup child in memcg.Children)
                {
                    LruSizes below = engine.SizesOf(child, node);
                    anon -= below.InactiveAnon + below.ActiveAnon;
                    file -= below.InactiveFile + below.ActiveFile;
                }

                Assert.That(all.Sum(g => g.Anon), Is.EqualTo(anon), at);
                Assert.That(all.Sum(g => g.File), Is.EqualTo(file), at);
                Assert.That(all.Select(g => g.Sequence), Is.EqualTo(Enumerable.Range(0, 4).Select(i => all[0].Sequence + (ulong)i)), at);
                Assert.That(all.Zip(all.Skip(1)).All(p => p.First.AgeMs >= p.Second.AgeMs), "older generations are older, " + at);
                Assert.That(shown.Select(g => (g.Sequence, g.Anon, g.File)), Is.EqualTo(all.Skip(4 - shown.Count).Select(g => (g.Sequence, g.Anon, g.File))), at);
                bool isFirstForm = engine.Kernel <= KernelVersion.V6_12;
                Assert.That(shown[0].Sequence, Is.EqualTo(all.First(g => g.AnonMark == ' ' || (g.FileMark == ' ' && !isFirstForm)).Sequence), at);
                if (!isFirstForm)
                    Assert.That(shown.Sum(g => g.File), Is.EqualTo(file), "pages of files are in open generations, " + at);
                Assert.That(all.SkipLast(2).All(g => g.AnonMark is ' ' or 'x') && all.TakeLast(2).All(g => (g.AnonMark, g.FileMark) == (' ', ' ')), at);
                Assert.That(all[^1].Walk[0].Value, Is.EqualTo(engine.Machine.LruvecOf(memcg, node).Counts[Counter.mm_leaf_total]), at);
                pages += anon + file;
            }
        }

        return pages;
    }

    private static string Read(Engine engine, string file)
    {
        using ControlFile open = new ControlTree(engine).Open("sys/kernel/debug/" + file);
        return open.Read();
    }

    /// <summary>A machine whose only lruvec says what the reference's example says.</summary>
    private static Engine Sample(KernelVersion kernel)
    {
        var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru")) with { Kernel = kernel });
        ref MglruPolicy.Generations lru = ref engine.Host.ViewOf(engine.Root, engine.Nodes[0]).State<MglruPolicy.Generations>();
        engine.NowMs = 200_000;
        lru.MaxSeq = 10;
        (lru.MinSeq[0], lru.MinSeq[1]) = (8, 7);
        Generation(ref lru, 7, 120_340, 0, 40_960);
        Generation(ref lru, 8, 60_210, 2048, 8192);
        Generation(ref lru, 9, 30_105, 1024, 4096);
        Generation(ref lru, 10, 512, 300, -3);
        (lru.Refaulted[0], lru.Evicted[0], lru.Protected[0]) = (1, 2, 3);
        Set(new Span<long>(Unsafe.AsPointer(ref lru.Refaulted[Tiers]), Tiers), 120, 10, 70, 0);
        Set(new Span<long>(Unsafe.AsPointer(ref lru.Evicted[Tiers]), Tiers), 9000, 800, 100, 0);
        Set(new Span<long>(Unsafe.AsPointer(ref lru.Protected[Tiers]), Tiers), 0, 0, 310, 25);
        Set(new Span<long>(Unsafe.AsPointer(ref lru.AverageRefaulted[0]), 2 * Tiers), 4, 0, 0, 0, 60, 5, 35, 0);
        Set(new Span<long>(Unsafe.AsPointer(ref lru.AverageTotal[0]), 2 * Tiers), 900, 10, 0, 0, 4500, 400, 205, 12);
        lru.Walked = new WalkResult(20_480, 5120, 40, 36, 55, 1111);
        return engine;
    }

    private static void Set(Span<long> to, params ReadOnlySpan<long> values) => values.CopyTo(to);

    private static void Generation(ref MglruPolicy.Generations lru, ulong seq, long ageMs, long anon, long file)
    {
        lru.Birth[(int)(seq % 4)] = 200_000 - ageMs;
        lru.Pages[(int)(seq % 4) * 2] = anon;
        lru.Pages[(int)(seq % 4) * 2 + 1] = file;
    }
}
