using ReclaimNative.Frames;
using ReclaimNative.Memory;
using ReclaimNative.PageTables;

namespace ReclaimNative.Tests.PageTables;

public unsafe class ReverseMapTests
{
    private const int Frames = 12;

    [Test]
    public void MappingsAreThoseOfASetForEachFrame([Values(1, 2, 3)] int seed, [Values(0, 1, 2, 3, 10, 100)] int links)
    {
        using var store = new ColumnStore();
        var frames = new FrameTable(store, Frames);
        var map = new ReverseMap(store, frames, (uint)links);
        for (uint pfn = 0; pfn < Frames; pfn++)
            frames.Mapping[pfn] = FrameTable.NoSlot;
        var random = new Random(seed);
        List<uint>[] model = [.. Enumerable.Range(0, Frames).Select(_ => new List<uint>())];
        for (int step = 0; step < 5000; step++)
        {
            string where = $"seed {seed}, step {step}";
            uint pfn = (uint)random.Next(Frames);
            List<uint> slots = model[pfn];
            if (random.Next(5) < 3)
            {
                uint slot = (uint)step;
                bool fits = slots.Count == 0 || LinksOf(model) + (slots.Count == 1 ? 2 : 1) <= links;
                Assert.That(map.TryAdd(pfn, slot), Is.EqualTo(fits), where);
                if (fits)
                    slots.Add(slot);
            }
            else if (slots.Count > 0)
            {
                uint slot = slots[random.Next(slots.Count)];
                map.Remove(pfn, slot);
                slots.Remove(slot);
            }
            else
            {
                map.Remove(pfn, 1);
            }

            List<uint> found = [];
            foreach (uint slot in map.Of(pfn))
                found.Add(slot);
            Assert.That(found, Is.EquivalentTo(slots), where);
            Assert.That(map.FirstOf(pfn), slots.Count == 0 ? Is.EqualTo(FrameTable.NoSlot) : Is.AnyOf([.. slots.Cast<object>()]), where);
            Assert.That(frames.Has(pfn, FolioFlags.SharedMapping), Is.EqualTo(slots.Count > 1), where);
            Assert.That(map.CountLinksHeld(), Is.EqualTo((uint)LinksOf(model)), $"{where}: a link leaked");
        }
    }

    [Test]
    public void RemovingASlotThatIsNotThereChangesNothing()
    {
        using var store = new ColumnStore();
        var frames = new FrameTable(store, 1);
        var map = new ReverseMap(store, frames, 4);
        frames.Mapping[0] = FrameTable.NoSlot;
        map.TryAdd(0, 7);
        map.Remove(0, 8);
        Assert.That(map.FirstOf(0), Is.EqualTo(7));
        map.TryAdd(0, 9);
        map.Remove(0, 8);
        Assert.That(map.CountLinksHeld(), Is.EqualTo(2));
    }

    private static int LinksOf(List<uint>[] model) => model.Sum(s => s.Count > 1 ? s.Count : 0);
}
