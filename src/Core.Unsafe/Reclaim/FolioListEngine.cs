using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>
/// Works off one isolated batch, whatever the policy: asks the mappings, asks the policy for its verdict, writes what
/// has to be written, unmaps, leaves a shadow and frees; what is not evicted survives and is placed again. Where there is
/// a lower tier, what would be evicted is moved there instead. Source: kernel-reclaim reference 2.12 and 2.13.
/// </summary>
/// <remarks>
/// Swap is synchronous and leaves no swap cache: an evicted anonymous page is always written. Dirty file pages are not
/// written by reclaim but tagged for the flusher, which here runs at once: they come back to the cold end clean.
/// </remarks>
internal sealed unsafe class FolioListEngine(PolicyHost host, Backing? backing)
{
    /// <summary>What a folio takes along to another frame.</summary>
    private const FolioFlags Carried = FolioFlags.Active | FolioFlags.Referenced | FolioFlags.Workingset
        | FolioFlags.Young | FolioFlags.RefsMask | FolioFlags.Dirty;

    private readonly MachineState _machine = host.Machine;
    private readonly FrameTable _frames = host.Machine.Frames;
    private readonly LeafTables _tables = host.Machine.Tables;
    private List<PreviewedPage>? _previewed;
    private bool _asksOwner = backing is not null;

    /// <summary>Runs what follows as a preview: the owner is not asked and agrees to all, and where pages would go is noted.</summary>
    /// <param name="leaving">Where it is noted, or null.</param>
    public void BeginPreview(List<PreviewedPage>? leaving)
    {
        _previewed = leaving;
        _asksOwner = leaving is not null;
    }

    /// <summary>Ends what <see cref="BeginPreview"/> began.</summary>
    public void EndPreview()
    {
        _previewed = null;
        _asksOwner = backing is not null;
    }

    /// <summary>Evicts or demotes what the policy and the owner allow; leaves the rest in [0, Survivors), not yet placed.</summary>
    public void Shrink(PolicyView view, PolicyView target, in ScanControl scan, ref FolioBatch batch)
    {
        if (scan.Mode != ReclaimMode.Evict && _machine.Demotion.CanDemote(view.Node))
            Demote(view, target, scan, ref batch);
        else
            Evict(view, target, scan, ref batch, Asks(view));
    }

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

    /// <summary>
    /// Evicts what is isolated whatever its references say, as the kernel's reclaim_pages() does: not to a lower tier, and dirty file pages are
    /// written. Leaves what stays as <see cref="Shrink"/> does.
    /// </summary>
    public void PageOut(PolicyView view, PolicyView target, ref FolioBatch batch) =>
        Evict(view, target, new ScanControl { Mode = ReclaimMode.Evict, MaySwap = true }, ref batch, asks: false);

    private static bool Asks(PolicyView view) => (view.Definition.Descriptor.Flags & PolicyFlags.IgnoresReferences) == 0;

    private void Evict(PolicyView view, PolicyView target, in ScanControl scan, ref FolioBatch batch, bool asks)
    {
        int count = batch.Count;
        int survivors = 0;
        for (int i = 0; i < count; i++)
        {
            uint pfn = batch[i];
            uint slot = _frames.OwnerOf(pfn);
            Verdict verdict = Verdict.Keep;

            // Whoever has a page's lock uses the page: like the kernel, reclaim tries and goes on.
            if (_machine.Locks.TryEnter(slot))
            {
                try
                {
                    verdict = Work(view, target, scan, pfn, slot, asks, ref batch);
                }
                finally
                {
                    _machine.Locks.Exit(slot);
                }
            }
            else
            {
                scan.Request?.Skip(ReclaimSkip.Busy);
            }

            if (verdict == Verdict.Reclaim)
            {
                batch.Reclaimed++;
                continue;
            }

            Keep(view, pfn, verdict, ref batch, ref survivors);
        }

        batch.Survivors = survivors;
    }

    private void Keep(PolicyView view, uint pfn, Verdict verdict, ref FolioBatch batch, ref int survivors)
    {
        if (verdict == Verdict.Activate)
        {
            _frames.Set(pfn, FolioFlags.Active);
            view.Count(Counter.pgactivate, 1);
        }

        batch[survivors++] = pfn;
    }

