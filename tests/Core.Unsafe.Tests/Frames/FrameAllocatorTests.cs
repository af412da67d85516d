using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.Tests.Frames;

public class FrameAllocatorTests
{
    [Test]
    public void EveryFrameIsHandedOutOnceUntilItIsReturned([Values(1, 2)] int seed)
    {
        using var store = new ColumnStore();
        var allocator = new FrameAllocator(store, 100, 50);
        HashSet<uint> held = [];
        var random = new Random(seed);
        for (int step = 0; step < 2000; step++)
        {
            string where = $"seed {seed}, step {step}";
            if (random.Next(5) < 3)
            {
                uint pfn = allocator.Take();
                Assert.That(pfn == FrameTable.NoFrame, Is.EqualTo(held.Count == 50), where);
                if (pfn != FrameTable.NoFrame)
                {
                    Assert.That(pfn, Is.InRange(100u, 149u), where);
                    Assert.That(held.Add(pfn), Is.True, $"{where}: frame {pfn} is in use");
                }
            }
            else if (held.Count > 0)
            {
                uint pfn = held.ElementAt(random.Next(held.Count));
                held.Remove(pfn);
                allocator.Return(pfn);
            }

            Assert.That(allocator.Free, Is.EqualTo((uint)(50 - held.Count)), where);
            int free = allocator.Returned.Length + (int)(150 - allocator.Untouched);
            Assert.That(free, Is.EqualTo(50 - held.Count), where);
        }
    }
}
