using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Engines;

public class FootprintTests
{
    private const ulong NodePages = 1 << 20;

    [Test]
    public void FirstTouchBacksTheFramesOfOneNode([Values] ListOrder order)
    {
        using var engine = new Engine(new EngineOptions
        {
            Nodes = [new NodeOptions(NodePages), new NodeOptions(NodePages)],
            Order = order,
            Policies = [PolicyDefinition.Of<MglruPolicy>()],
        });
        ulong before = FramesBacked(engine);
        engine.FirstTouch(engine.Nodes[1]);
        ulong one = FramesBacked(engine) - before;
        engine.FirstTouch(engine.Nodes[0]);
        ulong reserved = 0;
        foreach (ColumnFootprint column in engine.MeasureFootprint())
            reserved += column.Name.StartsWith("frame.", StringComparison.Ordinal) ? column.Bytes : 0;

        // Whole pages are backed, of 2 MiB where the system gives them: one at each end of each column.
        Assert.That(one, Is.EqualTo(reserved / 2).Within(8 * (2 << 20)));
        Assert.That(FramesBacked(engine), Is.GreaterThanOrEqualTo(reserved));
        Assert.That(engine.Validate(), Is.Null);
    }

    private static ulong FramesBacked(Engine engine) =>
        (ulong)engine.MeasureFootprint().Where(c => c.Name.StartsWith("frame.", StringComparison.Ordinal)).Sum(c => (long)c.ResidentBytes);
}
