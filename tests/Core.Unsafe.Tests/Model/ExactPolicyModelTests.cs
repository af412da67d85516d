using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Tests.Model;

/// <summary>The engine with each exact policy, beside a list-based model, compared page by page after every access.</summary>
public class ExactPolicyModelTests
{
    private const uint Pages = 160;

    [Test]
    public void ResidencyOfEveryPageIsThatOfTheModelAfterEveryAccess(
        [Values("fifo", "lru", "clock", "sieve", "s3fifo", "arc", "2q", "lfu", "mru")] string policy,
        [Values(1, 2, 3, 7, 32, 100, 159)] int capacity,
        [Values(1, 2)] int seed)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.SetMax(memcg, (ulong)capacity);
        ExactModel model = ExactModel.Of(policy, capacity);
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 3000; step++)
        {
            uint page = NextPage(random, step);
            bool expected = model.Access(page);
            long hits = tally.Hits;
            engine.Access(space, [page], ref tally);

            string where = $"seed {seed}, step {step}, page {page}";
            Assert.That(tally.Hits > hits, Is.EqualTo(expected), where);
            for (uint other = 0; other < Pages; other++)
            {
                if (engine.IsResident(space, other) != model.Contains(other))
                    Assert.Fail($"{where}: page {other} should {(model.Contains(other) ? "" : "not ")}be resident");
            }

            Assert.That(memcg.Usage, Is.EqualTo((ulong)model.Count), where);
            if (step % 8 == 0)
                Assert.That(engine.Validate(), Is.Null, where);
        }
    }

    [Test]
    public void DiscardsAndPinsOfOtherPagesDoNotDisturbTheModelsOrder(
        [Values("fifo", "lru", "clock", "sieve", "s3fifo", "arc", "2q", "lfu", "mru")] string policy, [Values(5, 40)] int capacity, [Values(3, 4)] int seed)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.SetMax(memcg, (ulong)capacity);
        ExactModel model = ExactModel.Of(policy, capacity);
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 4000; step++)
        {
            uint page = NextPage(random, step);
            string where = $"seed {seed}, step {step}, page {page}";
            if (random.Next(10) == 0)
            {
                engine.Discard(space, page, page + 1);
                model.Discard(page);
            }
            else
            {
                model.Access(page);
                engine.Access(space, [page], ref tally);
            }

            for (uint other = 0; other < Pages; other++)
            {
                if (engine.IsResident(space, other) != model.Contains(other))
                    Assert.Fail($"{where}: page {other} should {(model.Contains(other) ? "" : "not ")}be resident");
            }

            if (step % 8 == 0)
                Assert.That(engine.Validate(), Is.Null, where);
        }
    }

    /// <summary>A loop, a hot set and noise in turn: each policy is good at one of them.</summary>
    internal static uint NextPage(Random random, int step) => (step / 500 % 3) switch
    {
        0 => (uint)(step % 50),
        1 => (uint)(random.NextDouble() * random.NextDouble() * Pages),
        _ => (uint)random.Next((int)Pages),
    };
}
