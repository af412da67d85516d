using System.Diagnostics;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>Validate sees whatever is broken on purpose. A check that nothing can fail is no check.</summary>
public unsafe class ValidateTests
{
    /// <summary>What to break, and a word of the sentence that it must be answered with.</summary>
    private static readonly (string Name, Action<World> Break, string Says)[] Damages =
    [
        ("lru flag lost", w => w.Frames.TryClaim(w.Anon, out _), "without the lru flag"),
        ("every flag lost", w => w.Frames.Release(w.Anon), "neither free nor in use"),
        ("isolated and forgotten", w => w.Isolate(w.Anon), "isolated"),
        ("on no list", w => w.PublishUnlinked(w.Anon), "on no list"),
        ("list count", w => w.List(0).Count++, "counts"),
        ("list's hot end", w => w.List(0).Hot = uint.MaxValue, "its hot chunk is"),
        ("list's cold end", w => w.List(0).Cold = 1000, "which is not in use"),
        ("a chunk on two lists", w => w.List(1) = w.List(0) with { Count = 0 }, "says that it belongs to list"),
        ("a chunk that is lost", w => w.LoseChunk(), "in the pool"),
        ("a list that was not declared", w => w.List(9).Count = 1, "its policy has"),
        ("own sum", w => w.View.Lruvec.OwnResident[0]++, "counts"),
        ("sum over the tree", w => w.MiscountAbove(), "sums up"),
        ("usage", w => w.View.Memcg.AddUsage(1, concurrent: false), "is charged"),
        ("usage above", w => w.Engine.Root.AddUsage(-1, concurrent: false), "is charged"),
        ("another's anonymous frame", w => w.Tables.Memcg[w.AnonSlot >> 9] = 0, "of another lruvec"),
        ("another's file frame", w => w.Tables.FileMemcg[w.FileSlot] = 0, "of another lruvec"),
        ("a free frame in use", w => w.Frames.Hold(4000, FolioType.File, 0), "is free and has the flags"),
        ("a free frame with flags", w => w.Frames.Set(4000, FolioFlags.Young), "is free and has the flags"),
        ("freed while in use", w => w.Engine.Nodes[0].Allocator.Return(w.Anon, 0), "is free and has the flags"),
        ("taken and forgotten", w => w.Engine.Nodes[0].Allocator.TryTake(0, out _), "neither free nor in use"),
        ("owner", w => w.Frames.Entry[w.Frames.PositionOf(w.Anon)] = w.FileSlot, "linked twice"),
        ("position", w => w.Frames.SetPlace(w.Tables.FrameAt(w.SharedSlot), w.Frames.PositionOf(w.File)), "does not link back"),
        ("entry", w => w.Tables.Entry[w.AnonSlot] = w.File, "linked twice"),
        ("an entry that names no frame", w => w.Tables.Entry[w.AnonSlot] = 1_000_000, "which there is not"),
        ("present bit", w => w.Tables.Clear(w.Tables.Present, w.AnonSlot), "does not name it"),
        ("a cgroup that there is not", w => w.Tables.FileMemcg[w.FileSlot] = 500, "of another lruvec"),
        ("an entry too many", w => w.MapTwice(), "which is owned by slot"),
        ("accessed and absent", w => w.Tables.Set(w.Tables.Accessed, w.Space.BaseSlot + 90), "absent"),
        ("dirty and absent", w => w.Tables.Set(w.Tables.Dirty, w.Space.BaseSlot + 90), "absent"),
        ("no shadow", w => w.Tables.Entry[w.Space.BaseSlot + 90] = 6, "is no shadow"),
        ("a shadow where a file is mapped", w => w.Tables.Entry[w.Mapping.BaseSlot + 90] = 7, "instead of 0"),
        ("space's count", w => w.Space.AddResident(1, concurrent: false), "counts"),
        ("file's count", w => w.PageFile.AddResident(-1, concurrent: false), "counts"),
        ("dirty in a page cache", w => w.Tables.Set(w.Tables.Dirty, w.PageFile.SlotOf(3)), "only page tables have"),
        ("absent and shared", w => w.Tables.Set(w.Tables.Accessed, w.PageFile.SlotOf(3)), "is absent and mapped"),
        ("absent and mapped", w => w.Tables.FileMapping[w.PageFile.SlotOf(3)] = ~w.AnonSlot, "is absent and mapped"),
        ("reverse map points elsewhere", w => w.Tables.FileMapping[w.FileSlot] = ~w.AnonSlot, "does not name it"),
        ("reverse map points beyond all slots", w => w.Tables.FileMapping[w.FileSlot] = ~(1u << 30), "does not name it"),
        ("reverse map forgets", w => w.Tables.FileMapping[w.FileSlot] = 0, "reverse map does not know"),
        ("shared without a chain", w => w.Machine.Rmap.Remove(w.SharedSlot, w.Mapping.BaseSlot + 1), "reverse map does not know"),
        ("a chain not marked as shared", w => w.Tables.Clear(w.Tables.Accessed, w.SharedSlot), "does not name it"),
        ("unmapped and marked as shared", w => w.Tables.Set(w.Tables.Accessed, w.UnmappedSlot), "marked as shared"),
        ("a link that is lost", w => w.LoseLink(), "links of the reverse map"),
        ("swap given back twice", w => w.Machine.ReturnSwap(w.Engine.Root), "swap pages"),
        ("swap taken for nothing", w => w.Machine.TryTakeSwap(w.Engine.Root), "swap pages"),
        ("swap of a cgroup", w => w.Engine.Root.AddSwapUsage(1, concurrent: false), "swap pages"),
        ("mapped pages", w => w.View.Lruvec.CountMapped(1), "mapped file pages"),
        ("a table of somebody else", w => w.Tables.Space[w.Space.FirstTable] = 77, "says that it belongs to"),
        ("a dirty reserve", w => w.Tables.Entry[w.Tables.Count * 512 - 1] = 1, "belongs to nobody"),
        ("areas", w => w.Space.Cover(new Vma(0, 200, null, 0, VmaFlags.None)), "cover"),
    ];

