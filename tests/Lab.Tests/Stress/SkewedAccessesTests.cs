using ReclaimNative.Lab.Stress;

namespace ReclaimNative.Lab.Tests.Stress;

public sealed class SkewedAccessesTests
{
    private const uint TablePages = 512;

    [Test]
    public void FourOfFiveRunsGoToAFifthOfTheTables()
    {
        const uint tables = 1000;
        uint[] pages = [.. Words(tables * TablePages, 1 << 20).Select(w => w & ~Engine.WriteBit)];

        Assert.That(Enumerable.Range(0, (int)tables).Count(t => SkewedAccesses.IsHot((uint)t)), Is.EqualTo(200));
        double hot = pages.Count(p => SkewedAccesses.IsHot(p / TablePages)) / (double)pages.Length;
        Assert.That(hot, Is.EqualTo(0.8 + 0.2 * 0.2).Within(0.01), "the rest goes anywhere, to hot tables as well");
    }

    [Test]
    public void HotTablesAreNoStride()
    {
        uint[] hot = [.. Enumerable.Range(0, 5000).Select(t => (uint)t).Where(SkewedAccesses.IsHot)];

        Assert.That(hot.Select(t => t % 5).Distinct().Count(), Is.EqualTo(5));
        Assert.That(hot.Select(t => t / 5).Distinct().Count(), Is.EqualTo(1000), "one in each group of five");
    }

    [Test]
    public void ARunIsSixteenNeighboursThatReadOrWriteTogether()
    {
        uint[] words = Words(40_000, 1 << 16);
        uint[][] runs = [.. words.Chunk(SkewedAccesses.RunPages)];

        Assert.That(runs, Has.All.Matches<uint[]>(run => run![0] % 16 == 0 && run.Select((w, i) => w - (uint)i).Distinct().Count() == 1));
        Assert.That(runs.Count(run => (run[0] & Engine.WriteBit) != 0) / (double)runs.Length, Is.EqualTo(0.25).Within(0.03));
    }

    [TestCase(16u)]
    [TestCase(500u)]
    [TestCase(2559u)]
    [TestCase(2560u)]
    [TestCase(40_003u)]
    public void EveryPageOfWholeRunsIsReachedAndNoneBeyond(uint pages)
    {
        HashSet<uint> seen = [.. Words(pages, 1 << 22).Select(w => w & ~Engine.WriteBit)];

        Assert.That(seen.Max(), Is.EqualTo(pages / 16 * 16 - 1));
        Assert.That(seen, Has.Count.EqualTo(pages / 16 * 16));
    }

    [Test]
    public void ASeedAThreadAndAPhaseSayWhatComes()
    {
        Assert.That(Words(40_000, 4096), Is.EqualTo(Words(40_000, 4096)));
        Assert.That(Words(40_000, 4096, seed: 2), Is.Not.EqualTo(Words(40_000, 4096)));
        Assert.That(Words(40_000, 4096, thread: 1), Is.Not.EqualTo(Words(40_000, 4096)));
        Assert.That(Words(40_000, 4096, phase: 1), Is.Not.EqualTo(Words(40_000, 4096)));
    }

    [Test]
    public void BatchesFollowEachOther()
    {
        SkewedAccesses source = new(1, 0, 0);
        uint[] first = new uint[4096];
        uint[] second = new uint[4096];
        source.Fill(first, 40_000);
        source.Fill(second, 40_000);

        Assert.That(first.Concat(second), Is.EqualTo(Words(40_000, 8192)));
    }

    private static uint[] Words(uint pages, int count, ulong seed = 1, int thread = 0, int phase = 0)
    {
        SkewedAccesses source = new(seed, thread, phase);
        uint[] words = new uint[count];
        source.Fill(words, pages);
        return words;
    }
}
