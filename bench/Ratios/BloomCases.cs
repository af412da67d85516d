using System.Numerics;
using ReclaimNative.Filters;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// D3: the split-block Bloom filter against the same filter in C, which must set the same bits and give the same answers; its
/// false positives against theory. 12 bits a key; every sample has keys that no sample had before.
/// </summary>
internal sealed unsafe class BloomCases : IRatioCases
{
    private const double BitsPerKey = 12;
    private const int LargestSample = 1 << 18;

    private static readonly string[] QueryForms = ["split_block_query", "split_block_query_batch", "split_block_query_ahead"];
    private static readonly string[] InsertForms = ["split_block_insert", "split_block_insert_batch", "split_block_insert_ahead"];

    private readonly NativeBlock _keys = new(LargestSample * sizeof(ulong));
    private readonly NativeBlock _answers = new(LargestSample / 8);
    private ulong _fresh;

    private Span<ulong> Keys => new(_keys.Pointer, LargestSample);

    private Span<ulong> Answers => new(_answers.Pointer, LargestSample / 64);

    public string Mark => "D3";

    public IEnumerable<RatioCase> Cases(PeerLibrary peers)
    {
        SameBitsAs(peers);
        foreach ((string where, ulong bytes) in new[] { ("L2, 256 KiB", 256UL << 10), ("L3, 8 MiB", 8UL << 20), ("DRAM, 1 GiB", 1UL << 30) })
        {
            using var memory = new NativeBlock((nuint)bytes);
            ulong present = (ulong)(bytes * 8 / BitsPerKey);
            AddAll(FilterOver(memory), present);
            yield return Query(peers, memory, present, where, absent: true);
            yield return Query(peers, memory, present, where, absent: false);
            yield return Insert(peers, memory, present, where);
        }
    }

    private static SplitBlockBloomFilter FilterOver(NativeBlock memory, bool exclusive = true, VectorWidth? width = null) => new(
        (ulong*)memory.Pointer, (uint)(memory.Bytes * 8 / SplitBlockBloomFilter.BlockBits), exclusive, (int)(width ?? VectorWidths.Widest));

    public void Dispose()
    {
        _keys.Dispose();
        _answers.Dispose();
    }

    /// <summary>
    /// Keys of numbers [0, present) are in the filter; those asked for are scattered over them, or beyond them. A page-table
    /// entry's address stands behind each number, as the engine's keys have it.
    /// </summary>
    private void NewKeys(ulong present, bool absent)
    {
        Span<ulong> keys = Keys;
        for (int i = 0; i < keys.Length; i++)
        {
            ulong random = SplitBlockBloomFilter.HashOf(_fresh++);
            keys[i] = KeyOf(absent ? present + (random >> 8) : (ulong)(((UInt128)random * present) >> 64));
        }
    }

    private static ulong KeyOf(ulong number) => unchecked(0xffff_8880_0000_0000 + number * 8);

    private void AddAll(SplitBlockBloomFilter filter, ulong present)
    {
        for (ulong at = 0; at < present; at += LargestSample)
        {
            int count = (int)Math.Min(LargestSample, present - at);
            for (int i = 0; i < count; i++)
                Keys[i] = KeyOf(at + (ulong)i);
            filter.AddRange(Keys[..count]);
        }
    }

    private RatioCase Query(PeerLibrary peers, NativeBlock memory, ulong present, string where, bool absent)
    {
        SplitBlockBloomFilter filter = FilterOver(memory);
        return new RatioCase
        {
            Name = $"query, {(absent ? "absent" : "present")} keys, {where}",
            Unit = "ns/key",
            Work = LargestSample,
            Contestants =
            [
                new Contestant("C# batch", Side.Ours, () =>
                {
                    filter.MayContain(Keys, Answers);
                    return Passed();
                }),
                new Contestant("C# key by key", Side.Ours, () =>
                {
                    ReadOnlySpan<ulong> keys = Keys;
                    Span<ulong> answers = Answers;
                    for (int i = 0; i < keys.Length; i += 64)
                    {
                        ulong bits = 0;
                        for (int k = 0; k < 64; k++)
                            bits |= (filter.MayContain(keys[i + k]) ? 1UL : 0UL) << k;
                        answers[i / 64] = bits;
                    }

                    return Passed();
                }),
                .. QueryForms.Select(peers.Find).OfType<Peer>()
                    .Select(p => new Contestant(p.Name, Side.Peer, () => p.Call(_keys.Pointer, LargestSample, memory.Pointer, filter.Blocks, (ulong)_answers.Pointer))),
            ],
            Prepare = () =>
            {
                NewKeys(present, absent);
                Answers.Clear();
            },
            SameValue = false,
            Verify = (contestant, _) =>
            {
                // Not the code under test: the scalar twin, key by key.
                SplitBlockBloomFilter scalar = FilterOver(memory, width: VectorWidth.Scalar);
                for (int i = 0; i < LargestSample; i++)
                {
                    if (scalar.MayContain(Keys[i]) != ((Answers[i / 64] >> (i & 63) & 1) != 0) || !absent && !scalar.MayContain(Keys[i]))
                        throw new InvalidOperationException($"{contestant.Name}: wrong answer for key {Keys[i]:x}.");
                }
            },
        };
    }