    /// <summary>The same for lists without an order.</summary>
    private static readonly (string Name, Action<World> Break, string Says)[] UnorderedDamages =
    [
        ("every flag lost", w => w.Frames.Release(w.Anon), "neither free nor in use"),
        ("isolated and forgotten", w => w.Isolate(w.Anon), "isolated"),
        ("list count", w => w.List(w.ListOf(w.Anon)).Count++, "counts"),
        ("own sum", w => w.View.Lruvec.OwnResident[0]++, "counts"),
        ("sum over the tree", w => w.MiscountAbove(), "sums up"),
        ("generation", w => w.Frames.Publish(w.Anon, w.NextGeneration(w.Anon)), "counts"),
        ("a block that hides a frame", w => w.MoveUnannounced(w.Anon), "says that it holds none of that list"),
        ("a block that names another lruvec", w => w.ChargeToRoot(w.FileSlot), "belong to lruvec"),
        ("another's frame", w => w.Tables.FileMemcg[w.FileSlot] = 0, "counts"),
        ("a cgroup that there is not", w => w.Tables.FileMemcg[w.FileSlot] = 500, "which there is not"),
        ("a free frame with flags", w => w.Frames.Hold(4000, FolioType.File, 0), "is free and has the flags"),
        ("a free frame that is pinned", w => w.Frames.Set(4000, FolioFlags.Pinned), "is free and has the flags"),
        ("owner", w => w.Frames.SetPlace(w.Anon, w.AnonSlot + 1), "does not name it"),
        ("entry", w => w.Tables.Entry[w.AnonSlot] = w.File, "does not name it"),
        ("present bit", w => w.Tables.Clear(w.Tables.Present, w.AnonSlot), "does not name it"),
        ("an entry too many", w => w.MapTwice(), "which is owned by slot"),
        ("usage", w => w.View.Memcg.AddUsage(1, concurrent: false), "is charged"),
    ];

    public static IEnumerable<string> DamageNames => Damages.Select(d => d.Name);

    public static IEnumerable<string> UnorderedDamageNames => UnorderedDamages.Select(d => d.Name);

    [TestCaseSource(nameof(DamageNames))]
    public void WhatIsBrokenIsNamed(string name)
    {
        (_, Action<World> damage, string says) = Damages.Single(d => d.Name == name);
        using var world = new World(ListOrder.Exact);
        Assert.That(world.Engine.Validate(), Is.Null);

        damage(world);

        Assert.That(world.Engine.Validate(), Does.Contain(says));
    }

