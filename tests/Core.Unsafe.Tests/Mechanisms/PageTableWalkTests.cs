using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Mechanisms;

public unsafe class PageTableWalkTests
{
    [TestCase(512, 64, true)]
    [TestCase(512, 63, false)]
    [TestCase(64, 8, true)]
    [TestCase(64, 7, false)]
    [TestCase(0, 0, false, Description = "a table without a page to look at")]
    public void ATableIsWorthwhileWithOneYoungEntryForEachCacheLine(int total, int young, bool worthwhile) =>
        Assert.That(PageTableWalk.IsWorthwhile(total, young), Is.EqualTo(worthwhile), "kernel-reclaim 13.4");

    [Test]
    public void EveryWalkClearsReportsAndRemembersWhatTheModelSays([Values(1, 2, 3, 4)] int seed)
    {
        using var world = new World(seed);
        for (int round = 0; round < 60; round++)
        {
            world.Use();
            Lruvec lruvec = world.AnyLruvec();
            WalkOptions options = world.AnyOptions();
            string where = $"seed {seed}, round {round}, {lruvec.Memcg.Path} node {lruvec.Node.Id}, {options}";
            (HashSet<uint> young, WalkResult result) expected = world.Predict(lruvec, options);
            ulong[] before = world.Accessed();
            var told = new Recorder([]);

            WalkResult result = PageTableWalk.Run(world.Machine, lruvec, options, ref told);

            Assert.That(result, Is.EqualTo(expected.result), where);
            Assert.That(told.Pfns, Has.Count.EqualTo(result.Young), where);
            ulong[] after = world.Accessed();
            foreach (uint slot in expected.young)
                before[slot >> 6] &= ~(1UL << (int)(slot & 63));
            Assert.That(after, Is.EqualTo(before), $"{where}: exactly the bits of its own pages are cleared");
            uint[] pfns = [.. expected.young.Select(s => world.Machine.Tables.Entry[s]).Order()];
            Assert.That(told.Pfns.Order(), Is.EqualTo(pfns), where);
            Assert.That(world.Engine.Validate(), Is.Null, where);
        }
    }

    [Test]
    public void ADirtyEntryMakesItsFilePageDirty()
    {
        using var lru = new OneLruvec("mglru");
        AddressSpace space = lru.Mapping(3, write: true);
        uint anon = lru.Anon(0);
        lru.Machine.Tables.Set(lru.Machine.Tables.Dirty, lru.Machine.Frames.OwnerOf(anon));
        var told = new Recorder([]);

        PageTableWalk.Run(lru.Machine, lru.View.Lruvec, new WalkOptions(Force: false), ref told);

        Assert.That(lru.FlagsOf(lru.Read(3, 0)) & FolioFlags.Dirty, Is.EqualTo(FolioFlags.Dirty));
        Assert.That(LeafTables.Test(lru.Machine.Tables.Dirty, space.BaseSlot + 3), Is.False);
        Assert.That(LeafTables.Test(lru.Machine.Tables.Dirty, lru.Machine.Frames.OwnerOf(anon)), Is.True, "private memory is written whenever it goes");
    }

    [Test]
    public void ALookaroundInGoodCompanySuggestsTheTableToTheNextWalk()
    {
        using var lru = new OneLruvec("mglru");
        for (uint page = 0; page < 512; page++)
            lru.Anon(page);
        lru.Anon(600);
        Walk();
        lru.Anon(600);
        Walk();

        // The second walk has made a filter for the third, and found neither table worth it. 8 of a window of 64 are, in the first.
        for (uint page = 0; page < 8; page++)
            lru.Anon(page);
        lru.Anon(600);
        var told = new Recorder([]);
        ReferenceScan.Run(lru.Machine, lru.View.Lruvec, lru.Machine.Tables.FrameAt(lru.Space.BaseSlot), null, true, ref told);
        lru.Anon(300);

        Assert.That(Walk(), Is.EqualTo(new WalkResult(512, 1, 1, 0, TablesSeen: 2)), "page 300 was found, page 600's table was passed by");

        WalkResult Walk()
        {
            var sink = new Recorder([]);
            return PageTableWalk.Run(lru.Machine, lru.View.Lruvec, new WalkOptions(Force: false), ref sink);
        }
    }

    /// <summary>Two nodes, two cgroups, spaces of several tables with areas of all kinds, and a model of the walk's memory.</summary>
    private sealed class World : IDisposable
    {
        private readonly Random _random;
        private readonly List<AddressSpace> _spaces = [];
        private readonly Dictionary<(Lruvec, long Parity), HashSet<uint>> _filters = [];
        private readonly Dictionary<Lruvec, long> _walks = [];
        private readonly HashSet<(AddressSpace, int Node)> _met = [];
        private readonly HashSet<(AddressSpace, int Node)> _used = [];
        private readonly HashSet<uint> _youngTables = [];
        private AccessTally _tally;

