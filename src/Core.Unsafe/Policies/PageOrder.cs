namespace ReclaimNative.Policies;

/// <summary>
/// An order that a policy keeps over pages of a lruvec, resident or not: a ghost queue, a recency stack, a clock. It is the
/// policy's own memory: the core evicts nothing from it. A page is on at most one order. All operations are O(1).
/// </summary>
/// <remarks>
/// Made by <see cref="PolicyView.Order"/>. Pages are named by <see cref="PolicyView.PageOf"/>; one that is not of this lruvec's
/// cgroup, or not on this order where it has to be, is refused and counted as an override. Allocates nothing.
/// </remarks>
public readonly struct PageOrder
{
    private const int TrimLimit = 64;

    private readonly PolicyView _view;
    private readonly uint _number;

    internal PageOrder(PolicyView view, uint number)
    {
        _view = view;
        _number = number;
    }

    /// <summary>Pages on it.</summary>
    public long Count => _view.CountOf(_number);

    /// <summary>The most recent page, or <see cref="PolicyView.None"/>.</summary>
    public uint Head => _view.HeadOf(_number);

    /// <summary>The oldest page, or <see cref="PolicyView.None"/>.</summary>
    public uint Tail => _view.TailOf(_number);

    /// <summary>Whether a page is on it.</summary>
    public bool Contains(uint page) => _view.IsOn(_number, page);

    /// <summary>The next more recent page, or <see cref="PolicyView.None"/>.</summary>
    public uint TowardHead(uint page) => _view.TowardHeadOn(_number, page);

    /// <summary>The next older page, or <see cref="PolicyView.None"/>.</summary>
    public uint TowardTail(uint page) => _view.TowardTailOn(_number, page);

    /// <summary>Puts a page at the recent end, from wherever it was on this or another order of the lruvec.</summary>
    /// <returns>False: it is no page of this lruvec's cgroup.</returns>
    public bool AddHead(uint page) => _view.AddToOrder(_number, page, PolicyView.None, atHead: true);

    /// <summary>Puts a page at the old end, from wherever it was on this or another order of the lruvec.</summary>
    /// <returns>False: it is no page of this lruvec's cgroup.</returns>
    public bool AddTail(uint page) => _view.AddToOrder(_number, page, PolicyView.None, atHead: false);

    /// <summary>Puts a page next to <paramref name="neighbour"/>, on the side of the head.</summary>
    /// <returns>False: it is no page of this lruvec's cgroup, or the neighbour is not on this order.</returns>
    public bool InsertTowardHead(uint page, uint neighbour) => _view.AddToOrder(_number, page, neighbour, atHead: true);

    /// <summary>Takes a page off it.</summary>
    /// <returns>False: it was not on it, which is no fault.</returns>
    public bool Remove(uint page) => _view.RemoveFromOrder(_number, page);

    /// <summary>
    /// Takes the oldest pages off until <paramref name="pages"/> are left; at most 64 in one call, so that a limit which has fallen
    /// far is come down to in steps.
    /// </summary>
    /// <returns>What it may hold from now on: <paramref name="pages"/>, or as many as are still on it.</returns>
    public long Trim(long pages)
    {
        for (int i = 0; i < TrimLimit && Count > pages && Tail is var page && page != PolicyView.None; i++)
            Remove(page);
        return Math.Max(pages, Count);
    }
}
