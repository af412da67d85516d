using ReclaimNative.Lab.Policies;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Tests.Comparison;

public sealed class PolicyCatalogTests
{
    [Test]
    public void EveryListedPolicyCanBeDefinedUnderItsOwnName()
    {
        foreach (PolicyDescriptor descriptor in PolicyCatalog.Shelf.All)
            Assert.That(PolicyCatalog.Shelf.Parse(descriptor.Name).Define().Name, Is.EqualTo(descriptor.Name));
    }

    [TestCase("mglru-bloom", Mechanism.Bloom)]
    [TestCase("mglru-walk-pid", Mechanism.Walk | Mechanism.Pid)]
    [TestCase("classic-cost-refault", Mechanism.Cost | Mechanism.Refault)]
    public void ASwitchTurnsItsMechanismOffAndStaysInTheName(string text, Mechanism off)
    {
        PolicyDefinition definition = PolicyCatalog.Shelf.Parse(text).Define();

        Assert.That(definition.Name, Is.EqualTo(text));
        Assert.That(definition.Mechanisms, Is.EqualTo(definition.Descriptor.Defaults & ~off));
    }

    [Test]
    public void ASwitchTurnsAMechanismOn() =>
        Assert.That(PolicyCatalog.Shelf.Parse("classic+lookaround").Define().Mechanisms & Mechanism.Lookaround, Is.EqualTo(Mechanism.Lookaround));

    [TestCase("mglru@6.1", KernelVersion.V6_1)]
    [TestCase("classic@6.12", KernelVersion.V6_12)]
    [TestCase("mglru@6.18-walk+bloom", KernelVersion.V6_18)]
    [TestCase("mglru@fixed", KernelVersion.Fixed)]
    [TestCase("mglru", KernelVersion.Fixed)]
    public void AVersionIsThatOfThePolicyAndOfTheEngineItAsksFor(string text, KernelVersion version)
    {
        PolicyChoice choice = PolicyCatalog.Shelf.Parse(text);

        Assert.That((choice.Version, choice.Define().Version, choice.Define().Name), Is.EqualTo((version, version, text)));
    }

    [TestCase("nosuch")]
    [TestCase("")]
    [TestCase("mglru@6.3")]
    [TestCase("mglru@")]
    [TestCase("fifo@6.1")]
    [TestCase("fifo+walk")]
    [TestCase("mglru+none")]
    [TestCase("mglru-walk-walk")]
    [TestCase("./a.so")]
    public void WhatDoesNotExistIsRefusedByName(string text) =>
        Assert.That(() => PolicyCatalog.Shelf.Parse(text), Throws.TypeOf<PolicyException>().With.Message.Contain(text.TrimStart('.', '/')));
}
