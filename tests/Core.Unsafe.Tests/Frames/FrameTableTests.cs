using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Lru;

namespace ReclaimNative.Tests.Frames;

public unsafe class FrameTableTests
{
    private const uint Frames = 200;
    private const FolioFlags Bitmaps = FolioFlags.Pinned | FolioFlags.Dirty | FolioFlags.Reclaim;

    [Test]
    public void TheOrderedFormHoldsEveryCombinationOfFlags([Values] bool concurrent)
    {
        using var machine = new ListMachine((int)Frames, 1, 1, concurrent);
        FrameTable frames = machine.Frames;
        FolioFlags before = frames.Flags(77);
        for (uint value = 1; value <= ushort.MaxValue; value++)
        {
            FolioFlags was = frames.Change(77, (FolioFlags)ushort.MaxValue, (FolioFlags)value);
            if (was != before || frames.Flags(77) != (FolioFlags)value)
                Assert.Fail($"{before} was answered as {was}; {(FolioFlags)value} became {frames.Flags(77)}");
            bool changed = frames.TryChange(77, (FolioFlags)value, (FolioFlags)value, (FolioFlags)(ushort)~value | FolioFlags.Isolated);
            before = frames.Flags(77);
            if (!changed || before != ((FolioFlags)(ushort)~value | FolioFlags.Isolated))
                Assert.Fail($"{(FolioFlags)value} became {before}");
            if (frames.TryChange(77, (FolioFlags)value, FolioFlags.None, FolioFlags.Lru) && before != (FolioFlags)value)
                Assert.Fail($"{before} was changed as if it were {(FolioFlags)value}");
            before = frames.Flags(77);
        }

        OthersAreAsTheyWere(frames);
    }

    [Test]
    public void TheUnorderedFormHoldsEveryCombinationOnAList(
        [Values] bool concurrent, [Values] FolioType type, [Values(0, 1, 2, 3)] int generation, [Values(0, 1, 2, 3)] int refs)
    {
        using var machine = new ListMachine((int)Frames, 1, 8, concurrent, ListOrder.Unordered);
        FrameTable frames = machine.Frames;
        var refsField = (FolioFlags)((uint)refs << FolioField.RefsShift);
        foreach (FolioFlags own in Combinations(FolioFlags.Referenced, FolioFlags.Workingset, FolioFlags.Pinned, FolioFlags.Dirty, FolioFlags.Reclaim))
        {
            machine.Renew(77, type, 0);
            frames.Set(77, own | refsField);
            FolioFlags kept = Kept(own, type) | refsField | TypeFlag(type);
            Assert.That(frames.Flags(77), Is.EqualTo(kept | FolioFlags.Isolated), "fresh");
            Assert.That(frames.TypeOf(77), Is.EqualTo(type));

            frames.Publish(77, generation);
            FolioFlags listed = kept | FolioFlags.Lru | (FolioFlags)((uint)(generation + 1) << FolioField.GenerationShift);
            Assert.That(frames.Flags(77), Is.EqualTo(listed), "on a list");
            Assert.That(frames.OwnerOf(77), Is.EqualTo(machine.SlotOf(77)));

            // A change to another generation and back, bit by bit and at once.
            var next = (FolioFlags)((uint)((generation + 1) % 4 + 1) << FolioField.GenerationShift);
            Assert.That(frames.TryChange(77, listed, FolioFlags.GenerationMask, next), Is.True);
            Assert.That(frames.TryChange(77, listed, FolioFlags.GenerationMask, FolioFlags.None), Is.False, "it has changed");
            Assert.That(frames.Flags(77), Is.EqualTo(listed & ~FolioFlags.GenerationMask | next));
            Assert.That(frames.TryChange(77, listed & ~FolioFlags.GenerationMask | next, FolioFlags.GenerationMask, listed & FolioFlags.GenerationMask), Is.True);

            Assert.That(frames.TryClaim(77, out FolioFlags before), Is.True);
            Assert.That(before, Is.EqualTo(listed));
            Assert.That(frames.TryClaim(77, out _), Is.False, "it is claimed");
            Assert.That(frames.Flags(77), Is.EqualTo(kept | FolioFlags.Isolated), "claimed, it has no generation");
            frames.Restore(77, before);
            Assert.That(frames.Flags(77), Is.EqualTo(listed), "as if it had not been claimed");

            frames.TryClaim(77, out _);
            frames.Set(77, FolioFlags.Active);
            Assert.That(frames.Flags(77), Is.EqualTo(kept | FolioFlags.Isolated | FolioFlags.Active), "a message while isolated");
            frames.Publish(77, generation);
            Assert.That(frames.Flags(77), Is.EqualTo(listed), "and none on a list");
            Assert.That(frames.Change(77, (FolioFlags)uint.MaxValue & ~(FolioFlags.Lru | FolioFlags.GenerationMask | FolioFlags.SwapBacked), FolioFlags.None) & ~Bitmaps, Is.EqualTo(listed & ~Bitmaps));
            Assert.That(frames.Flags(77), Is.EqualTo(listed & (FolioFlags.Lru | FolioFlags.GenerationMask | FolioFlags.SwapBacked)), "all taken back");
            frames.TryClaim(77, out _);
            frames.Set(77, own);
            frames.Release(77);
            Assert.That(frames.Flags(77), Is.EqualTo(FolioFlags.None), "nothing is left to the next page in the frame");
        }

        OthersAreAsTheyWere(frames);
    }

