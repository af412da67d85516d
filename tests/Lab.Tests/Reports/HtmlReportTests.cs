using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ReclaimNative.Lab.Reports;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Results;

namespace ReclaimNative.Lab.Tests.Reports;

public partial class HtmlReportTests
{
    private const string Hostile = "</script><SCRIPT>alert(1)</SCRIPT><img src=x onerror=alert(2)>{{table}}&amp;\"'";

    private static readonly ReportContext Context = new(
        new DateTimeOffset(2026, 3, 1, 13, 5, 0, TimeSpan.FromHours(2)), "reclaim compare --policy 'a<b>'", "0.1.0");

    [Test]
    public void ThePageLoadsNothing()
    {
        string page = Page(SampleResults.OneSize);

        Assert.That(string.Join(' ', Loads().Matches(OutsideScripts(page)).Select(match => match.Value)), Is.EqualTo("href=\"data:,\""));
        Assert.That(page.Contains("default-src 'none'"), Is.True, "and the browser holds it to that");
        Assert.That(page.Contains("sourceMappingURL") || page.Contains("@import") || page.Contains("url("), Is.False);
    }

    [Test]
    public void TheLibraryComesWithItsLicence() =>
        Assert.That(Library().Match(Page(SampleResults.OneSize)).Value, Does.Contain("Permission is hereby granted, free of charge"));

    [Test]
    public void NoPlaceholderIsLeftAndNoneIsFilledInAName()
    {
        string page = Page(SampleResults.OneSize);
        string hostile = Body(new ResultSet([SampleResults.Small("p", Sees.Bits, 30, trace: "{{table}}")]) { Title = "{{data}}" });

        Assert.That(page.Contains("{{"), Is.False);
        Assert.That(hostile, Does.Contain("<h1>{{data}}</h1>").And.Contain("<h3>{{table}}</h3>"));
    }

    [Test]
    public void HostileNamesStayText()
    {
        ResultRow row = SampleResults.Small(Hostile, Sees.Bits, 30, trace: Hostile) with
        {
            MemoryAsAsked = Hostile,
            Counters = [new(Hostile, 4)],
        };
        ResultSet set = new([row, row with { Oom = true }]) { Title = Hostile, Subject = Hostile, Notes = [Hostile] };
        string page = Page(set);

        Assert.That(ScriptEnds(page), Is.EqualTo(ScriptEnds(Page(SampleResults.OneSize))));
        Assert.That(Body(set), Does.Not.Contain("<img").And.Not.Contain("alert(1)</SCRIPT>"));
        Assert.That(Body(set), Does.Contain(WebUtility.HtmlEncode(Hostile)));
        Assert.That(Data(page).GetProperty("document").GetProperty("results")[0].GetProperty("policy").GetString(), Is.EqualTo(Hostile));
    }

    [TestCase("x='</script>'", "x='<\\/script>'")]
    [TestCase("x='</SCRIPT >'", "x='<\\/SCRIPT >'")]
    [TestCase("a</b/.test(c)", "a</b/.test(c)")]
    public void AScriptCannotEndItsOwnElement(string script, string safe) =>
        Assert.That(HtmlReport.InScript(script), Is.EqualTo(safe));

    [Test]
    public void ThePageHoldsTheContractsDocument()
    {
        using MemoryStream json = new();
        ResultJson.Write(SampleResults.FourTraces, json);
        JsonElement written = JsonDocument.Parse(json.ToArray()).RootElement;

        Assert.That(JsonElement.DeepEquals(Data(Page(SampleResults.FourTraces)).GetProperty("document"), written), Is.True);
    }

