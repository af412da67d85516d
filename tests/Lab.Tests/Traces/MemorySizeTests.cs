using ReclaimNative.Lab.Traces;

namespace ReclaimNative.Lab.Tests.Traces;

public class MemorySizeTests
{
    [TestCase("4096p", 4096)]
    [TestCase("1p", 1)]
    [TestCase("9223372036854775807p", long.MaxValue)]
    [TestCase("64M", 16_384)]
    [TestCase("64m", 16_384)]
    [TestCase("4K", 1)]
    [TestCase("7k", 1, Description = "bytes round down to whole pages")]
    [TestCase("8K", 2)]
    [TestCase("1G", 262_144)]
    [TestCase("2t", 536_870_912)]
    [TestCase("25%", 2_500)]
    [TestCase("0.1%", 10)]
    [TestCase("0.125%", 12, Description = "12.5 pages round down, as the published miss counts take it")]
    [TestCase("0.124%", 12)]
    [TestCase("0.00001%", 1, Description = "at least one page")]
    [TestCase("100%", 10_000)]
    [TestCase("1000%", 100_000)]
    public void ASizeIsSoManyPagesOfAFootprintOfTenThousand(string text, long pages)
    {
        MemorySize size = MemorySize.Parse(text);

        Assert.That(size.Resolve(10_000), Is.EqualTo(pages));
        Assert.That(size.Text, Is.EqualTo(text));
    }

    [Test]
    public void PerCentOfTheLargestFootprintIsExact() =>
        Assert.That(MemorySize.Parse("1000%").Resolve(int.MaxValue), Is.EqualTo(10L * int.MaxValue));

    [Test]
    public void AListKeepsItsOrderAndIgnoresBlanks() =>
        Assert.That(string.Join(' ', MemorySize.ParseList("25%, 64M ,4096p")), Is.EqualTo("25% 64M 4096p"));

    [TestCase("4096", "unit is missing")]
    [TestCase("0p", "more than 0")]
    [TestCase("0M", "more than 0")]
    [TestCase("0%", "more than 0")]
    [TestCase("0.0%", "more than 0")]
    [TestCase("-1p", "negative")]
    [TestCase("-25%", "negative")]
    [TestCase("+1p", "\"+1\" is not a whole number")]
    [TestCase("1.5G", "\"1.5\" is not a whole number")]
    [TestCase("1,5%", "unit is missing", Description = "a list of 1 and 5%")]
    [TestCase("1.2.3%", "\"1.2.3\" is not a decimal number")]
    [TestCase(".5%", "\".5\" is not a decimal number")]
    [TestCase("5.%", "\"5.\" is not a decimal number")]
    [TestCase("1e3%", "\"1e3\" is not a decimal number")]
    [TestCase("1001%", "over 1000%")]
    [TestCase("99999999999999999999999999999999999999%", "over 1000%")]
    [TestCase("%", "number is missing")]
    [TestCase("p", "number is missing")]
    [TestCase("M", "number is missing")]
    [TestCase("64MB", "\"B\" is no unit")]
    [TestCase("64MiB", "\"B\" is no unit")]
    [TestCase("64P", "\"P\" is no unit")]
    [TestCase("64x", "\"x\" is no unit")]
    [TestCase("garbage", "\"e\" is no unit")]
    [TestCase("64 M", "\"64 \" is not a whole number")]
    [TestCase("1K", "less than one page")]
    [TestCase("3k", "less than one page")]
    [TestCase("9223372036854775808p", "too large")]
    [TestCase("8388608T", "too large")]
    [TestCase("", "empty")]
    [TestCase("25%,", "empty")]
    [TestCase(",25%", "empty")]
    [TestCase("25%,,50%", "empty")]
    [TestCase("٣p", "is not a whole number", Description = "digits of another script")]
    [TestCase("1\np", "is not a whole number")]
    public void ABrokenSizeIsOneLineThatSaysWhatIsWrong(string list, string says)
    {
        var error = Assert.Throws<MemorySizeException>(() => MemorySize.ParseList(list));

        Assert.That(error!.Message, Does.StartWith("memory size \"").And.Contains(says).And.Contains("expected pages (4096p)"));
        MalformedTraceTests.AssertOneLine(error.Message);
    }
}
