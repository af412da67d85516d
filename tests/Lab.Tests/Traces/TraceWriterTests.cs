using ReclaimNative.Lab.Traces;
using static ReclaimNative.Lab.Tests.Traces.TraceBytes;

namespace ReclaimNative.Lab.Tests.Traces;

public class TraceWriterTests
{
    [Test]
    public void WhatIsWrittenReadsBackTheSameInBothFormats()
    {
        var random = new Random(20_240_131);
        for (int round = 0; round < 50; round++)
        {
            uint[] accesses = [.. Enumerable.Range(0, random.Next(1, 3000)).Select(_ =>
                (uint)random.Next(1 << random.Next(1, 31)) | ((uint)random.Next(2) << 31))];
            Trace trace = Read(U32(accesses), "t", TraceFormat.U32);
            foreach (TraceFormat format in new[] { TraceFormat.U32, TraceFormat.Text })
            {
                var written = new MemoryStream();
                TraceWriter.Write(trace, format, written);
                Assert.That(written.CanWrite, Is.True, "the stream is the caller's to close");
                Assert.That(Requests(Read(written.ToArray(), "t", format)), Is.EqualTo(Requests(trace)), $"round {round}, {format}");
            }
        }
    }

    [Test]
    public void U32BytesAreWrittenExactlyAsTheyWereRead()
    {
        byte[] bytes = U32(5, 0x8000_0007, 0x7fff_ffff, 0xffff_ffff);
        var written = new MemoryStream();

        TraceWriter.Write(Read(bytes, "t", TraceFormat.U32), TraceFormat.U32, written);

        Assert.That(written.ToArray(), Is.EqualTo(bytes));
    }

    [Test]
    public void APageThatU32CannotHoldIsAnErrorBeforeAnythingIsWritten()
    {
        var written = new MemoryStream();
        Trace trace = Read(U64(1, 1UL << 31), "big", TraceFormat.U64);

        Assert.That(() => TraceWriter.Write(trace, TraceFormat.U32, written), Throws.TypeOf<TraceException>().With.Message.Contains("2147483648"));
        Assert.That(written.Length, Is.Zero);
    }

    [Test]
    public void OtherFormatsCannotBeWritten() =>
        Assert.That(
            () => TraceWriter.Write(Read(U32(1), "t", TraceFormat.U32), TraceFormat.Lackey, new MemoryStream()),
            Throws.TypeOf<TraceException>().With.Message.Contains("accepted: u32, text"));

    [Test]
    public void InfoCountsRequestsPagesWritesAndPagesSeenOnce()
    {
        Trace trace = Read(Ascii("1\n2 W\n1 W\n3\n1\n4\n4\n"), "t", TraceFormat.Text);

        Assert.That(TraceInfo.Of(trace), Is.EqualTo(new TraceInfo(Requests: 7, UniquePages: 4, Writes: 2, PagesSeenOnce: 2)));
    }
}
