using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>What scenarios/traces/README.md says of the committed trace is true.</summary>
[TestFixture]
public class RecordedTraceTests
{
    private const uint WriteBit = 0x8000_0000;

    private static readonly string Traces = Path.Combine(RepositoryFiles.Scenarios, "traces");
    private static readonly string Readme = File.ReadAllText(Path.Combine(Traces, "README.md"));
    private static readonly string Packed = Path.Combine(Traces, "sqlite-orders.u32.gz");

    [Test]
    public void TheCountsAreThoseOfTheReadme()
    {
        uint[] accesses = Accesses();
        uint[] pages = [.. accesses.Select(a => a & ~WriteBit)];

        Assert.That(accesses, Has.Length.EqualTo(Stated("accesses")));
        Assert.That(pages.Distinct().Count(), Is.EqualTo(Stated("unique pages")));
        Assert.That(pages.Max() + 1, Is.EqualTo(Stated("page numbers below")));
        Assert.That(pages.Select(p => p / 512).Distinct().Count(), Is.EqualTo(Stated("leaf tables")));
        Assert.That(accesses.Count(a => a >= WriteBit), Is.EqualTo(Stated("writes")));
    }

    [Test]
    public void TheSha256IsThatOfTheReadme() =>
        Assert.That(Readme, Does.Contain(Convert.ToHexStringLower(SHA256.HashData(Unpacked()))));

    [Test]
    public void TheFileIsSmall() =>
        Assert.That(new FileInfo(Packed).Length, Is.LessThan(2_000_000));

    // An access that is in the trace put its page first among the recorder's 64 recent ones, so the next one is another page.
    [Test]
    public void NoPageIsUsedTwiceInARow()
    {
        uint[] accesses = Accesses();
        int repeats = Enumerable.Range(1, accesses.Length - 1).Count(i => ((accesses[i] ^ accesses[i - 1]) & ~WriteBit) == 0);
        Assert.That(repeats, Is.Zero);
    }

    [Test]
    public void TheLruMissesAreThoseOfTheReadme()
    {
        uint[] accesses = Accesses();
        MatchCollection rows = Regex.Matches(Readme, @"^\| (\d+) % \| ([\d,]+) \| [\d,]+ \| ([\d,]+) \|", RegexOptions.Multiline);

        Assert.That(rows, Has.Count.GreaterThanOrEqualTo(3));
        foreach (Match row in rows)
            Assert.That(LruMisses(accesses, (int)Number(row.Groups[2].Value)), Is.EqualTo(Number(row.Groups[3].Value)), row.Value);
    }

    private static int LruMisses(uint[] accesses, int size)
    {
        var order = new LinkedList<uint>(); // most recently used first
        var resident = new Dictionary<uint, LinkedListNode<uint>>();
        int misses = 0;
        foreach (uint access in accesses)
        {
            uint page = access & ~WriteBit;
            if (resident.TryGetValue(page, out LinkedListNode<uint>? node))
            {
                order.Remove(node);
            }
            else
            {
                misses++;
                if (order.Count == size)
                {
                    resident.Remove(order.Last!.Value);
                    order.RemoveLast();
                }

                node = resident[page] = new LinkedListNode<uint>(page);
            }

            order.AddFirst(node);
        }

        return misses;
    }

    // A line of the README's table of facts: | accesses | 1,234,567 |
    private static long Stated(string fact)
    {
        Match line = Regex.Match(Readme, $@"^\| {Regex.Escape(fact)} \| ([\d,]+) \|", RegexOptions.Multiline);
        Assert.That(line.Success, Is.True, $"the README states {fact}");
        return Number(line.Groups[1].Value);
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    private static uint[] Accesses() => MemoryMarshal.Cast<byte, uint>(Unpacked()).ToArray();

    private static byte[] Unpacked()
    {
        using var gzip = new GZipStream(File.OpenRead(Packed), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        gzip.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}
