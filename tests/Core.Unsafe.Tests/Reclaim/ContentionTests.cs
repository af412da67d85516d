using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>What a reclaimer does about a lruvec that another thread is deciding about: it comes back, neither more urgent nor discouraged.</summary>
public sealed class ContentionTests
{
    private const int Pages = 40_000;

    [TestCase("mglru/concurrent")]
    [TestCase("mglru/unordered/concurrent")]
    public void ToBeKeptWaitingDoesNotMakeARequestTakeMore(string form)
    {
        using Engine engine = Build(form);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        Fill(engine, memcg);
        engine.Age(memcg, engine.Nodes[0]);
        Lruvec lruvec = engine.Machine.LruvecOf(memcg, engine.Nodes[0]);

        // Without waiting at one priority, the request would be at any of the thirteen when it is let in.
        for (int round = 0; round < 20; round++)
        {
            Assert.That(lruvec.TryTakeToken(), Is.True);
            long reclaimed = 0;
            Thread reclaimer = new(() => reclaimed = engine.Reclaim(new ReclaimRequest(64, memcg)).Reclaimed);
            reclaimer.Start();

            // Asleep, it has tried for long. One that never waits is let in after a while as well.
            SpinWait.SpinUntil(() => (reclaimer.ThreadState & ThreadState.WaitSleepJoin) != 0, TimeSpan.FromMilliseconds(50));
            lruvec.ReleaseToken();
            reclaimer.Join();

            Assert.That(reclaimed, Is.InRange(64, 64 + 64), $"round {round}: what is asked for, and a batch");
        }

        Assert.That(engine.Validate(), Is.Null);
    }

    [TestCase("mglru/unordered/concurrent")]
    [TestCase("classic/concurrent")]
    public void KswapdDoesNotGiveUpANodeThatOthersAreAt(string form)
    {
        using Engine engine = Build(form);
        Node node = engine.Nodes[0];
        AddressSpace space = Fill(engine, engine.Root);
        AccessTally tally = default;
        for (uint page = Pages; !node.KswapdWanted; page++)
            engine.Access(space, [page], ref tally);
        Lruvec lruvec = engine.Machine.LruvecOf(engine.Root, node);

        Assert.That(lruvec.TryTakeToken(), Is.True);
        for (int run = 0; run < 20; run++)
            Assert.That(engine.RunKswapd(node), Is.Zero, "there is nothing that it may decide about");
        Assert.That((node.KswapdWanted, node.KswapdFailures), Is.EqualTo((true, 0)), "it is as wanted as before");
        lruvec.ReleaseToken();

        while (node.KswapdWanted)
            engine.RunKswapd(node);
        Assert.That(node.Free, Is.GreaterThan(node.Watermarks.High));
        Assert.That(engine.Validate(), Is.Null);
    }

    private static Engine Build(string form) =>
        new(SmallMachine.Form(form) with { Nodes = [new NodeOptions(Pages + 2048)], LeafTables = 128 });

    private static AddressSpace Fill(Engine engine, MemoryCgroup memcg)
    {
        AddressSpace space = engine.CreateAddressSpace("s", 50_000, memcg);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, Pages).Select(p => (uint)p)], ref tally);
        return space;
    }
}
