using ReclaimNative.Lab.Stress;

namespace ReclaimNative.Lab.Tests.Stress;

public sealed class PageCountTextTests
{
    [TestCase("0", 0UL)]
    [TestCase("20000", 20_000UL)]
    [TestCase("16K", 16_384UL)]
    [TestCase("64M", 67_108_864UL)]
    [TestCase("64m", 67_108_864UL)]
    [TestCase("2G", 2_147_483_648UL)]
    [TestCase("17179869183G", 18_446_744_072_635_809_792UL)]
    public void ACountIsRead(string text, ulong pages) =>
        Assert.That((PageCountText.TryParse(text, out ulong read), read), Is.EqualTo((true, pages)));

    [TestCase("")]
    [TestCase("M")]
    [TestCase("1.5M")]
    [TestCase("-1")]
    [TestCase("1 M")]
    [TestCase("1MB")]
    [TestCase("0x10")]
    [TestCase("1T")]
    [TestCase("17179869184G")]
    [TestCase("99999999999999999999")]
    public void WhatIsNoCountIsRefused(string text) => Assert.That(PageCountText.TryParse(text, out _), Is.False);

    [TestCase(20_000UL, "20000")]
    [TestCase(1UL << 20, "1M")]
    [TestCase(2144UL << 20, "2144M")]
    [TestCase(3UL << 30, "3G")]
    [TestCase((1UL << 20) + 1, "1048577")]
    public void ACountIsWrittenShortAndExactly(ulong pages, string text)
    {
        Assert.That(PageCountText.Of(pages), Is.EqualTo(text));
        Assert.That((PageCountText.TryParse(text, out ulong read), read), Is.EqualTo((true, pages)));
    }
}
