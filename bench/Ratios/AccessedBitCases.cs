using System.Globalization;
using System.Numerics;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// D1: accessed bits taken out of bitmaps in DRAM while others might set them, against a plain read of the same
/// bytes and against the best of several C forms; then the same for an engine that one thread drives.
/// </summary>
internal sealed unsafe class AccessedBitCases : IRatioCases
{
    private const ulong Memory = 1UL << 30;

    /// <summary>Words of one call: 64 leaf tables, 4 KiB of output.</summary>
    private const ulong Chunk = 512;

    private readonly NativeBlock _output = new((nuint)(Chunk * sizeof(ulong)));

    public string Mark => "D1";

    /// <summary>Share of young pages and bytes of one sample: less where a page costs more.</summary>
    private static readonly (double Young, ulong Window)[] Densities =
        [(0.0001, 16 << 20), (0.001, 8 << 20), (0.01, 2 << 20), (0.1, 1 << 20), (0.5, 1 << 20)];

    public IEnumerable<RatioCase> Cases(PeerLibrary peers)
    {
        foreach (bool exclusive in new[] { false, true })
        {
            foreach ((double young, ulong window) in Densities)
            {
                using var tables = new YoungTables(Memory, exclusive ? Densities[0].Window : window, young);
                yield return Harvest(peers, tables, exclusive, string.Create(CultureInfo.InvariantCulture, $"{young * 100:0.##} % young"));
            }
        }
    }

    private RatioCase Harvest(PeerLibrary peers, YoungTables tables, bool exclusive, string density)
    {
        List<Contestant> contestants = [];
        foreach (VectorWidth width in new[] { VectorWidths.Widest, VectorWidth.Vector256, VectorWidth.Scalar }.Distinct())
        {
            var bits = new AccessedBits(width, exclusive);
            contestants.Add(new Contestant($"C# {(int)width}", Side.Ours, () => Harvest(bits, tables.Window, tables.Words, (ulong*)_output.Pointer)));
        }

        string[] forms = exclusive
            ? ["harvest_alone_lines", "harvest_alone_masked", "harvest_alone_always"]
            : ["harvest_words", "harvest_lines", "harvest_blocks", "harvest_blocks_ahead", "harvest_bunches", "harvest_list"];
        contestants.AddRange(forms.Select(peers.Find).OfType<Peer>().Select(p => Of(p, Side.Peer)));
        if (!exclusive && peers.Find("harvest_pairs") is { } pairs)
            contestants.Add(Of(pairs, Side.Aside));
        contestants.Add(Of(peers.Find("read_ceiling")!, Side.Ceiling));
        return new RatioCase
        {
            Name = $"harvest{(exclusive ? " by the only thread" : "")}, {density}, DRAM",
            Unit = "G pages/s",
            Work = tables.Words * 64,
            Contestants = contestants,
            Prepare = tables.Slide,
            SameValue = false,
            Verify = (contestant, value) => Verify(contestant, value, tables),
        };

        Contestant Of(Peer peer, Side side) =>
            new(peer.Name, side, () => peer.Call(tables.Window, tables.Words, _output.Pointer, Chunk));
    }

    private static ulong Harvest(AccessedBits bits, ulong* words, ulong n, ulong* output)
    {
        ulong taken = 0;
        for (ulong at = 0; at < n; at += Chunk)
            taken += (ulong)bits.Harvest(words + at, output, (nuint)Chunk);
        return taken;
    }

    /// <summary>As many bits were taken as there were, none is left, and the last chunk's are in the output; then they are put back.</summary>
    private void Verify(Contestant contestant, ulong value, YoungTables tables)
    {
        if (contestant.Side == Side.Ceiling)
            return;
        ulong bits = 0;
        foreach (ulong word in tables.Original)
            bits += (ulong)BitOperations.PopCount(word);
        if (value != bits || new Span<ulong>(tables.Window, (int)tables.Words).ContainsAnyExcept(0UL))
            throw new InvalidOperationException($"{contestant.Name} took {value} of {bits} bits.");
        if (!new Span<ulong>(_output.Pointer, (int)Chunk).SequenceEqual(tables.Original[^(int)Chunk..]))
            throw new InvalidOperationException($"{contestant.Name} did not write the bits that it took.");
        tables.Restore();
    }

    public void Dispose() => _output.Dispose();
}