    /// <summary>
    /// Keys that were never added. A filter of a cache's size is emptied before each sample, the largest one has room for
    /// what all samples add.
    /// </summary>
    private RatioCase Insert(PeerLibrary peers, NativeBlock memory, ulong present, string where)
    {
        SplitBlockBloomFilter filter = FilterOver(memory);
        SplitBlockBloomFilter shared = FilterOver(memory, exclusive: false);
        return new RatioCase
        {
            Name = $"insert, {where}",
            Unit = "ns/key",
            Work = LargestSample,
            Contestants =
            [
                new Contestant("C# batch", Side.Ours, () =>
                {
                    filter.AddRange(Keys);
                    return 0;
                }),
                new Contestant("C# key by key", Side.Ours, () =>
                {
                    foreach (ulong key in Keys)
                        filter.Add(key);
                    return 0;
                }),
                new Contestant("C# batch, shared", Side.Ours, () =>
                {
                    shared.AddRange(Keys);
                    return 0;
                }),
                .. InsertForms.Select(peers.Find).OfType<Peer>()
                    .Select(p => new Contestant(p.Name, Side.Peer, () => p.Call(_keys.Pointer, LargestSample, memory.Pointer, filter.Blocks))),
            ],
            Prepare = () =>
            {
                if (present < 100 * LargestSample)
                    filter.Clear();
                NewKeys(present, absent: true);
            },
            SameValue = false,
            Verify = (contestant, _) =>
            {
                foreach (ulong key in Keys)
                {
                    if (!filter.MayContain(key))
                        throw new InvalidOperationException($"{contestant.Name} did not add key {key:x}.");
                }
            },
        };
    }

    /// <summary>After the same keys the filters of C# and of each C form are equal byte for byte.</summary>
    private void SameBitsAs(PeerLibrary peers)
    {
        const uint Blocks = 2048;
        const int Count = 4096;
        using var ours = new NativeBlock(Blocks * SplitBlockBloomFilter.BlockWords * sizeof(ulong));
        using var theirs = new NativeBlock(Blocks * SplitBlockBloomFilter.BlockWords * sizeof(ulong));
        NewKeys(0, absent: true);
        new SplitBlockBloomFilter((ulong*)ours.Pointer, Blocks, exclusive: true).AddRange(Keys[..Count]);
        foreach (Peer peer in InsertForms.Select(peers.Find).OfType<Peer>())
        {
            var bytes = new Span<byte>(theirs.Pointer, (int)theirs.Bytes);
            bytes.Clear();
            peer.Call(_keys.Pointer, Count, theirs.Pointer, Blocks);
            if (!bytes.SequenceEqual(new Span<byte>(ours.Pointer, (int)ours.Bytes)))
                throw new InvalidOperationException($"{peer.Name} sets other bits than C# does.");
        }
    }

    /// <summary>
    /// Not a time: the percentage of absent keys that pass, measured over four million of them, beside theory's.
    /// </summary>
    public IEnumerable<RatioRow> OtherRows()
    {
        const int Present = 1_000_000;
        const int Samples = 16;
        foreach (int bitsPerKey in new[] { 8, 10, 12, 16 })
        {
            uint blocks = SplitBlockBloomFilter.BlocksFor(Present, bitsPerKey);
            using var memory = new NativeBlock((nuint)blocks * SplitBlockBloomFilter.BlockWords * sizeof(ulong));
            double passed = 100 * ShareOfAbsentPassed(FilterOver(memory), Present, Samples);
            double theory = 100 * SplitBlockBloomFilter.TheoreticalFalsePositiveRate(Present, blocks);
            yield return new RatioRow(Mark, $"false positives, {bitsPerKey} bits a key: against theory", passed, theory, passed / theory, "% of absent keys");
        }
    }

    private double ShareOfAbsentPassed(SplitBlockBloomFilter filter, ulong present, int samples)
    {
        AddAll(filter, present);
        ulong passed = 0;
        for (int sample = 0; sample < samples; sample++)
        {
            NewKeys(present, absent: true);
            filter.MayContain(Keys, Answers);
            passed += Passed();
        }

        return (double)passed / ((double)samples * LargestSample);
    }

    private ulong Passed()
    {
        ulong passed = 0;
        foreach (ulong bits in Answers)
            passed += (ulong)BitOperations.PopCount(bits);
        return passed;
    }
}
