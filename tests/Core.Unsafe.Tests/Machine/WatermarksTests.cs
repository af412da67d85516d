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
}
