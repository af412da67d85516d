using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>
/// The two halves of an eviction with the owner in between: what the policy lets go is isolated and noted, and goes when its owner says that
/// it has. The accessed bits are cleared when a page is proposed, so that use afterwards shows.
/// </summary>
internal sealed unsafe partial class FolioListEngine
{
    /// <summary>
    /// Notes what the policy lets go, until the request is full; leaves what it looked at in vain in [0, Survivors), not yet placed. What it
    /// has not looked at goes back to the cold end as it was.
    /// </summary>
    private void Propose(PolicyView view, ProposalRun run, in ScanControl scan, ref FolioBatch batch)
    {
        bool asks = Asks(view);
        Node? lower = scan.Mode != ReclaimMode.Evict && _machine.Demotion.CanDemote(view.Node) ? _machine.Demotion.ChooseTarget(view.Node) : null;
        int survivors = 0;
        int i = 0;
        for (; i < batch.Count && !run.IsFull; i++)
        {
            uint pfn = batch[i];
            uint slot = _frames.OwnerOf(pfn);
            Verdict verdict = Verdict.Keep;
            if (_machine.Locks.TryEnter(slot))
            {
                verdict = Ask(view, scan, pfn, asks, ref batch);
                if (verdict is Verdict.Reclaim or Verdict.ReclaimClean)
                    verdict = Propose(view, run, scan, pfn, slot, verdict, lower, ref batch);
                _machine.Locks.Exit(slot);
            }
            else
            {
                run.Skip(ReclaimSkip.Busy);
            }

            if (verdict != Verdict.Reclaim)
                Keep(view, pfn, verdict, ref batch, ref survivors);
        }

        batch.Survivors = survivors;
        for (int rest = batch.Count - 1; rest >= i; rest--)
            view.Place(batch[rest], PlaceHint.Tail);
    }

    /// <summary>One folio with its lock held: Reclaim when it is proposed. Dirty or not: it is its owner who writes it.</summary>
    private Verdict Propose(
        PolicyView view, ProposalRun run, in ScanControl scan, uint pfn, uint slot, Verdict verdict, Node? lower, ref FolioBatch batch)
    {
        bool anon = _frames.TypeOf(pfn) == FolioType.Anon;
        Node? to = null;
        if (lower is not null)
        {
            to = _machine.Demotion.FindRoom(view.Node, lower);
            if (to is null)
            {
                run.Skip(ReclaimSkip.NotDemoted);
                return Verdict.Keep;
            }
        }
        else if (anon && verdict == Verdict.ReclaimClean)
        {
            run.Skip(ReclaimSkip.Dirty);
            return Verdict.Keep;
        }
        else if (anon && !_machine.TryTakeSwap(view.Memcg))
        {
            run.Skip(ReclaimSkip.NoSwap);
            return Verdict.Activate;
        }

        _ = ReferenceScan.TestAndClearYoung(_machine, pfn);
        run.Note(new ProposedPage(PageAt(pfn, slot, IsDirty(pfn, slot, anon), view.Node.Id), to?.Id));
        _machine.Proposed.Begin(pfn, (scan.Target ?? _machine.Root).Id, to is not null, !scan.IsCgroupReclaim);
        batch.Reclaimed++;
        batch.ReclaimedFile += anon ? 0 : 1;
        batch.Demoted += to is null ? 0 : 1;
        batch.DemotedFile += to is null || anon ? 0 : 1;
        return Verdict.Reclaim;
    }

    /// <summary>
    /// A page's owner says that it is gone, or that it is on node <paramref name="to"/>. With its lock held. As for an eviction the page
    /// leaves its tables first, and its accessed bits are looked at after.
    /// </summary>
    public PageOutcome Commit(uint pfn, uint slot, Node? to)
    {
        Proposal proposal = _machine.Proposed.Of(pfn);
        if (!proposal.Exists || proposal.Moves != to is not null)
            return PageOutcome.NotProposed;
        PolicyView view = host.ViewAt(_machine.LruvecIndexOf(pfn));
        if (to is not null && !_machine.Demotion.IsLower(view.Node, to))
            return PageOutcome.NotProposed;
        bool anon = _frames.TypeOf(pfn) == FolioType.Anon;
        if (_frames.Has(pfn, FolioFlags.Pinned))
        {
            host.Proposals.PutBack(view, pfn, used: false);
            return PageOutcome.Pinned;
        }

        _ = WithdrawAll(pfn, slot, anon);
        if (_machine.Proposed.Of(pfn).WasUsed || IsAccessed(slot, anon))
        {
            // A policy that looks at references has its answer; one that looks when it isolates finds the bits as they are.
            if (Asks(view))
                _ = ReferenceScan.TestAndClearYoung(_machine, pfn);
            RestoreAll(pfn, slot, anon);
            host.Proposals.PutBack(view, pfn, used: true);
            return PageOutcome.Accessed;
        }

        uint frame = 0;
        if (to is not null && !Demotion.TryTake(to, out frame))
        {
            RestoreAll(pfn, slot, anon);
            host.Proposals.PutBack(view, pfn, used: false);
            return PageOutcome.NoMemory;
        }

        _machine.Proposed.End(pfn);
        CountStolen(view, anon, to is not null, proposal.IsForMachine);
        if (to is not null)
        {
            Rehome(view, pfn, slot, host.ViewOf(view.Memcg, to), frame);
            RestoreAll(frame, slot, anon);
        }
        else
        {
            PolicyView target = host.ViewOf(_machine.MemcgAt(proposal.Target), view.Node);
            if (anon)
            {
                _tables.Clear(_tables.Dirty, slot);
                LeaveAnon(view, target, pfn, slot);
            }
            else
            {
                LeaveFile(view, target, pfn, slot);
            }
        }

        return PageOutcome.Done;
    }

    /// <summary>A page's owner says that it stays. With its lock held.</summary>
    /// <returns>False: it is not proposed.</returns>
    public bool Abort(uint pfn, PageAnswer reason)
    {
        if (!_machine.Proposed.Of(pfn).Exists)
            return false;
        host.Proposals.PutBack(host.ViewAt(_machine.LruvecIndexOf(pfn)), pfn, used: reason == PageAnswer.Accessed);
        return true;
    }

    private void CountStolen(PolicyView view, bool anon, bool moves, bool forMachine)
    {
        view.Count(Counter.pgsteal_proactive, 1);
        view.Count(anon ? Counter.pgsteal_anon : Counter.pgsteal_file, 1);
        if (moves)
            view.Count(Counter.pgdemote_proactive, 1);
        if (forMachine)
            _machine.GlobalCounts.Add(Counter.pgsteal_proactive, 1);
    }

    private bool IsAccessed(uint slot, bool anon)
    {
        if (anon)
            return LeafTables.Test(_tables.Accessed, slot);
        bool accessed = false;
        foreach (uint mapped in _machine.Rmap.Of(slot))
            accessed |= LeafTables.Test(_tables.Accessed, mapped);
        return accessed;
    }

    private bool IsDirty(uint pfn, uint slot, bool anon)
    {
        if (anon)
            return LeafTables.Test(_tables.Dirty, slot);
        bool dirty = _frames.Has(pfn, FolioFlags.Dirty);
        foreach (uint mapped in _machine.Rmap.Of(slot))
            dirty |= LeafTables.Test(_tables.Dirty, mapped);
        return dirty;
    }
}
