using ReclaimNative.Lab.Traces;
using static ReclaimNative.Lab.Tests.Traces.TraceBytes;

namespace ReclaimNative.Lab.Tests.Traces;

public class TraceFormatTests
{
    private static readonly TestCaseData[] Contents =
    [
        new(TraceFormat.U32, U32(5, 0x8000_0007, 5, 0x7fff_ffff, 0xffff_ffff), "5 7W 5 2147483647 2147483647W"),
        new(TraceFormat.U64, U64(5, 0, 0xffff_ffff_ffff_ffff, 5), "5 0 18446744073709551615 5"),
        new(TraceFormat.Oracle, Oracle(9, 1UL << 40, 9), "9 1099511627776 9"),
        new(TraceFormat.Text, Ascii("# page, mode\n5\n\n  0x1F\tW\r\n7 r\n#8\n0 R\n0xffffffffffffffff w"), "5 31W 7 0 18446744073709551615W"),
        new(TraceFormat.Text, Ascii("\u00ef\u00bb\u00bf12\n"), "12"),
        new(TraceFormat.Lackey, Ascii("==12== Lackey\nI  00001ffe,2\n L 1fff0006f8,8\n S 2ffc,8\n M 3000,1\n==12== \n"), "1 33550336 2W 3W 3W"),
        new(TraceFormat.Arc, Ascii("10 3 0 0\n7 1 0 1\n4 0 0 2\n11 2 -1 3"), "10 11 12 7 11 12"),
        new(TraceFormat.Lirs, Ascii("*\n3\n4\n*\n\n3\n"), "3 4 3"),
        new(TraceFormat.Be32, Be32(1, -1, int.MinValue, 256), "1 4294967295 2147483648 256"),
    ];

    [TestCaseSource(nameof(Contents))]
    public void EveryFormatYieldsTheRequestsThatWereWritten(TraceFormat format, byte[] bytes, string requests)
    {
        Trace trace = Read(bytes, "/somewhere/t", format);

        Assert.That(Requests(trace), Is.EqualTo(requests));
        Assert.That(trace.Name, Is.EqualTo("t"));
        Assert.That(trace.Format, Is.SameAs(format));
        Assert.That(trace.UniquePages, Is.EqualTo(requests.Split(' ').Select(r => r.TrimEnd('W')).Distinct().Count()));
    }

    [Test]
    public void EveryFormatHasATestHere() =>
        Assert.That(Contents.Select(c => c.Arguments[0]).Distinct(), Is.EquivalentTo(TraceFormat.All));

    [Test]
    public void ALackeyAccessThatEndsOnTheLastByteOfAPageIsOneRequest()
    {
        Assert.That(Requests(Read(Ascii(" L 1ff8,8\n"), "t", TraceFormat.Lackey)), Is.EqualTo("1"));
        Assert.That(Requests(Read(Ascii(" L 1ff9,8\n"), "t", TraceFormat.Lackey)), Is.EqualTo("1 2"));
    }

    [Test]
    public void RecordsAndLinesMayCrossTheReadersBuffer()
    {
        // 24 does not divide the buffer, and a stream may hand out any number of bytes at a time.
        ulong[] keys = [.. Enumerable.Range(0, 100_000).Select(i => (ulong)i * 3 % 70_001)];
        byte[] lines = Ascii(string.Join('\n', keys));

        Trace records = TraceReader.Read(new DribblingStream(Oracle(keys[..5000])), "t", TraceFormat.Oracle);
        Trace text = TraceReader.Read(new DribblingStream(lines), "t", TraceFormat.Text);
        Trace whole = Read(Oracle(keys), "t", TraceFormat.Oracle);

        Assert.That(Requests(records), Is.EqualTo(string.Join(' ', keys[..5000])));
        Assert.That(Requests(text), Is.EqualTo(string.Join(' ', keys)));
        Assert.That(Requests(whole), Is.EqualTo(string.Join(' ', keys)));
    }

    [Test]
    public void AFormatIsFoundByItsNameInEitherCase()
    {
        foreach (TraceFormat format in TraceFormat.All)
        {
            Assert.That(TraceFormat.Parse(format.Name), Is.SameAs(format));
            Assert.That(TraceFormat.Parse(format.Name.ToUpperInvariant()), Is.SameAs(format));
        }
    }

    [Test]
    public void AnUnknownFormatNameListsTheAcceptedOnes()
    {
        Assert.That(() => TraceFormat.Parse("csv"), Throws.TypeOf<TraceException>().With.Message.EqualTo(
            "trace format \"csv\" is unknown; accepted: u32, u64, oracle, text, lackey, arc, lirs, be32"));
        Assert.That(() => TraceFormat.Parse("damon"), Throws.TypeOf<TraceException>().With.Message.Contains("not supported yet"));
    }

    /// <summary>Hands out 1 to 7 bytes at a time.</summary>
    private sealed class DribblingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 1 + (int)(Position % 7)));
    }
}
