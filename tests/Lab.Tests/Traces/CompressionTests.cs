using System.IO.Compression;
using ReclaimNative.Lab.Traces;
using static ReclaimNative.Lab.Tests.Traces.TraceBytes;

namespace ReclaimNative.Lab.Tests.Traces;

[NonParallelizable]
public class CompressionTests
{
    private static readonly byte[] Plain = U32([.. Enumerable.Range(0, 500_000).Select(i => (uint)(i * 7919L % 20_011))]);

    [TestCase("t.u32.gz")]
    [TestCase("t.u32.zst")]
    [TestCase("t.u32.xz")]
    [TestCase("t.u32", Description = "found by its first bytes")]
    public void APackedTraceReadsAsThePlainOne(string name)
    {
        byte[][] files = name.EndsWith(".gz", StringComparison.Ordinal) ? [Gzip(Plain)]
            : name.EndsWith(".zst", StringComparison.Ordinal) ? [Zstd(Plain)]
            : name.EndsWith(".xz", StringComparison.Ordinal) ? [Xz(Plain)]
            : [Gzip(Plain), Zstd(Plain), Xz(Plain)];
        uint[] expected = Read(Plain, "t.u32").Accesses.ToArray();

        foreach (byte[] file in files)
            Assert.That(Read(file, name).Accesses.Span.SequenceEqual(expected), Is.True);
    }

    [Test]
    public void AFileOnDiskAndAStreamReadTheSame()
    {
        string path = Path.Combine(Path.GetTempPath(), $"reclaim-{Guid.NewGuid():N}.u32.gz");
        File.WriteAllBytes(path, Gzip(Plain));
        try
        {
            Trace trace = TraceReader.Load(path);
            Assert.That(trace.Count, Is.EqualTo(Plain.Length / 4));
            Assert.That(trace.Name, Is.EqualTo(Path.GetFileName(path)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void AGzipFileOfSeveralMembersIsReadWhole()
    {
        byte[] two = [.. Gzip(U32(1, 2)), .. Gzip(U32(3))];

        Assert.That(Requests(Read(two, "t.u32.gz")), Is.EqualTo("1 2 3"));
    }

    // Sizes around the 8 KiB at which GZipStream reads, so that the end of the data falls on every place in its buffer.
    // Cut inside a compressed block what follows is misread; inside a stored one it is copied, and only the end mark tells.
    [Test]
    public void AGzipFileCutAnywhereIsAnErrorAndAWholeOneIsNot(
        [Values(8, 8100, 8148, 8152, 8156, 8160, 8164, 8168, 8172, 8176, 65_536)] int size,
        [Values(CompressionLevel.Fastest, CompressionLevel.NoCompression)] CompressionLevel level)
    {
        var content = new byte[size];
        new Random(size).NextBytes(content);
        byte[] whole = Gzip(content, level);

        Assert.That(Read(whole, "t.u32.gz").Count, Is.EqualTo(size / 4));
        for (int cut = 1; cut < whole.Length - 2; cut += cut < 40 ? 1 : 211)
            Assert.That(() => Read(whole[..^cut], "t.u32.gz"), Throws.TypeOf<TraceException>(), $"{cut} bytes are missing");
    }

    [TestCase("gz")]
    [TestCase("zst")]
    [TestCase("xz")]
    public void ADamagedArchiveIsAnErrorThatNamesTheFile(string suffix)
    {
        byte[] packed = suffix switch { "gz" => Gzip(Plain), "zst" => Zstd(Plain), _ => Xz(Plain) };
        byte[] flipped = [.. packed];
        flipped[packed.Length / 2] ^= 0x55;

        foreach (byte[] file in new[] { flipped, packed[..(packed.Length / 2)], packed[..^1], packed[..8] })
        {
            Assert.That(() => Read(file, $"t.u32.{suffix}"), Throws.TypeOf<TraceException>()
                .With.Message.StartsWith($"t.u32.{suffix}: ").And.Message.Contains("corrupt"));
        }
    }

    [Test]
    public void ADamagedArchiveIsReportedAsSuchEvenWhenItsLastRecordIsCut()
    {
        byte[] packed = Zstd(Plain);

        // Without the check of the tool's exit code this would be a trace, or a record cut short.
        Assert.That(() => Read(packed[..^3], "t.u64.zst"), Throws.TypeOf<TraceException>().With.Message.Contains("zstd ended with code"));
    }

    [TestCase("zst", "zstd", "apt install zstd")]
    [TestCase("xz", "xz", "apt install xz-utils")]
    public void AMissingToolIsNamedWithHowToInstallIt(string suffix, string tool, string install)
    {
        byte[] packed = suffix == "zst" ? Zstd(Plain) : Xz(Plain);
        string? path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", Path.Combine(Path.GetTempPath(), "reclaim-no-such-folder"));
        try
        {
            Assert.That(() => Read(packed, $"t.u32.{suffix}"), Throws.TypeOf<TraceException>()
                .With.Message.Contains($"the program {tool}").And.Message.Contains(install));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }

    [Test]
    public void AnErrorInsideAPackedTraceEndsTheToolAndNotTheReader()
    {
        byte[] text = [.. Ascii("1\nx\n"), .. Ascii(string.Concat(Enumerable.Repeat("123456\n", 2_000_000)))];

        Assert.That(() => Read(Zstd(text), "t.text.zst"), Throws.TypeOf<TraceException>().With.Message.Contains("line 2"));
    }

    [Test]
    public void AFailureToReadThePackedFileIsReportedAndNotTheToolsComplaint()
    {
        byte[] packed = Zstd([.. Enumerable.Range(0, 3_000_000).Select(i => unchecked((byte)(i * 2_654_435_761L >> 13)))]);

        Assert.That(() => TraceReader.Read(new FailingStream(packed[..(packed.Length / 2)]), "t.u32.zst"),
            Throws.TypeOf<TraceException>().With.Message.Contains("the disk is gone"));
    }

    /// <summary>Its bytes, then an error.</summary>
    private sealed class FailingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            Position < Length ? base.Read(buffer, offset, count) : throw new IOException("the disk is gone");
    }
}
