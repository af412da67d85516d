namespace ReclaimNative.Lab.Traces;

/// <summary>
/// A recorded sequence of page accesses, whole in memory, its pages renumbered so that the engine's leaf tables hold them without large
/// holes (see <see cref="PageMap"/> for the rule). Immutable; 4 bytes an access and 8 bytes a leaf table, or 8 a page when packed densely.
/// </summary>
public sealed class Trace
{
    /// <summary>Bit 31 of an access: set for a write. The other 31 bits are the packed page number.</summary>
    public const uint WriteBit = 0x8000_0000;

    internal Trace(string name, TraceFormat format, ReadOnlyMemory<uint> accesses, int uniquePages, PageMap pages, string? note)
    {
        Name = name;
        Format = format;
        Accesses = accesses;
        UniquePages = uniquePages;
        Pages = pages;
        Note = note;
    }

    /// <summary>The file's name without folders, as in <c>OLTP.lis.zst</c>; <c>stdin</c> for standard input.</summary>
    public string Name { get; }

    /// <summary>The format it was read in.</summary>
    public TraceFormat Format { get; }

    /// <summary>The accesses in order, each a packed page number in [0, <see cref="PackedPages"/>) with <see cref="WriteBit"/>; never empty.</summary>
    public ReadOnlyMemory<uint> Accesses { get; }

    /// <summary>Count of accesses, 1 or more.</summary>
    public int Count => Accesses.Length;

    /// <summary>Count of different pages accessed, in [1, <see cref="Count"/>]. The footprint, in pages.</summary>
    public int UniquePages { get; }

    /// <summary>Exclusive upper bound of the packed page numbers, in [1, 2^31); at least <see cref="UniquePages"/>.</summary>
    public int PackedPages => Pages.PackedPages;

    /// <summary>From packed page numbers to the trace's own and back.</summary>
    public PageMap Pages { get; }

    /// <summary>One line about how the trace was read that its user should see, or null.</summary>
    public string? Note { get; }
}
