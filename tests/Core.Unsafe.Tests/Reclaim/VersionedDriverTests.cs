using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Reclaim;

/// <summary>What drivers of reclaim do differently by version.</summary>
public sealed class VersionedDriverTests
{
    private static readonly List<long> Asked = [];

    /// <summary>FIFO that takes one page at every visit, wanted or not.</summary>
    private readonly struct TakingPolicy : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "taking" };

        public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => true;

        public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
            view.IsolateTail(0, 1, ref batch);

        public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => false;
    }

    /// <summary>FIFO that notes what each pass is asked for.</summary>
    private readonly struct NotingPolicy : IReclaimPolicy
    {
        public static PolicyDescriptor Describe() => new() { Name = "noting" };

        public static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass) => Asked.Add(scan.NrToReclaim);
    }

    [TestCase(KernelVersion.V6_1, new long[] { 100 })]
    [TestCase(KernelVersion.V6_12, new long[] { 25, 18, 14, 10, 8, 6, 4, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1 })]
    public void AProactiveRequestAsksForAllAtOnceIn61AndForQuartersLater(KernelVersion kernel, long[] asked)
    {
        using Engine engine = new(SmallMachine.Options(PolicyDefinition.Of<NotingPolicy>()) with { Kernel = kernel });
        AddressSpace space = engine.CreateAddressSpace("s", 400);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 400).Select(p => (uint)p)], ref tally);
        Asked.Clear();

        engine.Reclaim(new ReclaimRequest(100, engine.Root));

        Assert.That(Asked, Is.EqualTo(asked), "kernel-reclaim 6.4");
    }

    [TestCase(KernelVersion.V6_1, 4)]
    [TestCase(KernelVersion.V6_18, 1)]
    public void OnlyLaterReclaimersShareAWalk(KernelVersion kernel, int visited)
    {
        using Engine engine = new(SmallMachine.Options(PolicyDefinition.Of<TakingPolicy>()) with { Kernel = kernel });
        MemoryCgroup parent = engine.CreateMemcg("p");
        AddressSpace[] spaces = [.. Enumerable.Range(0, 4).Select(i => engine.CreateAddressSpace($"s{i}", 100, engine.CreateMemcg($"c{i}", parent)))];
        AccessTally tally = default;
        foreach (AddressSpace space in spaces)
            engine.Access(space, [.. Enumerable.Range(0, 50).Select(p => (uint)p)], ref tally);

        engine.Reclaim(new ReclaimRequest(1, parent) { Overshoots = true });

        int touched = spaces.Count(s => s.Resident < 50);
        Assert.That(touched, Is.EqualTo(visited), "a private walk goes through every cgroup, a shared one stops when it has enough (kernel-reclaim 4.1)");
    }
}
