using ReclaimNative.Frames;
using ReclaimNative.Lru;

namespace ReclaimNative.Tests.Lru;

public class FrameListsTests
{
    [Test]
    public void TwoListsHoldWhatTwoListsOfNumbersHold([Values(1, 2, 3)] int seed, [Values(1, 2, 3, 40)] int frames)
    {
        using var machine = new ListMachine(frames, 1, 2, concurrent: false);
        FrameLists lists = machine.Lists;
        ListsOf lruvec = machine.Lruvec(0);

        // Newest first, as Head is.
        List<uint>[] model = [[], []];
        var random = new Random(seed);
        for (int step = 0; step < 4000; step++)
        {
            uint pfn = (uint)random.Next(frames);
            int on = model[0].Contains(pfn) ? 0 : model[1].Contains(pfn) ? 1 : -1;
            if (on >= 0)
            {
                Assert.That(lists.ListOf(pfn), Is.EqualTo(on), $"seed {seed}, step {step}");
                Assert.That(lists.TryTake(lruvec, pfn, out _), Is.True, $"seed {seed}, step {step}");
                model[on].Remove(pfn);
            }
            else
            {
                int to = random.Next(2);
                if (random.Next(2) == 0)
                {
                    lists.AddHead(lruvec, to, pfn);
                    model[to].Insert(0, pfn);
                }
                else
                {
                    lists.AddTail(lruvec, to, pfn);
                    model[to].Add(pfn);
                }
            }

            for (int list = 0; list < 2; list++)
            {
                List<uint> down = [];
                for (uint at = lists.Head(lruvec, list); at != FrameTable.NoFrame; at = lists.TowardTail(at))
                    down.Add(at);
                List<uint> up = [];
                for (uint at = lists.Tail(lruvec, list); at != FrameTable.NoFrame; at = lists.TowardHead(lruvec, at))
                    up.Add(at);
                up.Reverse();
                Assert.That(down, Is.EqualTo(model[list]), $"seed {seed}, step {step}");
                Assert.That(up, Is.EqualTo(model[list]), $"seed {seed}, step {step}");
                Assert.That(lists.Count(lruvec, list), Is.EqualTo(model[list].Count), $"seed {seed}, step {step}");
            }
        }
    }
}
