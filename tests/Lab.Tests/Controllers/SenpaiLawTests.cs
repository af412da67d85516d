using ReclaimNative.Lab.Controllers;

namespace ReclaimNative.Lab.Tests.Controllers;

public sealed class SenpaiLawTests
{
    private static readonly SenpaiLaw Defaults = new(PressureUs: 10_000, MaxProbe: 0.01, MaxBackoff: 1, CoeffProbe: 10, CoeffBackoff: 20);

    // Kernel-reclaim reference 13.8.
    [TestCase(0, -0.01)]
    [TestCase(1, -0.01)]
    [TestCase(1000, -0.01)]
    [TestCase(2000, -0.0025)]
    [TestCase(5000, -0.0004)]
    [TestCase(10_000, -0.0001)]
    [TestCase(20_000, 0.01)]
    [TestCase(50_000, 0.0625)]
    [TestCase(100_000, 0.25)]
    [TestCase(200_000, 1.0)]
    [TestCase(1_000_000, 1.0)]
    public void TheAdjustmentIsTheReferences(long integralUs, double expected) =>
        Assert.That(Defaults.Adjustment(integralUs), Is.EqualTo(expected).Within(1e-12));

    [TestCase(10_000, false)]
    [TestCase(10_001, true)]
    public void MoreThanAllowedIsTooMuch(long integralUs, bool tooMuch) => Assert.That(Defaults.IsTooMuch(integralUs), Is.EqualTo(tooMuch));
}
