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
}
