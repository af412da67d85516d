using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

[TestFixture]
public class PowerLawTests
{
    [Test]
    public void WeightsAgreeWithTheLibraryToTheLastBits([Values(0, 0.1, 0.8, 1, 1.2, 3.5, 8)] double skew)
    {
        for (uint rank = 1; rank != 0 && rank <= 1u << 31; rank += 1 + rank / 7)
        {
            double library = Math.Pow(rank, -skew);
            Assert.That(PowerLaw.Weight(rank, skew), Is.EqualTo(library).Within(library * 5e-14), $"rank {rank}");
        }
    }

    // The bits themselves, so that a platform that computes otherwise is noticed.
    [TestCase(1u, 0.8, 0x3FF0000000000000)]
    [TestCase(2u, 1, 0x3FE0000000000000)]
    public void WeightsHaveTheseBits(uint rank, double skew, long bits) =>
        Assert.That(BitConverter.DoubleToInt64Bits(PowerLaw.Weight(rank, skew)), Is.EqualTo(bits));
}
