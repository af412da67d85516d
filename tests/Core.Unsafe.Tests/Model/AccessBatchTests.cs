using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Tests.Model;

public class AccessBatchTests
{
    private const uint Pages = 160;

    [Test]
    public void OneCallWithAllAccessesLeavesWhatOneCallForEachDoes([Values("fifo", "lru", "clock", "sieve", "classic", "mglru")] string policy)
    {
        const int Seed = 5;
        var random = new Random(Seed);
        uint[] accesses = new uint[20_000];
        for (int i = 0; i < accesses.Length; i++)
            accesses[i] = ExactPolicyModelTests.NextPage(random, i) | (random.Next(4) == 0 ? Engine.WriteBit : 0);

        (AccessTally whole, bool[] residentAfterWhole) = Replay(policy, accesses, accesses.Length);
        (AccessTally single, bool[] residentAfterSingle) = Replay(policy, accesses, 1);

        Assert.That(
            (whole.Hits, whole.MinorFaults, whole.ColdFaults, whole.Refaults),
            Is.EqualTo((single.Hits, single.MinorFaults, single.ColdFaults, single.Refaults)),
            $"seed {Seed}: how accesses are batched must not matter");
        Assert.That(residentAfterWhole, Is.EqualTo(residentAfterSingle), $"seed {Seed}");
    }

    private static (AccessTally Tally, bool[] Resident) Replay(string policy, uint[] accesses, int batch)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", Pages, memcg);
        engine.SetMax(memcg, 100);
        AccessTally tally = default;
        for (int at = 0; at < accesses.Length; at += batch)
            engine.Access(space, accesses.AsSpan(at, Math.Min(batch, accesses.Length - at)), ref tally);
        var resident = new bool[Pages];
        for (uint page = 0; page < Pages; page++)
            resident[page] = engine.IsResident(space, page);
        return (tally, resident);
    }
}
