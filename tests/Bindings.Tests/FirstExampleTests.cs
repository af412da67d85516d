using System.Text.RegularExpressions;

namespace ReclaimNative.Bindings.Tests;

/// <summary>examples/c/first.c, built by the command that stands at its top.</summary>
internal sealed partial class FirstExampleTests
{
    private string _program = "";

    [OneTimeSetUp]
    public void Build() => _program = Example.Build("first");

    [Test]
    public void ItShowsTheColdPagesGoingFirst()
    {
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(1), _program);
        TestContext.Out.WriteLine(run.Output);
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Errors, Is.Empty);
        Assert.That(run.Output, Does.StartWith("The process loads its memory: 1000 page faults."));

        int[][] rounds = [.. Round().Matches(run.Output).Select(m => m.Groups.Values.Skip(1).Select(g => int.Parse(g.Value)).ToArray())];
        Assert.That(rounds, Has.Length.EqualTo(3));
        Assert.That(rounds.Select(r => r[2]), Has.All.InRange(100, 227), "as many as asked, or some batches more");
        Assert.That(rounds[1][3] + rounds[2][3], Is.Zero, "once accessed bits tell, no page in use goes");
        Assert.That(rounds[1][1], Is.EqualTo(rounds[0][3]), "what went although it was in use comes back");
        Assert.That(rounds[1][4], Is.GreaterThan(rounds[0][4]), "the oldest go first");
        Assert.That(rounds[2][4], Is.GreaterThan(rounds[1][4]), "the oldest go first");
    }

    [Test]
    public void ItIsCleanUnderValgrind()
    {
        if (!Command.Exists("valgrind"))
            Assert.Ignore("valgrind is not installed.");
        Ended run = Command.Run(
            PublishedLibrary.Workplace, TimeSpan.FromMinutes(3), "valgrind", "--error-exitcode=99", "--leak-check=no", "-q", _program);
        if (run.Code is not (0 or 99))
            Assert.Ignore($"This valgrind can't run the library: {run}");
        Assert.That(run.Code, Is.Zero, run.ToString);
        Assert.That(run.Output, Does.Contain("Reclaim looked at"));
        Assert.That(run.Errors, Is.Empty);
    }

    [GeneratedRegex(@"^ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) ", RegexOptions.Multiline)]
    private static partial Regex Round();
}
