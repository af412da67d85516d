using System.Text.Json;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Proactive;
using ReclaimNative.Lab.Scenarios;
using ReclaimNative.Lab.Tests.Scenarios;

namespace ReclaimNative.Lab.Tests.Proactive;

public sealed class ScenarioTargetTests
{
    private static readonly NodeSet Node0 = NodeSet.OfMask(1);

    [Test]
    public void ARequestIsCarriedOutAtItsPointOfTheRun()
    {
        RequestReport report = Carry(new RequestSpec(Node0, 500) { Memcg = "/cold", Mode = ReclaimMode.Evict });

        Assert.That(report.Target, Does.Contain("after 60000 accesses"));
        Assert.That(report.Reclaimed, Is.InRange(500, 563));
        Assert.That(report.Demoted, Is.Zero);
        Assert.That(report.Nodes.Single(n => n.Node == 0).Scanned, Is.EqualTo(report.Scanned));
        Assert.That(report.Stop, Is.EqualTo("done"));
    }

    [Test]
    public void APreviewSaysWhatTheRequestComesTo()
    {
        RequestSpec request = new(Node0, 700) { Types = ReclaimTypes.Anon, Mode = ReclaimMode.Demote };

        RequestReport previewed = Carry(request with { IsPreview = true });
        RequestReport done = Carry(request);

        Assert.That(previewed.Nodes, Is.EqualTo(done.Nodes));
        Assert.That(done.Nodes.Sum(n => n.DemotedAnon), Is.EqualTo(done.Reclaimed).And.GreaterThanOrEqualTo(700));
    }

    [Test]
    public void LimitsAreHandedOn()
    {
        Assert.That(Carry(new RequestSpec(Node0, 5000) { MaxScanned = 100 }).Stop, Is.EqualTo("scan-limit"));
        Assert.That(Carry(new RequestSpec(Node0, 5000) { TimeLimit = TimeSpan.FromMicroseconds(1) }).Stop, Is.EqualTo("time-limit"));
    }

    [Test]
    public void ARequestForIdlePagesKnowsHowLongTheyHaveBeenIdle()
    {
        // After 60,000 accesses, which take 2 s, all pages are there, and most have not been used since they came.
        RequestReport idle = Carry(new RequestSpec(Node0, 100_000) { MinIdle = TimeSpan.FromSeconds(1), Mode = ReclaimMode.Evict });
        RequestReport never = Carry(new RequestSpec(Node0, 100_000) { MinIdle = TimeSpan.FromHours(1), Mode = ReclaimMode.Evict });

        Assert.That(idle.Age, Is.EqualTo("idle-age"));
        Assert.That(idle.Reclaimed, Is.InRange(1000, 34_000));
        Assert.That(never.Reclaimed, Is.Zero);
    }

    [Test]
    public void WhatTheMachineDoesNotHaveIsNamed()
    {
        Assert.That(() => Carry(new RequestSpec(Node0, 1) { Memcg = "/none" }), Throws.TypeOf<EngineException>().With.Message.Contains("'/none'"));
        Assert.That(() => Carry(new RequestSpec(NodeSet.OfMask(0b101), 1)), Throws.TypeOf<EngineException>().With.Message.Contains("0 to 1"));
    }

    [Test]
    public void TheDocumentHasEveryField()
    {
        using MemoryStream stream = new();
        RequestJson.Write(Carry(new RequestSpec(Node0, 300) { Swappiness = ReclaimRequest.AnonOnly, TimeLimit = TimeSpan.FromSeconds(2) }), stream);
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        JsonElement root = document.RootElement;

        Assert.That(root.GetProperty("schema").GetString(), Is.EqualTo("reclaim.request/1"));
        JsonElement request = root.GetProperty("request");
        Assert.That(request.GetProperty("swappiness").GetString(), Is.EqualTo("max"));
        Assert.That(request.GetProperty("time_limit_us").GetInt64(), Is.EqualTo(2_000_000));
        Assert.That(request.GetProperty("memcg").ValueKind, Is.EqualTo(JsonValueKind.Null));
        JsonElement result = root.GetProperty("result");
        Assert.That(
            result.GetProperty("nodes").EnumerateArray().Sum(n => n.GetProperty("demoted_anon").GetInt64() + n.GetProperty("evicted_anon").GetInt64()),
            Is.EqualTo(result.GetProperty("reclaimed").GetInt64()).And.GreaterThanOrEqualTo(300));
    }

    [Test]
    public void WordsStandForTheirValues()
    {
        Assert.That(Words.All<ReclaimTypes>(), Is.EqualTo((string[])["any", "file", "clean-file", "anon"]));
        Assert.That(Words.TryParse("clean-file", out ReclaimTypes types) && types == ReclaimTypes.CleanFile, Is.True);
        Assert.That(Words.TryParse("cleanfile", out types), Is.False);
    }

    private static RequestReport Carry(RequestSpec request) => new ScenarioTarget(
        ScenarioReader.Load(Path.Combine(RepositoryFiles.Scenarios, "cold-and-hot-tiers.yaml")),
        PolicyCatalog.Shelf.ParseList("classic")[0],
        60_000).Carry(request, CancellationToken.None);
}
