using ReclaimNative.Mechanisms;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>The penalty of memory.high: kernel-reclaim 4.4 and 13.8.</summary>
public class HighThrottleTests
{
    [TestCase(101, 64, 1000, 6)]
    [TestCase(105, 64, 1000, 159)]
    [TestCase(110, 64, 1000, 639)]
    [TestCase(120, 64, 1000, 2000)]
    [TestCase(300, 64, 1000, 2000)]
    [TestCase(110, 16, 1000, 159)]
    [TestCase(110, 64, 250, 159)]
    [TestCase(110, 64, 100, 63)]
    [TestCase(100, 64, 1000, 0)]
    [TestCase(99, 64, 1000, 0)]
    public void ThePenaltyIsTheKernels(int percent, int pages, int hz, int ticks)
    {
        ulong overage = HighThrottle.Overage((ulong)percent * 1000, 100_000);

        Assert.That(HighThrottle.Penalty(overage, (ulong)pages, (ulong)hz), Is.EqualTo((ulong)ticks));
    }

    [TestCase(10, 1000, false)]
    [TestCase(11, 1000, true)]
    [TestCase(1, 100, false)]
    [TestCase(2, 100, true)]
    public void AHundredthOfASecondIsNotWaitedFor(int ticks, int hz, bool waits) =>
        Assert.That(HighThrottle.IsWorthIt((ulong)ticks, (ulong)hz), Is.EqualTo(waits));

    [TestCase(1ul, 0ul)]
    [TestCase(ulong.MaxValue, 0ul)]
    [TestCase(ulong.MaxValue, 1ul)]
    [TestCase(1ul << 52, 1ul)]
    public void TheFarthestIsTwoSeconds(ulong usage, ulong high) =>
        Assert.That(HighThrottle.Penalty(HighThrottle.Overage(usage, high), 64, 1000), Is.EqualTo(2000ul), "and nothing overflows on the way");

    [Test]
    public void MoreUsageMorePagesAndALowerLimitNeverMakeTheWaitShorter([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 2000; i++)
        {
            ulong high = (ulong)random.NextInt64(0, 1L << random.Next(1, 40));
            ulong usage = high + (ulong)random.NextInt64(0, 1L << random.Next(1, 40));
            ulong pages = (ulong)random.Next(1, 65);
            ulong hz = (ulong)random.Next(100, 1001);
            ulong penalty = Penalty(usage, high, pages, hz);

            Assert.That(penalty, Is.LessThanOrEqualTo(2 * hz));
            Assert.That(Penalty(usage + (ulong)random.Next(1000), high, pages, hz), Is.GreaterThanOrEqualTo(penalty));
            Assert.That(Penalty(usage, high, pages + 1, hz), Is.GreaterThanOrEqualTo(penalty));
            Assert.That(Penalty(usage, high - high / 3, pages, hz), Is.GreaterThanOrEqualTo(penalty));
        }
    }

    private static ulong Penalty(ulong usage, ulong high, ulong pages, ulong hz) =>
        HighThrottle.Penalty(HighThrottle.Overage(usage, high), pages, hz);
}
