using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative;

/// <summary>What is advised about pages, as by madvise(2).</summary>
public enum PageAdvice
{
    /// <summary>MADV_COLD: not used from now on; they go before others do.</summary>
    Cold = 1,

    /// <summary>MADV_PAGEOUT: to be evicted now.</summary>
    PageOut = 2,

    /// <summary>MADV_WILLNEED: used soon; what was evicted, and pages of files, come in as not accessed yet.</summary>
    WillNeed = 3,
}

public sealed unsafe partial class Engine
{
    /// <summary>Pages that are advised about while others wait.</summary>
    private const ulong AdvicePiece = 4096;

    /// <summary>
    /// Follows advice about pages [start, end) of an address space.
    /// <para>
    /// Cold: accessed bits, references and activity of its resident pages are forgotten, and its policy places them at the cold end. Pages that
    /// others map too are left alone. Counted in pgdeactivate as far as they were active.
    /// </para>
    /// <para>
    /// PageOut: the same, and they are evicted whatever their references say; not those that are pinned, mapped by others too, kept by the backing,
    /// or without room in swap. They are not moved to a lower tier, and are not counted in pgscan and pgsteal.
    /// </para>
    /// <para>
    /// WillNeed: anonymous pages that were evicted come in mapped, with the accessed bit clear; file pages come into the page cache and are not mapped.
    /// It is no fault, and no use.
    /// </para>
    /// </summary>
    /// <param name="space">The address space.</param>
    /// <param name="start">First page.</param>
    /// <param name="end">One past the last page.</param>
    /// <param name="advice">What is advised.</param>
    /// <param name="affected">How many pages it has made a difference to: made cold, evicted, brought in.</param>
    /// <returns>False: there was no memory for all that is needed; those before it are in.</returns>
    /// <exception cref="PageInException">A page could not be read; those before it are in.</exception>
    /// <remarks>
    /// Callable from any thread of a concurrent engine; other calls wait while a piece of 4096 pages is made cold or evicted. Allocates nothing.
    /// Source: madvise(2), kernel-reclaim reference 5.4 (deactivated pages), 12.4 (a list without references).
    /// </remarks>
    /// <exception cref="EngineException">There is no such advice, or the range does not lie in the space.</exception>
    public bool Advise(AddressSpace space, ulong start, ulong end, PageAdvice advice, out long affected)
    {
        ThrowIfDisposed();
        if (advice is < PageAdvice.Cold or > PageAdvice.WillNeed)
            throw new EngineException($"There is no advice {(int)advice}; {(int)PageAdvice.Cold} to {(int)PageAdvice.WillNeed} are accepted.");
        affected = 0;
        if (advice == PageAdvice.WillNeed)
            return BringIn(space, start, end, ref affected);
        for (ulong at = start; at < end; at += AdvicePiece)
        {
            using QuiesceGate.Closure change = CloseForChange();
            Own(space);
            CheckRange(space, start, end);
            Settle();
            affected += Cool(space, at, Math.Min(end, at + AdvicePiece), evicts: advice == PageAdvice.PageOut);
        }

        return true;
    }

    /// <summary>Makes pages cold, and perhaps evicts them, in runs of one lruvec. While nobody else is in the engine.</summary>
    [SkipLocalsInit]
    private long Cool(AddressSpace space, ulong start, ulong end, bool evicts)
    {
        Unsafe.SkipInit(out FolioBatch batch);
        batch.Begin();
        PolicyView? view = null;
        long affected = 0;
        for (ulong page = start; page < end; page++)
        {
            uint pfn = _machine.Tables.FrameAt(space.BaseSlot + (uint)page);
            if (pfn == FrameTable.NoFrame || !MayCool(pfn, evicts))
                continue;
            PolicyView its = _host.ViewAt(_machine.LruvecIndexOf(pfn));
            if (!its.IsListed(pfn))
                continue;
            if (view is not null && (view != its || batch.Count == FolioBatch.Capacity))
                affected += WorkOff(view, ref batch, evicts);
            view = its;
            Take(view, pfn, ref batch);
        }

        return view is null ? 0 : affected + WorkOff(view, ref batch, evicts);
    }

    private bool MayCool(uint pfn, bool evicts)
    {
        if (evicts && _machine.Frames.Has(pfn, FolioFlags.Pinned))
            return false;
        return _machine.Frames.TypeOf(pfn) == FolioType.Anon || !_machine.Rmap.IsShared(_machine.Frames.OwnerOf(pfn));
    }

    /// <summary>Isolates a page and forgets what speaks for it.</summary>
    private void Take(PolicyView view, uint pfn, ref FolioBatch batch)
    {
        ReferenceScan.TestAndClearYoung(_machine, pfn);
        view.Ops.Remove(view, pfn, RemoveReason.Advised);
        if (!view.TryIsolate(pfn, ref batch, out FolioFlags before))
            return;
        bool wasActive = (before & FolioFlags.Active) != 0;
        if (wasActive)
            view.Count(Counter.pgdeactivate, 1);
        _machine.Frames.Change(
            pfn,
            FolioFlags.Active | FolioFlags.Referenced | FolioFlags.RefsMask,
            wasActive ? FolioFlags.Workingset : FolioFlags.None);
    }

    private long WorkOff(PolicyView view, ref FolioBatch batch, bool evicts)
    {
        long affected = batch.Count;
        batch.Survivors = batch.Count;
        if (evicts)
        {
            _folios.PageOut(view, _host.ViewOf(_machine.Root, view.Node), ref batch);
            affected = batch.Reclaimed;
        }

        _folios.PutBack(view, ref batch, PlaceHint.Tail);
        batch.Begin();
        return affected;
    }

    private bool BringIn(AddressSpace space, ulong start, ulong end, ref long affected)
    {
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        CheckRange(space, start, end);
        var arrival = new Arrival(_machine.MemcgAt(space.MemcgId), space.HomeNode, FolioEvent.NewByRead, isUse: false);
        for (ulong page = start; page < end; page++)
        {
            uint slot = space.BaseSlot + (uint)page;
            if (LeafTables.Test(_machine.Tables.Present, slot))
                continue;
            Vma vma = space.VmaAt(page);
            AccessTally tally = default;
            if (vma.File is { } file)
            {
                ulong filePage = vma.FileOffset + (page - vma.Start);
                uint indexSlot = file.SlotOf(filePage);
                if (LockFilePage(file, filePage, indexSlot, arrival, ref tally, out _) != FrameTable.NoFrame)
                    _machine.Locks.Exit(indexSlot);
            }
            else if (_machine.Tables.ShadowAt(slot) != 0)
            {
                FlushHits();
                _host.Elapse(1);
                FaultAnon(space, (uint)page, slot, arrival, write: false, ref tally);
            }

            affected += tally.Faults;
            if (tally.Failed > 0)
                throw new PageInException($"Page {page} of address space {space.Name} could not be brought in: its backing failed. Those before it are in.");
            if (tally.Refused > 0)
                return false;
        }

        return true;
    }
}
