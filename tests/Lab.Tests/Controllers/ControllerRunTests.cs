using ReclaimNative.Lab.Controllers;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Lab.Tests.Scenarios;

namespace ReclaimNative.Lab.Tests.Controllers;

/// <summary>Controllers on the built-in scenario of hot and cold cgroups over two tiers, cut short, and with small parameters.</summary>
public sealed class ControllerRunTests
{
    private const string Eager = "senpai:interval=1:max_probe=0.05:min_mib=4";

    [Test]
    public void EachControllerHasItsRowsAndSavesWhatItIsFor([Values("classic", "mglru")] string policy)
    {
        ResultSet set = new ScenarioRun(TiersCutTo(1_500_000), PolicyCatalog.Shelf.ParseList(policy)) { Controllers = ControllerChoice.ParseList($"none,{Eager},demotion,far-memory:scan=5:warmup=10:promotion_percent=20") }.Run(null, null, default);

        Assert.That(set.Rows.Select(r => r.Trace).Distinct().Count(), Is.EqualTo(5));
        Assert.That(set.Rows.Take(3).Select(r => r.Controller), Is.EqualTo((string[])["none", ControllerChoice.ParseList(Eager)[0].Label, "demotion"]));
        (ResultRow none, ResultRow senpai, ResultRow demotion) = (set.Rows[0], set.Rows[1], set.Rows[2]);
        Assert.That(none.Refaults, Is.Zero, "nothing else reclaims");
        Assert.That(senpai.ResidentMean, Is.LessThan(0.9 * none.ResidentMean));
        Assert.That(set.Rows[3].ResidentMean, Is.LessThan(0.9 * none.ResidentMean));
        Assert.That(demotion.ResidentMean, Is.EqualTo(none.ResidentMean).Within(1), "what is demoted stays resident");
        Assert.That(Of(demotion, TimedCounters.TopTierMean), Is.EqualTo(0.8 * 36864).Within(70), "a fifth of the fast node is free");
        Assert.That((Of(none, TimedCounters.SlowTierUs), Of(demotion, TimedCounters.SlowTierUs) > 0), Is.EqualTo((0L, true)));
    }

    [Test]
    public void AtOneRateOfRefaultsTheRowsAreAtThatRateOrANoteSaysWhatLiesBetween()
    {
        IReadOnlyList<ControllerChoice> controllers = ControllerChoice.ParseList($"none,{Eager},demotion");
        ResultSet set = new ControllerComparison(TiersCutTo(800_000), PolicyCatalog.Shelf.ParseList("classic"), controllers, 40).Run(null, null, default);

        ResultRow senpai = set.Rows[1];
        double rate = Of(senpai, TimedCounters.Refaults) / (Of(senpai, TimedCounters.Us) / 1e6);
        Assert.That(Math.Abs(rate - 40) <= 0.8 || set.Notes.Any(n => n.StartsWith("classic senpai: no value", StringComparison.Ordinal)), Is.True, $"{rate}; {string.Join(' ', set.Notes)}");
        Assert.That(set.Notes, Has.Some.StartsWith("classic demotion does not come to that rate: most are 0 refaults a second"));
        Assert.That(senpai.Controller, Does.Contain("pressure_us="));
    }

    [Test]
    public void AScenarioWithoutTimeHasNoControllers() =>
        Assert.That(
            () => new ScenarioRun(ScenarioReader.Load(Path.Combine(RepositoryFiles.Scenarios, "demo.yaml"))) { Controllers = ControllerChoice.ParseList("senpai") },
            Throws.TypeOf<ControllerException>().With.Message.Contains("demo has no costs"));

    [Test]
    public void TheControllerIsAFieldOfTheJsonWhereThereIsOne()
    {
        ResultSet set = new ScenarioRun(TiersCutTo(100_000), PolicyCatalog.Shelf.ParseList("fifo")) { Controllers = ControllerChoice.ParseList("none") }.Run(null, null, default);
        using MemoryStream stream = new();
        ResultJson.Write(set, stream, complete: true);
        stream.Position = 0;

        Assert.That(ResultJsonReader.Read(stream).Rows.Select(r => r.Controller), Is.All.EqualTo("none"));
        Assert.That(set.Rows[0].Label, Is.EqualTo("fifo none"));
    }

    private static Scenario TiersCutTo(long accesses) =>
        ScenarioReader.Load(Path.Combine(RepositoryFiles.Scenarios, "cold-and-hot-tiers.yaml")) with { Accesses = accesses };

    private static long Of(ResultRow row, string counter) => row.Counters.Single(c => c.Name == counter).Value;
}
