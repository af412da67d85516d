using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>
/// Works off one isolated batch, whatever the policy: asks the mappings, asks the policy for its verdict, writes what
/// has to be written, unmaps, leaves a shadow and frees; what is not evicted survives and is placed again.
/// Source: kernel-reclaim reference 2.12.
/// </summary>
/// <remarks>
/// Swap is synchronous and leaves no swap cache: an evicted anonymous page is always written. Dirty file pages are not
/// written by reclaim but tagged for the flusher, which here runs at once: they come back to the cold end clean.
/// </remarks>
internal sealed unsafe class FolioListEngine(PolicyHost host, Backing? backing)
{
    private readonly MachineState _machine = host.Machine;
    private readonly FrameTable _frames = host.Machine.Frames;
    private readonly LeafTables _tables = host.Machine.Tables;

    /// <summary>Evicts what the policy and the owner allow; leaves the rest in [0, Survivors), not yet placed.</summary>
    public void Shrink(PolicyView view, PolicyView target, in ScanControl scan, ref FolioBatch batch)
    {
        PolicyDefinition definition = view.Definition;
        bool asks = (definition.Descriptor.Flags & PolicyFlags.IgnoresReferences) == 0;
        int count = batch.Count;
        int survivors = 0;
        int activated = 0;
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

            if (verdict == Verdict.Reclaim)
            {
                batch.Reclaimed++;
                continue;
            }

            if (verdict == Verdict.Activate)
            {
                _frames.Set(pfn, FolioFlags.Active);
                activated++;
            }

            batch[survivors++] = pfn;
        }

        batch.Survivors = survivors;
        if (activated > 0)
            view.Count(Counter.pgactivate, activated);
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
        if (_frames.Has(pfn, FolioFlags.Pinned))
            return Verdict.Keep;
        Verdict verdict = asks ? Judge(view, scan, pfn, Disposition.Shrink) : Verdict.Reclaim;
        if (verdict is not (Verdict.Reclaim or Verdict.ReclaimClean))
            return verdict;
        return _frames.TypeOf(pfn) == FolioType.Anon
            ? EvictAnon(view, target, pfn, slot, verdict, ref batch)
            : EvictFile(view, target, pfn, slot, writes: !asks, ref batch);
    }

    private Verdict Judge(PolicyView view, in ScanControl scan, uint pfn, Disposition disposition)
    {
        var sink = new YoungSink(view, YoungSource.Lookaround);
        References references = ReferenceScan.Run(
            _machine, view.Lruvec, pfn, scan.Target, view.Has(Mechanism.Lookaround), ref sink);
        return view.Ops.Verdict(view, pfn, references, disposition);
    }

    /// <summary>
    /// Takes the page out of its table first and looks at its dirty bit after: an access that still found it present has
    /// set its bits before that or looks again afterwards and faults (Engine.Access). A page that its owner keeps is put back.
    /// </summary>
    private Verdict EvictAnon(PolicyView view, PolicyView target, uint pfn, uint slot, Verdict verdict, ref FolioBatch batch)
    {
        // There is no swap cache, so an anonymous page is never clean.
        if (verdict == Verdict.ReclaimClean)
            return Verdict.Keep;
        AddressSpace space = _machine.SpaceAt(_tables.Space[slot >> LeafTables.EntriesShift])!;
        if (!_machine.TryTakeSwap(view.Memcg))
            return Verdict.Activate;
        _tables.Clear(_tables.Present, slot);
        bool accessed = _tables.TestAndClear(_tables.Accessed, slot);
        bool dirty = _tables.TestAndClear(_tables.Dirty, slot);
        if (backing is not null && !backing.PageOut(new BackedPage(space, null, slot - space.BaseSlot, dirty, view.Node.Id)))
        {
            _machine.ReturnSwap(view.Memcg);
            if (accessed)
                _tables.Set(_tables.Accessed, slot);
            if (dirty)
                _tables.Set(_tables.Dirty, slot);
            _tables.Set(_tables.Present, slot);
            return Verdict.Keep;
        }

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
    private Verdict EvictFile(PolicyView view, PolicyView target, uint pfn, uint slot, bool writes, ref FolioBatch batch)
    {
        while (_machine.Rmap.FirstOf(slot) is var mapped && mapped != FrameTable.NoSlot)
            Unmap(pfn, slot, mapped);
        bool dirty = _frames.Has(pfn, FolioFlags.Dirty);
        if (dirty && !writes)
        {
            _frames.Set(pfn, FolioFlags.Reclaim);
            view.Count(Counter.nr_vmscan_immediate_reclaim, 1);
            return Verdict.Activate;
        }

        PageFile file = _machine.Files[_tables.Space[slot >> LeafTables.EntriesShift]];
        if (backing is not null && !backing.PageOut(new BackedPage(null, file, slot - file.SlotOf(0), dirty, view.Node.Id)))
            return Verdict.Keep;

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

    /// <summary>Removes one mapping of the file page at slot <paramref name="page"/>; its dirty bit moves to the folio.</summary>
    public void Unmap(uint pfn, uint page, uint slot)
    {
        _tables.Clear(_tables.Present, slot);
        if (_tables.TestAndClear(_tables.Dirty, slot))
            _frames.Set(pfn, FolioFlags.Dirty);
        _tables.Clear(_tables.Accessed, slot);
        _tables.SetShadow(slot, 0);
        _machine.SpaceAt(_tables.Space[slot >> LeafTables.EntriesShift])!.AddResident(-1, _machine.Concurrent);
        _machine.Rmap.Remove(page, slot);
        if (!_machine.Rmap.IsMapped(page))
            _machine.LruvecAt(_machine.LruvecIndexOfFile(page, pfn)).CountMapped(-1);
    }
}
