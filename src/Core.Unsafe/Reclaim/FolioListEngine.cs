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
internal sealed unsafe partial class FolioListEngine(PolicyHost host, Backing? backing)
{
    private readonly MachineState _machine = host.Machine;
    private readonly FrameTable _frames = host.Machine.Frames;
    private readonly LeafTables _tables = host.Machine.Tables;
    private List<ProposedPage>? _previewed;
    private bool _asksOwner = backing is not null;

    /// <summary>
    /// Pages of the batch under way that the owner kept because he uses them, under a policy that sees accesses: of a machine that one thread
    /// drives, since no such policy runs elsewhere.
    /// </summary>
    private readonly uint[] _used = new uint[FolioBatch.Capacity];

    private int _usedCount;

    /// <summary>Runs what follows as a preview: the owner is not asked and agrees to all, and where pages would go is noted.</summary>
    /// <param name="leaving">Where it is noted, or null.</param>
    public void BeginPreview(List<ProposedPage>? leaving)
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

    /// <summary>Evicts, demotes or proposes what the policy and the owner allow; leaves the rest in [0, Survivors), not yet placed.</summary>
    public void Shrink(PolicyView view, PolicyView target, in ScanControl scan, ref FolioBatch batch)
    {
        if (scan.Request is ProposalRun run)
            Propose(view, run, scan, ref batch);
        else if (scan.Mode != ReclaimMode.Evict && _machine.Demotion.CanDemote(view.Node))
            Demote(view, target, scan, ref batch);
        else
            Evict(view, target, scan, ref batch, Asks(view));
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

    /// <summary>
    /// Puts the survivors back, each where its flags say and else where the hint says; what the flusher has cleaned goes to the cold end. Policies
    /// that see accesses then hear of the pages that their owner uses.
    /// </summary>
    public void PutBack(PolicyView view, ref FolioBatch batch, PlaceHint where = PlaceHint.Head)
    {
        for (int i = 0; i < batch.Survivors; i++)
        {
            uint pfn = batch[i];
            PlaceHint hint = where;
            if (_frames.Has(pfn, FolioFlags.Reclaim) && _frames.Has(pfn, FolioFlags.Dirty))
            {
                _frames.Clear(pfn, FolioFlags.Reclaim | FolioFlags.Dirty | FolioFlags.Active);
                view.Count(Counter.pgrotated, 1);
                batch.Written++;
                hint = PlaceHint.Tail;
            }

            view.Place(pfn, hint);
        }

        for (int i = 0; i < _usedCount; i++)
            view.Ops.OnAccesses(view, new ReadOnlySpan<uint>(in _used[i]));
        _usedCount = 0;
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

    private BackedPage PageAt(uint pfn, uint slot, bool dirty, int node)
    {
        ushort owner = _tables.Space[slot >> LeafTables.EntriesShift];
        ulong cookie = _machine.Cookies != null ? _machine.Cookies[pfn] : 0;
        if (_frames.TypeOf(pfn) == FolioType.Anon)
        {
            AddressSpace space = _machine.SpaceAt(owner)!;
            return new BackedPage(space, null, slot - space.BaseSlot, dirty, node, cookie);
        }

        PageFile file = _machine.FileAt(owner)!;
        return new BackedPage(null, file, slot - file.SlotOf(0), dirty, node, cookie);
    }

    /// <summary>Asks the owner for a victim; an answer that is none of its kind keeps it.</summary>
    private PageAnswer AskOwner(uint pfn, uint slot, bool dirty, PolicyView view)
    {
        BackedPage page = PageAt(pfn, slot, dirty, view.Node.Id);
        if (_previewed is not null)
        {
            _previewed.Add(new ProposedPage(page, null));
            return PageAnswer.Evict;
        }

        using var call = new OwnerCall(_machine);
        return backing!.PageOut(page);
    }

    /// <summary>The owner keeps a page: counts why.</summary>
    /// <returns>What its verdict comes to.</returns>
    private Verdict Kept(PolicyView view, in ScanControl scan, uint pfn, PageAnswer answer)
    {
        scan.Request?.Skip(answer switch
        {
            PageAnswer.Pinned => ReclaimSkip.Pinned,
            PageAnswer.Dirty => ReclaimSkip.Dirty,
            PageAnswer.Busy => ReclaimSkip.Busy,
            PageAnswer.Accessed => ReclaimSkip.Policy,
            _ => ReclaimSkip.Refused,
        });
        if (answer != PageAnswer.Accessed)
            return Verdict.Keep;
        if (host.Proposals.MarkUsed(view, pfn))
            _used[_usedCount++] = pfn;
        return Verdict.Activate;
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

        if (!_machine.TryTakeSwap(view.Memcg))
        {
            scan.Request?.Skip(ReclaimSkip.NoSwap);
            return Verdict.Activate;
        }

        _tables.Clear(_tables.Present, slot);
        bool accessed = _tables.TestAndClear(_tables.Accessed, slot);
        bool dirty = _tables.TestAndClear(_tables.Dirty, slot);
        if (_asksOwner && AskOwner(pfn, slot, dirty, view) is var answer and not PageAnswer.Evict)
        {
            _machine.ReturnSwap(view.Memcg);
            if (accessed)
                _tables.Set(_tables.Accessed, slot);
            if (dirty)
                _tables.Set(_tables.Dirty, slot);
            _tables.Set(_tables.Present, slot);
            return Kept(view, scan, pfn, answer);
        }

        if (accessed)
            _machine.Ages?.Use(slot, FolioType.Anon);
        LeaveAnon(view, target, pfn, slot);
        batch.Written++;
        return Verdict.Reclaim;
    }

    /// <summary>An anonymous page that is out of its table, with swap taken for it, is gone.</summary>
    private void LeaveAnon(PolicyView view, PolicyView target, uint pfn, uint slot)
    {
        // The frame is free before the shadow is written: in an identity engine the shadow takes a word of the frame.
        uint shadow = MakeShadow(view, target, pfn);
        Free(view, pfn);
        _tables.SetShadow(slot, shadow);
        _machine.SpaceAt(_tables.Space[slot >> LeafTables.EntriesShift])!.AddResident(-1, _machine.Concurrent);
        view.Count(Counter.pswpout, 1);
        view.Count(Counter.nr_vmscan_write, 1);
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

        if (_asksOwner && AskOwner(pfn, slot, dirty, view) is var answer and not PageAnswer.Evict)
            return Kept(view, scan, pfn, answer);
        batch.Written += dirty ? 1 : 0;
        batch.ReclaimedFile++;
        LeaveFile(view, target, pfn, slot);
        return Verdict.Reclaim;
    }

    /// <summary>A file page is gone, from every table that maps it too.</summary>
    private void LeaveFile(PolicyView view, PolicyView target, uint pfn, uint slot)
    {
        UnmapAll(pfn, slot);
        if (_frames.Has(pfn, FolioFlags.Dirty))
            view.Count(Counter.nr_vmscan_write, 1);
        _tables.Clear(_tables.Present, slot);
        _tables.SetShadow(slot, MakeShadow(view, target, pfn));
        _machine.FileAt(_tables.Space[slot >> LeafTables.EntriesShift])!.AddResident(-1, _machine.Concurrent);
        Free(view, pfn);
    }

    /// <summary>The point of no return: the policy is told, and the shadow made that the page leaves behind.</summary>
    private uint MakeShadow(PolicyView view, PolicyView target, uint pfn)
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
