using System.Collections.Immutable;

namespace ReclaimNative.Lab.Results;

/// <summary>
/// The rows of one trace at one memory size: those that may be compared at all. Sorted by what the policies see, then by
/// miss ratio, runs that ended out of memory last.
/// </summary>
internal sealed record ResultGroup(string Trace, long MemoryPages, ImmutableArray<ResultRow> Rows)
{
    /// <summary>Traces in the order of their first row, sizes ascending.</summary>
    public static ImmutableArray<ResultGroup> Of(ResultSet set) =>
    [
        .. from byTrace in set.Rows.GroupBy(row => row.Trace)
           from bySize in byTrace.GroupBy(row => row.MemoryPages).OrderBy(size => size.Key)
           select new ResultGroup(byTrace.Key, bySize.Key, Sorted(bySize)),
    ];

    /// <summary>The rows that may be ranked with <paramref name="row"/>: same view of the accesses, run to its end.</summary>
    public IEnumerable<ResultRow> Peers(ResultRow row) => Rows.Where(other => other.Sees == row.Sees && !other.Oom);

    /// <summary>The memory as the user wrote it, when all rows agree.</summary>
    public string? MemoryAsAsked
    {
        get
        {
            string?[] asked = [.. Rows.Select(row => row.MemoryAsAsked).Distinct()];
            return asked.Length == 1 ? asked[0] : null;
        }
    }

    /// <summary>"1,868 pages (1%)", or "no limit".</summary>
    public string MemoryText
    {
        get
        {
            if (MemoryPages == 0)
            {
                return "no limit";
            }

            string pages = $"{NumberText.Count(MemoryPages)} {(MemoryPages == 1 ? "page" : "pages")}";
            return MemoryAsAsked is { } asked && asked != $"{MemoryPages}p" ? $"{pages} ({asked})" : pages;
        }
    }

    /// <summary>"1%" or "1,868 pages": for running text.</summary>
    public string ShortMemoryText => MemoryAsAsked is { } asked && MemoryPages > 0 ? asked : MemoryText;

    /// <summary>"914,145 accesses to 186,880 pages"; null when the rows differ, as those of processes may.</summary>
    public string? AccessesText
    {
        get
        {
            ResultRow[] ended = [.. Rows.Where(row => !row.Oom)];
            return ended.Select(row => (row.Accesses, row.UniquePages)).Distinct().Count() == 1
                ? $"{NumberText.Count(ended[0].Accesses)} accesses to {NumberText.Count(ended[0].UniquePages)} pages"
                : null;
        }
    }

    private static ImmutableArray<ResultRow> Sorted(IEnumerable<ResultRow> rows) =>
        [.. rows.OrderBy(row => row.Sees).ThenBy(row => row.Oom).ThenBy(row => row.MissRatio)];
}
