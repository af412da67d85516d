using System.Globalization;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// K: the kernels that only read: counting bits, listing them, and sweeping bytes; in the L2 cache, where instructions
/// count, and in DRAM, where bytes do.
/// </summary>
internal sealed unsafe class ScanCases : IRatioCases
{
    private const ulong Chunk = 512;
    private const ulong L2 = 256 << 10;
    private const ulong Dram = 1UL << 30;

    /// <summary>Bytes of one sample, in both.</summary>
    private const ulong Sample = 16 << 20;

    private readonly NativeBlock _slots = new((nuint)(Chunk * 64 + 64) * sizeof(uint));

    public string Mark => "K";

    public IEnumerable<RatioCase> Cases(PeerLibrary peers)
    {
        foreach (bool dram in new[] { false, true })
        {
            string where = dram ? "DRAM" : "L2";
            using (var tables = new YoungTables(dram ? Dram : L2, dram ? Sample : L2, 0.1))
            {
                yield return Count(peers, tables, where);
                yield return CountBoth(peers, tables, where);
                yield return Sweep(peers, tables, where);
            }

            foreach (double young in new[] { 0.0001, 0.01, 0.1, 0.5 })
            {
                using var tables = new YoungTables(dram ? Dram : L2, dram ? Sample / 8 : L2, young, seed: 2);
                yield return Extract(peers, tables, string.Create(CultureInfo.InvariantCulture, $"list slots, {young * 100:0.##} % young, {where}"), dram ? 1 : 8);
            }
        }
    }

    public void Dispose() => _slots.Dispose();

    private static RatioCase Count(PeerLibrary peers, YoungTables tables, string where)
    {
        var bits = new AccessedBits(VectorWidths.Widest, exclusive: false);
        return Case($"count, {where}", "G pages/s", 64, tables,
            () => (ulong)bits.Count(tables.Window, (nuint)tables.Words),
            Peers(peers, ["count_vectors", "count_words"], p => p.Call(tables.Window, tables.Words, null)));
    }

    private static RatioCase CountBoth(PeerLibrary peers, YoungTables tables, string where)
    {
        // The second half of a window is the mask of the first.
        var bits = new AccessedBits(VectorWidths.Widest, exclusive: false);
        ulong half = tables.Words / 2;
        return Case($"count accessed and present, {where}", "G pages/s", 32, tables,
            () => (ulong)bits.CountBoth(tables.Window, tables.Window + half, (nuint)half),
            Peers(peers, ["count_both_vectors"], p => p.Call(tables.Window, half, tables.Window + half)));
    }

    private static RatioCase Sweep(PeerLibrary peers, YoungTables tables, string where)
    {
        var sweep = new ByteSweep(VectorWidths.Widest);
        return Case($"sweep bytes, {where}", "G pages/s", 8, tables,
            () => (ulong)sweep.CountMatches((byte*)tables.Window, (nuint)tables.Words * 8, 7, 2),
            Peers(peers, ["sweep_count_vectors", "sweep_count_loop"], p => p.Call(tables.Window, tables.Words * 8, null, 7, 2)));
    }

    private RatioCase Extract(PeerLibrary peers, YoungTables tables, string name, int repeat)
    {
        var bits = new AccessedBits(VectorWidths.Widest, exclusive: false);
        return Case(name, "G pages/s", 64, tables,
            () =>
            {
                ulong found = 0, last = 0;
                uint* slots = (uint*)_slots.Pointer;
                for (ulong at = 0; at < tables.Words; at += Chunk)
                {
                    long here = bits.Extract(tables.Window + at, (nuint)Chunk, (uint)at * 64, slots);
                    found += (ulong)here;
                    last += here == 0 ? 0 : slots[here - 1];
                }

                return unchecked(found + (last << 32));
            },
            Peers(peers, ["extract_bits", "extract_flat4", "extract_flat12", "extract_compress"], p => p.Call(tables.Window, tables.Words, _slots.Pointer, Chunk)),
            repeat);
    }

    private static IEnumerable<(string Name, Func<ulong> Sample)> Peers(PeerLibrary peers, string[] names, Func<Peer, ulong> call) =>
        names.Select(peers.Find).OfType<Peer>().Select(p => (p.Name, (Func<ulong>)(() => call(p))));

    /// <summary>A small window is gone over several times in a sample, to make one of at least about a millisecond.</summary>
    private static RatioCase Case(
        string name, string unit, double perWord, YoungTables tables, Func<ulong> ours, IEnumerable<(string Name, Func<ulong> Sample)> peers, int repeat = 1)
    {
        if (tables.Windows == 1)
            repeat = Math.Max(repeat, 256);
        return new RatioCase
        {
            Name = name,
            Unit = unit,
            Work = tables.Words * perWord * repeat,
            Prepare = tables.Slide,
            Contestants =
            [
                new Contestant($"C# {(int)VectorWidths.Widest}", Side.Ours, Repeated(ours)),
                .. peers.Select(p => new Contestant(p.Name, Side.Peer, Repeated(p.Sample))),
            ],
        };

        Func<ulong> Repeated(Func<ulong> sample) => () =>
        {
            ulong sum = 0;
            for (int i = 0; i < repeat; i++)
                sum = unchecked(sum + sample());
            return sum;
        };
    }
}
