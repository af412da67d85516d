using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Stress;
using ReclaimNative.Lru;

namespace ReclaimNative.Lab.Tests.Stress;

public sealed class StressRunTests
{
    private const ulong Pages = 20_003;
    private const long Plenty = 1L << 40;

    [TestCase("mglru", ListOrder.Unordered, 1)]
    [TestCase("mglru", ListOrder.Unordered, 4)]
    [TestCase("mglru", ListOrder.Exact, 1)]
    [TestCase("mglru", ListOrder.Exact, 4)]
    [TestCase("classic", ListOrder.Exact, 1)]
    [TestCase("classic", ListOrder.Exact, 4)]
    [TestCase("sieve", ListOrder.Exact, 1)]
    public void EveryPhaseDoesItsWorkAndTheEngineIsWholeAfterwards(string policy, ListOrder order, int threads)
    {
        StressRow row = Run(Options(policy) with { Order = order, Threads = threads, Pages = [Pages] }).Rows.Single();

        Assert.That(row.Problem, Is.Null);
        Assert.That((row.Pages, row.Threads, row.Policy, row.Order), Is.EqualTo((Pages, threads, policy, order)));
        Assert.That(row.MappedEntries, Is.EqualTo((long)Pages));
        Assert.That(row.Frames, threads == 1 ? Is.EqualTo((long)Pages) : Is.InRange((long)Pages - 31 * threads, (long)Pages), "the rest is in batches");
        Assert.That(row.Accesses.Count, Is.EqualTo(threads * 128L * 4096));
        Assert.That(row.MixedAccesses.Count, Is.EqualTo(threads * 128L * 4096));
        Assert.That(row.EntriesScanned.Count, policy == "mglru" ? Is.InRange(Pages / 2, 2 * Pages) : Is.Zero);
        Assert.That(row.Reclaimed.Count, Is.GreaterThanOrEqualTo((long)Pages / 50));
        Assert.That(row.MixedFaults, Is.GreaterThan(1000), "memory is short");
        Assert.That(row.MixedReclaimed.Count, Is.EqualTo(row.MixedFaults).Within((long)Pages / 10), "what comes in takes the place of what goes out");
        Assert.That(row.Refused, Is.Zero);
    }

    [TestCase("mglru", ListOrder.Unordered)]
    [TestCase("classic", ListOrder.Exact)]
    public void OneThreadRepeatsItself(string policy, ListOrder order)
    {
        StressOptions options = Options(policy) with { Order = order, Pages = [Pages] };

        Assert.That(Counts(options), Is.EqualTo(Counts(options)));
        Assert.That(Counts(options with { Seed = 2 }), Is.Not.EqualTo(Counts(options)));
    }

    [TestCase(64)]
    [TestCase(128)]
    [TestCase(256)]
    [TestCase(512)]
    public void EveryVectorWidthGivesTheSameRun(int bits)
    {
        StressOptions options = Options("mglru") with { Order = ListOrder.Unordered, Pages = [Pages] };

        Assert.That(Counts(options with { VectorBits = bits }), Is.EqualTo(Counts(options with { VectorBits = 64 })));
        Assert.That(Run(options with { VectorBits = bits }).Rows.Single().VectorBits, Is.LessThanOrEqualTo(bits));
    }

    [Test]
    public void ByTheClockAPhaseLastsAsLongAsIsAsked()
    {
        StressRow row = Run(Options("mglru") with { Threads = 2, Pages = [Pages], Seconds = 0.1 }).Rows.Single();

        Assert.That(row.Problem, Is.Null);
        Assert.That(row.Accesses.Seconds, Is.GreaterThanOrEqualTo(0.1));
        Assert.That(row.MixedAccesses.Seconds, Is.GreaterThanOrEqualTo(0.1));
        Assert.That(row.Accesses.Count % 4096, Is.Zero);
    }

