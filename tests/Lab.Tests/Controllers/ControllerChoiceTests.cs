using ReclaimNative.Lab.Controllers;

namespace ReclaimNative.Lab.Tests.Controllers;

public sealed class ControllerChoiceTests
{
    [Test]
    public void AListIsReadWithItsParameters()
    {
        IReadOnlyList<ControllerChoice> list = ControllerChoice.ParseList("none, senpai:pressure_us=20000:interval=3,senpai");

        Assert.That(list.Select(c => c.Label), Is.EqualTo((string[])["none", "senpai:interval=3:pressure_us=20000", "senpai"]), "in the order of the kind's parameters");
        Assert.That(list[1].ValueOf("pressure_us"), Is.EqualTo(20_000));
        Assert.That(list[1].ValueOf("max_probe"), Is.EqualTo(0.01), "the default");
        Assert.That(list[2].With("max_probe", 0.5).Label, Is.EqualTo("senpai:max_probe=0.5"));
    }

    [TestCase("", "there is no controller ''; none, senpai")]
    [TestCase("senpai,", "there is no controller ''")]
    [TestCase("Senpai", "there is no controller 'Senpai'")]
    [TestCase("senpai,senpai", "controller 'senpai' is asked for twice")]
    [TestCase("senpai:", "'' is no parameter; name=value is accepted")]
    [TestCase("senpai:interval", "'interval' is no parameter")]
    [TestCase("senpai:=3", "'=3' is no parameter")]
    [TestCase("senpai:period=3", "controller 'senpai' has no parameter 'period'; interval, pressure_us")]
    [TestCase("none:interval=3", "controller 'none' has no parameter 'interval'; none is accepted")]
    [TestCase("senpai:interval=", "interval is ''; a whole number from 1 to 3600 is accepted")]
    [TestCase("senpai:interval=2.5", "interval is 2.5; a whole number from 1 to 3600 is accepted")]
    [TestCase("senpai:interval=-1", "interval is '-1'")]
    [TestCase("senpai:max_probe=1.5", "max_probe is 1.5; a number from 0 to 1 is accepted")]
    [TestCase("senpai:max_probe=NaN", "max_probe is NaN; a number from 0 to 1 is accepted")]
    [TestCase("senpai:interval=3:interval=4", "interval is given twice")]
    public void WhatIsNotAcceptedIsNamed(string list, string message) =>
        Assert.That(() => ControllerChoice.ParseList(list), Throws.TypeOf<ControllerException>().With.Message.Contains(message));

    [Test]
    public void EveryParameterAcceptsItsDefaultAndTheOneThatIsVariedExists()
    {
        foreach (ControllerDescriptor controller in ControllerCatalog.All)
        {
            foreach (ControllerParameter parameter in controller.Parameters)
                Assert.That(parameter.Default, Is.InRange(parameter.Least, parameter.Most), $"{controller.Name} {parameter.Name}");
            if (controller.Aggressiveness is { } name)
                Assert.That(controller.Parameters.Select(p => p.Name), Has.Member(name));
        }
    }
}
