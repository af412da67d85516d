using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

internal sealed unsafe partial class FolioListEngine
{
    /// <summary>What a folio takes along to another frame.</summary>
    private const FolioFlags Carried = FolioFlags.Active | FolioFlags.Referenced | FolioFlags.Workingset
        | FolioFlags.Young | FolioFlags.RefsMask | FolioFlags.Dirty;

    /// <summary>
    /// What the policy lets go is set aside and then moved to a lower tier together. What does not get there is evicted
    /// after all, once more from the question about its references on; but not by a proactive request from 6.12 on, which is
    /// no sign that memory is short.
    /// </summary>
    [SkipLocalsInit]
    private void Demote(PolicyView view, PolicyView target, in ScanControl scan, ref FolioBatch batch)
    {
        Unsafe.SkipInit(out FolioBatch aside);
        aside.Begin();
        bool asks = Asks(view);
        int survivors = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            uint pfn = batch[i];
            Verdict verdict = AskLocked(view, scan, pfn, asks, ref batch);
            if (verdict is Verdict.Reclaim or Verdict.ReclaimClean)
            {
                aside[aside.Count++] = pfn;
                continue;
            }

            Keep(view, pfn, verdict, ref batch, ref survivors);
        }

        Node chosen = _machine.Demotion.ChooseTarget(view.Node);
        int count = aside.Count;
        aside.Count = 0;
        for (int i = 0; i < count; i++)
        {
            uint pfn = aside[i];
            FolioType type = _frames.TypeOf(pfn);
            if (!TryDemote(view, pfn, chosen))
            {
                aside[aside.Count++] = pfn;
                continue;
            }

            batch.Reclaimed++;
            batch.Demoted++;
            if (type == FolioType.File)
            {
                batch.ReclaimedFile++;
                batch.DemotedFile++;
            }
        }

