using System.Globalization;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Scenarios;
using ReclaimNative.Lab.Tests.Traces;
using ReclaimNative.Lab.Traces;

namespace ReclaimNative.Lab.Tests.Comparison;

/// <summary>
/// The exact policies, through the whole engine, against miss counts that other programs computed: of four public traces
/// where they are at hand, and of the demo's own trace always.
/// </summary>
public sealed class ExactMissCountTests
{
    private static readonly string[] Policies = ["fifo", "lru", "clock", "sieve", "s3fifo", "arc", "2q", "lfu", "opt"];

    private static readonly Dictionary<string, string> Files = new()
    {
        ["cloudPhysicsIO"] = "cloudPhysicsIO.oracleGeneral.zst",
        ["OLTP"] = "OLTP.lis.zst",
        ["P3"] = "P3.lis.zst",
        ["orm-busy"] = "orm-busy.trace.xz",
    };

    [TestCase("cloudPhysicsIO")]
    [TestCase("OLTP")]
    [TestCase("P3")]
    [TestCase("orm-busy")]
    public void EveryRowOfASharedTraceIsMetToTheLastMiss(string name)
    {
        string table = SharedFolder.File("traces/README.md");
        string file = SharedFolder.File("traces/" + Files[name]);
        CheckRows(TraceReader.Load(file), Rows(table, "| trace | C |").Where(row => row["trace"] == name), "C", 4 * Policies.Length);
    }

    [Test]
    public void EveryRowOfTheDemosTraceIsMetToTheLastMiss()
    {
        string folder = Path.Combine(RepositoryFiles.Scenarios, "traces");
        Trace trace = TraceReader.Load(Path.Combine(folder, "sqlite-orders.u32.gz"));
        CheckRows(trace, Rows(Path.Combine(folder, "README.md"), "| memory | pages |"), "pages", 16);
    }

    private static void CheckRows(Trace trace, IEnumerable<Dictionary<string, string>> rows, string sizeColumn, int counts)
    {
        FutureUse future = FutureUse.Of(trace.Accesses.Span, trace.PackedPages);
        int compared = 0;
        foreach (Dictionary<string, string> row in rows)
        {
            long pages = Number(row[sizeColumn]);
            foreach (string policy in Policies)
            {
                string column = policy switch
                {
                    "opt" when row.ContainsKey("Belady") => "Belady",
                    "s3fifo" => "S3-FIFO",
                    _ => policy.ToUpperInvariant(),
                };
                if (!row.TryGetValue(column, out string? published))
                    continue;
                ResultRow result = Replay.Run(trace, PolicyCatalog.Shelf.Parse(policy), future, pages, new ReplayOptions(), null, default);
                TestContext.Out.WriteLine($"{trace.Name} {pages,8} {policy,-6} published {published,9}, engine {result.Faults,9:N0}");
                Assert.That(result.Faults, Is.EqualTo(Number(published)), $"{policy} at {pages} pages of {trace.Name}");
                Assert.That(result.ResidentMean, Is.LessThanOrEqualTo(pages));
                compared++;
            }
        }

        Assert.That(compared, Is.EqualTo(counts), "counts were found and compared");
    }

    private static IEnumerable<Dictionary<string, string>> Rows(string file, string header)
    {
        string[] lines = [.. File.ReadLines(file).SkipWhile(l => !l.StartsWith(header, StringComparison.Ordinal)).TakeWhile(l => l.StartsWith('|'))];
        string[] columns = Cells(lines[0]);
        foreach (string line in lines.Skip(2))
        {
            string[] cells = Cells(line);
            yield return columns.Zip(cells).ToDictionary(p => p.First, p => p.Second);
        }
    }

    private static string[] Cells(string line) => [.. line.Trim('|').Split('|').Select(c => c.Trim())];

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
}
