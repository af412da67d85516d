using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

[TestFixture]
public class BuiltInScenarioTests
{
    private static string[] Files => [.. Directory.GetFiles(RepositoryFiles.Scenarios, "*.yaml").Order()];

    [Test]
    public void TheLibraryHasTheDemoAndMore() =>
        Assert.That(Array.ConvertAll(Files, f => Path.GetFileName(f)), Has.Member("demo.yaml").And.Length.GreaterThanOrEqualTo(3));

    [TestCaseSource(nameof(Files))]
    public void EachIsValidAndNamedLikeItsFile(string file) =>
        Assert.That(ScenarioReader.Load(file).Name, Is.EqualTo(Path.GetFileNameWithoutExtension(file)));

    [TestCaseSource(nameof(Files))]
    public void EachHasASummaryThatFitsALine(string file) =>
        Assert.That(ScenarioReader.Load(file).Summary, Has.Length.LessThanOrEqualTo(110));

    [TestCaseSource(nameof(Files))]
    public void EachComparesClassicWithMglru(string file) =>
        Assert.That(ScenarioReader.Load(file).Policies, Is.SupersetOf(Compared));

    [Test]
    public void TheDemoHasTwoNodesARecordedTraceAndThreePolicies()
    {
        Scenario demo = ScenarioReader.Load(Path.Combine(RepositoryFiles.Scenarios, "demo.yaml"));

        Assert.That(demo.Nodes, Has.Length.EqualTo(2));
        Assert.That(demo.Processes.Count(p => p.TracePath is not null), Is.EqualTo(1));
        Assert.That(demo.Policies, Has.Length.EqualTo(3));
        Assert.That(demo.Accesses, Is.EqualTo(3_000_000));
    }

    // A limit that is never met shows nothing. (The trace's pages are checked in RecordedTraceTests.)
    [TestCaseSource(nameof(Files))]
    public void EveryPatternNeedsMoreThanItsLimitAlone(string file)
    {
        Scenario scenario = ScenarioReader.Load(file);
        foreach (MemcgSpec memcg in scenario.Memcgs.Where(m => m.MaxPages != MemcgSpec.Unlimited))
        {
            ProcessSpec[] under = [.. scenario.Processes.Where(p => p.Memcg == memcg.Path || p.Memcg.StartsWith(memcg.Path + "/", StringComparison.Ordinal))];
            if (under.All(p => p.Pattern is not null))
                Assert.That(under.Sum(p => p.Pattern!.Pages), Is.GreaterThan(memcg.MaxPages), memcg.Path);
        }
    }

    private static readonly string[] Compared = ["classic", "mglru"];
}
