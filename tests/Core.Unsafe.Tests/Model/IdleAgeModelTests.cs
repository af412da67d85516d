using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;

namespace ReclaimNative.Tests.Model;

/// <summary>Idle ages on random machines, against one obvious record for each page.</summary>
public class IdleAgeModelTests
{
    private static readonly string[] Forms =
        ["fifo", "lru", "fifo/identity", "classic", "classic@6.18", "classic/identity", "clock", "sieve", "mglru", "mglru@6.1", "mglru/unordered", "mglru/identity", "mglru/unordered/identity", "mglru/concurrent"];

    /// <summary>Those that learn of accesses by looking at single pages alone.</summary>
    private static readonly string[] ByReferenceAlone =
        ["classic", "classic@6.1", "classic@6.18", "classic/identity", "clock", "sieve", "mglru-walk-lookaround", "mglru-walk-lookaround/unordered", "mglru@6.1-walk-lookaround"];

    [Test]
    public void AgesAndPromotionsAreThoseOfTheModel([ValueSource(nameof(Forms))] string form, [Range(1, 3)] int seed) => Compare(form, seed, 6000);

    [Test]
    [Category("Soak")]
    [Explicit("minutes")]
    public void AgesAndPromotionsAreThoseOfTheModelForLong([ValueSource(nameof(Forms))] string form, [Range(100, 110)] int seed) => Compare(form, seed, 200_000);

    /// <summary>Where each page is mapped once, a saved bit is as good as the bit: nothing is decided otherwise.</summary>
    [Test]
    public void ScansChangeNoDecision([ValueSource(nameof(ByReferenceAlone))] string form, [Range(1, 3)] int seed)
    {
        (long[] without, string[] paths) = Run(scans: false);
        (long[] with, string[] same) = Run(scans: true);

        for (int i = 0; i < paths.Length; i++)
            Assert.That(same[i], Is.EqualTo(paths[i]), $"after {100 * i} accesses");
        Assert.That(with, Is.EqualTo(without));

        (long[] Counters, string[] Resident) Run(bool scans)
        {
            var random = new Random(seed);
            using var engine = new Engine(SmallMachine.Form(form) with { IdleAge = true, LeafTables = form.Contains("identity") ? null : 64 });
            MemoryCgroup memcg = engine.CreateMemcg("m");
            AddressSpace space = engine.CreateAddressSpace("s", 400, memcg);
            if (!engine.Machine.IsIdentity)
            {
                engine.Map(space, 0, 100, engine.CreateFile(100), 0, VmaFlags.Executable);
                engine.Map(space, 100, 200, engine.CreateFile(100));
                engine.Map(space, 200, 250, engine.CreateFile(50), 0, VmaFlags.NoRecency);
            }

            engine.SetMax(memcg, 150);
            AccessTally tally = default;
            List<string> resident = [];
            for (int step = 0; step < 3000; step++)
            {
                engine.Access(space, [(uint)(random.NextDouble() * random.NextDouble() * 400) * 7 % 400], ref tally);
                if (step % 5 == 0 && scans)
                    engine.ScanIdleAges();
                if (step % 100 == 0)
                    resident.Add(string.Concat(Enumerable.Range(0, 400).Select(page => engine.IsResident(space, (ulong)page) ? '1' : '0')));
            }

            return ([.. Enum.GetValues<Observe.Counter>().Select(c => engine.Read(memcg, c))], [.. resident]);
        }
    }

