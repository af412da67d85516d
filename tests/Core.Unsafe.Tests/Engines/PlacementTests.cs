using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Engines;

public sealed class PlacementTests
{
    [Test]
    public void AccessesAreCountedWhereTheirPagesAre()
    {
        using Engine engine = new(new EngineOptions
        {
            Nodes = [new NodeOptions(1000), new NodeOptions(1000, 1)],
            Policies = [PolicyDefinition.Of<FifoPolicy>()],
            Demotion = true,
        });
        AddressSpace space = engine.CreateAddressSpace("task", 600);
        engine.Map(space, 500, 600, engine.CreateFile(100));
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 550).Select(p => (uint)p)], ref tally);
        long[] counts = [77, 77];

        engine.CountByNode(space, [0, 1 | Engine.WriteBit, 1, 520, 580], counts);
        Assert.That(counts, Is.EqualTo((long[])[4, 0]), "the last is absent");

        // In order of arrival: the oldest are demoted.
        engine.Reclaim(new ReclaimRequest(64, Nodes: engine.Nodes[0]));
        engine.CountByNode(space, [0, 1, 1, 520, 580], counts);
        Assert.That(counts, Is.EqualTo((long[])[1, 3]));
        Assert.That(() => engine.CountByNode(space, [600], counts), Throws.TypeOf<EngineException>());
        Assert.That(() => engine.CountByNode(space, [0], new long[3]), Throws.TypeOf<EngineException>().With.Message.Contains("2 nodes"));
    }
}
