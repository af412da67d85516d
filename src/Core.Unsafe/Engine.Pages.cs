using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

/// <summary>For owners who move their pages themselves: they say what is in memory, and answer for what was proposed.</summary>
public sealed unsafe partial class Engine
{
    /// <summary>
    /// Brings an anonymous page in that is in its owner's memory now, as an access does but without <see cref="Backing.PageIn"/>. A page that
    /// was evicted before is a refault, and its policy judges it by that. For a page that is in memory already it is an access.
    /// </summary>
    /// <param name="space">Its address space.</param>
    /// <param name="page">Its number, in an area that maps no file.</param>
    /// <param name="nodeId">The node whose memory it takes, and that alone; a page that is in memory stays where it is.</param>
    /// <param name="cookie">What the owner knows it by, where <see cref="MachineOptions.Cookies"/> are kept.</param>
    /// <param name="dirty">It was written to.</param>
    /// <returns>False: no room could be made for it.</returns>
    /// <remarks>Callable from any thread of a concurrent engine. Allocates nothing.</remarks>
    /// <exception cref="EngineException">There is no such page or node, the page is of a file, or in an identity engine on another node.</exception>
    public bool Add(AddressSpace space, ulong page, int nodeId, ulong cookie = 0, bool dirty = false)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        uint slot = AnonSlot(space, page);
        CheckNode(nodeId);
        if (_machine.IsIdentity && space.HomeNode != nodeId)
            throw new EngineException($"Page {page} was added on node {nodeId}; in an identity engine its address space lies on node {space.HomeNode}.");
        var arrival = new Arrival(_machine.MemcgAt(space.MemcgId), nodeId, EventOf(space.VmaAt(page))) { IsAdded = true, Cookie = cookie };
        _machine.Locks.Enter(slot);
        bool present = LeafTables.Test(_machine.Tables.Present, slot);
        if (present)
            Touch(space, slot, arrival, dirty);
        _machine.Locks.Exit(slot);
        if (present)
            return true;

