using System.Diagnostics;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
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
        ("lru flag lost", w => w.Frames.Clear(w.Anon, FolioFlags.Lru), "without the lru flag"),
        ("isolated and forgotten", w => w.Isolate(w.Anon), "isolated"),
        ("on no list", w => w.View.Unlink(w.Anon), "on no list"),
        ("list count", w => w.View.Lruvec.Lists[0].Count++, "counts"),
        ("list head", w => w.View.Lruvec.Lists[0].Head = w.View.Lruvec.Lists[0].Tail, "its head is"),
        ("a list that was not declared", w => w.View.Lruvec.Lists[9].Count = 1, "its policy has"),
        ("own sum", w => w.View.Lruvec.OwnResident[0]++, "counts"),
        ("sum over the tree", w => w.MiscountAbove(), "sums up"),
        ("usage", w => w.View.Memcg.Usage++, "is charged"),
        ("usage above", w => w.Engine.Root.Usage--, "is charged"),
        ("another's frame", w => w.Frames.Memcg[w.Anon] = 0, "of another lruvec"),
        ("a free frame in use", w => w.Frames.Flags[4000] = FolioFlags.InUse, "free and"),
        ("a free frame with flags", w => w.Frames.Flags[4000] = FolioFlags.Young, "is free and has the flags"),
        ("freed while in use", w => w.Engine.Nodes[0].Allocator.Return(w.Anon), "free and"),
        ("freed twice", w => w.FreeTwice(), "freed twice"),
        ("owner", w => w.Frames.Owner[w.Anon]++, "does not name it"),
        ("entry", w => w.Tables.Entry[w.AnonSlot] = w.File, "does not name it"),
        ("present bit", w => LeafTables.Clear(w.Tables.Present, w.AnonSlot), "does not name it"),
        ("an entry too many", w => w.MapTwice(), "which is owned by slot"),
        ("accessed and absent", w => LeafTables.Set(w.Tables.Accessed, w.Space.BaseSlot + 90), "absent"),
        ("dirty and absent", w => LeafTables.Set(w.Tables.Dirty, w.Space.BaseSlot + 90), "absent"),
        ("no shadow", w => w.Tables.Entry[w.Space.BaseSlot + 90] = 6, "is no shadow"),
        ("a shadow where a file is mapped", w => w.Tables.Entry[w.Mapping.BaseSlot + 90] = 7, "instead of 0"),
        ("space's count", w => w.Space.Resident++, "counts"),
        ("file's count", w => w.PageFile.Resident--, "counts"),
        ("accessed in a page cache", w => LeafTables.Set(w.Tables.Accessed, w.PageFile.SlotOf(3)), "only page tables have"),
        ("reverse map points elsewhere", w => w.Frames.Mapping[w.File] = w.AnonSlot, "does not name it"),
        ("reverse map forgets", w => w.Frames.Mapping[w.File] = FrameTable.NoSlot, "reverse map does not know"),
        ("shared without a chain", w => w.Machine.Rmap.Remove(w.Shared, w.Mapping.BaseSlot + 1), "reverse map does not know"),
        ("marked as shared", w => w.Frames.Set(w.Anon, FolioFlags.SharedMapping), "heads a chain"),
        ("swap given back twice", w => w.Machine.ReturnSwap(), "swap pages"),
        ("swap taken for nothing", w => w.Machine.TryTakeSwap(), "swap pages"),
        ("a table of somebody else", w => w.Tables.Space[w.Space.FirstTable] = 77, "says that it belongs to"),
        ("a dirty reserve", w => w.Tables.Entry[w.Tables.Count * 512 - 1] = 1, "belongs to nobody"),
        ("areas", w => w.Space.Cover(new Vma(0, 200, null, 0, VmaFlags.None)), "cover"),
    ];

    public static IEnumerable<string> DamageNames => Damages.Select(d => d.Name);

    [TestCaseSource(nameof(DamageNames))]
    public void WhatIsBrokenIsNamed(string name)
    {
        (_, Action<World> damage, string says) = Damages.Single(d => d.Name == name);
        using var world = new World();
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
        lru.View.SetFlags(pfn, (FolioFlags)(3u << 16));
        Assert.That(lru.Engine.Validate(), Is.Null);

        lru.View.State<MglruPolicy.Generations>().MinSeq[1] = 3;
        Assert.That(lru.Engine.Validate(), Does.Contain("has 1 generations"));
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

    /// <summary>A cgroup with an anonymous page, a mapped one, a shared one and one in swap.</summary>
    private sealed class World : IDisposable
    {
        public World()
        {
            Engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { SwapPages = 10 });
            MemoryCgroup memcg = Engine.CreateMemcg("m");
            Space = Engine.CreateAddressSpace("s", 100, memcg);
            Mapping = Engine.CreateAddressSpace("mapping", 100, memcg);
            AddressSpace other = Engine.CreateAddressSpace("other", 100, memcg);
            PageFile = Engine.CreateFile(100);
            Engine.Map(Mapping, 0, 100, PageFile);
            Engine.Map(other, 0, 100, PageFile);
            AccessTally tally = default;
            Engine.Access(Space, [50], ref tally);
            Engine.Reclaim(new ReclaimRequest(1));
            Engine.Access(Mapping, [0, 1], ref tally);
            Engine.Access(other, [1], ref tally);
            Engine.Access(Space, [0], ref tally);
            View = Engine.Host.ViewOf(memcg, Engine.Nodes[0]);
            AnonSlot = Space.BaseSlot;
            Anon = Tables.FrameAt(AnonSlot);
            File = Tables.FrameAt(Mapping.BaseSlot);
            Shared = Tables.FrameAt(Mapping.BaseSlot + 1);
        }

        public Engine Engine { get; }

        public PolicyView View { get; }

        public AddressSpace Space { get; }

        public AddressSpace Mapping { get; }

        public PageFile PageFile { get; }

        public uint AnonSlot { get; }

        public uint Anon { get; }

        public uint File { get; }

        public uint Shared { get; }

        public MachineState Machine => Engine.Machine;

        public FrameTable Frames => Machine.Frames;

        public LeafTables Tables => Machine.Tables;

        public void Isolate(uint pfn)
        {
            FolioBatch batch = default;
            View.TryIsolate(pfn, ref batch);
        }

        /// <summary>Makes the sum over the tree wrong without touching what a lruvec counts of its own.</summary>
        public void MiscountAbove()
        {
            Lruvec above = View.Lruvec.Parent!;
            above.CountResident(FolioType.Anon, 1);
            above.OwnResident[0]--;
        }

        public void FreeTwice()
        {
            Engine.Discard(Space, 0, 1);
            Engine.Nodes[0].Allocator.Return(Anon);
        }

        public void MapTwice()
        {
            Tables.Entry[AnonSlot + 1] = Anon;
            LeafTables.Set(Tables.Present, AnonSlot + 1);
        }

        public void Dispose() => Engine.Dispose();
    }
}
