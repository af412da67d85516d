using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>That each kind of pattern has the distribution it claims; seeds are fixed, bounds are five standard deviations.</summary>
[TestFixture]
public class PatternShapeTests
{
    [Test]
    public void UniformPagesAreEquallyLikely()
    {
        const int Pages = 256, Draws = 512_000;
        double chiSquare = ChiSquare(Histogram(new UniformSpec(Pages), Draws), _ => (double)Draws / Pages);
        AssertPlausible(chiSquare, Pages - 1);
    }

    [Test]
    public void ZipfPagesFollowTheirWeights([Values(0, 0.5, 0.8, 1, 1.3)] double skew)
    {
        const int Pages = 500, Draws = 2_000_000;
        double sum = Enumerable.Range(1, Pages).Sum(rank => Math.Pow(rank, -skew));
        int[] counts = Histogram(new ZipfSpec(Pages, skew, permute: false), Draws);
        AssertPlausible(ChiSquare(counts, page => Draws * Math.Pow(page + 1, -skew) / sum), Pages - 1);
    }

    [Test]
    public void PermutedZipfHasTheSameWeightsOnOtherPages()
    {
        const int Pages = 500, Draws = 2_000_000;
        double sum = Enumerable.Range(1, Pages).Sum(rank => 1.0 / rank);
        int[] counts = Histogram(new ZipfSpec(Pages, 1, permute: true), Draws);
        int[] sorted = [.. counts.OrderDescending()];

        Assert.That(counts, Is.Not.EqualTo(sorted), "hot pages are strewn");
        // Sorting by count favours the lucky among near equals, so only the well separated first ten are compared.
        for (int rank = 1; rank <= 10; rank++)
        {
            double share = 1 / (rank * sum);
            Assert.That(sorted[rank - 1], Is.EqualTo(Draws * share).Within(5 * Math.Sqrt(Draws * share)), $"rank {rank}");
        }
    }

    [Test]
    public void ZipfOfOnePageIsThatPage() =>
        Assert.That(Draw(new ZipfSpec(1, 0.8), 100), Has.All.Zero);

    [Test]
    public void LoopGoesRoundFromPageZero() =>
        Assert.That(Draw(new LoopSpec(3), 8), Is.EqualTo(new uint[] { 0, 1, 2, 0, 1, 2, 0, 1 }));

    [Test]
    public void HotScanScansItsColdPagesInOrderWithItsShare()
    {
        const int Draws = 500_000;
        uint[] pages = Draw(new HotScanSpec(hot: 100, cold: 1000, scan: 0.2), Draws);
        uint[] scanned = [.. pages.Where(p => p >= 100)];

        Assert.That(scanned, Is.EqualTo(Enumerable.Range(0, scanned.Length).Select(i => (uint)(100 + i % 1000))));
        Assert.That(scanned, Has.Length.EqualTo(0.2 * Draws).Within(5 * Math.Sqrt(Draws * 0.2 * 0.8)));
    }

    [Test]
    public void HotScanHotPagesFollowTheirSkew()
    {
        const int Draws = 2_000_000;
        double sum = Enumerable.Range(1, 100).Sum(rank => Math.Pow(rank, -0.8));
        int hottest = Histogram(new HotScanSpec(100, 1000, scan: 0.2, skew: 0.8), Draws).Max();
        double share = 0.8 / sum;
        Assert.That(hottest, Is.EqualTo(Draws * share).Within(5 * Math.Sqrt(Draws * share)));
    }

    [Test]
    public void PhaseStaysInItsWindowAndJumpsOnTime()
    {
        const int Pages = 100_000, Hot = 500, Every = 20_000, Phases = 30;
        uint[] pages = Draw(new PhaseSpec(Pages, Hot, Every, stay: 0.9), Every * Phases);

        var starts = new HashSet<uint>();
        int inside = 0;
        for (int phase = 0; phase < Phases; phase++)
        {
            uint[] of = pages[(phase * Every)..((phase + 1) * Every)];
            uint start = WindowStart(of, Pages, Hot);
            starts.Add(start);
            inside += of.Count(p => (p + Pages - start) % Pages < Hot);
        }

        // A uniform access may fall into the window too.
        double share = 0.9 + 0.1 * Hot / Pages;
        double draws = Every * Phases;
        Assert.That(inside, Is.EqualTo(draws * share).Within(5 * Math.Sqrt(draws * share * (1 - share))));
        Assert.That(starts, Has.Count.EqualTo(Phases), "30 random starts among 100,000");
    }

    [Test]
    public void WalkTakesEveryStepEquallyOftenAndNoLongerOne()
    {
        const int Pages = 1000, Step = 3, Draws = 200_000;
        uint[] pages = Draw(new WalkSpec(Pages, Step), Draws);
        int[] steps = new int[2 * Step + 1];
        for (int i = 1; i < pages.Length; i++)
        {
            long step = (pages[i] - (long)pages[i - 1] + Pages + Step) % Pages; // 0 is -Step
            Assert.That(step, Is.LessThanOrEqualTo(2 * Step), $"access {i}");
            steps[step]++;
        }

        AssertPlausible(ChiSquare(steps, _ => (Draws - 1) / (double)steps.Length), steps.Length - 1);
    }

    // The window of `hot` consecutive pages with the most accesses, found by trying the starts that were touched.
    private static uint WindowStart(uint[] accesses, uint pages, uint hot)
    {
        int[] counts = new int[pages];
        foreach (uint page in accesses)
            counts[page]++;
        int inWindow = counts.AsSpan(0, (int)hot).ToArray().Sum();
        (int most, uint best) = (inWindow, 0);
        for (uint start = 1; start < pages; start++)
        {
            inWindow += counts[(start + hot - 1) % pages] - counts[start - 1];
            if (inWindow > most)
                (most, best) = (inWindow, start);
        }

        return best;
    }

    // A chi-square value has mean d and variance 2d for d degrees of freedom. Too small is as suspect as too large.
    private static void AssertPlausible(double chiSquare, int degrees) =>
        Assert.That(chiSquare, Is.EqualTo(degrees).Within(5 * Math.Sqrt(2.0 * degrees)));

    private static double ChiSquare(int[] counts, Func<int, double> expected) =>
        counts.Select((count, i) => (count - expected(i)) * (count - expected(i)) / expected(i)).Sum();

    private static int[] Histogram(PatternSpec spec, int draws)
    {
        int[] counts = new int[spec.Pages];
        foreach (uint page in Draw(spec, draws))
            counts[page]++;
        return counts;
    }

    private static uint[] Draw(PatternSpec spec, int count)
    {
        uint[] pages = new uint[count];
        spec.Create(seed: 42).Fill(pages);
        return pages;
    }
}
