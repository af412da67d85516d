using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>There can be files: not where every page is a frame of its own.</summary>
    public bool HasFiles => !_machine.IsIdentity;

    /// <summary>The files that there are, by number.</summary>
    public IEnumerable<PageFile> Files
    {
        get
        {
            for (int id = 0; id < _machine.FileIds; id++)
            {
                if (_machine.FileAt(id) is { } file)
                    yield return file;
            }
        }
    }

    /// <summary>Creates a file of <paramref name="pages"/> pages, at least 1, none of them resident.</summary>
    /// <param name="pages">Its length; what is never read costs nothing but leaf tables of the reserve.</param>
    /// <param name="name">For messages, reports and <see cref="FindFile"/>; need not be new.</param>
    public PageFile CreateFile(ulong pages, string name = "")
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(name);
        if (pages == 0)
            throw new EngineException("A file has at least 1 page.");
        if (!HasFiles)
            throw new EngineException("In an identity engine every page is a frame of its own, so there are no files to be mapped.");
        using QuiesceGate.Closure change = CloseForChange();
        return _machine.TryAddFile(name, pages, out string? problem) ?? throw new EngineException(problem!);
    }

    /// <summary>The file of a name, the oldest where several have it; null where none has.</summary>
    public PageFile? FindFile(ReadOnlySpan<char> name)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        PageFile? found = null;
        for (int id = 0; id < _machine.FileIds; id++)
        {
            if (_machine.FileAt(id) is { } file && name.SequenceEqual(file.Name) && (found is null || file.Created < found.Created))
                found = file;
        }

        return found;
    }

    /// <summary>Whether some area of an address space maps a file, whether or not any page of it is there.</summary>
    public bool IsMapped(PageFile file)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(file);
        return FindMapping(file) is not null;
    }

    /// <summary>Ends a file: its pages are freed and forgotten, dirty or not, its leaf tables go back to the reserve.</summary>
    /// <remarks>Waits for the calls in flight and keeps others waiting meanwhile, in time proportional to its length.</remarks>
    /// <exception cref="EngineException">Some address space maps it.</exception>
    public void Destroy(PageFile file)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        Own(file);
        if (FindMapping(file) is { } space)
            throw new EngineException($"Address space {space.Name} maps {NameOf(file)}; unmap it there first.");
        TruncateQuietly(file, 0, file.Pages);
        _machine.RemoveFile(file);
    }

    /// <summary>
    /// Drops pages [start, end) of a file from memory and forgets them, as truncation does: dirty or not, pinned or not, and out of every
    /// address space that maps them. Nothing is written and the backing is not asked. The file stays as long as it is: the next access
    /// of such a page is a first touch.
    /// </summary>
    /// <remarks>Waits for the calls in flight and keeps others waiting meanwhile, in time proportional to the length of the range.</remarks>
    /// <exception cref="EngineException">The range is empty or does not lie in the file.</exception>
    public void Truncate(PageFile file, ulong start, ulong end)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        Own(file);
        if (start >= end || end > file.Pages)
            throw new EngineException($"Pages [{start}, {end}) do not lie in {NameOf(file)} of {file.Pages} pages.");
        TruncateQuietly(file, start, end);
    }

    /// <summary>
    /// Reads or writes pages of a file through a descriptor, in order, on behalf of a process in <paramref name="memcg"/> that runs on
    /// <paramref name="homeNode"/>. Words as of <see cref="Access"/>. Absent pages are read in and others reclaimed for them where needed.
    /// </summary>
    /// <returns>How many words were worked off: all of them, or up to and including the first that was refused for want of memory.</returns>
    /// <exception cref="EngineException">A word names a page beyond the file; those before it are done and tallied.</exception>
    public int AccessFile(PageFile file, ReadOnlySpan<uint> accesses, MemoryCgroup? memcg, int homeNode, ref AccessTally tally)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(file);
        CheckNode(homeNode);
        var arrival = new Arrival(Own(memcg), homeNode, FolioEvent.NewByRead);
        for (int i = 0; i < accesses.Length; i++)
        {
            uint page = accesses[i] & ~WriteBit;
            CheckPage(file, page);
            if (!AccessPage(file, page, (accesses[i] & WriteBit) != 0, arrival, ref tally))
                return i + 1;
        }

        return accesses.Length;
    }

    /// <summary>As the other, for one page, which may be any of the file.</summary>
    /// <returns>False when there was no memory for it.</returns>
    public bool AccessFile(PageFile file, ulong page, bool write, MemoryCgroup? memcg, int homeNode, ref AccessTally tally)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        Own(file);
        CheckPage(file, page);
        CheckNode(homeNode);
        return AccessPage(file, page, write, new Arrival(Own(memcg), homeNode, FolioEvent.NewByRead), ref tally);
    }

    private bool AccessPage(PageFile file, ulong page, bool write, in Arrival arrival, ref AccessTally tally)
    {
        uint slot = file.SlotOf(page);
        uint pfn = LockFilePage(file, page, slot, arrival, ref tally, out bool resident);
        if (pfn == FrameTable.NoFrame)
            return false;
        if (resident)
        {
            tally.Hits++;
            if (arrival.IsAdded)
                Label(pfn, arrival.Cookie);
            if (_logsHits)
                LogHit(pfn);
        }

        _machine.Ages?.Use(slot, FolioType.File);
        if (write)
            _machine.Frames.Set(pfn, FolioFlags.Dirty);
        PolicyView view = _host.ViewAt(_machine.LruvecIndexOfFile(slot, pfn));

        // Under clear_on_place the access that loads a page is no use of it, by descriptor as through a mapping.
        if (resident || (view.Definition.Descriptor.Flags & PolicyFlags.ClearOnPlace) == 0)
            UseByDescriptor(view, pfn);
        _machine.Locks.Exit(slot);
        return true;
    }

    /// <summary>A file page was used other than through a mapping: its policy hears of it, or, while it is proposed, its commit.</summary>
    private void UseByDescriptor(PolicyView view, uint pfn)
    {
        if (_machine.Proposed.Has(pfn))
            _machine.Proposed.MarkUsed(pfn);
        else
            view.Ops.OnEvent(view, pfn, FolioEvent.DescriptorAccess);
    }

    /// <summary>Finds a page of a file in the page cache or brings it in; its lock is held when a frame is returned.</summary>
    private uint LockFilePage(
        PageFile file, ulong page, uint slot, in Arrival arrival, ref AccessTally tally, out bool cached)
    {
        LeafTables tables = _machine.Tables;
        _machine.Locks.Enter(slot);
        uint pfn = tables.FrameAt(slot);
        cached = pfn != FrameTable.NoFrame;
        if (cached)
            return pfn;
        _machine.Locks.Exit(slot);

        FlushHits();
        if (_host.KeepsPages && tables.FileMemcg[slot] != arrival.Memcg.Id)
        {
            // Another cgroup is charged now: what the policy of the one before kept of the page is not for this one's.
            _host.Forget(slot);
            tables.FileMemcg[slot] = arrival.Memcg.Id;
        }

        if (_host.TellsArrivals)
            Announce(arrival, slot);
        uint fresh = Obtain(arrival, slot, ref tally);
        if (fresh == FrameTable.NoFrame)
            return fresh;
        _machine.Locks.Enter(slot);
        pfn = tables.FrameAt(slot);
        cached = pfn != FrameTable.NoFrame;
        if (cached)
        {
            _machine.Uncharge(arrival.Memcg);
            Return(fresh);
            return pfn;
        }

        uint shadow = tables.ShadowAt(slot);
        if (_backing is not null && !MayComeIn(arrival, new BackedPage(null, file, page, false, _machine.NodeIdOf(fresh), 0, shadow == 0), slot, fresh, ref tally))
        {
            _machine.Locks.Exit(slot);
            return FrameTable.NoFrame;
        }

        _machine.Frames.Hold(fresh, FolioType.File, slot);
        tables.FileMemcg[slot] = arrival.Memcg.Id;
        PolicyView view = ViewOf(arrival.Memcg, fresh);
        _host.ComeIn(slot, view.Lruvec);
        Label(fresh, arrival.Cookie);
        _machine.Ages?.Arrive(slot, FolioType.File, returns: shadow != 0 && arrival.IsUse);
        if (shadow == 0)
        {
            tally.ColdFaults++;
        }
        else
        {
            tally.Refaults++;
            Refault(view, fresh, shadow, arrival.Event == FolioEvent.NewByFault, ref tally);
        }

        tables.SetFrame(slot, fresh);
        tables.Set(tables.Present, slot);
        file.AddResident(1, _machine.Concurrent);
        view.Ops.OnEvent(view, fresh, arrival.Event);
        view.Place(fresh, PlaceHint.Head);
        return fresh;
    }

    private void TruncateQuietly(PageFile file, ulong start, ulong end)
    {
        Settle();
        LeafTables tables = _machine.Tables;
        for (ulong page = start; page < end; page++)
        {
            uint slot = file.SlotOf(page);
            uint pfn = tables.FrameAt(slot);
            if (pfn != FrameTable.NoFrame)
            {
                _folios.UnmapAll(pfn, slot);
                Free(pfn);
                tables.Clear(tables.Present, slot);
                file.AddResident(-1, _machine.Concurrent);
            }

            _host.Forget(slot);
            tables.SetShadow(slot, 0);
        }
    }

    /// <summary>An address space of which some area maps a file, or null.</summary>
    private AddressSpace? FindMapping(PageFile file)
    {
        for (int id = 0; id < _machine.SpaceCapacity; id++)
        {
            if (_machine.SpaceAt(id) is { } space && space.Maps(file))
                return space;
        }

        return null;
    }

    private void Own(PageFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (!ReferenceEquals(_machine.FileAt(file.Id), file))
            throw new EngineException("The file is destroyed or belongs to another engine.");
    }

    private static void CheckPage(PageFile file, ulong page)
    {
        if (page >= file.Pages)
            throw new EngineException($"Page {page} lies beyond {NameOf(file)} of {file.Pages} pages.");
    }

    private static string NameOf(PageFile file) => file.Name.Length == 0 ? $"file {file.Id}" : $"file {file.Name}";
}