    [TestCaseSource(nameof(UnorderedDamageNames))]
    public void WhatIsBrokenIsNamedWithoutAnOrderToo(string name)
    {
        (_, Action<World> damage, string says) = UnorderedDamages.Single(d => d.Name == name);
        using var world = new World(ListOrder.Unordered);
        Assert.That(world.Engine.Validate(), Is.Null);

        damage(world);

        Assert.That(world.Engine.Validate(), Does.Contain(says));
    }

    [Test]
    public void AGenerationThatIsMiscountedIsNamed()
    {
        using var lru = new OneLruvec("mglru");
        uint pfn = lru.Anon(0);
        lru.View.State<MglruPolicy.Generations>().Pages[0]++;
        Assert.That(lru.Engine.Validate(), Does.Contain("folios carry it"));
        lru.View.State<MglruPolicy.Generations>().Pages[0]--;

        lru.View.ClearFlags(pfn, FolioFlags.GenerationMask);
        Assert.That(lru.Engine.Validate(), Does.Contain("carries no generation"));
        lru.View.SetFlags(pfn, (FolioFlags)(3u << FolioField.GenerationShift));
        Assert.That(lru.Engine.Validate(), Is.Null);

        lru.View.State<MglruPolicy.Generations>().MinSeq[1] = 3;
        Assert.That(lru.Engine.Validate(), Does.Contain("has 1 generations"));
    }

