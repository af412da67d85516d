using ReclaimNative.Mechanisms;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>Averages of pressure: kernel-reclaim 8.2 and 13.7.</summary>
public class PressureAverageTests
{
    [TestCase(new[] { 100 }, "18.11", "3.27", "0.68")]
    [TestCase(new[] { 100, 100, 100, 100, 100 }, "63.18", "15.32", "3.37")]
    [TestCase(new[] { 100, 100, 100, 100, 100, 0, 0, 0, 0, 0 }, "23.26", "12.97", "3.25")]
    [TestCase(new[] { 10, 10, 10 }, "4.50", "0.95", "0.20")]
    public void SamplesGiveTheAveragesOfTheReference(int[] percents, string avg10, string avg60, string avg300) =>
        Assert.That(Sampled(percents), Is.EqualTo((avg10, avg60, avg300)));

    [Test]
    public void AMinuteOfFullPressureGivesTheAveragesOfTheReference() =>
        Assert.That(Sampled([.. Enumerable.Repeat(100, 30)]), Is.EqualTo(("99.75", "63.13", "18.60")));

    [Test]
    public void FullPressureEndsAtHundredPerCentAndNoneAtZero()
    {
        Assert.That(Sampled([.. Enumerable.Repeat(100, 2000)]), Is.EqualTo(("100.00", "100.00", "100.00")));
        Assert.That(Sampled([.. Enumerable.Repeat(100, 2000), .. Enumerable.Repeat(0, 2000)]), Is.EqualTo(("0.00", "0.00", "0.00")));
    }

    [Test]
    public void WhatIsMoreThanAPeriodIsLeftForTheNext()
    {
        var late = new PressureAccount();
        late.Add(2 * PressureAccount.PeriodUs + PressureAccount.PeriodUs / 2);
        var inTime = new PressureAccount();

        for (int period = 0; period < 4; period++)
        {
            late.Sample();
            inTime.Add(period switch { < 2 => PressureAccount.PeriodUs, 2 => PressureAccount.PeriodUs / 2, _ => 0 });
            inTime.Sample();

            Assert.That(late.Share with { TotalUs = 0 }, Is.EqualTo(inTime.Share with { TotalUs = 0 }), $"after period {period}");
        }
    }

    [Test]
    public void PerCentAreWhatIsPrinted()
    {
        var average = new PressureAverage(18 * 2048 + 2047);

        Assert.That(average.Percent, Is.EqualTo(18 + 2047 / 2048.0));
        Assert.That(average.ToString(), Is.EqualTo("18.99"), "cut, not rounded");
        Assert.That(new PressureAverage(2048 + 21).ToString(), Is.EqualTo("1.01"), "two digits");
    }

    private static (string Avg10, string Avg60, string Avg300) Sampled(int[] percents)
    {
        var account = new PressureAccount();
        foreach (int percent in percents)
        {
            account.Add(PressureAccount.PeriodUs * percent / 100);
            account.Sample();
        }

        PressureShare share = account.Share;
        return (share.Avg10.ToString(), share.Avg60.ToString(), share.Avg300.ToString());
    }
}
