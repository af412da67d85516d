using ReclaimNative.Lab.Fidelity;

namespace ReclaimNative.Lab.Tests.Fidelity;

/// <summary>Which row of a truth set is which policy, and how noisy it is.</summary>
public sealed class TruthPolicyTests
{
    [TestCase("6.1.0-56-cloud-amd64", "classic", "classic@6.1")]
    [TestCase("6.1.0-56-cloud-amd64", "mglru", "mglru@6.1")]
    [TestCase("6.1.0-56-cloud-amd64", "mglru1", "mglru@6.1-walk")]
    [TestCase("6.12.95+deb12-cloud-amd64", "classic", null)]
    [TestCase("6.12.95+deb12-cloud-amd64", "mglru", "mglru@6.12")]
    [TestCase("6.18.15+deb13-cloud-amd64", "classic", null)]
    [TestCase("6.18.15+deb13-cloud-amd64", "classicf", "classic@6.18")]
    [TestCase("6.18.15+deb13-cloud-amd64", "mglru1", "mglru@6.18-walk")]
    [TestCase("6.18.44-fc-v595", "classic", null)]
    [TestCase("6.18.44-fc-v595", "mglru", null)]
    [TestCase("6.18.15", "fifo", null)]
    public void PresetOfARow(string kernel, string policy, string? preset)
    {
        Assert.That(TruthPolicy.PresetOf(kernel, policy), Is.EqualTo(preset));
        if (preset is not null)
            Assert.That(TruthPolicy.ChoiceOf(preset).Descriptor.Name, Is.EqualTo(TruthPolicy.NameOf(preset)));
    }

    [Test]
    public void ASwitchDoesNotMakeAClass() => Assert.That(TruthPolicy.ClassOf("mglru@6.18-walk"), Is.EqualTo("mglru@6.18"));

    [TestCase("zipf08", "mglru@6.18", 1, 0.036)]
    [TestCase("loop", "mglru@6.18-walk", 1, 0.14)]
    [TestCase("loop", "mglru@6.12", 1, 0.014)]
    [TestCase("loop", "mglru@6.18", 2, 0.2)]
    public void TheSpreadIsMeasuredOrThatOfTheClass(string trace, string preset, int runs, double spread)
    {
        TruthCell cell = FidelityResultTests.Cell(preset, 1000, 0, trace: trace).Truth with { Runs = runs, MissesMin = 900, MissesMax = 1100 };

        Assert.That(KernelNoise.SpreadOf(cell, preset), Is.EqualTo(spread));
    }
}
