using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>What must hold of weights, costs and charges whatever the numbers: kernel-reclaim 2.8, 2.9 and 4.4.</summary>
public unsafe class BalancePropertyTests
{
    private const int Cases = 5000;

    [Test]
    public void EachTypeKeepsAThirdBeforeSwappiness([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Cases; i++)
        {
            (ulong anon, ulong file) = CostModel.Weights(100, Cost(random), Cost(random));

            Assert.That(3 * anon, Is.InRange(anon + file - 3, 2 * (anon + file) + 3), "between a third and two thirds, but for rounding");
        }
    }

    [Test]
    public void WeightsFollowSwappinessAndTurnFromTheTypeThatCostsMore([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < Cases; i++)
        {
            int swappiness = random.Next(201);
            long anonCost = Cost(random);
            long fileCost = Cost(random);
            (ulong anon, ulong file) = CostModel.Weights(swappiness, anonCost, fileCost);

            Assert.That(anon, Is.GreaterThanOrEqualTo((ulong)swappiness));
            Assert.That(file, Is.GreaterThanOrEqualTo((ulong)(200 - swappiness)), "so their sum is 200 at least");
            Assert.That((anon == 0, file == 0), Is.EqualTo((swappiness == 0, swappiness == 200)));

            (ulong moreAnon, ulong lessFile) = CostModel.Weights(random.Next(swappiness, 201), anonCost, fileCost);
            Assert.That(moreAnon, Is.GreaterThanOrEqualTo(anon));
            Assert.That(lessFile, Is.LessThanOrEqualTo(file));

            // Weights are rounded to integers, which is worth half a hundredth of a sum of 200.
            double share = Share((anon, file));
            Assert.That(Share(CostModel.Weights(swappiness, anonCost + Cost(random), fileCost)), Is.LessThanOrEqualTo(share + 0.01));
            Assert.That(Share(CostModel.Weights(swappiness, anonCost, fileCost + Cost(random))), Is.GreaterThanOrEqualTo(share - 0.01));
            Assert.That(CostModel.Weights(200 - swappiness, fileCost, anonCost), Is.EqualTo((file, anon)), "the types have no other difference");
        }

        static double Share((ulong Anon, ulong File) weights) => (double)weights.Anon / (weights.Anon + weights.File);
    }

    [Test]
    public void WhatIsChargedAddsUpTowardTheRootAndARefusedChargeLeavesNothing([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("fifo")) with { Memcgs = 16 });
        List<MemoryCgroup> memcgs = [engine.Root];
        for (int i = 0; i < 12; i++)
            memcgs.Add(engine.CreateMemcg($"m{i}", memcgs[random.Next(memcgs.Count)]));
        foreach (MemoryCgroup memcg in memcgs[1..].Where(_ => random.Next(2) == 0))
            engine.SetMax(memcg, (ulong)random.Next(1, 60));
        var own = new ulong[memcgs.Count];
        int refused = 0;
        for (int i = 0; i < Cases; i++)
        {
            MemoryCgroup memcg = memcgs[random.Next(memcgs.Count)];
            if (random.Next(3) > 0)
            {
                MemoryCgroup? full = Above(memcg).FirstOrDefault(m => m.Usage == m.Max);
                MemoryCgroup? over = engine.Machine.TryCharge(memcg);
                Assert.That(over, Is.SameAs(full), "the lowest that is full");
                own[memcg.Id] += over is null ? 1ul : 0;
                refused += over is null ? 0 : 1;
            }
            else if (own[memcg.Id] > 0)
            {
                engine.Machine.Uncharge(memcg);
                own[memcg.Id]--;
            }

            foreach (MemoryCgroup at in Above(memcg))
                Assert.That(at.Usage, Is.EqualTo(own[at.Id] + at.Children.Aggregate(0ul, (sum, child) => sum + child.Usage)));
        }

        Assert.That(refused, Is.InRange(Cases / 20, Cases), "limits were met");
        foreach (MemoryCgroup memcg in memcgs)
        {
            Assert.That(memcg.Usage, Is.EqualTo(own[memcg.Id] + memcg.Children.Aggregate(0ul, (sum, child) => sum + child.Usage)));
            while (own[memcg.Id]-- > 0)
                engine.Machine.Uncharge(memcg);
        }

        Assert.That(memcgs.Select(m => m.Usage), Is.All.Zero);

        static IEnumerable<MemoryCgroup> Above(MemoryCgroup memcg)
        {
            for (MemoryCgroup? at = memcg; at is not null; at = at.Parent)
                yield return at;
        }
    }

    [Test]
    public void CostsFadeWhereTheyPassAQuarterAndNowhereElse([Range(1, 5)] int seed)
    {
        var random = new Random(seed);
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup[] memcgs = [engine.Root, top, engine.CreateMemcg("left", top), engine.CreateMemcg("right", top)];
        Lruvec[] lruvecs = [.. memcgs.Select(m => engine.Machine.LruvecOf(m, engine.Nodes[0]))];
        AccessTally tally = default;
        foreach (MemoryCgroup memcg in memcgs[2..])
        {
            var space = engine.CreateAddressSpace("s", 400, memcg);
            for (uint page = 0; page < 400; page++)
                engine.Access(space, [page], ref tally);
        }

        for (int i = 0; i < Cases; i++)
        {
            int at = random.Next(1, lruvecs.Length);
            var type = (FolioType)random.Next(2);
            long cost = random.Next(1, 1 << random.Next(1, 8));
            (long Anon, long File)[] before = [.. lruvecs.Select(l => (l.Cost[0], l.Cost[1]))];

            CostModel.Add(lruvecs[at], type, cost);

            for (int level = 0; level < lruvecs.Length; level++)
            {
                (long anon, long file) = before[level];
                if (memcgs[level].Contains(memcgs[at]))
                {
                    (anon, file) = type == FolioType.Anon ? (anon + cost, file) : (anon, file + cost);
                    if (anon + file > lruvecs[level].Resident / 4)
                        (anon, file) = (anon / 2, file / 2);
                }

                Assert.That((lruvecs[level].Cost[0], lruvecs[level].Cost[1]), Is.EqualTo((anon, file)));
            }
        }
    }

    private static long Cost(Random random) => random.Next(4) == 0 ? 0 : random.NextInt64(1L << random.Next(1, 40));
}
