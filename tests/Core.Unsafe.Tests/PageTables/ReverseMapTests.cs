using ReclaimNative.Frames;
using ReclaimNative.Memory;
using ReclaimNative.PageTables;

namespace ReclaimNative.Tests.PageTables;

public class ReverseMapTests
{
    private const int Pages = 12;

    [Test]
    public void MappingsAreThoseOfASetForEachPage([Values(1, 2, 3)] int seed, [Values(0, 1, 2, 3, 10, 100)] int links, [Values] bool concurrent)
    {
        using var store = new ColumnStore();
        var tables = new LeafTables(store, 1, identity: false, concurrent);
        var map = new ReverseMap(store, tables, (uint)links, concurrent);
        var random = new Random(seed);
        List<uint>[] model = [.. Enumerable.Range(0, Pages).Select(_ => new List<uint>())];
        for (int step = 0; step < 5000; step++)
        {
            string where = $"seed {seed}, step {step}";
            uint page = (uint)random.Next(Pages);
            List<uint> slots = model[page];
            if (random.Next(5) < 3)
            {
                uint slot = (uint)step;
                bool fits = slots.Count == 0 || LinksOf(model) + (slots.Count == 1 ? 2 : 1) <= links;
                Assert.That(map.TryAdd(page, slot), Is.EqualTo(fits), where);
                if (fits)
                    slots.Add(slot);
            }
            else if (slots.Count > 0)
            {
                uint slot = slots[random.Next(slots.Count)];
                map.Remove(page, slot);
                slots.Remove(slot);
            }
            else
            {
                map.Remove(page, 1);
            }

            List<uint> found = [];
            foreach (uint slot in map.Of(page))
                found.Add(slot);
            Assert.That(found, Is.EquivalentTo(slots), where);
            Assert.That(map.FirstOf(page), slots.Count == 0 ? Is.EqualTo(FrameTable.NoSlot) : Is.AnyOf([.. slots.Cast<object>()]), where);
            Assert.That(map.IsShared(page), Is.EqualTo(slots.Count > 1), where);
            Assert.That(map.IsMapped(page), Is.EqualTo(slots.Count > 0), where);
            Assert.That(map.CountLinksHeld(), Is.EqualTo((uint)LinksOf(model)), $"{where}: a link leaked");
        }
    }

    [Test]
    public void RemovingASlotThatIsNotThereChangesNothing()
    {
        using var store = new ColumnStore();
        var map = new ReverseMap(store, new LeafTables(store, 1, identity: false, concurrent: false), 4, concurrent: false);
        map.TryAdd(0, 7);
        map.Remove(0, 8);
        Assert.That(map.FirstOf(0), Is.EqualTo(7));
        map.TryAdd(0, 9);
        map.Remove(0, 8);
        Assert.That(map.CountLinksHeld(), Is.EqualTo(2));
    }

    [Test]
    public void SlotZeroCanBeMappedAlthoughEmptyWordsAreZero()
    {
        using var store = new ColumnStore();
        var map = new ReverseMap(store, new LeafTables(store, 1, identity: false, concurrent: false), 4, concurrent: false);
        Assert.That(map.IsMapped(0), Is.False, "a page that was never mapped");

        map.TryAdd(0, 0);

        Assert.That((map.IsMapped(0), map.FirstOf(0)), Is.EqualTo((true, 0u)));
    }

    private static int LinksOf(List<uint>[] model) => model.Sum(s => s.Count > 1 ? s.Count : 0);
}
