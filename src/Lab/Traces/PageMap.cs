namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The renumbering of a trace's own 64-bit page numbers to packed ones. It keeps their order, so a boundary between the trace's pages is a
/// boundary between the packed ones.
/// </summary>
/// <remarks>
/// By tables: page p goes to (rank of p / 512 among the tables accessed) * 512 + p % 512, which keeps what shares a page table and drops
/// only the tables that nothing touches. Densely: page p goes to its rank among the pages accessed; for traces whose keys are hashes or
/// object numbers, so that tables would be nearly empty and neighbourhood means nothing.
/// </remarks>
public sealed class PageMap
{
    /// <summary>Pages in one leaf table of the engine.</summary>
    public const int PagesPerTable = 512;

    private const int TableShift = 9;
    private readonly ulong[] _sorted;

    // `sorted`: the distinct table numbers when `byTables`, else the distinct page numbers; ascending, not empty.
    internal PageMap(ulong[] sorted, bool byTables)
    {
        _sorted = sorted;
        IsDense = !byTables;
    }

    /// <summary>True when pages are packed by rank alone, so that sharing a leaf table means nothing.</summary>
    public bool IsDense { get; }

    /// <summary>Exclusive upper bound of the packed page numbers, in [1, 2^31).</summary>
    public int PackedPages => IsDense ? _sorted.Length : _sorted.Length * PagesPerTable;

    /// <summary>The trace's own number of a packed page, which need not be a page that the trace accesses.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="packed"/> is not below <see cref="PackedPages"/>.</exception>
    public ulong Original(uint packed)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(packed, (uint)PackedPages);
        return IsDense ? _sorted[packed] : (_sorted[packed >> TableShift] << TableShift) | (packed & (PagesPerTable - 1));
    }

    /// <summary>
    /// Finds the packed number of the trace's page <paramref name="original"/>. False when it has none. By tables, a page that is not
    /// accessed but shares its table with one that is has a number too.
    /// </summary>
    public bool TryPack(ulong original, out uint packed)
    {
        int found = Array.BinarySearch(_sorted, IsDense ? original : original >> TableShift);
        packed = found < 0 ? 0 : IsDense ? (uint)found : ((uint)found << TableShift) | (uint)(original & (PagesPerTable - 1));
        return found >= 0;
    }

    /// <summary>
    /// The first packed page whose own number is <paramref name="original"/> or more: the packed pages below it are exactly those
    /// whose own numbers are below. In [0, <see cref="PackedPages"/>]; the upper end when every page is below. O(log tables) or O(log pages).
    /// </summary>
    public int FirstAtOrAbove(ulong original)
    {
        if (TryPack(original, out uint packed))
            return (int)packed;
        int next = ~Array.BinarySearch(_sorted, IsDense ? original : original >> TableShift);
        return IsDense ? next : next * PagesPerTable;
    }
}
