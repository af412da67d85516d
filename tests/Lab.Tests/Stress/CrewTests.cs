using ReclaimNative.Lab.Stress;

namespace ReclaimNative.Lab.Tests.Stress;

public sealed class CrewTests
{
    [Test]
    public void EveryThreadHasANumberAndAllRunAtOnce()
    {
        using Barrier together = new(4);
        int[] ran = new int[4];
        new Crew(4, default).Run(thread =>
        {
            // With one thread after the other nobody would ever get past this.
            Assert.That(together.SignalAndWait(TimeSpan.FromSeconds(60)), Is.True);
            Interlocked.Increment(ref ran[thread]);
        });

        Assert.That(ran, Is.EqualTo((int[])[1, 1, 1, 1]));
    }

    [Test]
    public void WhatAThreadThrowsReachesTheCallerAfterTheOthersHaveEnded()
    {
        Crew crew = new(3, default);
        int ended = 0;

        Assert.That(
            () => crew.Run(thread =>
            {
                if (thread == 1)
                    throw new EngineException("no");
                SpinWait.SpinUntil(() => crew.Stopping);
                Interlocked.Increment(ref ended);
            }),
            Throws.TypeOf<EngineException>().With.Message.EqualTo("no"));
        Assert.That(ended, Is.EqualTo(2));
    }

    [Test]
    public void ACancelledCrewSaysSoWhenItsThreadsHaveEnded()
    {
        using CancellationTokenSource stop = new();
        Crew crew = new(2, stop.Token);
        int ended = 0;

        Assert.That(
            () => crew.Run(_ =>
            {
                stop.Cancel();
                SpinWait.SpinUntil(() => crew.Stopping);
                Interlocked.Increment(ref ended);
            }),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(ended, Is.EqualTo(2));
        Assert.That(() => crew.Run(_ => ended++), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(ended, Is.EqualTo(2), "nothing starts any more");
    }

    [Test]
    public void ThePollRunsOnTheCallersThreadWhileOthersWork()
    {
        int caller = Environment.CurrentManagedThreadId;
        using ManualResetEventSlim polled = new();
        new Crew(1, default).Run(
            _ => Assert.That(polled.Wait(TimeSpan.FromSeconds(60)), Is.True),
            () =>
            {
                Assert.That(Environment.CurrentManagedThreadId, Is.EqualTo(caller));
                polled.Set();
            });
    }
}