    private static void Compare(string form, int seed, int steps)
    {
        var random = new Random(seed);
        using var engine = new Engine(SmallMachine.Form(form) with
        {
            IdleAge = true,
            Nodes = [new NodeOptions(4096), new NodeOptions(4096)],
            LeafTables = form.Contains("identity") ? null : 64,
        });
        MachineState machine = engine.Machine;
        MemoryCgroup[] memcgs = [engine.CreateMemcg("a"), engine.CreateMemcg("b")];
        var spaces = new AddressSpace[4];
        var files = new PageFile?[2];
        var pages = new Dictionary<uint, Page>();
        for (int i = 0; i < spaces.Length; i++)
        {
            spaces[i] = engine.CreateAddressSpace($"s{i}", 700, memcgs[i % 2], i % 2);
            if (machine.IsIdentity)
                continue;
            files[i % 2] ??= engine.CreateFile(200);
            engine.Map(spaces[i], 100, 300, files[i % 2]);
        }

        for (int i = 0; i < 2; i++)
            engine.SetMax(memcgs[i], 300);
        var promotions = new long[2][] { new long[256], new long[256] };
        AccessTally tally = default;
        int old = 0;
        for (int step = 0; step < steps; step++)
        {
            int at = random.Next(spaces.Length);
            switch (random.Next(40))
            {
                case 0:
                    engine.NowMs += random.Next(1000);
                    engine.ScanIdleAges();
                    foreach (Page page in pages.Values)
                        page.Scan(engine.NowMs);
                    Check($"{form}, seed {seed}, step {step}");
                    break;
                case 1:
                    engine.Reclaim(new ReclaimRequest(random.Next(1, 40), memcgs[at % 2]));
                    break;
                case 2:
                    engine.Age(memcgs[at % 2], engine.Nodes[random.Next(2)]);
                    break;
                case 3 when files[at % 2] is { } file:
                    uint read = (uint)random.Next(200);
                    long cold = tally.ColdFaults;
                    engine.AccessFile(file, read, random.Next(2) == 0, memcgs[at % 2], 0, ref tally);
                    Use(file.SlotOf(read), at % 2, tally.ColdFaults > cold);
                    break;
                case 4 when files[at % 2] is not null:
                    ulong start = (ulong)random.Next(100, 290);
                    engine.Discard(spaces[at], start, start + 10);
                    break;
                default:
                    uint accessed = (uint)(random.NextDouble() * random.NextDouble() * 700);
                    long before = tally.ColdFaults;
                    engine.Access(spaces[at], [accessed], ref tally);
                    uint owner = files[at % 2] is { } mapped && accessed is >= 100 and < 300 ? mapped.SlotOf(accessed - 100) : spaces[at].BaseSlot + accessed;
                    Use(owner, at % 2, tally.ColdFaults > before);
                    break;
            }
        }

        Assert.That(old, Is.GreaterThan(10), "pages came back at some age");
        Assert.That(engine.Validate(), Is.Null);

        void Use(uint owner, int memcg, bool cold)
        {
            if (!pages.TryGetValue(owner, out Page? page))
                pages[owner] = page = new Page(memcg);
            int age = page.Use(cold);
            if (age < 0)
                return;
            promotions[memcg][age]++;
            old += age > 1 ? 1 : 0;
        }

        void Check(string context)
        {
            var expected = new long[2][] { new long[256], new long[256] };
            foreach ((uint owner, Page page) in pages)
            {
                uint pfn = machine.Tables.FrameAt(owner);
                if (pfn == FrameTable.NoFrame)
                    continue;
                expected[page.Memcg][page.Age]++;
                Assert.That(IdleAge.IdleMsOf(machine, pfn), Is.EqualTo(engine.NowMs - page.FoundMs), context);
            }

            var ages = new long[256];
            for (int i = 0; i < 2; i++)
            {
                engine.ReadIdleAges(memcgs[i], ages);
                Assert.That(ages, Is.EqualTo(expected[i]), context);
                engine.ReadPromotions(memcgs[i], ages);
                Assert.That(ages, Is.EqualTo(promotions[i]), context);
            }
        }
    }

    /// <summary>What is known of a page, resident or not.</summary>
    private sealed class Page(int memcg)
    {
        private bool _used;

        public int Memcg { get; } = memcg;

        public int Age { get; private set; }

        public long FoundMs { get; private set; }

        /// <summary>Its age, where this is a promotion, else -1.</summary>
        public int Use(bool cold)
        {
            int age = _used || cold ? -1 : Age;
            _used = true;
            return age;
        }

        public void Scan(long nowMs)
        {
            if (_used)
                (Age, FoundMs) = (0, nowMs);
            else
                Age = Math.Min(Age + 1, 254);
            _used = false;
        }
    }
}
