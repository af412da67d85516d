using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>What may be written to a pressure file: kernel-reclaim 8.4 and row 19 of 15.</summary>
public class PressureTriggerTextTests
{
    [TestCase("some 150000 1000000", PressureStall.Some, 150_000, 1_000_000)]
    [TestCase("full 1 1", PressureStall.Full, 1, 1)]
    [TestCase("full 10000000 10000000\n", PressureStall.Full, 10_000_000, 10_000_000)]
    [TestCase("some \t100\n 200", PressureStall.Some, 100, 200)]
    [TestCase("some100 200", PressureStall.Some, 100, 200)]
    [TestCase("some 100 200 and more", PressureStall.Some, 100, 200)]
    [TestCase("some 100 200us", PressureStall.Some, 100, 200)]
    [TestCase("some 100 0000000000000000000000000200", PressureStall.Some, 100, 200)]
    public void TriggersAreReadToTheLastByte(string text, PressureStall stall, long thresholdUs, long windowUs) =>
        Assert.That(PressureTriggerText.Parse(text, KernelVersion.Fixed), Is.EqualTo(new PressureTriggerText(stall, thresholdUs, windowUs)));

    [TestCase("", "''")]
    [TestCase(" some 100 200", "' some 100 200'")]
    [TestCase("Some 100 200", "'Some 100 200'")]
    [TestCase("som", "'som'")]
    [TestCase("most 100 200", "'most 100 200'")]
    [TestCase("some", "no threshold:")]
    [TestCase("some -1 200", "no threshold but '-1 200'")]
    [TestCase("some 0x10 200", "no window but 'x10 200'")]
    [TestCase("some 100", "no window:")]
    [TestCase("some 100,200", "no window but ',200'")]
    [TestCase("some 100 0", "A window of 0 us")]
    [TestCase("some 100 10000001", "A window of 10000001 us")]
    [TestCase("some 100 18446744073709551617", "A window of 4294967295 or more us")]
    [TestCase("some 0 1000000", "A threshold of 0 us")]
    [TestCase("some 1000001 1000000", "A threshold of 1000001 us")]
    [TestCase("full 4294967296 4294967296", "A window of 4294967295 or more us")]
    public void WhatIsNoTriggerIsRefusedByTheWordAtFault(string text, string said) => Assert.That(
        () => PressureTriggerText.Parse(text, KernelVersion.Fixed),
        Throws.TypeOf<EngineException>().With.Message.Contains(said));

    [Test]
    public void KernelsUpTo618LoseTheLastByte([Values(KernelVersion.V6_12, KernelVersion.V6_18)] KernelVersion kernel)
    {
        Assert.That(PressureTriggerText.Parse("some 100000 20000000", kernel).WindowUs, Is.EqualTo(2_000_000), "what was measured on 6.18");
        Assert.That(PressureTriggerText.Parse("some 100000 2000000\n", kernel).WindowUs, Is.EqualTo(2_000_000), "a newline is what is meant to be lost");
        Assert.That(PressureTriggerText.Parse("some 1 2\0", kernel).WindowUs, Is.EqualTo(2), "or a zero");
        Assert.That(() => PressureTriggerText.Parse("some 1 2", kernel), Throws.TypeOf<EngineException>(), "no window is left");
        Assert.That(() => PressureTriggerText.Parse("some 100000 20000000", KernelVersion.Fixed), Throws.TypeOf<EngineException>(), "mended: what was written is what is read");
    }

    [Test]
    public void Version61HasNoWindowBelowHalfASecond()
    {
        Assert.That(PressureTriggerText.Parse("some 1 500000\n", KernelVersion.V6_1).WindowUs, Is.EqualTo(500_000));
        Assert.That(PressureTriggerText.Parse("some 1 499999\n", KernelVersion.V6_12).WindowUs, Is.EqualTo(499_999));
        Assert.That(
            () => PressureTriggerText.Parse("some 1 499999\n", KernelVersion.V6_1),
            Throws.TypeOf<EngineException>().With.Message.Contains("499999").And.Message.Contains("500000"));
    }
}
