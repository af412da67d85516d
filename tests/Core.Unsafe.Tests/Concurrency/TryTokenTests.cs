using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;

namespace ReclaimNative.Tests.Concurrency;

public class TryTokenTests
{
    private const int Rounds = 1_000_000;

    [Test]
    public void ItIsTakenOnceUntilItIsReleased([Values] bool concurrent)
    {
        TryToken token = default;

        Assert.That(token.IsTaken, Is.False);
        Assert.That(token.TryTake(concurrent), Is.True);
        Assert.That(token.IsTaken, Is.True);
        Assert.That(token.TryTake(concurrent), Is.False, "not by its holder either");
        token.Release();
        Assert.That(token.TryTake(concurrent), Is.True);
    }

    [Test]
    public void OneThreadAtATimeHoldsIt()
    {
        TryToken token = default;

        Assert.That(Race.Intrusions(2, Rounds, _ => token.TryTake(concurrent: true), () => token.Release()), Is.Zero);
    }

    [Test]
    public void ATakeInTwoStepsLetsTwoThreadsIn() => Race.MustGoWrong(() =>
    {
        var weak = new Race.TwoStepLock();
        return Race.Intrusions(2, Rounds, _ => weak.TryEnter(), weak.Exit) > 0;
    });

    [Test]
    public void ItIsOneWord() => Assert.That(Unsafe.SizeOf<TryToken>(), Is.EqualTo(4));
}
