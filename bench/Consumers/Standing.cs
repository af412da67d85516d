using System.Globalization;

namespace ReclaimNative.Bench.Consumers;

/// <summary>How one contestant of the key-value program did: a line of what <c>kv/kv.c</c> prints.</summary>
/// <param name="Policy">The library's, or "own" for the program's plain LRU.</param>
/// <param name="Form">"plain", "page_out" or "propose", as in <c>kv/pool.h</c>.</param>
/// <param name="Report">Accesses that are reported to the library at a time.</param>
/// <param name="Evict">Frames that are freed at a time.</param>
/// <param name="Operations">Operations that were measured.</param>
/// <param name="Gets">Pages that they asked the pool for.</param>
/// <param name="Hits">How many of those were in memory.</param>
/// <param name="Writes">Dirty pages that were evicted.</param>
/// <param name="Nanoseconds">CPU time of an operation, the median of all rounds.</param>
/// <param name="Least">Its least.</param>
/// <param name="Most">Its most.</param>
internal sealed record Standing(
    string Policy, string Form, int Report, int Evict, long Operations, long Gets, long Hits, long Writes, double Nanoseconds, double Least, double Most)
{
    public double HitPercent => 100.0 * Hits / Gets;

    public double MissesAnOperation => (double)(Gets - Hits) / Operations;

    public double WritesAnOperation => (double)Writes / Operations;

    /// <summary>What the contestant is, in words.</summary>
    public string Name => Form == "plain"
        ? $"plain LRU, evicts {Evict}"
        : string.Create(CultureInfo.InvariantCulture, $"{Policy}, {Form}, reports {Report}");

    public static Standing Parse(string line)
    {
        string[] f = line.Split('\t');
        return new Standing(f[0], f[1], Whole(2), Whole(3), Whole(4), Whole(5), Whole(6), Whole(7), Real(8), Real(9), Real(10));

        int Whole(int field) => int.Parse(f[field], CultureInfo.InvariantCulture);

        double Real(int field) => double.Parse(f[field], CultureInfo.InvariantCulture);
    }
}
