using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ReclaimNative.Bindings.Tests;

/// <summary>What the programs of examples/c say that they show.</summary>
internal sealed class ExampleTests
{
    [Test]
    public void APolicyInTheProgramKeepsWhatIsInUseThroughAScan()
    {
        string output = Example.Output("policy");
        long[] lru = Example.Numbers(output, "lru"), mglru = Example.Numbers(output, "mglru"), slru = Example.Numbers(output, "slru");
        Assert.Multiple(() =>
        {
            Assert.That(lru[0], Is.EqualTo(100 * (600 + 1500)), "with LRU every scan drives out all that is in use");
            Assert.That(slru[0], Is.EqualTo(600 + (100 * 1500)), "with SLRU no page in use goes, after it has come in");
            Assert.That(slru[0], Is.LessThan(mglru[0]));
            Assert.That(slru[3], Is.EqualTo(slru[0] - 1000), "all but what is in memory at the end was evicted");
            Assert.That(slru[4], Is.Zero, "the engine did not have to refuse anything");
        });
    }

    [Test]
    public void APreviewForetellsARequestAndAnOperationIsCancelled()
    {
        string output = Example.Output("proactive");
        long[] preview = Example.Numbers(output, "preview:"), request = Example.Numbers(output, "request:");
        Assert.Multiple(() =>
        {
            Assert.That(preview[0], Is.InRange(200, 263), "as many as asked, or a batch more");
            Assert.That(preview[2], Is.EqualTo(preview[3]), "a preview takes nothing");
            Assert.That(request[0], Is.EqualTo(preview[0]));
            Assert.That(request[1], Is.EqualTo(preview[0]), "the same pages");
            Assert.That(request[2], Is.Zero, "none of them in use");
            Assert.That(request[3], Is.EqualTo(preview[2] - request[0]));
        });

        long[] steps = [.. output.Split('\n').Where(l => l.StartsWith("  step:", StringComparison.Ordinal)).Select(l => Example.Numbers(l, "  step:")[0])];
        Assert.That(steps, Has.Length.GreaterThan(2));
        Assert.That(steps, Is.Ordered);
        Assert.That(steps[^1], Is.EqualTo(steps[^2]), "the step after the cancellation takes nothing");
        Assert.That(steps[^1], Is.InRange(1800, 9999), "it was cancelled when it was enough, and before it was all");
        Assert.That(Example.Numbers(output, "in steps: cancelled"), Is.EqualTo(new[] { steps[^1] }), "what the callback was told");
        Assert.That(Example.Numbers(output, "in time:"), Has.Length.EqualTo(1), "it ended, by its limit or because it was done");
    }

    [Test]
    public void ABufferPoolNeverReadsAWrongBlock()
    {
        string output = Example.Output("buffer_pool");
        long[] hits = Example.Numbers(output, "8192 blocks, "), written = Example.Numbers(output, "written: ");
        Assert.Multiple(() =>
        {
            Assert.That(hits[0], Is.EqualTo(1024));
            Assert.That(hits[1], Is.InRange(51, 99), "an eighth of the blocks serves most requests");
            Assert.That(written[0], Is.InRange(1024, written[1] - 1), "dirty blocks are written when they go, and once for several requests");
            Assert.That(written[2], Is.Positive, "some victims were used again before they were committed");
            Assert.That(written[3], Is.Zero, "wrong blocks");
        });
    }

    [Test]
    public void ATieringDaemonFollowsTheWorkingSet()
    {
        string output = Example.Output("tiering");
        double[] share = [.. Regex.Matches(output, @"^ *\d+ +([\d.]+) %", RegexOptions.Multiline).Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        Assert.That(share, Has.Length.EqualTo(24));
        Assert.Multiple(() =>
        {
            Assert.That(share[0], Is.LessThan(15), "the working set begins on the slow node");
            Assert.That(share[11], Is.GreaterThan(85), "it has been promoted");
            Assert.That(share[12], Is.LessThan(share[11] / 2), "it has moved, and what is on the fast node is of no use");
            Assert.That(share[23], Is.GreaterThan(85), "the daemon has followed it");
            Assert.That(Example.Numbers(output, "idle for three ticks or more and still on the fast node:")[0], Is.InRange(1, 511), "most of what idles has gone");
        });
    }

    [Test]
    public void WhatAnEngineDoesIsSeenInFourWaysThatAgree()
    {
        string program = Example.Build("stats");
        Ended run = Command.Run(PublishedLibrary.Workplace, TimeSpan.FromMinutes(1), program);
        Assert.That(run.Code, Is.Zero, run.ToString);
        TestContext.Out.WriteLine(run.Errors);
        long[] traced = Example.Numbers(run.Errors, "traced: ");
        long current = Example.Numbers(After(run.Errors, "memory.current\n"), "")[0];
        Assert.Multiple(() =>
        {
            Assert.That(current, Is.InRange(1, 8 << 20), "the limit that was written as text holds");
            Assert.That(run.Errors, Does.Contain("RECLAIM_E_INVALID"), "nonsense is refused as the kernel refuses it");
            Assert.That(Example.Numbers(run.Errors, "pswpout: ")[0], Is.EqualTo(4096 - (current / 4096)), "what is not in memory was written out");
            Assert.That(Example.Numbers(run.Errors, "  pswpout ")[0], Is.EqualTo(Example.Numbers(run.Errors, "pswpout: ")[0]), "all counters at once have the same");
            Assert.That(traced[0], Is.EqualTo(traced[1]).And.Positive, "what begins ends");
            Assert.That(traced[2], Is.EqualTo(4096 - (current / 4096)), "tracepoints tell of every page");
            Assert.That(traced[4], Is.EqualTo(traced[2]), "in whole as in batches");
        });
        using JsonDocument json = JsonDocument.Parse(run.Output);
        Assert.That(json.RootElement.GetProperty("schema").GetString(), Is.EqualTo("reclaim.stats/1"));
        JsonElement db = json.RootElement.GetProperty("memcgs").EnumerateArray().Single(m => m.GetProperty("path").GetString() == "/db");
        Assert.That(db.GetProperty("usage").GetInt64() * 4096, Is.EqualTo(current));
        Assert.That(db.GetProperty("counters").GetProperty("pswpout").GetInt64(), Is.EqualTo(traced[2]));
        Assert.That(run.Output, Does.Contain("\"postgres\""), "address spaces go by their names");
    }

    private static string After(string text, string mark) => text[(text.IndexOf(mark, StringComparison.Ordinal) + mark.Length)..];
}