    [Test]
    public void EachSizeIsARow()
    {
        StressRun run = new(Options("mglru") with { Pages = [Pages, 2 * Pages] });
        int steps = 0;
        List<string> told = [];
        StressResult result = run.Run(told.Add, step => steps += step, default);

        Assert.That(result.Rows.Select(r => r.Pages), Is.EqualTo((ulong[])[Pages, 2 * Pages]));
        Assert.That(steps, Is.EqualTo(run.TotalSteps));
        Assert.That(told, Has.Member("20003 pages: populating").And.Member("40006 pages: validating"));
        Assert.That(result.Notes, Is.Empty);
    }

    [Test]
    public void ARunThatIsStoppedKeepsTheSizesThatWereFinishedAndSaysSo()
    {
        using CancellationTokenSource stop = new();
        StressResult result = new StressRun(Options("mglru") with { Pages = [Pages, 2 * Pages, 3 * Pages] }).Run(
            what =>
            {
                if (what == "40006 pages: reclaiming")
                    stop.Cancel();
            },
            null,
            stop.Token);

        Assert.That(result.Rows.Select(r => r.Pages), Is.EqualTo((ulong[])[Pages]));
        Assert.That(result.Notes.Single(), Does.Contain("1 of 3"));
    }

    [Test]
    public void WhatDoesNotFitIsNamedAndLeftOut()
    {
        StressRun run = new(Options("mglru") with { Pages = [1 << 20, 1 << 30] }, availableBytes: 1L << 30);

        Assert.That(run.Sizes, Is.EqualTo((ulong[])[1 << 20]));
        Assert.That(run.LeftOut.Single(), Does.StartWith("1G pages are left out").And.Contain("0.9 GiB can be taken"));
    }

    [Test]
    public void LeftToItselfItTakesTheStandardSizesThatFitAndTheLargestThatDoes()
    {
        StressRun run = new(Options("mglru"), availableBytes: 8L << 30);

        Assert.That(run.Sizes.Take(2), Is.EqualTo((ulong[])[1 << 20, 64 << 20]));
        Assert.That(run.LeftOut.Single(), Does.StartWith("1G pages are left out"));
        ulong largest = run.Sizes[2];
        Assert.That(run.Sizes, Has.Count.EqualTo(3));
        using StressMachine machine = StressMachine.Build(Options("mglru"), largest);
        Assert.That(machine.MeasureColumns().Full + largest / 8, Is.EqualTo(15.0 / 16 * (8L << 30)).Within(1).Percent, "a sixteenth is left to others");
    }

    [TestCase(ListOrder.Unordered, StressOptions.MaxPages)]
    [TestCase(ListOrder.Exact, StressOptions.MaxPagesInOrder)]
    public void OnALargeMachineTheLargestIsWhatNumbersAllow(ListOrder order, ulong most)
    {
        StressRun run = new(Options("mglru") with { Order = order, Threads = 2 }, Plenty);

        Assert.That(run.Sizes, Is.EqualTo((ulong[])[1 << 20, 64 << 20, 1 << 30, most >> 20 << 20]));
        Assert.That(run.LeftOut, Is.Empty);
        Assert.That(() => StressMachine.Build(Options("mglru") with { Order = order, Threads = 2 }, most).Dispose(), Throws.Nothing);
    }

    private static StressOptions Options(string policy) => new() { Policy = PolicyCatalog.Shelf.Parse(policy), Seconds = 0 };

    private static StressResult Run(StressOptions options) => new StressRun(options, Plenty).Run(null, null, default);

    private static string Counts(StressOptions options)
    {
        StressRow row = Run(options).Rows.Single();
        return $"{row.Frames} {row.MappedEntries} {row.Accesses.Count} {row.EntriesScanned.Count} {row.Reclaimed.Count} "
            + $"{row.MixedAccesses.Count} {row.MixedFaults} {row.MixedReclaimed.Count} {row.Refused}";
    }
}
