using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies;

/// <summary>The policies that know pages beyond their eviction, each beside a model written from its paper.</summary>
public class ReusePolicyTests
{
    private const uint Pages = 160;

    private static readonly string[] Names = ["lirs", "clockpro", "lruk", "wtinylfu"];

    [Test]
    public void EveryAccessHitsOrMissesAsInTheModelAndLeavesTheSamePages(
        [ValueSource(nameof(Names))] string policy, [Values(1, 2, 3, 5, 16, 40, 120)] int capacity, [Values(1, 2, 3)] int seed) =>
        Compare(policy, capacity, seed, frees: false);

    [Test]
    public void PagesThatAreFreedLeaveTheModelsOrder(
        [ValueSource(nameof(Names))] string policy, [Values(1, 2, 5, 40)] int capacity, [Values(4, 5)] int seed) =>
        Compare(policy, capacity, seed, frees: true);

    private static void Compare(string policy, int capacity, int seed, bool frees)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.SetMax(memcg, (ulong)capacity);
        ReuseModel model = ReuseModel.Of(policy, capacity);
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 3000; step++)
        {
            uint page = ExactPolicyModelTests.NextPage(random, step);
            string where = $"seed {seed}, step {step}, page {page}";
            if (frees && random.Next(10) == 0)
            {
                engine.Discard(space, page, page + 1);
                model.Discard(page);
            }
            else
            {
                long hits = tally.Hits;
                bool expected = model.Access(page);
                engine.Access(space, [page], ref tally);
                Assert.That(tally.Hits > hits, Is.EqualTo(expected), where);
            }

            for (uint other = 0; other < Pages; other++)
            {
                if (engine.IsResident(space, other) != model.Contains(other))
                    Assert.Fail($"{where}: page {other} should {(model.Contains(other) ? "" : "not ")}be resident");
            }

            if (step % 8 == 0)
                Assert.That(engine.Validate(), Is.Null, where);
        }

        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
    }
}
