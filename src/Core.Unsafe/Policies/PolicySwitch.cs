using ReclaimNative.Machine;
using ReclaimNative.Memory;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// Gives the pages of a cgroup to another policy while they stay resident, that of the cgroup itself or, when it ends, its parent's: the old one names its lists from cold to hot, the folios are
/// taken off in that order, all that it kept is wiped, and the new one places them one by one. Charges, mappings, accessed bits, shadows
/// and whatever else belongs to the core stays.
/// </summary>
/// <remarks>
/// For a thread that is alone in the engine. Takes time in proportion to the resident pages, and 4 bytes of memory for each meanwhile.
/// Shadows of the old policy are told by their tag: they count as refaults that nothing is known of.
/// </remarks>
internal static unsafe class PolicySwitch
{
    /// <summary>Binds a cgroup to another policy.</summary>
    public static void Run(PolicyHost host, MemoryCgroup memcg, PolicyDefinition to)
    {
        Node[] nodes = host.Machine.Nodes;
        Span<long> counts = stackalloc long[nodes.Length];
        using NativeBlock order = TakeAll(host, memcg, counts);
        uint* pfn = (uint*)order.Pointer;
        foreach (Node node in nodes)
        {
            PolicyView view = host.ViewOf(memcg, node);
            view.Bind(to);
            view.Ops.LruvecOnline(view);
            for (long i = 0; i < counts[node.Id]; i++)
                view.Place(*pfn++, PlaceHint.Head);
        }

        host.Machine.Tracer.Tell(Tracepoint.policy_switched, memcg, null, to.Name);
    }

    /// <summary>Gives the pages of a cgroup that has no address spaces, which are file pages, to its parent.</summary>
    /// <remarks>The parent is charged for them already: usage counts what is below.</remarks>
    public static void Reparent(PolicyHost host, MemoryCgroup memcg)
    {
        MachineState machine = host.Machine;
        MemoryCgroup parent = memcg.Parent!;
        Span<long> counts = stackalloc long[machine.Nodes.Length];
        using NativeBlock order = TakeAll(host, memcg, counts);
        machine.HandOverFilePages(memcg, parent);
        uint* pfn = (uint*)order.Pointer;
        foreach (Node node in machine.Nodes)
        {
            Lruvec lruvec = machine.LruvecOf(memcg, node);
            PolicyView view = host.ViewOf(parent, node);
            view.Lruvec.CountMapped(lruvec.Mapped);
            lruvec.CountMapped(-lruvec.Mapped);
            for (long i = 0; i < counts[node.Id]; i++)
                view.Place(*pfn++, PlaceHint.Head);
        }
    }

    /// <summary>
    /// Takes every page of a cgroup off its lists, node by node and from the coldest to the hottest, and wipes what its policy kept.
    /// Memory is taken before anything is done.
    /// </summary>
    /// <param name="host">The engine's policies.</param>
    /// <param name="memcg">The cgroup.</param>
    /// <param name="counts">How many of each node.</param>
    /// <returns>Their frames.</returns>
    private static NativeBlock TakeAll(PolicyHost host, MemoryCgroup memcg, Span<long> counts)
    {
        MachineState machine = host.Machine;
        host.Proposals.Lapse(memcg);
        PolicyView first = host.ViewOf(memcg, machine.Nodes[0]);
        bool asks = !host.RecordOf(first.Tag).IsEjected;
        bool keptPages = first.Definition.Descriptor.HistoryWords > 0;
        long resident = 0;
        foreach (Node node in machine.Nodes)
            resident += host.ViewOf(memcg, node).OnLists();
        var order = new NativeBlock((nuint)Math.Max(resident, 1) * sizeof(uint));
        long taken = 0;
        foreach (Node node in machine.Nodes)
        {
            counts[node.Id] = host.ViewOf(memcg, node).TakeAll((uint*)order.Pointer + taken, asks);
            taken += counts[node.Id];
        }

        if (keptPages)
            machine.ForgetPagesOf(memcg);
        return order;
    }
}