    [Test]
    public void WithoutScriptsTheTableHasTheNumbersOfEveryRow()
    {
        string page = Body(SampleResults.FourTraces);
        string[][] shown =
        [
            .. TableRows().Matches(page).Select(row =>
                TableCells().Matches(row.Value).Select(cell => WebUtility.HtmlDecode(cell.Groups[1].Value)).ToArray()),
        ];
        string[][] expected =
        [
            .. SampleResults.FourTraces.Rows.OrderBy(row => Array.IndexOf(Traces, row.Trace)).ThenBy(row => row.MemoryPages)
                .ThenBy(row => row.Sees).ThenBy(row => row.Faults)
                .Select(row => (string[])
                [
                    row.Policy, row.Sees.ToString().ToLowerInvariant(), $"{100.0 * row.Faults / row.Accesses:N2}", $"{row.Faults:N0}",
                    $"{row.Refaults:N0}", $"{row.Scanned:N0}", $"{row.Reclaimed:N0}", $"{row.Activated:N0}", $"{row.Deactivated:N0}",
                    $"{row.Written:N0}", $"{row.ResidentMean:N0}", $"{row.AccessesPerSecond / 1e6:N2}",
                ]),
        ];

        Assert.That(shown, Is.EqualTo(expected));
    }

    [Test]
    public void CountersOfARowAreInThePageWithoutScripts() => Assert.That(
        Body(new ResultSet([SampleResults.Small("p", Sees.Bits, 30) with { Counters = [new("pgscan_direct", 1_234_567)] }])),
        Does.Contain("<dt>pgscan_direct</dt><dd>1,234,567</dd>"));

    [Test]
    public void BestIsMarkedOnlyAmongPoliciesThatSeeTheSame()
    {
        string page = Page(new ResultSet(
        [
            SampleResults.Small("one", Sees.Bits, 300), SampleResults.Small("two", Sees.Bits, 200),
            SampleResults.Small("three", Sees.Accesses, 100),
        ]));

        Assert.That(string.Join(' ', Best().Matches(page).Select(match => match.Groups[1].Value)), Is.EqualTo("20.00 200 180"));
    }

    [Test]
    public void TheHeadSaysWhenAndHow() => Assert.That(
        Body(SampleResults.OneSize),
        Does.Contain("<pre class=\"command\">reclaim compare --policy &#39;a&lt;b&gt;&#39;</pre>")
            .And.Contain("reclaim 0.1.0, 2026-03-01 11:05 UTC").And.Contain("1 trace · 6 policies · 6 runs"));

    [Test]
    public void ProcessesAreNotCalledTraces() => Assert.That(
        Body(new ResultSet(SampleResults.FourTraces.Rows) { Subject = "process" }),
        Does.Contain("4 processes · 6 policies").And.Contain("<label>process <select"));

    [Test]
    public void AnEmptySetIsAPageToo() => Assert.That(Body(new ResultSet([])), Does.Contain("0 traces").And.EndWith("</html>\n"));

    private static string[] Traces => [.. SampleResults.FourTraces.Rows.Select(row => row.Trace).Distinct()];

    private static string Page(ResultSet set)
    {
        using MemoryStream stream = new();
        HtmlReport.Write(set, Context, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>What a browser without scripts shows.</summary>
    private static string Body(ResultSet set) => OutsideScripts(Page(set))[Page(set).IndexOf("<body>", StringComparison.Ordinal)..];

    private static JsonElement Data(string page) => JsonDocument.Parse(DataElement().Match(page).Groups[1].Value).RootElement;

    private static int ScriptEnds(string page) => EndOfScript().Count(page);

    private static string OutsideScripts(string page) => Scripts().Replace(page, "");

    [GeneratedRegex("(src|href|srcset|action|poster)\\s*=\\s*[\"'][^\"']*[\"']", RegexOptions.IgnoreCase)]
    private static partial Regex Loads();

    [GeneratedRegex("<script.*?</script>", RegexOptions.Singleline)]
    private static partial Regex Scripts();

    [GeneratedRegex(@"<script>\s*/\*.*?Chart\.js v4\.6\.1", RegexOptions.Singleline)]
    private static partial Regex Library();

    [GeneratedRegex("</script", RegexOptions.IgnoreCase)]
    private static partial Regex EndOfScript();

    [GeneratedRegex("<script type=\"application/json\" id=\"data\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex DataElement();

    [GeneratedRegex("<tr class=\"result.*?</tr>", RegexOptions.Singleline)]
    private static partial Regex TableRows();

    [GeneratedRegex("<t[hd][^>]*>([^<]*)</t[hd]>")]
    private static partial Regex TableCells();

    [GeneratedRegex("<td class=\"best\"[^>]*>([^<]*)</td>")]
    private static partial Regex Best();
}
