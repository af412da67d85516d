using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>What holds for every kind of pattern.</summary>
[TestFixture]
public class AccessPatternTests
{
    private static readonly PatternSpec[] Specs =
    [
        new UniformSpec(1000, 0.3),
        new ZipfSpec(1000, 0.8, permute: true, 0.3),
        new ZipfSpec(1000, 1.2, permute: false, 0.3),
        new LoopSpec(1000, 0.3),
        new HotScanSpec(200, 800, 0.1, 0.8, 0.3),
        new PhaseSpec(1000, 150, 700, 0.95, 0.3),
        new WalkSpec(1000, 4, 0.3),
    ];

    // First accesses from seed 1, as FNV-1a of 10,000 accesses: a change of any generator changes every recorded result.
    [TestCase(0, 1976832839432140967ul)]
    [TestCase(1, 9523175814199661957ul)]
    [TestCase(2, 882172780200169329ul)]
    [TestCase(3, 15295166905776914709ul)]
    [TestCase(4, 13381006415845369227ul)]
    [TestCase(5, 5651410072345081503ul)]
    [TestCase(6, 17878069281774378133ul)]
    public void AccessesAreTheSameOnEveryPlatform(int spec, ulong expected)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (uint access in Draw(Specs[spec], seed: 1, 10_000))
            hash = unchecked((hash ^ access) * 0x100000001B3);
        Assert.That(hash, Is.EqualTo(expected), Specs[spec].ToString());
    }

    [TestCaseSource(nameof(Specs))]
    public void TheSameSeedGivesTheSameAccessesHoweverTheyAreCutUp(PatternSpec spec)
    {
        uint[] whole = Draw(spec, seed: 5, 5000);
        uint[] pieces = new uint[5000];
        AccessPattern pattern = spec.Create(5);
        for (int at = 0, length = 0; at < pieces.Length; at += length)
        {
            length = Math.Min(length * 2 + 1, pieces.Length - at);
            pattern.Fill(pieces.AsSpan(at, length));
            pattern.Fill([]);
        }

        Assert.That(pieces, Is.EqualTo(whole));
    }

    [TestCaseSource(nameof(Specs))]
    public void AnotherSeedGivesOtherAccesses(PatternSpec spec) =>
        Assert.That(Draw(spec, seed: 6, 5000), Is.Not.EqualTo(Draw(spec, seed: 5, 5000)));

    [TestCaseSource(nameof(Specs))]
    public void EveryPageInRangeIsTouchedAndNoneOutside(PatternSpec spec)
    {
        var seen = new HashSet<uint>(Draw(spec, seed: 5, 400_000).Select(Page));
        Assert.That(seen, Has.Count.EqualTo((int)spec.Pages));
        Assert.That(seen.Max(), Is.EqualTo(spec.Pages - 1));
    }

    [TestCaseSource(nameof(Specs))]
    public void FillAllocatesNothing(PatternSpec spec)
    {
        AccessPattern pattern = spec.Create(5);
        uint[] batch = new uint[512];
        pattern.Fill(batch);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            pattern.Fill(batch);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [TestCaseSource(nameof(Specs))]
    public void TheWriteShareIsAsAskedAndLeavesThePagesAlone(PatternSpec spec)
    {
        uint[] accesses = Draw(spec, seed: 5, 200_000);
        uint writable = spec is HotScanSpec scan ? scan.Hot : spec.Pages;
        int candidates = accesses.Count(a => Page(a) < writable);
        int writes = accesses.Count(a => a >= AccessPattern.WriteBit);

        // Binomial(candidates, 0.3) within five standard deviations.
        Assert.That(writes, Is.EqualTo(0.3 * candidates).Within(5 * Math.Sqrt(candidates * 0.3 * 0.7)));
        Assert.That(accesses.Select(Page), Is.EqualTo(Draw(WithoutWrites(spec), seed: 5, 200_000)));
    }

    [Test]
    public void AWriteShareOfOneWritesEveryTime() =>
        Assert.That(Draw(new UniformSpec(50, 1), seed: 1, 1000), Has.All.GreaterThanOrEqualTo(AccessPattern.WriteBit));

    [Test]
    public void TheLargestPatternUsesAll31Bits()
    {
        uint[] pages = Draw(new UniformSpec(AccessPattern.MaxPages), seed: 1, 1000);
        Assert.That(pages, Has.All.LessThan(AccessPattern.WriteBit));
        Assert.That(pages.Max(), Is.GreaterThan(AccessPattern.MaxPages / 2));
    }

    [Test]
    public void NumbersOutOfRangeAreRefused()
    {
        Action[] wrong =
        [
            () => _ = new UniformSpec(0),
            () => _ = new UniformSpec(AccessPattern.MaxPages + 1),
            () => _ = new LoopSpec(5, -0.1),
            () => _ = new LoopSpec(5, double.NaN),
            () => _ = new ZipfSpec(ZipfSpec.MostPages + 1),
            () => _ = new ZipfSpec(5, 8.1),
            () => _ = new ZipfSpec(5, double.NaN),
            () => _ = new HotScanSpec(0, 5),
            () => _ = new HotScanSpec(5, 0),
            () => _ = new HotScanSpec(5, AccessPattern.MaxPages),
            () => _ = new HotScanSpec(5, 5, 1.5),
            () => _ = new PhaseSpec(5, 6, 1),
            () => _ = new PhaseSpec(5, 5, 0),
            () => _ = new PhaseSpec(5, 5, 1, 2),
            () => _ = new WalkSpec(5, 0),
            () => _ = new WalkSpec(5, 5),
        ];
        foreach (Action create in wrong)
            Assert.That(create, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static PatternSpec WithoutWrites(PatternSpec spec) => spec switch
    {
        UniformSpec u => new UniformSpec(u.Pages),
        ZipfSpec z => new ZipfSpec(z.Pages, z.Skew, z.Permute),
        LoopSpec l => new LoopSpec(l.Pages),
        HotScanSpec h => new HotScanSpec(h.Hot, h.Cold, h.Scan, h.Skew),
        PhaseSpec p => new PhaseSpec(p.Pages, p.Hot, p.Every, p.Stay),
        WalkSpec w => new WalkSpec(w.Pages, w.Step),
        _ => throw new ArgumentException($"a kind of pattern that the tests do not know: {spec.Kind}"),
    };

    private static uint Page(uint access) => access & ~AccessPattern.WriteBit;

    private static uint[] Draw(PatternSpec spec, ulong seed, int count)
    {
        uint[] accesses = new uint[count];
        spec.Create(seed).Fill(accesses);
        return accesses;
    }
}
