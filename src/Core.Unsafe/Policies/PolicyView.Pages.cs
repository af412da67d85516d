using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Policies;

public sealed unsafe partial class PolicyView
{
    private uint _nowhere;

    /// <summary>
    /// Pages that this lruvec may hold: its node's, or less by memory.max of the cgroup and of those above it. What the papers call
    /// the cache size.
    /// </summary>
    public long Capacity
    {
        get
        {
            ulong least = Node.Pages;
            for (MemoryCgroup? at = Memcg; at is not null; at = at.Parent)
                least = Math.Min(least, at.Max);
            return (long)least;
        }
    }

    /// <summary>
    /// The number of a folio's page. It stays the same when the page is evicted and comes back in another frame. Where a file
    /// page is mapped by several, it is that of the page cache.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint PageOf(uint pfn) => pfn < _frames.Count ? _frames.OwnerOf(pfn) : RefusePage();

    /// <summary>
    /// The frame that a page is in, or <see cref="None"/> when it is not resident. A page that is being placed or removed is in its
    /// frame, whatever its table says.
    /// </summary>
    public uint FrameOf(uint page)
    {
        if (!IsPage(page))
            return RefusePage();
        uint pfn = _machine.Tables.FrameOf(page);
        return pfn < _frames.Count && _frames.Flags(pfn) != FolioFlags.None && _frames.OwnerOf(pfn) == page ? pfn : None;
    }

    /// <summary>
    /// Word <paramref name="index"/> of those that the policy keeps for a page, resident or not; 0 until it is written, and again once
    /// the page's owner has discarded it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref uint History(uint page, int index)
    {
        if (!IsPage(page) || unchecked((uint)index) >= (uint)Definition.Descriptor.HistoryWords)
            return ref RefuseWord();
        return ref _machine.HistoryWords[(nuint)page * (nuint)_machine.HistoryWordCount + (nuint)index];
    }

    /// <summary>Order <paramref name="index"/> of this lruvec, below <see cref="PolicyDescriptor.Orders"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such order.</exception>
    public PageOrder Order(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(unchecked((uint)index), (uint)Definition.Descriptor.Orders);
        return new PageOrder(this, _machine.Orders!.NumberOf(_lruvec.Index, index));
    }

    /// <summary>Whether a page is on an order of this lruvec.</summary>
    public bool Remembers(uint page) =>
        Definition.Descriptor.Orders > 0
        && page < _machine.Tables.Slots
        && _machine.Orders!.OrderOf(page) is var order and not 0
        && _machine.Orders.LruvecOf(order) == _lruvec.Index;

    internal long CountOf(uint order) => _machine.Orders!.Count(order);

    internal uint HeadOf(uint order) => Spend() ? _machine.Orders!.Head(order) : None;

    internal uint TailOf(uint order) => Spend() ? _machine.Orders!.Tail(order) : None;

    internal bool IsOn(uint order, uint page) => page < _machine.Tables.Slots && _machine.Orders!.OrderOf(page) == order;

    internal uint TowardHeadOn(uint order, uint page) => !Spend() ? None : IsOn(order, page) ? _machine.Orders!.TowardHead(page) : RefusePage();

    internal uint TowardTailOn(uint order, uint page) => !Spend() ? None : IsOn(order, page) ? _machine.Orders!.TowardTail(page) : RefusePage();

    internal bool AddToOrder(uint order, uint page, uint neighbour, bool atHead)
    {
        PageOrders orders = _machine.Orders!;
        if (!Spend() || !MayChange())
            return false;
        if (!IsPage(page) || page == neighbour || (neighbour != None && !IsOn(order, neighbour)))
            return Refuse(PolicyOverride.OutOfRange);
        if (orders.OrderOf(page) is var old and not 0)
        {
            // A page that has moved to another node is still on an order of the lruvec there: its own, when it is this policy's.
            PolicyView there = _host.ViewAt(orders.LruvecOf(old));
            if (there.Tag != Tag)
                return Refuse(PolicyOverride.NotItsFolio);
            if (there != this)
                there.Ops.Forget(there, page);
            if (orders.OrderOf(page) != 0)
                orders.Remove(page);
        }

        if (neighbour != None)
            orders.Insert(order, page, orders.TowardHead(neighbour), neighbour);
        else if (atHead)
            orders.Insert(order, page, PageOrders.None, orders.Head(order));
        else
            orders.Insert(order, page, orders.Tail(order), PageOrders.None);
        return true;
    }

    internal bool RemoveFromOrder(uint order, uint page)
    {
        if (!IsOn(order, page) || !Spend() || !MayChange())
            return false;
        _machine.Orders!.Remove(page);
        return true;
    }

    /// <summary>Whether this is the number of a page of this cgroup.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsPage(uint page) =>
        page < _machine.Tables.Slots
        && (_machine.Tables.Memcg[page >> LeafTables.EntriesShift] == Memcg.Id || IsFilePage(page));

    private bool IsFilePage(uint page) => _machine.Tables.FileMemcg != null && _machine.Tables.FileMemcg[page] == Memcg.Id;

    private uint RefusePage()
    {
        Refuse(PolicyOverride.OutOfRange);
        return None;
    }

    /// <summary>A word that belongs to no page, for whoever asked for one that is not there.</summary>
    private ref uint RefuseWord()
    {
        Refuse(PolicyOverride.OutOfRange);
        _nowhere = 0;
        return ref _nowhere;
    }
}