        if (scan.Mode == ReclaimMode.Demote || (scan.Reclaimer == Reclaimer.Proactive && _machine.Kernel >= KernelVersion.V6_12))
        {
            aside.Survivors = aside.Count;
            scan.Request?.Skip(ReclaimSkip.NotDemoted, aside.Count);
        }
        else if (aside.Count > 0)
            Evict(view, target, scan, ref aside, asks);
        for (int i = 0; i < aside.Survivors; i++)
            batch[survivors++] = aside[i];
        batch.Survivors = survivors;
        batch.Reclaimed += aside.Reclaimed;
        batch.ReclaimedFile += aside.ReclaimedFile;
        batch.Written += aside.Written;
    }

    /// <summary>As <see cref="Ask"/>, of a page whose lock is yet to be taken.</summary>
    private Verdict AskLocked(PolicyView view, in ScanControl scan, uint pfn, bool asks, ref FolioBatch batch)
    {
        uint slot = _frames.OwnerOf(pfn);
        if (!_machine.Locks.TryEnter(slot))
        {
            scan.Request?.Skip(ReclaimSkip.Busy);
            return Verdict.Keep;
        }

        try
        {
            return Ask(view, scan, pfn, asks, ref batch);
        }
        finally
        {
            _machine.Locks.Exit(slot);
        }
    }

    private bool TryDemote(PolicyView view, uint pfn, Node chosen)
    {
        uint slot = _frames.OwnerOf(pfn);
        if (!_machine.Locks.TryEnter(slot))
            return false;
        try
        {
            // Its owner may have pinned it since it was asked about.
            if (_frames.Has(pfn, FolioFlags.Pinned) || _machine.Demotion.TakeFrame(view.Node, chosen, out uint to) is not { } node)
                return false;
            PolicyView destination = host.ViewOf(view.Memcg, node);
            if (TryMigrate(view, pfn, slot, destination, to))
                return true;
            node.Return(to);
            return false;
        }
        finally
        {
            _machine.Locks.Exit(slot);
        }
    }

    /// <summary>
    /// Moves a page to the frame <paramref name="to"/>, with its lock held. Residency, charge, reverse map, accessed and
    /// dirty bits belong to slots, which stay; only entries change.
    /// </summary>
    /// <remarks>
    /// As for an eviction the page leaves its tables first, so that the owner copies what nobody is writing to: an access
    /// that still found it present has set its bits before that. One that comes later finds it absent, faults, and obtains a
    /// frame; but no fault looks at an entry without the page's lock, and when it gets that the page is present again: it
    /// gives its frame back and is a hit, as when two threads fault at once.
    /// </remarks>
    /// <returns>False: its owner keeps it where it is.</returns>
    private bool TryMigrate(PolicyView view, uint pfn, uint slot, PolicyView destination, uint to)
    {
        bool anon = _frames.TypeOf(pfn) == FolioType.Anon;
        bool dirty = WithdrawAll(pfn, slot, anon);
        bool moves = !_asksOwner || MayMigrate(pfn, slot, dirty, view, destination.Node);
        if (moves)
            Rehome(view, pfn, slot, destination, to);
        RestoreAll(moves ? to : pfn, slot, anon);
        return moves;
    }

    /// <summary>Gives a page its new frame and the old frame back; the page is placed on the lruvec of the new one.</summary>
    private void Rehome(PolicyView view, uint pfn, uint slot, PolicyView destination, uint to)
    {
        int words = _machine.PolicyWordCount;
        new ReadOnlySpan<uint>(_machine.PolicyWords + (nuint)pfn * (nuint)words, words)
            .CopyTo(new Span<uint>(_machine.PolicyWords + (nuint)to * (nuint)words, words));
        view.Ops.Remove(view, pfn, RemoveReason.Migrated);
        ChangeFrame(view, pfn, slot, destination, to);
        destination.Place(to, PlaceHint.Head);
    }

    /// <summary>
    /// Moves a page that is on a list, whatever its policy makes of it: it leaves there as if it were freed, and comes in on the other node. By a
    /// thread that is alone in the engine.
    /// </summary>
    public PageOutcome TryMove(uint pfn, uint slot, Node to)
    {
        if (_frames.Has(pfn, FolioFlags.Pinned))
            return PageOutcome.Pinned;
        if (!Demotion.TryTake(to, out uint frame))
            return PageOutcome.NoMemory;
        PolicyView view = host.ViewAt(_machine.LruvecIndexOf(pfn));
        PolicyView destination = host.ViewOf(view.Memcg, to);
        bool anon = _frames.TypeOf(pfn) == FolioType.Anon;
        bool warm = _frames.Has(pfn, FolioFlags.Active) || IsAccessed(slot, anon);
        if (_asksOwner && !MayMigrate(pfn, slot, IsDirty(pfn, slot, anon), view, to))
        {
            to.Return(frame);
            return PageOutcome.Busy;
        }

        view.Ops.Remove(view, pfn, RemoveReason.Freed);
        view.Unlink(pfn);
        host.Forget(slot);
        ChangeFrame(view, pfn, slot, destination, frame);
        RestoreAll(frame, slot, anon);
        destination.Ops.OnEvent(destination, frame, warm ? FolioEvent.NewByFault : FolioEvent.NewByRead);
        destination.Place(frame, PlaceHint.Head);
        return PageOutcome.Done;
    }

    /// <summary>Puts a page that is on no list into another frame, with what belongs to it and not to its policy, and gives the old one back.</summary>
    private void ChangeFrame(PolicyView view, uint pfn, uint slot, PolicyView destination, uint to)
    {
        FolioType type = _frames.TypeOf(pfn);
        _frames.Hold(to, type, slot);
        _frames.Set(to, _frames.Flags(pfn) & Carried);
        if (_machine.Cookies != null)
            _machine.Cookies[to] = _machine.Cookies[pfn];
        if (type == FolioType.File && _machine.Rmap.IsMapped(slot))
        {
            view.Lruvec.CountMapped(-1);
            destination.Lruvec.CountMapped(1);
        }

        _frames.Release(pfn);
        view.Node.Return(pfn);

        // The entry comes before the list: who finds the folio on a list reads its frame from there.
        _tables.SetFrame(slot, to);
    }

    /// <summary>Takes a page out of every table that maps it; whether it was written to.</summary>
    private bool WithdrawAll(uint pfn, uint slot, bool anon)
    {
        if (anon)
            return Withdraw(slot);
        bool dirty = _frames.Has(pfn, FolioFlags.Dirty);
        foreach (uint mapped in _machine.Rmap.Of(slot))
            dirty |= Withdraw(mapped);
        return dirty;
    }

    /// <summary>Puts a page back into every table that maps it, in this frame.</summary>
    private void RestoreAll(uint pfn, uint slot, bool anon)
    {
        if (anon)
        {
            Restore(slot, pfn);
            return;
        }

        foreach (uint mapped in _machine.Rmap.Of(slot))
            Restore(mapped, pfn);
    }

    /// <summary>Takes a page out of one table; whether that says it was written to.</summary>
    private bool Withdraw(uint slot)
    {
        _tables.Clear(_tables.Present, slot);
        return LeafTables.Test(_tables.Dirty, slot);
    }

    private void Restore(uint slot, uint pfn)
    {
        _tables.SetFrame(slot, pfn);
        _tables.Set(_tables.Present, slot);
    }

    private bool MayMigrate(uint pfn, uint slot, bool dirty, PolicyView view, Node to)
    {
        BackedPage page = PageAt(pfn, slot, dirty, view.Node.Id);
        if (_previewed is not null)
        {
            _previewed.Add(new ProposedPage(page, to.Id));
            return true;
        }

        using var call = new OwnerCall(_machine);
        return backing!.Migrate(page, to.Id);
    }
}
