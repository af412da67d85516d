using ReclaimNative.Machine;
using ReclaimNative.Observe;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>The Linux that the core behaves like.</summary>
    public KernelVersion Kernel => _machine.Kernel;

    /// <summary>False for an engine built with <see cref="MachineOptions.NoMemcg"/>: there is the root alone, and nothing is charged.</summary>
    public bool HasMemcgs => _machine.HasMemcgs;

    /// <summary>How many cgroups there is room for, the root included.</summary>
    public int MemcgCapacity => _machine.MemcgCapacity;

    /// <summary>Pages go to a lower memory tier instead of out, where there is one; see <see cref="SetDemotion"/>.</summary>
    public bool IsDemotionOn => _machine.Demotion.IsOn;

    /// <summary>Pressure stall information is kept (<see cref="MachineOptions.Pressure"/>).</summary>
    public bool KeepsPressure => _pressure is not null;

    /// <summary>Swap in pages, or null when it has no end.</summary>
    public ulong? SwapTotal => _machine.SwapTotal == ulong.MaxValue ? null : _machine.SwapTotal;

    /// <summary>
    /// The <c>memory.numa_stat</c> of a cgroup and all below it: lines of <c>key N0=value N1=value\n</c>, sizes in bytes, events in pages, in the
    /// order of 6.18. What <see cref="ReadMemoryStat"/> leaves out is left out here, and so are events that the kernel does not keep by node.
    /// </summary>
    /// <remarks>Allocates. Source: kernel-reclaim reference 7.4.</remarks>
    public string ReadMemoryNumaStat(MemoryCgroup memcg)
    {
        ThrowIfDisposed();
        Own(memcg);
        var sizes = new MemorySizes[_machine.Nodes.Length];
        foreach (Node node in _machine.Nodes)
            sizes[node.Id] = SizesOn(node, memcg);
        return MeminfoText.MemoryNumaStat(
            sizes,
            (node, counter) => _host.Total(_machine.LruvecOf(memcg, _machine.Nodes[node]), counter));
    }

    /// <summary>
    /// What <c>/proc/meminfo</c> says: lines of <c>Key: value kB\n</c>, of the keys that the engine models. There are no lines for swap that has
    /// no end. Allocates.
    /// </summary>
    public string ReadMeminfo()
    {
        ThrowIfDisposed();
        var sizes = default(MemorySizes);
        long pages = 0;
        foreach (Node node in _machine.Nodes)
        {
            sizes += SizesOn(node, Root);
            pages += node.Pages;
        }

        return MeminfoText.Machine(pages, sizes, SwapTotal, SwapFree);
    }

    /// <summary>What <c>/sys/devices/system/node/nodeN/meminfo</c> says of a node, of the keys that the engine models. Allocates.</summary>
    public string ReadNodeMeminfo(Node node)
    {
        ThrowIfDisposed();
        Own(node);
        return MeminfoText.Node(node.Id, node.Pages, SizesOn(node, Root));
    }
}
