using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// The <c>memory.stat</c> of a cgroup and all below it, in the kernel's words and order (6.18): lines of
    /// <c>key value\n</c>, sizes in bytes, events in pages.
    /// </summary>
    /// <remarks>
    /// Only what the engine models. Left out are the kernel's own memory (kernel, kernel_stack, pagetables, sec_pagetables,
    /// percpu, sock, vmalloc, slab*), what there is none of (shmem, zswap*, swapcached, *_thp, hugetlb, unevictable,
    /// file_writeback), file_dirty, workingset_nodereclaim, pgpromote_success, those of khugepaged,
    /// pglazyfree*, swpin_zero, swpout_zero, zswp*, thp_* and numa_*. With other threads at work the values are of different
    /// moments. Allocates. Source: kernel-reclaim reference 7.4.
    /// </remarks>
    public string ReadMemoryStat(MemoryCgroup memcg)
    {
        ThrowIfDisposed();
        Own(memcg);
        var sizes = default(MemorySizes);
        foreach (Node node in _machine.Nodes)
            sizes += SizesOn(node, memcg);
        return MemoryStatText.MemoryStat(sizes, counter => Read(memcg, counter));
    }

    /// <summary>
    /// The <c>memory.events</c> of a cgroup and all below it, or its <c>memory.events.local</c>: <c>low</c>, <c>high</c>,
    /// <c>max</c>, <c>oom</c> and <c>oom_kill</c>, in lines of <c>key value\n</c>. Left out: oom_group_kill.
    /// </summary>
    /// <remarks>Allocates. Source: kernel-reclaim reference 7.4.</remarks>
    public string ReadMemoryEvents(MemoryCgroup memcg, bool local = false)
    {
        ThrowIfDisposed();
        Own(memcg);
        return MemoryStatText.MemoryEvents(counter => local ? ReadLocal(memcg, counter) : Read(memcg, counter));
    }

    /// <summary>
    /// What <c>/proc/vmstat</c> says of the machine: the sizes of all nodes in pages, then events, in lines of
    /// <c>key value\n</c> in the order of 6.18.
    /// </summary>
    /// <remarks>
    /// Only what the engine models: besides what <see cref="ReadMemoryStat"/> leaves out, there are no nr_isolated_*, nr_dirty,
    /// nr_writeback, nr_unevictable, nr_zone_write_pending, workingset_nodes, numa_*, pgalloc_*, pgfree, pgskip_*,
    /// slabs_scanned, kswapd_*_hit_quickly and no counters of compaction and migration. Reclaim for a cgroup is not in
    /// pgscan_* and pgsteal_* by class. Allocates. Source: kernel-reclaim reference 7.1 to 7.3.
    /// </remarks>
    public string ReadVmstat()
    {
        ThrowIfDisposed();
        var sizes = default(MemorySizes);
        foreach (Node node in _machine.Nodes)
            sizes += SizesOn(node, Root);
        return MemoryStatText.Vmstat(sizes, ReadMachine);
    }

    /// <summary>
    /// What <c>/sys/devices/system/node/nodeN/vmstat</c> says of a node: its sizes in pages and its own counters, without the
    /// events that are the machine's, in lines of <c>key value\n</c>. As in <see cref="ReadVmstat"/>.
    /// </summary>
    public string ReadNodeVmstat(Node node)
    {
        ThrowIfDisposed();
        Own(node);
        Lruvec lruvec = _machine.LruvecOf(Root, node);
        return MemoryStatText.NodeVmstat(SizesOn(node, Root), counter => _host.Total(lruvec, counter));
    }

    private MemorySizes SizesOn(Node node, MemoryCgroup memcg)
    {
        Lruvec lruvec = _machine.LruvecOf(memcg, node);
        LruSizes lists = _host.TotalSizes(lruvec);
        return new MemorySizes(node.Free, lists.InactiveAnon, lists.ActiveAnon, lists.InactiveFile, lists.ActiveFile, _host.TotalMapped(lruvec));
    }
}