    [Test]
    public void ALruvecThatHasNoTurnOrTwoIsNamed()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("mglru"));
        engine.CreateMemcg("a");
        Assert.That(engine.Validate(), Is.Null);
        MemcgLru order = engine.Host.MemcgLrus![0];

        order.Add(7);
        Assert.That(engine.Validate(), Does.Contain("The memcg LRU of node 0").And.Contain("cgroup 7, which there is not"));
        engine.Machine.TryAddMemcg("/b", engine.Root);
        Assert.That(order.FindProblem([true, true, true]), Does.Contain("which there is not"));

        order = new MemcgLru(2, 0, concurrent: false);
        Assert.That(order.FindProblem([true]), Does.Contain("0 of 1"));
        Assert.That(order.FindProblem([]), Does.Contain("the old generation is empty"));
        order.Add(0);
        Assert.That(order.FindProblem([true]), Is.Null);
        order.Add(0);
        Assert.That(order.FindProblem([true]), Is.Not.Null);
    }

    [Test]
    public void AHandOffTheQueueIsNamed()
    {
        using var lru = new OneLruvec("sieve");
        lru.Anon(0);
        lru.View.State<uint>() = 99;

        Assert.That(lru.Engine.Validate(), Does.Contain("the hand is at frame 99"));
    }

    [Test]
    public void AHundredThousandFramesTakeWellUnderASecond()
    {
        using var engine = new Engine(new EngineOptions { Nodes = [new NodeOptions(100_000)], Policies = [SmallMachine.Policy("mglru")] });
        AddressSpace space = engine.CreateAddressSpace("s", 90_000);
        AccessTally tally = default;
        for (uint page = 0; page < 90_000; page++)
            engine.Access(space, [page], ref tally);
        engine.Validate();
        var clock = Stopwatch.StartNew();

        Assert.That(engine.Validate(), Is.Null);

        Assert.That(clock.ElapsedMilliseconds, Is.LessThan(1000));
    }

    /// <summary>A cgroup with an anonymous page, a mapped one, a shared one, one that is only cached and one in swap.</summary>
    private sealed class World : IDisposable
    {
        public World(ListOrder order)
        {
            PolicyDefinition policy = SmallMachine.Policy(order == ListOrder.Exact ? "fifo" : "mglru");
            Engine = new Engine(SmallMachine.Options(policy) with { SwapPages = 100, SharedMappings = 4096, Order = order });
            MemoryCgroup memcg = Engine.CreateMemcg("m");
            Space = Engine.CreateAddressSpace("s", 100, memcg);
            Mapping = Engine.CreateAddressSpace("mapping", 100, memcg);
            AddressSpace other = Engine.CreateAddressSpace("other", 100, memcg);
            PageFile = Engine.CreateFile(100);
            Engine.Map(Mapping, 0, 100, PageFile);
            Engine.Map(other, 0, 100, PageFile);
            AccessTally tally = default;
            Engine.Access(Space, [50], ref tally);
            while (Engine.IsResident(Space, 50))
                Engine.Reclaim(new ReclaimRequest(1));
            Engine.Access(Mapping, [0, 1], ref tally);
            Engine.Access(other, [1], ref tally);
            Engine.AccessFile(PageFile, 2, false, memcg, 0, ref tally);
            Engine.Access(Space, [0], ref tally);
            View = Engine.Host.ViewOf(memcg, Engine.Nodes[0]);
            AnonSlot = Space.BaseSlot;
            Anon = Tables.FrameAt(AnonSlot);
            File = Tables.FrameAt(FileSlot);
        }

        public Engine Engine { get; }

        public PolicyView View { get; }

        public AddressSpace Space { get; }

        public AddressSpace Mapping { get; }

        public PageFile PageFile { get; }

        public uint AnonSlot { get; }

        public uint Anon { get; }

        /// <summary>Frame and page-cache slot of the page that is mapped once.</summary>
        public uint File { get; }

        public uint FileSlot => PageFile.SlotOf(0);

        /// <summary>Page-cache slot of the page that is mapped twice.</summary>
        public uint SharedSlot => PageFile.SlotOf(1);

        /// <summary>Page-cache slot of the page that was read by descriptor.</summary>
        public uint UnmappedSlot => PageFile.SlotOf(2);

        public MachineState Machine => Engine.Machine;

        public FrameTable Frames => Machine.Frames;

        public LeafTables Tables => Machine.Tables;

        public ref LruList List(int list) => ref Machine.Lists.ListAt(View.Lruvec.Lists, list);

        public void Isolate(uint pfn)
        {
            FolioBatch batch = default;
            View.TryIsolate(pfn, ref batch);
        }

        public void PublishUnlinked(uint pfn)
        {
            View.Unlink(pfn);
            Frames.Publish(pfn, 0);
        }

        /// <summary>Opens a chunk on a list that has none, empties it and forgets the list's ends.</summary>
        public void LoseChunk()
        {
            ListsOf lruvec = View.Lruvec.Lists;
            foreach (int list in (int[])[3, 0])
            {
                Machine.Lists.TryTake(lruvec, Anon, out _);
                Machine.Lists.AddHead(lruvec, list, Anon);
            }

            FrameLists.Reset(ref List(3));
        }

        /// <summary>Makes a chain and forgets where it begins.</summary>
        public void LoseLink()
        {
            Machine.Rmap.TryAdd(UnmappedSlot, Space.BaseSlot + 91);
            Machine.Rmap.TryAdd(UnmappedSlot, Space.BaseSlot + 92);
            Tables.FileMapping[UnmappedSlot] = 0;
            Tables.Clear(Tables.Accessed, UnmappedSlot);
        }

        /// <summary>Makes the sum over the tree wrong without touching what a lruvec counts of its own.</summary>
        public void MiscountAbove()
        {
            Lruvec above = View.Lruvec.Parent!;
            above.CountResident(FolioType.Anon, 1);
            above.OwnResident[0]--;
        }

        /// <summary>Puts a frame on another list, and tells everybody but the block.</summary>
        public void MoveUnannounced(uint pfn)
        {
            List(ListOf(pfn)).Count--;
            Frames.Publish(pfn, NextGeneration(pfn));
            List(ListOf(pfn)).Count++;
        }

        public int ListOf(uint pfn) => Machine.Lists.ListOf(pfn);

        public int NextGeneration(uint pfn) => (ListOf(pfn) / 2 + 1) % 4;

        /// <summary>Charges a file page to the root, and tells everybody but the block.</summary>
        public void ChargeToRoot(uint slot)
        {
            Lruvec root = View.Lruvec.Parent!;
            int list = ListOf(Tables.FrameAt(slot));
            Tables.FileMemcg[slot] = 0;
            List(list).Count--;
            Machine.Lists.ListAt(root.Lists, list).Count++;
            View.Lruvec.CountResident(FolioType.File, -1);
            root.CountResident(FolioType.File, 1);
        }

        public void MapTwice()
        {
            Tables.Entry[AnonSlot + 1] = Anon;
            Tables.Set(Tables.Present, AnonSlot + 1);
        }

        public void Dispose() => Engine.Dispose();
    }
}
