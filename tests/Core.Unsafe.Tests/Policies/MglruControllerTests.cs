using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Policies;

public class MglruControllerTests
{
    [TestCase(0, 0, 2, 63, 1000, 3, true)]
    [TestCase(0, 1000, 2, 64, 1000, 3, false)]
    [TestCase(100, 1000, 2, 64, 1000, 3, true)]
    [TestCase(100, 1000, 2, 140, 1000, 3, true)]
    [TestCase(100, 1000, 2, 143, 1000, 3, false)]
    [TestCase(100, 10000, 60, 500, 10000, 140, false)]
    [TestCase(500, 10000, 60, 100, 10000, 140, true)]
    [TestCase(500, 10000, 60, 2000, 10000, 140, false)]
    public void TheControllerKeepsTheVariableThatRefaultsNoMoreThanTheSetPoint(
        long setRefaulted, long setTotal, long setGain, long refaulted, long total, long gain, bool evict) =>
        Assert.That(
            MglruPolicy.MayEvict(new(setRefaulted, setTotal, setGain), new(refaulted, total, gain)),
            Is.EqualTo(evict),
            "kernel-reclaim 13.5");

    [TestCase(7, 3, 0x1eu)]
    [TestCase(7, 0, 0x1cu)]
    [TestCase(7, 1, 0x1cu)]
    [TestCase(7, 4, 0x1fu)]
    public void ATokenHoldsTheOldestGenerationAndTheReferencesBeyondTheFirst(int minSeq, int refs, uint token) =>
        Assert.That(MglruPolicy.TokenOf((ulong)minSeq, refs), Is.EqualTo(token), "kernel-reclaim 13.6");

    [TestCase(1 << 20, 64, 12)]
    [TestCase(1 << 20, 1024, 10)]
    [TestCase(1 << 20, 16384, 6)]
    [TestCase(65536, 16384, 6)]
    [TestCase(1_000_000, 25600, 6)]
    public void ALargeReclaimStartsAtThePriorityOfItsSize(int reclaimable, int wanted, int priority) =>
        Assert.That(MglruPolicy.InitialPriority((ulong)reclaimable, (ulong)wanted), Is.EqualTo(priority), "kernel-reclaim 13.8");
}
