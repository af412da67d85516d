using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>What must hold of memory.min and memory.low whatever the numbers: kernel-reclaim 4.3.</summary>
public class ProtectionPropertyTests
{
    private const int Rounds = 500;

    [Test]
    public void SiblingsShareWhatTheirParentHasAndNoMore([Range(1, 20)] int seed, [Values] bool recursive)
    {
        using var family = new Family(seed, children: 5, recursive);
        for (int i = 0; i < Rounds; i++)
        {
            family.Shuffle();
            family.Refresh();

            ulong parent = family.Parent.EffectiveMin;
            ulong sum = family.Sum(c => c.EffectiveMin);
            Assert.That(sum, Is.LessThanOrEqualTo(parent));
            ulong claimed = family.Sum(c => Math.Min(c.Usage, c.Min));
            if (recursive && parent > claimed)
                Assert.That(parent - sum, Is.LessThanOrEqualTo(Expected(family, parent, claimed)), "what nobody claims is handed out");
            else
                Assert.That(Math.Min(parent, claimed) - sum, Is.LessThan((ulong)family.Children.Length), "what is claimed is given, but for rounding");
            foreach (MemoryCgroup child in family.Children)
            {
                if (!recursive)
                    Assert.That(child.EffectiveMin, Is.LessThanOrEqualTo(Math.Min(child.Usage, child.Min)));
                else if (parent <= family.Parent.Usage)
                    Assert.That(child.EffectiveMin, Is.LessThanOrEqualTo(child.Usage));
            }
        }

        // Unused protection of the parent itself goes to nobody: a part in proportion is lost, and a page of rounding a child.
        static ulong Expected(Family family, ulong parent, ulong claimed)
        {
            ulong usage = family.Parent.Usage;
            ulong below = family.Sum(c => c.Usage);
            ulong lost = usage > claimed ? (ulong)((UInt128)(parent - claimed) * (usage - below) / (usage - claimed)) : parent - claimed;
            return lost + (ulong)family.Children.Length;
        }
    }

    [Test]
    public void RefreshingAgainChangesNothing([Range(1, 10)] int seed, [Values] bool recursive)
    {
        using var family = new Family(seed, children: 4, recursive);
        for (int i = 0; i < Rounds; i++)
        {
            family.Shuffle();
            family.Refresh();
            (ulong, ulong)[] first = [.. family.Children.Select(c => (c.EffectiveMin, c.EffectiveLow))];

            family.Refresh();
            Assert.That(family.Children.Select(c => (c.EffectiveMin, c.EffectiveLow)), Is.EqualTo(first));

            // Siblings take what each has from the parent, not from one another: their order is of no account.
            foreach (MemoryCgroup child in family.Children.Reverse())
                Protection.Refresh(child, family.Engine.Root, recursive);
            Assert.That(family.Children.Select(c => (c.EffectiveMin, c.EffectiveLow)), Is.EqualTo(first));
        }
    }

    [Test]
    public void MoreAskedForIsNeverLessGivenAndNeverMoreForTheOthers([Range(1, 20)] int seed, [Values] bool recursive)
    {
        using var family = new Family(seed, children: 3, recursive);
        for (int i = 0; i < Rounds; i++)
        {
            family.Shuffle();
            if (family.Parent.Min > family.Parent.Usage)
                family.Engine.SetProtection(family.Parent, family.Parent.Usage, family.Parent.Low);
            family.Refresh();
            ulong[] before = [.. family.Children.Select(c => c.EffectiveMin)];

            family.Engine.SetProtection(family.Children[0], family.Children[0].Min + (ulong)family.Random.Next(1, 200), 0);
            family.Refresh();

            Assert.That(family.Children[0].EffectiveMin, Is.GreaterThanOrEqualTo(before[0]));
            for (int child = 1; child < before.Length; child++)
                Assert.That(family.Children[child].EffectiveMin, Is.LessThanOrEqualTo(before[child]));
        }
    }