        public World(int seed)
        {
            _random = new Random(seed);
            Engine = new Engine(SmallMachine.Options(SmallMachine.Policy("mglru")) with
            {
                Nodes = [new NodeOptions(8192), new NodeOptions(8192)],
                SharedMappings = 20_000,
            });
            MemoryCgroup[] memcgs = [Engine.Root, Engine.CreateMemcg("m")];
            PageFile file = Engine.CreateFile(1500);
            for (int i = 0; i < 5; i++)
            {
                AddressSpace space = Engine.CreateAddressSpace($"s{i}", (ulong)(1300 + 100 * i), memcgs[i % 2], i / 2 % 2);
                Engine.Map(space, 100, 400, file, (ulong)(i * 50));
                Engine.Map(space, 400, 450, null, 0, VmaFlags.NoRecency);
                Engine.Map(space, 1000, 1100, file, 700, VmaFlags.NoRecency);
                Engine.Map(space, 1100, 1290, file, 900);
                _spaces.Add(space);
            }
        }

        public Engine Engine { get; }

        public MachineState Machine => Engine.Machine;

        public void Use()
        {
            for (int i = 0; i < _random.Next(4); i++)
            {
                AddressSpace space = _spaces[_random.Next(_spaces.Count)];
                uint start = (uint)_random.Next((int)space.Pages);
                uint length = Math.Min((uint)space.Pages - start, (uint)_random.Next(1, 400));
                uint stride = (uint)_random.Next(1, 16);
                for (uint page = start; page < start + length; page += stride)
                {
                    Engine.Access(space, [page], ref _tally);
                    _youngTables.Add(space.FirstTable + page / 512);
                }

                _used.UnionWith([(space, 0), (space, 1)]);
            }
        }

        public Lruvec AnyLruvec() => Machine.LruvecAt(_random.Next(4));

        public WalkOptions AnyOptions() =>
            new(_random.Next(4) == 0, _random.Next(4) == 0, _random.Next(4) == 0, _random.Next(4) == 0);

        public ulong[] Accessed() => new ReadOnlySpan<ulong>(Machine.Tables.Accessed, (int)Machine.Tables.Count * 8).ToArray();

        /// <summary>The slots that a walk should clear and the sums it should return; moves the model on as the walk moves the machine on.</summary>
        public (HashSet<uint> Young, WalkResult Result) Predict(Lruvec lruvec, WalkOptions options)
        {
            long walk = _walks.GetValueOrDefault(lruvec);
            _walks[lruvec] = walk + 1;
            HashSet<uint>? filter = _filters.GetValueOrDefault((lruvec, walk % 2));
            HashSet<uint>? next = null;
            bool force = options.Force;
            HashSet<uint> cleared = [];
            int entries = 0;
            int found = 0;
            int added = 0;
            int seen = 0;
            foreach (AddressSpace space in _spaces.Where(s => s.MemcgId == lruvec.Memcg.Id))
            {
                force |= _met.Add((space, lruvec.Node.Id));
                if (!_used.Remove((space, lruvec.Node.Id)) && !force)
                    continue;
                if (!options.NoFilter)
                    next ??= [];
                for (uint table = space.FirstTable; table < space.FirstTable + space.Tables; table++)
                {
                    if (!_youngTables.Remove(table) && !force)
                        continue;
                    seen++;
                    if (filter is not null && !options.NoFilter && !force && !filter.Contains(table))
                        continue;
                    (int total, List<uint> young) = Scan(lruvec, space, table, options);
                    cleared.UnionWith(young);
                    entries += total;
                    found++;
                    if (young.Count == 0 || young.Count * 8 < total)
                        continue;
                    added++;
                    next?.Add(table);
                }
            }

            if (next is not null)
                _filters[(lruvec, (walk + 1) % 2)] = next;
            return (cleared, new WalkResult(entries, cleared.Count, found, added, seen));
        }

        public void Dispose() => Engine.Dispose();

        private (int Total, List<uint> Young) Scan(Lruvec lruvec, AddressSpace space, uint table, WalkOptions options)
        {
            int total = 0;
            List<uint> young = [];
            for (uint slot = table * 512; slot < table * 512 + 512 && slot - space.BaseSlot < space.Pages; slot++)
            {
                ulong page = slot - space.BaseSlot;
                Vma vma = space.Vmas.Single(v => page >= v.Start && page < v.End);
                if (vma.Flags != VmaFlags.None || (vma.File is null ? options.SkipAnon : options.SkipFile))
                    continue;
                total++;
                uint pfn = Machine.Tables.FrameAt(slot);
                if (pfn != FrameTable.NoFrame
                    && LeafTables.Test(Machine.Tables.Accessed, slot)
                    && Machine.Frames.MemcgOf(pfn) == lruvec.Memcg.Id
                    && pfn / 8192 == (uint)lruvec.Node.Id)
                {
                    young.Add(slot);
                }
            }

            return (total, young);
        }
    }
}
