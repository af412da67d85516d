namespace ReclaimNative.Policies;

/// <summary>What policies that remember evicted pages check of the orders that they keep them on.</summary>
internal static class Ghosts
{
    /// <summary>The first thing wrong with a directory of evicted pages, in one sentence, or null. O(n).</summary>
    public static string? FindProblem(PolicyView view, PageOrder order, string name, long bound)
    {
        if (order.Count > bound)
            return $"{name} remembers {order.Count} pages; it may remember {bound}";
        long found = 0;
        for (uint page = order.Head; page != PolicyView.None; page = order.TowardTail(page))
        {
            if (++found > order.Count)
                return $"{name} goes on after its {order.Count} pages";

            if (view.FrameOf(page) != PolicyView.None)
                return $"page {page} is resident and on {name}";
        }

        return found == order.Count ? null : $"{name} has {found} pages and counts {order.Count}";
    }

    /// <summary>The first resident page whose word 0, in the bits of <paramref name="mask"/>, does not name the list that it is on, or null.</summary>
    public static string? FindStray(PolicyView view, int list, uint mask, uint expected)
    {
        for (uint pfn = view.Head(list); pfn != PolicyView.None; pfn = view.TowardTail(pfn))
        {
            if ((view.Word(pfn, 0) & mask) != expected)
                return $"frame {pfn} is on list {list} and is marked for another";
        }

        return null;
    }
}