        FlushHits();
        _host.Elapse(1);
        AccessTally tally = default;
        return FaultAnon(space, (uint)page, slot, arrival, dirty, ref tally);
    }

    /// <summary>
    /// As <see cref="Add(AddressSpace, ulong, int, ulong, bool)"/>, a page of a file, which is charged to the root; for one that is in memory
    /// already it is an access by descriptor.
    /// </summary>
    public bool Add(PageFile file, ulong page, int nodeId, ulong cookie = 0, bool dirty = false)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        _ = FileSlot(file, page);
        CheckNode(nodeId);
        AccessTally tally = default;
        return AccessPage(file, page, dirty, new Arrival(_machine.Root, nodeId, FolioEvent.NewByRead) { IsAdded = true, Cookie = cookie }, ref tally);
    }

    /// <summary>
    /// The owner says that a proposed page is gone or, for one that was to move (<see cref="ProposedPage.ToNode"/>), that it has moved there.
    /// </summary>
    /// <param name="page">The page as it was proposed. Of its <see cref="ProposedPage.Page"/> only who owns it and its number count.</param>
    /// <returns>
    /// <see cref="PageOutcome.Done"/>, or why it is still where it was: <see cref="PageOutcome.NotProposed"/>, or back on its list as
    /// <see cref="PageOutcome.Accessed"/>, <see cref="PageOutcome.Pinned"/> or for <see cref="PageOutcome.NoMemory"/>.
    /// </returns>
    /// <remarks>Callable from any thread of a concurrent engine. Allocates nothing.</remarks>
    /// <exception cref="EngineException">There is no such page, or no such node of a lower tier.</exception>
    public PageOutcome Commit(in ProposedPage page)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        uint slot = SlotOf(page.Page);
        if (page.ToNode is { } id)
            CheckNode(id);
        FlushHits();
        PageOutcome outcome = PageOutcome.NotProposed;
        _machine.Locks.Enter(slot);
        uint pfn = _machine.Tables.FrameAt(slot);
        if (pfn != FrameTable.NoFrame)
            outcome = _folios.Commit(pfn, slot, page.ToNode is { } to ? _machine.Nodes[to] : null);
        _machine.Locks.Exit(slot);
        if (outcome == PageOutcome.Done)
            _drivers.NoteProgress();
        return outcome;
    }

    /// <summary>The owner says that a proposed page stays, and why; it is back on its list, and young when it was accessed.</summary>
    /// <param name="page">The page. Only who owns it and its number count.</param>
    /// <param name="reason">Any answer but <see cref="PageAnswer.Evict"/>.</param>
    /// <returns>False: it is not proposed, and nothing was done.</returns>
    /// <remarks>Callable from any thread of a concurrent engine. Allocates nothing.</remarks>
    /// <exception cref="EngineException">There is no such page, or the reason is none.</exception>
    public bool Abort(in BackedPage page, PageAnswer reason)
    {
        ThrowIfDisposed();
        if (reason is not (>= PageAnswer.Keep and <= PageAnswer.Accessed))
            throw new EngineException($"A page does not stay for reason {(int)reason}; {(int)PageAnswer.Keep} to {(int)PageAnswer.Accessed} are accepted.");
        using QuiesceGate.Passage call = EnterCall();
        uint slot = SlotOf(page);
        FlushHits();
        _machine.Locks.Enter(slot);
        uint pfn = _machine.Tables.FrameAt(slot);
        bool aborted = pfn != FrameTable.NoFrame && _folios.Abort(pfn, reason);
        _machine.Locks.Exit(slot);
        return aborted;
    }

    /// <summary>Drops a page that is gone without having been evicted: its frame is free, and nothing is remembered of it. One that is not in memory is forgotten too.</summary>
    /// <remarks>Waits for the calls in flight and keeps others waiting meanwhile.</remarks>
    /// <exception cref="EngineException">There is no such page.</exception>
    public void Remove(in BackedPage page)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        _ = SlotOf(page);
        if (page.File is { } file)
            TruncateQuietly(file, page.Page, page.Page + 1);
        else
            DiscardQuietly(page.Space!, page.Page, page.Page + 1);
    }

    /// <summary>
    /// Moves a page to a node, up or down the tiers; <see cref="Backing.Migrate"/> is asked first. It arrives there as a page that comes in: by
    /// a fault if it was used since its policy last looked or is active, by a read if not.
    /// </summary>
    /// <returns>
    /// <see cref="PageOutcome.Done"/>, also for a page that is there already, <see cref="PageOutcome.NotResident"/>,
    /// <see cref="PageOutcome.Pinned"/>, <see cref="PageOutcome.NoMemory"/> when the node has no free frame, or
    /// <see cref="PageOutcome.Busy"/> when it is proposed or its owner keeps it where it is.
    /// </returns>
    /// <remarks>Waits for the calls in flight and keeps others waiting meanwhile. Allocates nothing.</remarks>
    /// <exception cref="EngineException">There is no such page or node, or the engine is one whose pages are where they are.</exception>
    public PageOutcome TryMove(in BackedPage page, int toNodeId)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        uint slot = SlotOf(page);
        CheckNode(toNodeId);
        if (_machine.IsIdentity)
            throw new EngineException("In an identity engine every page is where it is, so none can be moved to another node.");
        uint pfn = _machine.Tables.FrameAt(slot);
        if (pfn == FrameTable.NoFrame)
            return PageOutcome.NotResident;
        if (_machine.NodeIdOf(pfn) == toNodeId)
            return PageOutcome.Done;
        if (_machine.Proposed.Has(pfn))
            return PageOutcome.Busy;
        Settle();
        return _folios.TryMove(pfn, slot, _machine.Nodes[toNodeId]);
    }

    /// <summary>Whether a page is proposed and not answered yet.</summary>
    /// <exception cref="EngineException">There is no such page.</exception>
    public bool IsProposed(in BackedPage page)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        uint pfn = _machine.Tables.FrameAt(SlotOf(page));
        return pfn < _machine.Frames.Count && _machine.Proposed.Has(pfn);
    }

    /// <summary>What its owner gave a page that is in memory; 0 for one that is not, and where none is kept.</summary>
    /// <exception cref="EngineException">There is no such page.</exception>
    public ulong CookieOf(in BackedPage page)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        uint slot = SlotOf(page);
        if (_machine.Cookies == null)
            return 0;
        _machine.Locks.Enter(slot);
        uint pfn = _machine.Tables.FrameAt(slot);
        ulong cookie = pfn == FrameTable.NoFrame ? 0 : _machine.Cookies[pfn];
        _machine.Locks.Exit(slot);
        return cookie;
    }

    /// <summary>
    /// All proposals of a cgroup alone, or of the machine, lapse: their pages are back on their lists. For a thread that has closed the
    /// engine for others.
    /// </summary>
    internal void LapseProposals(MemoryCgroup? memcg = null)
    {
        if (_machine.Proposed.Count == 0)
            return;
        Settle();
        _host.Proposals.Lapse(memcg);
    }

    /// <summary>A page that is about to be freed is proposed no longer. For a thread that is alone in the engine.</summary>
    private void EndProposal(uint pfn)
    {
        if (!_machine.Proposed.Has(pfn))
            return;
        _host.Proposals.PutBack(_host.ViewAt(_machine.LruvecIndexOf(pfn)), pfn, used: false);

        // Where several threads run it lies in this one's batch, from which it would come onto a list after its frame is free.
        _machine.Lists.Drain();
    }

    /// <summary>The slot that owns a page.</summary>
    private uint SlotOf(in BackedPage page) => page.File is { } file ? FileSlot(file, page.Page) : AnonSlot(page.Space!, page.Page);

    private uint AnonSlot(AddressSpace space, ulong page)
    {
        Own(space);
        CheckPage(space, page);
        return space.IsAnonymous(page)
            ? space.BaseSlot + (uint)page
            : throw new EngineException($"Page {page} of address space {space.Name} is one of a file, which names it.");
    }

    private uint FileSlot(PageFile file, ulong page)
    {
        Own(file);
        CheckPage(file, page);
        return file.SlotOf(page);
    }
}
