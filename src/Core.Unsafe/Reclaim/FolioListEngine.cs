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
            Verdict verdict = _frames.Has(pfn, FolioFlags.Pinned) ? Verdict.Keep
                : asks ? Judge(view, scan, pfn, Disposition.Shrink)
                : Verdict.Reclaim;
            if (verdict is Verdict.Reclaim or Verdict.ReclaimClean)
            {
                verdict = _frames.Has(pfn, FolioFlags.SwapBacked)
                    ? EvictAnon(view, target, pfn, verdict, ref batch)
                    : EvictFile(view, target, pfn, writes: !asks, ref batch);
                if (verdict == Verdict.Reclaim)
                {
                    batch.Reclaimed++;
                    continue;
                }
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
            Judge(view, scan, batch[i], Disposition.Deactivate);
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

            _frames.Clear(pfn, FolioFlags.Isolated);
            view.Place(pfn, hint);
        }
    }

    /// <summary>Takes a frame from its owner for good: no list, no charge, free.</summary>
    public void Free(PolicyView view, uint pfn)
    {
        MachineState.Uncharge(view.Memcg, 1);
        _frames.Flags[pfn] = FolioFlags.None;
        view.Node.Allocator.Return(pfn);
    }

    private Verdict Judge(PolicyView view, in ScanControl scan, uint pfn, Disposition disposition)
    {
        var sink = new YoungSink(view, YoungSource.Lookaround);
        References references = ReferenceScan.Run(
            _machine, view.Lruvec, pfn, scan.Target, view.Has(Mechanism.Lookaround), ref sink);
        return view.Ops.Verdict(view, pfn, references, disposition);
    }

    private Verdict EvictAnon(PolicyView view, PolicyView target, uint pfn, Verdict verdict, ref FolioBatch batch)
    {
        // There is no swap cache, so an anonymous page is never clean.
        if (verdict == Verdict.ReclaimClean)
            return Verdict.Keep;
        uint slot = _frames.Owner[pfn];
        AddressSpace space = _machine.SpaceAt(_tables.Space[slot >> LeafTables.EntriesShift])!;
        if (!_machine.TryTakeSwap())
            return Verdict.Activate;
        if (backing is not null)
        {
            bool dirty = LeafTables.Test(_tables.Dirty, slot);
            if (!backing.PageOut(new BackedPage(space, null, slot - space.BaseSlot, dirty, view.Node.Id)))
            {
                _machine.ReturnSwap();
                return Verdict.Keep;
            }
        }

        uint shadow = Commit(view, target, pfn);
        LeafTables.Clear(_tables.Present, slot);
        LeafTables.Clear(_tables.Accessed, slot);
        LeafTables.Clear(_tables.Dirty, slot);
        _tables.Entry[slot] = shadow;
        space.Resident--;
        batch.Written++;
        view.Count(Counter.pswpout, 1);
        view.Count(Counter.nr_vmscan_write, 1);
        Free(view, pfn);
        return Verdict.Reclaim;
    }

    /// <summary>
    /// A dirty page is left to the flusher whatever the verdict: reclaim writes no file pages. Under a policy that has
    /// decided when it isolates, a detour would change its order, so the page is written and goes.
    /// </summary>
    private Verdict EvictFile(PolicyView view, PolicyView target, uint pfn, bool writes, ref FolioBatch batch)
    {
        while (_machine.Rmap.FirstOf(pfn) is var mapped && mapped != FrameTable.NoSlot)
            Unmap(pfn, mapped);
        bool dirty = _frames.Has(pfn, FolioFlags.Dirty);
        if (dirty && !writes)
        {
            _frames.Set(pfn, FolioFlags.Reclaim);
            view.Count(Counter.nr_vmscan_immediate_reclaim, 1);
            return Verdict.Activate;
        }

        uint slot = _frames.Owner[pfn];
        PageFile file = _machine.Files[_tables.Space[slot >> LeafTables.EntriesShift]];
        if (backing is not null && !backing.PageOut(new BackedPage(null, file, slot - file.SlotOf(0), dirty, view.Node.Id)))
            return Verdict.Keep;

        _tables.Entry[slot] = Commit(view, target, pfn);
        LeafTables.Clear(_tables.Present, slot);
        file.Resident--;
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

    /// <summary>Removes one mapping of a file page; its dirty bit moves to the folio.</summary>
    public void Unmap(uint pfn, uint slot)
    {
        if (LeafTables.TestAndClear(_tables.Dirty, slot))
            _frames.Set(pfn, FolioFlags.Dirty);
        LeafTables.Clear(_tables.Present, slot);
        LeafTables.Clear(_tables.Accessed, slot);
        _tables.Entry[slot] = 0;
        _machine.SpaceAt(_tables.Space[slot >> LeafTables.EntriesShift])!.Resident--;
        _machine.Rmap.Remove(pfn, slot);
    }
}
