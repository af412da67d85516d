using ReclaimNative.Lab.Reports;

namespace ReclaimNative.Lab.Tests.Reports;

public class ReportContextTests
{
    [TestCase("compare --memory 1%,64M", "reclaim compare --memory 1%,64M")]
    [TestCase("compare --trace /home/ann/traces/a.zst ./b.zst", "reclaim compare --trace a.zst ./b.zst")]
    [TestCase("compare --trace=/home/ann/a.zst", "reclaim compare --trace=a.zst")]
    [TestCase("run it's;rm", "reclaim run 'it'\\''s;rm'")]
    public void TheCommandCanBePastedAndNamesNoDirectoryOfTheMachine(string arguments, string command) =>
        Assert.That(ReportContext.CommandLineOf(arguments.Split(' ')), Is.EqualTo(command));

    [Test]
    public void AnEmptyArgumentIsKept() => Assert.That(ReportContext.CommandLineOf(["run", ""]), Is.EqualTo("reclaim run ''"));
}
