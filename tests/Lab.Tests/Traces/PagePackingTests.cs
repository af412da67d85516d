using ReclaimNative.Lab.Traces;
using static ReclaimNative.Lab.Tests.Traces.TraceBytes;

namespace ReclaimNative.Lab.Tests.Traces;

public class PagePackingTests
{
    // Tables 2, 5 and 2^40, eight pages and more in each, in no order.
    private static readonly ulong[] ThreeTables =
        [.. new ulong[] { 5, 1UL << 40, 2 }.SelectMany(table => Enumerable.Range(100, 9).Select(i => (table * 512) + (ulong)i))];

    [Test]
    public void AFullTableKeepsItsPlaceInTheOrderOfTablesAndEachPageItsPlaceInTheTable()
    {
        Trace trace = Read(U64(ThreeTables), "t", TraceFormat.U64);

        Assert.That(trace.Pages.IsDense, Is.False);
        Assert.That(trace.PackedPages, Is.EqualTo(3 * 512));
        Assert.That(trace.Note, Is.Null);
        Assert.That(trace.Accesses.Span[0], Is.EqualTo(512 + 100), "table 5 is the second of the three");
        Assert.That(trace.Accesses.Span[9], Is.EqualTo(1024 + 100), "table 2^40 is the last");
        Assert.That(trace.Accesses.Span[18], Is.EqualTo(100), "table 2 is the first");
        Assert.That(Requests(trace), Is.EqualTo(string.Join(' ', ThreeTables)));
    }

    [Test]
    public void PagesScatteredOverNearlyEmptyTablesArePackedDenselyInOrderAndTheUserIsTold()
    {
        Trace trace = Read(U64(900_000, 5, 1UL << 60, 5), "t", TraceFormat.U64);

        Assert.That(trace.Pages.IsDense, Is.True);
        Assert.That(trace.PackedPages, Is.EqualTo(3));
        Assert.That(trace.Accesses.ToArray(), Is.EqualTo(new uint[] { 1, 0, 2, 0 }));
        Assert.That(trace.Note, Does.Contain("key order"));
    }

    [TestCase(7, true)]
    [TestCase(8, false)]
    public void EightPagesATableOnAverageAreEnoughToKeepTables(int perTable, bool dense)
    {
        ulong[] pages = [.. Enumerable.Range(0, 4).SelectMany(t => Enumerable.Range(0, perTable).Select(i => (ulong)((t * 512 * 7) + i)))];

        Assert.That(Read(U64(pages), "t", TraceFormat.U64).Pages.IsDense, Is.EqualTo(dense));
    }

    [Test]
    public void ABoundaryInTheTraceIsABoundaryInThePackedPages()
    {
        Trace[] traces = [Read(U64(ThreeTables), "t", TraceFormat.U64), Read(U64(3, 5000, 70_000, 1UL << 50), "t", TraceFormat.U64)];
        ulong[] boundaries =
        [
            0, 1, 3, 4, 1023, 1024, 1124, 1125, 1132, 1133, 1536,
            2559, 2560, 2660, 5000, 5001, 70_000, (1UL << 49) + 104, (1UL << 50) + 1, ulong.MaxValue,
        ];

        foreach (Trace trace in traces)
        {
            foreach (ulong boundary in boundaries)
            {
                int first = trace.Pages.FirstAtOrAbove(boundary);
                Assert.That(first, Is.InRange(0, trace.PackedPages));
                for (uint packed = 0; packed < trace.PackedPages; packed++)
                    Assert.That(packed < first, Is.EqualTo(trace.Pages.Original(packed) < boundary), $"packed page {packed}, boundary {boundary}");
            }
        }
    }

    [Test]
    public void PackingAndItsInverseAgree()
    {
        foreach (Trace trace in new[] { Read(U64(ThreeTables), "t", TraceFormat.U64), Read(U64(3, 5000, 70_000), "t", TraceFormat.U64) })
        {
            for (uint packed = 0; packed < trace.PackedPages; packed++)
            {
                Assert.That(trace.Pages.TryPack(trace.Pages.Original(packed), out uint back), Is.True);
                Assert.That(back, Is.EqualTo(packed));
            }
            Assert.That(trace.Pages.TryPack(1UL << 30, out _), Is.False);
            Assert.That(() => trace.Pages.Original((uint)trace.PackedPages), Throws.TypeOf<ArgumentOutOfRangeException>());
        }
    }

    [Test]
    public void MoreRequestsThanATraceCanHoldAreAnErrorWithTheLimit() =>
        Assert.That(
            () => TraceReader.Read(new MemoryStream(Ascii("0 11 0 0\n")), "t", TraceFormat.Arc, maxRequests: 10),
            Throws.TypeOf<TraceException>().With.Message.Contains("more than 10 requests"));
}
