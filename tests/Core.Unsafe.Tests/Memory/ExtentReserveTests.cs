using ReclaimNative.Memory;

namespace ReclaimNative.Tests.Memory;

public class ExtentReserveTests
{
    [Test]
    public void RunsAreWhereFirstFitOnABitmapPutsThem([Values(1, 2, 3)] int seed, [Values(1, 50, 400)] int capacity)
    {
        var random = new Random(seed);
        var reserve = new ExtentReserve(0, (uint)capacity);
        bool[] used = new bool[capacity];
        List<(uint Start, uint Count)> taken = [];
        for (int step = 0; step < 3000; step++)
        {
            string where = $"seed {seed}, step {step}";
            if (taken.Count > 0 && random.Next(2) == 0)
            {
                int at = random.Next(taken.Count);
                (uint start, uint count) = taken[at];
                taken.RemoveAt(at);
                reserve.Return(start, count);
                used.AsSpan((int)start, (int)count).Clear();
            }
            else
            {
                uint wanted = (uint)random.Next(1, 12);
                int expected = FirstFit(used, (int)wanted);
                bool got = reserve.TryTake(wanted, out uint start);
                Assert.That(got, Is.EqualTo(expected >= 0), where);
                if (got)
                {
                    Assert.That(start, Is.EqualTo((uint)expected), where);
                    used.AsSpan(expected, (int)wanted).Fill(true);
                    taken.Add((start, wanted));
                }
            }

            Assert.That(reserve.LongestRun, Is.EqualTo((uint)LongestRun(used)), where);
        }
    }

    [Test]
    public void AnEmptyReserveGivesNothing() => Assert.That(new ExtentReserve(0, 0).TryTake(1, out _), Is.False);

    private static int FirstFit(bool[] used, int wanted)
    {
        for (int start = 0; start + wanted <= used.Length; start++)
        {
            if (!used.AsSpan(start, wanted).Contains(true))
                return start;
        }

        return -1;
    }

    private static int LongestRun(bool[] used)
    {
        int longest = 0;
        int run = 0;
        foreach (bool taken in used)
        {
            run = taken ? 0 : run + 1;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
