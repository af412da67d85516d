using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

[TestFixture]
public class Xoshiro256Tests
{
    // First outputs of the authors' C code from state {1, 2, 3, 4}.
    [Test]
    public void OutputsAreThoseOfTheReferenceCode()
    {
        var random = new Xoshiro256(1, 2, 3, 4);
        ulong[] drawn = [.. Enumerable.Range(0, 10).Select(_ => random.Next())];

        Assert.That(drawn, Is.EqualTo(new ulong[]
        {
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360,
            607988272756665600, 16172922978634559625, 8476171486693032832, 10595114339597558777, 2904607092377533576,
        }));
    }

    [Test]
    public void SplitMixOutputsAreThoseOfTheReferenceCode()
    {
        ulong state = 1234567;
        ulong[] drawn = [.. Enumerable.Range(0, 5).Select(_ => Xoshiro256.SplitMix(ref state))];

        Assert.That(drawn, Is.EqualTo(new ulong[]
        {
            6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
        }));
    }

    [Test]
    public void BelowStaysBelowForEveryKindOfBound([Values(1u, 2u, 3u, 1000u, 0x8000_0000u, uint.MaxValue)] uint bound)
    {
        var random = new Xoshiro256(7);
        for (int i = 0; i < 10_000; i++)
            Assert.That(random.Below(bound), Is.LessThan(bound));
    }

    [Test]
    public void ACoinOfZeroNeverComesUpAndACoinOfOneAlwaysDoes()
    {
        var random = new Xoshiro256(7);
        for (int i = 0; i < 10_000; i++)
        {
            Assert.That(random.Flip(Xoshiro256.CoinOf(0)), Is.False);
            Assert.That(random.Flip(Xoshiro256.CoinOf(1)), Is.True);
        }
    }
}