    [Test]
    public void MoreForTheParentIsNeverLessForAChild([Range(1, 10)] int seed, [Values] bool recursive)
    {
        using var family = new Family(seed, children: 3, recursive);
        for (int i = 0; i < Rounds; i++)
        {
            family.Shuffle();
            family.Refresh();
            ulong[] before = [.. family.Children.Select(c => c.EffectiveMin)];

            family.Engine.SetProtection(family.Parent, family.Parent.Min + (ulong)family.Random.Next(1, 500), 0);
            family.Refresh();

            for (int child = 0; child < before.Length; child++)
                Assert.That(family.Children[child].EffectiveMin, Is.GreaterThanOrEqualTo(before[child]));
        }
    }

    [Test]
    public void MoreProtectionLeavesLessToScanAndAlwaysSome([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 5000; i++)
        {
            ulong size = (ulong)random.NextInt64(0, 1L << random.Next(1, 33));
            ulong usage = (ulong)random.NextInt64(0, 1L << random.Next(1, 33));
            ulong protection = (ulong)random.NextInt64(1, 1L << random.Next(1, 34));
            ulong open = Protection.Open(size, protection, usage);

            Assert.That(open, Is.InRange(32ul, Math.Max(32, size)));
            Assert.That(Protection.Open(size, protection + (ulong)random.Next(1000), usage), Is.LessThanOrEqualTo(open));
            Assert.That(Protection.Open(size, protection, usage + (ulong)random.Next(1000)), Is.GreaterThanOrEqualTo(open));
        }
    }

    [Test]
    public void OnlyWithTheMountOptionIsAParentsProtectionItsChildrens([Values] bool recursive)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { RecursiveProtection = recursive });
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup guarded = engine.CreateMemcg("guarded", top);
        MemoryCgroup inner = Filled(engine, guarded, "inner");
        MemoryCgroup open = Filled(engine, top, "open");
        engine.SetProtection(guarded, 100, 100);

        engine.Reclaim(new ReclaimRequest(150, top));

        Assert.That(inner.Usage, recursive ? Is.EqualTo(100ul) : Is.LessThan(100ul));
        Assert.That(open.Usage, Is.LessThan(100ul));
    }

    private static MemoryCgroup Filled(Engine engine, MemoryCgroup parent, string name)
    {
        MemoryCgroup memcg = engine.CreateMemcg(name, parent);
        AddressSpace space = engine.CreateAddressSpace(name, 100, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < 100; page++)
            engine.Access(space, [page], ref tally);
        return memcg;
    }

    /// <summary>A parent below the root and its children, with usages and settings that add up as charges do.</summary>
    private sealed class Family : IDisposable
    {
        private readonly bool _recursive;

        public Family(int seed, int children, bool recursive)
        {
            _recursive = recursive;
            Random = new Random(seed);
            Engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
            Parent = Engine.CreateMemcg("parent");
            Children = [.. Enumerable.Range(0, children).Select(i => Engine.CreateMemcg($"c{i}", Parent))];
        }

        public Random Random { get; }

        public Engine Engine { get; }

        public MemoryCgroup Parent { get; }

        public MemoryCgroup[] Children { get; }

        /// <summary>A cgroup in use has a page at least: one that has none is not refreshed.</summary>
        public void Shuffle()
        {
            ulong below = 0;
            foreach (MemoryCgroup child in Children)
            {
                Set(child, Random.Next(1, 1000));
                Engine.SetProtection(child, Setting(), Setting());
                below += child.Usage;
            }

            Set(Parent, (long)below + (Random.Next(3) == 0 ? Random.Next(500) : 0));
            Engine.SetProtection(Parent, Setting() * 3, Setting() * 3);
        }

        public void Refresh()
        {
            Protection.Refresh(Parent, Engine.Root, _recursive);
            foreach (MemoryCgroup child in Children)
                Protection.Refresh(child, Engine.Root, _recursive);
        }

        public ulong Sum(Func<MemoryCgroup, ulong> amount) => Children.Aggregate(0ul, (sum, child) => sum + amount(child));

        public void Dispose() => Engine.Dispose();

        private static void Set(MemoryCgroup memcg, long pages) => memcg.AddUsage(pages - (long)memcg.Usage, concurrent: false);

        private ulong Setting() => Random.Next(4) == 0 ? 0 : (ulong)Random.Next(1, 1200);
    }
}
