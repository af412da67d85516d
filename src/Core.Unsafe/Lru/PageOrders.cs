using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.Lru;

/// <summary>
/// Orders that policies keep beside the lists of the core: doubly linked lists over pages, resident or not, by page number.
/// Ghost queues and recency stacks. Advisory: the core relies on none of them, and nothing is evicted from one.
/// </summary>
/// <remarks>
/// A page is on at most one order. 12 bytes a page of the machine's tables where some policy asks for orders, backed by memory
/// once a page has been on one. For engines that one thread drives. Never allocates. Every operation is O(1).
/// </remarks>
internal sealed unsafe class PageOrders
{
    /// <summary>No page: the end of an order.</summary>
    public const uint None = FrameTable.NoSlot;

    private readonly Link* _links;
    private readonly Ends* _ends;
    private readonly int _perLruvec;

    public PageOrders(ColumnStore store, ulong pages, int lruvecs, int perLruvec)
    {
        _perLruvec = perLruvec;
        _links = store.Reserve<Link>("page.order", (nuint)pages).Pointer;
        _ends = store.Reserve<Ends>("lruvec.orders", (nuint)lruvecs * (nuint)perLruvec).Pointer;
    }

    /// <summary>The link of each page, for C: reclaim_order_link_t.</summary>
    public void* Links => _links;

    /// <summary>The ends of an order and of those after it, for C: reclaim_order_t.</summary>
    public void* EndsFrom(uint number) => _ends + (number - 1);

    /// <summary>Number of an order of a lruvec, from 1: zeroed memory says that a page is on none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint NumberOf(int lruvec, int order) => (uint)(lruvec * _perLruvec + order) + 1;

    /// <summary>The lruvec that an order belongs to.</summary>
    public int LruvecOf(uint number) => (int)(number - 1) / _perLruvec;

    /// <summary>The order that a page is on, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint OrderOf(uint page) => _links[page].Order;

    public long Count(uint number) => EndsOf(number).Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Head(uint number) => EndsOf(number).Count == 0 ? None : EndsOf(number).Head;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Tail(uint number) => EndsOf(number).Count == 0 ? None : EndsOf(number).Tail;

    /// <summary>The neighbours of a page that is on an order.</summary>
    public uint TowardHead(uint page) => _links[page].TowardHead;

    public uint TowardTail(uint page) => _links[page].TowardTail;

    /// <summary>Puts a page that is on no order between two neighbours of one; None stands for the end.</summary>
    public void Insert(uint number, uint page, uint towardHead, uint towardTail)
    {
        ref Ends ends = ref EndsOf(number);
        _links[page] = new Link { TowardHead = towardHead, TowardTail = towardTail, Order = number };
        if (towardHead == None)
            ends.Head = page;
        else
            _links[towardHead].TowardTail = page;
        if (towardTail == None)
            ends.Tail = page;
        else
            _links[towardTail].TowardHead = page;
        ends.Count++;
    }

    /// <summary>Takes a page off the order that it is on.</summary>
    public void Remove(uint page)
    {
        Link link = _links[page];
        ref Ends ends = ref EndsOf(link.Order);
        if (link.TowardHead == None)
            ends.Head = link.TowardTail;
        else
            _links[link.TowardHead].TowardTail = link.TowardTail;
        if (link.TowardTail == None)
            ends.Tail = link.TowardHead;
        else
            _links[link.TowardTail].TowardHead = link.TowardHead;
        ends.Count--;
        _links[page].Order = 0;
    }

    /// <summary>Empties every order of a lruvec.</summary>
    public void Clear(int lruvec)
    {
        for (int order = 0; order < _perLruvec; order++)
        {
            uint number = NumberOf(lruvec, order);
            while (Tail(number) is var page && page != None)
                Remove(page);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Ends EndsOf(uint number) => ref _ends[number - 1];

    private struct Link
    {
        public uint TowardHead;
        public uint TowardTail;
        public uint Order;
    }

    private struct Ends
    {
        public uint Head;
        public uint Tail;
        public long Count;
    }
}
