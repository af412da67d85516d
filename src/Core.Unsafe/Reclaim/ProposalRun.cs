using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>A proactive request that evicts nothing: what would leave is noted and isolated until its owner answers.</summary>
internal sealed class ProposalRun(MachineState machine, ReclaimRequest request, Node[] nodes, TimeProvider clock, CancellationToken cancellation, ProposedPage[] pages)
    : ReclaimRun(machine, request, nodes, clock, cancellation)
{
    private int _count;

    /// <summary>As many as were asked for are noted; no further page may be proposed.</summary>
    public bool IsFull => _count == Request.Pages;

    /// <summary>Notes a page that is proposed.</summary>
    public void Note(in ProposedPage page) => pages[_count++] = page;
}
