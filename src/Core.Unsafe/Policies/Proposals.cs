using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>How pages that were proposed to their owner, or that he keeps because he uses them, come back on their lists.</summary>
/// <remarks>Each with its page's lock held, or by a thread that is alone in the engine. Never allocates.</remarks>
internal sealed unsafe class Proposals(PolicyHost host)
{
    private readonly MachineState _machine = host.Machine;

    /// <summary>A proposed page stays: what was taken for its leaving is given back, and the policy places it.</summary>
    /// <param name="view">The page's lruvec.</param>
    /// <param name="pfn">Its frame.</param>
    /// <param name="used">It is known to have been used.</param>
    public void PutBack(PolicyView view, uint pfn, bool used)
    {
        Proposal ended = _machine.Proposed.End(pfn);
        if (!ended.Moves && _machine.Frames.TypeOf(pfn) == FolioType.Anon)
            _machine.ReturnSwap(view.Memcg);
        bool hasAccess = false;
        if (used || ended.WasUsed)
        {
            hasAccess = MarkUsed(view, pfn);
            _machine.Frames.Set(pfn, FolioFlags.Active);
            view.Count(Counter.pgactivate, 1);
        }

        if (view.Ops.LooksAfter)
            ShowAfter(view, pfn, ended);
        view.Place(pfn, PlaceHint.Head);
        if (hasAccess)
            view.Ops.OnAccesses(view, new ReadOnlySpan<uint>(in pfn));
    }

    /// <summary>
    /// Leaves on an isolated folio what its use means beyond its activation: a saved reference where the policy looks when it isolates.
    /// </summary>
    /// <returns>The policy sees accesses, and is to be told of this one when the folio is on a list.</returns>
    public bool MarkUsed(PolicyView view, uint pfn)
    {
        PolicyFlags flags = view.Definition.Descriptor.Flags;
        if ((flags & PolicyFlags.SeesAccesses) != 0)
            return true;
        if ((flags & PolicyFlags.IgnoresReferences) != 0)
            _machine.Frames.Set(pfn, FolioFlags.Young);
        return false;
    }

    /// <summary>
    /// All proposals of a cgroup, or of the machine, lapse: their pages are back on their lists. For a thread that is alone in the engine,
    /// with recorded hits handed over. Takes a sweep over the frames when there are any.
    /// </summary>
    /// <param name="memcg">The cgroup alone, without those below it; null for all.</param>
    public void Lapse(MemoryCgroup? memcg)
    {
        for (uint pfn = _machine.Proposed.Next(0); pfn != FrameTable.NoFrame; pfn = _machine.Proposed.Next(pfn + 1))
        {
            PolicyView view = host.ViewAt(_machine.LruvecIndexOf(pfn));
            if (memcg is null || ReferenceEquals(view.Memcg, memcg))
                PutBack(view, pfn, used: false);
        }

        _machine.Lists.Drain();
    }

    /// <summary>A page that comes back late is shown to the policy as any survivor is: a batch of one.</summary>
    [SkipLocalsInit]
    private void ShowAfter(PolicyView view, uint pfn, Proposal ended)
    {
        Unsafe.SkipInit(out FolioBatch batch);
        batch.Begin();
        batch.Type = _machine.Frames.TypeOf(pfn);
        batch[0] = pfn;
        batch.Count = batch.Survivors = 1;
        ScanControl scan = new() { Reclaimer = Reclaimer.Proactive, Target = _machine.MemcgAt(ended.Target), MaySwap = true };
        LruvecBudget budget = default;
        view.Ops.After(view, ref scan, ref budget, ref batch);
    }
}
