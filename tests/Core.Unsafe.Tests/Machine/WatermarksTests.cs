using ReclaimNative.Machine;

namespace ReclaimNative.Tests.Machine;

public class WatermarksTests
{
    [TestCase(13734, 3375104, 17167, 20600)]
    [TestCase(3145, 772918, 3931, 4717)]
    [TestCase(0, 1000000, 1000, 2000, Description = "the scale factor alone: 10 of 10,000")]
    public void TheGapIsAQuarterOfMinOrAThousandthOfTheZone(int min, int managed, int low, int high)
    {
        Watermarks marks = Watermarks.FromMin((ulong)min, (ulong)managed);

        Assert.That((marks.Min, marks.Low, marks.High), Is.EqualTo(((ulong)min, (ulong)low, (ulong)high)), "kernel-reclaim 2.18");
    }

    [TestCase(256, 256, 32, Description = "128 KiB is the least")]
    [TestCase(1 << 20, 1 << 20, 2048, Description = "4 GiB: the root of 2^26 KiB is 8192 KiB")]
    [TestCase(1 << 18, 1 << 20, 512, Description = "a quarter of the machine has a quarter of it")]
    [TestCase(int.MaxValue, int.MaxValue, 65536, Description = "256 MiB is the most")]
    public void MinIsTheRootOfTheMachineSharedByItsNodes(int managed, int total, int min) =>
        Assert.That(Watermarks.ForNode((ulong)managed, (ulong)total).Min, Is.EqualTo((ulong)min));

    [Test]
    public void EveryNodesMarksAreInOrderAndEquallyFarApart([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 5000; i++)
        {
            ulong total = (ulong)random.NextInt64(1, 1L << random.Next(1, 45));
            ulong managed = (ulong)random.NextInt64(1, (long)total + 1);
            Watermarks marks = Watermarks.ForNode(managed, total);
            ulong gap = marks.Low - marks.Min;

            Assert.That(marks.Low, Is.GreaterThanOrEqualTo(marks.Min));
            Assert.That(marks.High - marks.Low, Is.EqualTo(gap));
            Assert.That(gap, Is.EqualTo(Math.Max(marks.Min / 4, managed / 1000)));
            Assert.That(marks.Min, Is.LessThanOrEqualTo(65536ul), "256 MiB, for all nodes together");
            Watermarks rest = Watermarks.ForNode(total - managed, total);
            Watermarks whole = Watermarks.ForNode(total, total);
            Assert.That(whole.Min, Is.GreaterThanOrEqualTo(32ul));
            Assert.That(whole.Min - marks.Min - rest.Min, Is.LessThanOrEqualTo(1ul), "the nodes share it");
            Assert.That(Watermarks.ForNode(total, total).Min, Is.GreaterThanOrEqualTo(Watermarks.ForNode((total + 1) / 2, (total + 1) / 2).Min));
            ulong kilobytes = Math.Clamp(whole.Min * 4, 128, 262144);
            if (whole.Min is > 32 and < 65536)
                Assert.That((UInt128)kilobytes * kilobytes, Is.InRange((UInt128)total * 64 - 10 * (UInt128)kilobytes, (UInt128)total * 64), "the root of 16 times the KiB, in whole pages");
        }
    }
}
