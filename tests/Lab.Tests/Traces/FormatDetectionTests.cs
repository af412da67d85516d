using ReclaimNative.Lab.Traces;
using static ReclaimNative.Lab.Tests.Traces.TraceBytes;

namespace ReclaimNative.Lab.Tests.Traces;

public class FormatDetectionTests
{
    // Pages of a small working set, far enough from zero that their bytes tell which end they start at.
    private static readonly int[] Pages = [.. Enumerable.Range(0, 4000).Select(i => 70_000 + (i * 37 % 3001))];
    private static readonly byte[] PagesU32 = U32([.. Pages.Select(p => (uint)p | ((uint)p % 3 == 0 ? 0x8000_0000 : 0))]);
    private static readonly byte[] PagesU64 = U64([.. Pages.Select(p => (ulong)p)]);
    private static readonly byte[] PagesBe32 = Be32(Pages);

    // An index's root before each leaf: as 64-bit numbers, few upper words and many lower ones, but upper words no page number has.
    private static readonly byte[] RootAndLeavesU32 = U32([.. Pages.SelectMany(p => new[] { (uint)p, 70_000u })]);

    private static readonly TestCaseData[] ByContent =
    [
        new("plain", Ascii("12\n13 W\n"), TraceFormat.Text),
        new("plain.txt", Ascii("# comment\n\n0x10\n"), TraceFormat.Text),
        new("plain", Ascii("1 1 0 0\n2 8 0 1\n"), TraceFormat.Arc),
        new("loop.trace", Ascii("1\n2\n*\n1\n"), TraceFormat.Lirs),
        new("plain", Ascii("==1== Lackey\n==1== \nI  04000000,3\n"), TraceFormat.Lackey),
        new("plain", Ascii(" S 04000000,3\n"), TraceFormat.Lackey),
        new("plain.bin", Oracle(4, 5, 4, 6, 6), TraceFormat.Oracle),
        new("plain", PagesU32, TraceFormat.U32),
        new("plain", RootAndLeavesU32, TraceFormat.U32),
        new("plain", PagesU64, TraceFormat.U64),
        new("plain.trace", PagesU64, TraceFormat.U64),
        new("plain", PagesBe32, TraceFormat.Be32),
        new("short.bin", U32(3, 1, 2), TraceFormat.U32),
        new("short.trace", Be32(3, 1, -2), TraceFormat.Be32),
    ];

    private static readonly TestCaseData[] ByExtension =
    [
        new("t.u32", U32(1), TraceFormat.U32),
        new("t.U64", U64(1), TraceFormat.U64),
        new("t.oracle", Oracle(1), TraceFormat.Oracle),
        new("t.oracleGeneral", Oracle(1), TraceFormat.Oracle),
        new("t.oracleGeneral.bin", Oracle(1), TraceFormat.Oracle),
        new("t.text", Ascii("1"), TraceFormat.Text),
        new("t.lis", Ascii("1 1 0 0"), TraceFormat.Arc),
        new("t.arc", Ascii("1 1 0 0"), TraceFormat.Arc),
        new("t.lirs", Ascii("1"), TraceFormat.Lirs),
        new("t.trc", Ascii("1"), TraceFormat.Lirs),
        new("t.lackey", Ascii("I 1,1"), TraceFormat.Lackey),
        new("t.be32", Be32(1), TraceFormat.Be32),
    ];

    [TestCaseSource(nameof(ByContent))]
    public void AFormatIsFoundByContentWhereTheNameDoesNotTell(string name, byte[] bytes, TraceFormat format) =>
        Assert.That(Read(bytes, name).Format, Is.SameAs(format));

    [TestCaseSource(nameof(ByExtension))]
    public void AFormatIsFoundByItsExtensionAlsoUnderACompressionSuffix(string name, byte[] bytes, TraceFormat format)
    {
        Assert.That(Read(bytes, name).Format, Is.SameAs(format));
        Assert.That(Read(Gzip(bytes), name + ".gz").Format, Is.SameAs(format));
    }

    [Test]
    public void EveryExtensionOfEveryFormatIsRecognised() =>
        Assert.That(ByExtension.Select(c => c.Arguments[2]).Distinct(), Is.EquivalentTo(TraceFormat.All));

    [Test]
    public void AForcedFormatWinsOverNameAndContent() =>
        Assert.That(Read(Ascii("1\n2\n"), "t.lis", TraceFormat.Text).Format, Is.SameAs(TraceFormat.Text));

    [Test]
    public void OnlyAGuessIsNoted()
    {
        Assert.That(Read(PagesU32, "plain").Note, Does.Contain("u32 guessed").And.Contain("--format"));
        Assert.That(Read(PagesU32, "plain", TraceFormat.U32).Note, Is.Null);
        Assert.That(Read(Ascii("1\n"), "plain").Note, Is.Null.Or.Not.Contain("guessed"));
    }

    [Test]
    public void IntegersThatCouldBeSeveralFormatsAreAnErrorAndNoGuess() =>
        Assert.That(() => Read(U32(3, 1, 2), "short"), Throws.TypeOf<TraceException>().With.Message.Contains("--format"));
}