    [Test]
    public void WhatTheUnorderedFormCanNotHoldIsDroppedAndNotMistaken([Values] bool concurrent)
    {
        using var machine = new ListMachine((int)Frames, 1, 8, concurrent, ListOrder.Unordered);
        machine.Frames.Set(77, FolioFlags.Young | FolioFlags.Writeback);

        Assert.That(machine.Frames.Flags(77), Is.EqualTo(FolioFlags.Isolated));
        OthersAreAsTheyWere(machine.Frames);
    }

    [Test]
    public void WhereIdleAgesAreKeptTheUnorderedFormHoldsYoungToo([Values] bool concurrent, [Values] FolioType type)
    {
        using var machine = new ListMachine((int)Frames, 1, 8, concurrent, ListOrder.Unordered, keepsYoung: true);
        FrameTable frames = machine.Frames;
        machine.Renew(77, type, 0);
        FolioFlags fresh = frames.Flags(77);
        frames.Set(77, FolioFlags.Young | FolioFlags.Writeback);
        Assert.That(frames.Flags(77), Is.EqualTo(fresh | FolioFlags.Young));

        frames.Publish(77, 2);
        Assert.That(frames.Has(77, FolioFlags.Young), Is.True, "on a list as well");
        Assert.That(frames.TryClaim(77, out FolioFlags before), Is.True);
        Assert.That(before & FolioFlags.Young, Is.EqualTo(FolioFlags.Young));
        Assert.That(frames.Change(77, FolioFlags.Young, FolioFlags.Referenced) & FolioFlags.Young, Is.EqualTo(FolioFlags.Young));
        Assert.That(frames.Has(77, FolioFlags.Young), Is.False);
        frames.Set(77, FolioFlags.Young);
        frames.Release(77);
        Assert.That(frames.Flags(77), Is.EqualTo(FolioFlags.None), "nothing is left to the next page in the frame");
        machine.Renew(77, type, 0);
        Assert.That(frames.Flags(77), Is.EqualTo(fresh));
        OthersAreAsTheyWere(frames);
    }

    [Test]
    public void ALateNoteOnAFreeFrameIsLostWhereSeveralThreadsRun([Values] ListOrder order)
    {
        using var machine = new ListMachine((int)Frames, 1, 8, concurrent: true, order);
        machine.Frames.Release(77);

        machine.Frames.Set(77, FolioFlags.Referenced | FolioFlags.Workingset);

        Assert.That(machine.Frames.Flags(77), Is.EqualTo(FolioFlags.None));
    }

    [Test]
    public void RestoringAClaimKeepsWhatOthersHaveSetMeanwhile([Values] bool concurrent)
    {
        using var machine = new ListMachine((int)Frames, 1, 1, concurrent);
        FrameTable frames = machine.Frames;
        machine.Ordered.AddHead(ref machine.EndsOf(0), 0, 77, machine.SlotOf(77));
        frames.Publish(77, 0);
        frames.Set(77, FolioFlags.Referenced | FolioFlags.Young);
        frames.TryClaim(77, out FolioFlags before);
        frames.Set(77, FolioFlags.Dirty | FolioFlags.Pinned);

        frames.Restore(77, before & ~FolioFlags.Young | FolioFlags.Workingset);

        Assert.That(frames.Flags(77), Is.EqualTo(
            FolioFlags.Lru | FolioFlags.Referenced | FolioFlags.Workingset | FolioFlags.Dirty | FolioFlags.Pinned));
    }

    [Test]
    public void ACgroupIsThatOfTheOwnersTableOrPageCacheSlot([Values] ListOrder order)
    {
        using var machine = new ListMachine(1000, 1, 8, concurrent: false, order);
        for (uint table = 0; table < machine.Tables.Count; table++)
            machine.Tables.Memcg[table] = (ushort)(table + 100);
        machine.Renew(77, FolioType.File, 9);
        machine.Renew(900, FolioType.Anon, 9);

        Assert.That(machine.Frames.MemcgOf(77), Is.EqualTo(9));
        Assert.That(machine.Frames.MemcgOf(900), Is.EqualTo(100 + machine.SlotOf(900) / LeafTables.Entries));

        machine.Lists.AddHead(machine.Lruvec(0), 1, 77);
        machine.Lists.AddHead(machine.Lruvec(0), 0, 900);
        Assert.That(machine.Frames.MemcgOf(77), Is.EqualTo(9), "on a list its word is a position");
        Assert.That(machine.Frames.MemcgOf(900), Is.EqualTo(100 + machine.SlotOf(900) / LeafTables.Entries));
    }

    private static FolioFlags TypeFlag(FolioType type) => type == FolioType.Anon ? FolioFlags.SwapBacked : FolioFlags.None;

    /// <summary>Of an anonymous page only its table entry says that it is dirty, and nobody sets it aside for a flusher.</summary>
    private static FolioFlags Kept(FolioFlags flags, FolioType type) =>
        type == FolioType.File ? flags : flags & ~(FolioFlags.Dirty | FolioFlags.Reclaim);

    private static IEnumerable<FolioFlags> Combinations(params FolioFlags[] flags)
    {
        for (int chosen = 0; chosen < 1 << flags.Length; chosen++)
        {
            FolioFlags sum = FolioFlags.None;
            for (int i = 0; i < flags.Length; i++)
                sum |= (chosen >> i & 1) != 0 ? flags[i] : FolioFlags.None;
            yield return sum;
        }
    }

    private static void OthersAreAsTheyWere(FrameTable frames)
    {
        for (uint pfn = 0; pfn < Frames; pfn++)
        {
            if (pfn != 77)
                Assert.That(frames.Flags(pfn), Is.EqualTo(FolioFlags.Isolated), $"frame {pfn}");
        }
    }
}
