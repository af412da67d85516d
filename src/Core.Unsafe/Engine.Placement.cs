using ReclaimNative.Concurrency;
using ReclaimNative.PageTables;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// Counts on which nodes the pages are that some accesses name, as they are now; an access to an absent page counts nowhere. For owners
    /// to whom memory of another tier has another price. Takes a look at the page table for each access.
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="accesses">Pages, with <see cref="WriteBit"/> or without; one that comes twice counts twice.</param>
    /// <param name="perNode">The counts by number of the node, which are overwritten; one for each node.</param>
    /// <remarks>Callable from any thread of a concurrent engine; a page that moves meanwhile is counted at one of its places, or nowhere.</remarks>
    /// <exception cref="EngineException">A word names a page beyond the space, or there are not as many counts as nodes.</exception>
    public void CountByNode(AddressSpace space, ReadOnlySpan<uint> accesses, Span<long> perNode)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        if (perNode.Length != _machine.Nodes.Length)
            throw new EngineException($"Room for {perNode.Length} counts was given; the engine has {_machine.Nodes.Length} nodes.");
        perNode.Clear();
        foreach (uint word in accesses)
        {
            uint page = word & ~WriteBit;
            if (page >= space.Pages)
                ThrowBeyond(space, page);
            uint pfn = _machine.Tables.FrameAt(space.BaseSlot + page);
            if (pfn < _machine.Frames.Count)
                perNode[_machine.NodeIdOf(pfn)]++;
        }
    }
}