    /// <summary>Asks the policy which folios of an active list stay; all survive.</summary>
    public void Deactivate(PolicyView view, in ScanControl scan, ref FolioBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            uint slot = _frames.OwnerOf(batch[i]);
            if (!_machine.Locks.TryEnter(slot))
                continue;
            Judge(view, scan, batch[i], Disposition.Deactivate);
            _machine.Locks.Exit(slot);
        }

        batch.Survivors = batch.Count;
    }

    /// <summary>Puts the survivors back, each where its flags say; what the flusher has cleaned goes to the cold end.</summary>
    public void PutBack(PolicyView view, ref FolioBatch batch)
    {
        for (int i = 0; i < batch.Survivors; i++)
        {
            uint pfn = batch[i];
            PlaceHint hint = PlaceHint.Head;
            if (_frames.Has(pfn, FolioFlags.Reclaim) && _frames.Has(pfn, FolioFlags.Dirty))
            {
                _frames.Clear(pfn, FolioFlags.Reclaim | FolioFlags.Dirty | FolioFlags.Active);
                view.Count(Counter.pgrotated, 1);
                batch.Written++;
                hint = PlaceHint.Tail;
            }

            view.Place(pfn, hint);
        }
    }

    /// <summary>Takes a frame from its owner for good: no list, no charge, free.</summary>
    public void Free(PolicyView view, uint pfn)
    {
        _machine.Uncharge(view.Memcg);
        host.Elapse(1);
        _frames.Release(pfn);
        view.Node.Return(pfn);
    }

    /// <summary>One folio with its lock held: Reclaim when it is gone.</summary>
    private Verdict Work(PolicyView view, PolicyView target, in ScanControl scan, uint pfn, uint slot, bool asks, ref FolioBatch batch)
    {
        Verdict verdict = Ask(view, scan, pfn, asks, ref batch);
        if (verdict is not (Verdict.Reclaim or Verdict.ReclaimClean))
            return verdict;
        return _frames.TypeOf(pfn) == FolioType.Anon
            ? EvictAnon(view, target, scan, pfn, slot, verdict, ref batch)
            : EvictFile(view, target, scan, pfn, slot, writes: !asks, ref batch);
    }

    private Verdict Ask(PolicyView view, in ScanControl scan, uint pfn, bool asks, ref FolioBatch batch)
    {
        if (_frames.Has(pfn, FolioFlags.Pinned))
        {
            view.Refuse(PolicyOverride.Pinned);
            scan.Request?.Skip(ReclaimSkip.Pinned);
            return Verdict.Keep;
        }

        if (scan.Request is { } request && request.Excludes(pfn))
            return Verdict.Keep;
        if (!asks)
            return Verdict.Reclaim;
        Verdict verdict = Judge(view, scan, pfn, Disposition.Shrink);
        if (verdict is not (Verdict.Reclaim or Verdict.ReclaimClean))
        {
            batch.KeptByPolicy++;
            scan.Request?.Skip(ReclaimSkip.Policy);
        }

        return verdict;
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
        bool dirty = anon ? Withdraw(slot) : _frames.Has(pfn, FolioFlags.Dirty);
        if (!anon)
        {
            foreach (uint mapped in _machine.Rmap.Of(slot))
                dirty |= Withdraw(mapped);
        }

        bool moves = !_asksOwner || MayMigrate(slot, anon, dirty, view, destination.Node);
        if (moves)
            Rehome(view, pfn, slot, destination, to);
        uint frame = moves ? to : pfn;
        if (anon)
        {
            Restore(slot, frame);
        }
        else
        {
            foreach (uint mapped in _machine.Rmap.Of(slot))
                Restore(mapped, frame);
        }

        return moves;
    }

    /// <summary>Gives a page its new frame and the old frame back; the page is placed on the lruvec of the new one.</summary>
    private void Rehome(PolicyView view, uint pfn, uint slot, PolicyView destination, uint to)
    {
        FolioType type = _frames.TypeOf(pfn);
        _frames.Hold(to, type, slot);
        _frames.Set(to, _frames.Flags(pfn) & Carried);
        int words = _machine.PolicyWordCount;
        new ReadOnlySpan<uint>(_machine.PolicyWords + (nuint)pfn * (nuint)words, words)
            .CopyTo(new Span<uint>(_machine.PolicyWords + (nuint)to * (nuint)words, words));
        if (type == FolioType.File && _machine.Rmap.IsMapped(slot))
        {
            view.Lruvec.CountMapped(-1);
            destination.Lruvec.CountMapped(1);
        }

        view.Ops.Remove(view, pfn, RemoveReason.Migrated);
        _frames.Release(pfn);
        view.Node.Return(pfn);

        // The entry comes before the list: who finds the folio on a list reads its frame from there.
        _tables.SetFrame(slot, to);
        destination.Place(to, PlaceHint.Head);
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

    private BackedPage PageAt(uint slot, bool anon, bool dirty, int node)
    {
        ushort owner = _tables.Space[slot >> LeafTables.EntriesShift];
        if (anon)
        {
            AddressSpace space = _machine.SpaceAt(owner)!;
            return new BackedPage(space, null, slot - space.BaseSlot, dirty, node);
        }

        PageFile file = _machine.FileAt(owner)!;
        return new BackedPage(null, file, slot - file.SlotOf(0), dirty, node);
    }

    private bool MayPageOut(uint slot, bool anon, bool dirty, PolicyView view)
    {
        BackedPage page = PageAt(slot, anon, dirty, view.Node.Id);
        if (_previewed is not null)
        {
            _previewed.Add(new PreviewedPage(page, null));
            return true;
        }

        using var call = new OwnerCall(_machine);
        return backing!.PageOut(page);
    }

    private bool MayMigrate(uint slot, bool anon, bool dirty, PolicyView view, Node to)
    {
        BackedPage page = PageAt(slot, anon, dirty, view.Node.Id);
        if (_previewed is not null)
        {
            _previewed.Add(new PreviewedPage(page, to.Id));
            return true;
        }

        using var call = new OwnerCall(_machine);
        return backing!.Migrate(page, to.Id);
    }

    private Verdict Judge(PolicyView view, in ScanControl scan, uint pfn, Disposition disposition)
    {
        var sink = new YoungSink(view, YoungSource.Lookaround);
        References references = ReferenceScan.Run(
            _machine, view.Lruvec, pfn, scan.Target, view.Has(Mechanism.Lookaround), ref sink);
        Verdict verdict = view.Ops.Verdict(view, pfn, references, disposition);
        if (verdict is >= Verdict.Reclaim and <= Verdict.Activate)
            return verdict;
        view.Refuse(PolicyOverride.BadAnswer);
        return Verdict.Keep;
    }

    /// <summary>
    /// Takes the page out of its table first and looks at its dirty bit after: an access that still found it present has
    /// set its bits before that or looks again afterwards and faults (Engine.Access). A page that its owner keeps is put back.
    /// </summary>
    private Verdict EvictAnon(PolicyView view, PolicyView target, in ScanControl scan, uint pfn, uint slot, Verdict verdict, ref FolioBatch batch)
    {
        // There is no swap cache, so an anonymous page is never clean.
        if (verdict == Verdict.ReclaimClean)
        {
            scan.Request?.Skip(ReclaimSkip.Dirty);
            return Verdict.Keep;
        }

        AddressSpace space = _machine.SpaceAt(_tables.Space[slot >> LeafTables.EntriesShift])!;
        if (!_machine.TryTakeSwap(view.Memcg))
        {
            scan.Request?.Skip(ReclaimSkip.NoSwap);
            return Verdict.Activate;
        }

        _tables.Clear(_tables.Present, slot);
        bool accessed = _tables.TestAndClear(_tables.Accessed, slot);
        bool dirty = _tables.TestAndClear(_tables.Dirty, slot);
        if (_asksOwner && !MayPageOut(slot, anon: true, dirty, view))
        {
            scan.Request?.Skip(ReclaimSkip.Refused);
            _machine.ReturnSwap(view.Memcg);
            if (accessed)
                _tables.Set(_tables.Accessed, slot);
            if (dirty)
                _tables.Set(_tables.Dirty, slot);
            _tables.Set(_tables.Present, slot);
            return Verdict.Keep;
        }

        if (accessed)
            _machine.Ages?.Use(slot, FolioType.Anon);

        // The frame is free before the shadow is written: in an identity engine the shadow takes a word of the frame.
        uint shadow = Commit(view, target, pfn);
        Free(view, pfn);
        _tables.SetShadow(slot, shadow);
        space.AddResident(-1, _machine.Concurrent);
        batch.Written++;
        view.Count(Counter.pswpout, 1);
        view.Count(Counter.nr_vmscan_write, 1);
        return Verdict.Reclaim;
    }

    /// <summary>
    /// A dirty page is left to the flusher whatever the verdict: reclaim writes no file pages. Under a policy that has
    /// decided when it isolates, a detour would change its order, so the page is written and goes.
    /// </summary>
    private Verdict EvictFile(PolicyView view, PolicyView target, in ScanControl scan, uint pfn, uint slot, bool writes, ref FolioBatch batch)
    {
        UnmapAll(pfn, slot);
        bool dirty = _frames.Has(pfn, FolioFlags.Dirty);
        if (dirty && !writes)
        {
            _frames.Set(pfn, FolioFlags.Reclaim);
            view.Count(Counter.nr_vmscan_immediate_reclaim, 1);
            scan.Request?.Skip(ReclaimSkip.Dirty);
            return Verdict.Activate;
        }

        PageFile file = _machine.FileAt(_tables.Space[slot >> LeafTables.EntriesShift])!;
        if (_asksOwner && !MayPageOut(slot, anon: false, dirty, view))
        {
            scan.Request?.Skip(ReclaimSkip.Refused);
            return Verdict.Keep;
        }

        _tables.Clear(_tables.Present, slot);
        _tables.SetShadow(slot, Commit(view, target, pfn));
        file.AddResident(-1, _machine.Concurrent);
        if (dirty)
        {
            batch.Written++;
            view.Count(Counter.nr_vmscan_write, 1);
        }

        batch.ReclaimedFile++;
        Free(view, pfn);
        return Verdict.Reclaim;
    }

    /// <summary>The point of no return: the policy is told, and the shadow made that the page leaves behind.</summary>
    private uint Commit(PolicyView view, PolicyView target, uint pfn)
    {
        ShadowEntry entry = view.Has(Mechanism.Refault) ? view.Ops.MakeShadow(view, pfn, target) : view.ShadowOf(pfn, 0);
        view.Ops.Remove(view, pfn, RemoveReason.Evicted);
        return host.Shadows.Pack(entry, view.Tag);
    }

    /// <summary>Removes every mapping of the file page at slot <paramref name="page"/>.</summary>
    public void UnmapAll(uint pfn, uint page)
    {
        while (_machine.Rmap.FirstOf(page) is var mapped && mapped != FrameTable.NoSlot)
            Unmap(pfn, page, mapped);
    }

    /// <summary>Removes one mapping of the file page at slot <paramref name="page"/>; its dirty bit moves to the folio.</summary>
    public void Unmap(uint pfn, uint page, uint slot)
    {
        _tables.Clear(_tables.Present, slot);
        if (_tables.TestAndClear(_tables.Dirty, slot))
            _frames.Set(pfn, FolioFlags.Dirty);
        if (_tables.TestAndClear(_tables.Accessed, slot))
            _machine.Ages?.Use(page, FolioType.File);
        _tables.SetShadow(slot, 0);
        _machine.SpaceAt(_tables.Space[slot >> LeafTables.EntriesShift])!.AddResident(-1, _machine.Concurrent);
        _machine.Rmap.Remove(page, slot);
        if (!_machine.Rmap.IsMapped(page))
            _machine.LruvecAt(_machine.LruvecIndexOfFile(page, pfn)).CountMapped(-1);
    }
}
