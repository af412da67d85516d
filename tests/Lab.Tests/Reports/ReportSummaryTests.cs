using System.Net;
using System.Text.RegularExpressions;
using ReclaimNative.Lab.Reports;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Results;

namespace ReclaimNative.Lab.Tests.Reports;

public class ReportSummaryTests
{
    [Test]
    public void OneSizeNamesTheWinnerAndTheNext() => Assert.That(Words(SampleResults.OneSize.Rows), Is.EqualTo(
        """
        Given accessed bits: mglru@6.12-bloom misses least, 56.06 % against 57.83 % for clock, the next (3.06 % fewer misses).
        Given every access: s3fifo misses least, 53.53 % against 59.71 % for sieve, the next (10.34 % fewer misses).
        Given the future: only belady, 40.24 % misses.
        """));

    [Test]
    public void ManySizesSayWhoWinsWhere() => Assert.That(Words(SampleResults.FourTraces.Rows), Does.StartWith(
        """
        Given accessed bits: clock misses least at 0.1%, 10%, 30%; mglru@6.12-bloom misses least at 1%. Widest lead at 1%: mglru@6.12-bloom, 56.06 % against 57.83 % for clock, the next (3.06 % fewer misses).
        Given every access: s3fifo misses least at 0.1%, 1%, 10%; sieve misses least at 30%. Widest lead at 1%: s3fifo, 53.53 % against 59.71 % for sieve, the next (10.34 % fewer misses).
        Given the future: only belady, 65.05 % misses at 0.1%, 20.44 % at 30%.
        """));

    [Test]
    public void ARunOutOfMemoryWinsNothing() => Assert.That(
        Words([SampleResults.Small("killed", Sees.Bits, 30, oom: true), SampleResults.Small("whole", Sees.Bits, 300)]),
        Is.EqualTo("Given accessed bits: only whole, 30.00 % misses. Out of memory: killed at 10 pages."));

    [Test]
    public void ATieIsSaidToBeOne() => Assert.That(
        Words([SampleResults.Small("a", Sees.Bits, 300), SampleResults.Small("b", Sees.Bits, 300)]),
        Is.EqualTo("Given accessed bits: all miss 30.00 %."));

    [Test]
    public void ControllersAreToldByWhatTheySave()
    {
        ResultRow none = Controlled("none", 1000, 500, 0, 0);
        string[] words = Words([none, Controlled("senpai", 700, 200, 50, 4000), none with { Policy = "other", Controller = "far-memory" }]).Split('\n');

        Assert.That(words, Is.EqualTo((string[])
        [
            "p senpai saves 30.00 % of the pages, 60.00 % of those on the fastest tier, for 5.00 refaults and 0.40 ms of pressure a second.",
            "other far-memory leaves 1,000 pages, for 0.00 refaults and 0.00 ms of pressure a second.",
        ]));

        static ResultRow Controlled(string controller, double resident, long fast, long refaults, long someUs) =>
            SampleResults.Small("p", Sees.Bits, 30) with
            {
                Controller = controller,
                ResidentMean = resident,
                Counters =
                [
                    new Counter("late_us", 10_000_000), new Counter("late_top_tier_mean", fast),
                    new Counter("late_refaults", refaults), new Counter("late_pressure_some_us", someUs),
                ],
            };
    }

    private static string Words(IEnumerable<ResultRow> rows) => string.Join(
        '\n',
        Regex.Matches(ReportSummary.Html(ResultGroup.Of(new ResultSet(rows))), "<li>(.*?)</li>")
            .Select(item => WebUtility.HtmlDecode(Regex.Replace(item.Groups[1].Value, "</?b>", "")).Replace('\u00a0', ' ')));
}
