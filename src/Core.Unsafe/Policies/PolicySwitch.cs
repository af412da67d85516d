using ReclaimNative.Machine;
using ReclaimNative.Memory;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>
/// Gives the lruvecs of a cgroup to another policy with their pages resident: the old one names its lists from cold to hot, the folios are
/// taken off in that order, all that it kept is wiped, and the new one places them one by one. Charges, mappings, accessed bits, shadows
/// and whatever else belongs to the core stays.
/// </summary>
/// <remarks>
/// For a thread that is alone in the engine. Takes time in proportion to the resident pages, and 4 bytes of memory for each meanwhile.
/// Shadows of the old policy are told by their tag: they count as refaults that nothing is known of.
/// </remarks>
internal static unsafe class PolicySwitch
{
    public static void Run(PolicyHost host, MemoryCgroup memcg, PolicyDefinition to)
    {
        MachineState machine = host.Machine;
        host.Proposals.Lapse(memcg);
        PolicyView first = host.ViewOf(memcg, machine.Nodes[0]);
        bool asks = !host.RecordOf(first.Tag).IsEjected;
        bool keptPages = first.Definition.Descriptor.HistoryWords > 0;
        long resident = 0;
        foreach (Node node in machine.Nodes)
            resident += host.ViewOf(memcg, node).OnLists();
        using var order = new NativeBlock((nuint)Math.Max(resident, 1) * sizeof(uint));
        uint* pfns = (uint*)order.Pointer;
        long* counts = stackalloc long[machine.Nodes.Length];
        long taken = 0;
        foreach (Node node in machine.Nodes)
        {
            counts[node.Id] = host.ViewOf(memcg, node).TakeAll(pfns + taken, asks);
            taken += counts[node.Id];
        }

        if (keptPages)
            machine.ForgetPagesOf(memcg);
        taken = 0;
        foreach (Node node in machine.Nodes)
        {
            PolicyView view = host.ViewOf(memcg, node);
            view.Bind(to);
            view.Ops.LruvecOnline(view);
            for (long i = 0; i < counts[node.Id]; i++)
                view.Place(pfns[taken + i], PlaceHint.Head);
            taken += counts[node.Id];
        }

        machine.Tracer.Tell(Tracepoint.policy_switched, memcg, null, to.Name);
    }
}
