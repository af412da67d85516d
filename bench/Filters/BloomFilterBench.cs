using BenchmarkDotNet.Attributes;
using ReclaimNative.Filters;
using ReclaimNative.Memory;

namespace ReclaimNative.Bench.Filters;

/// <summary>Bloom filters at 12 bits a key; one operation is 512 keys, half of them in the filter.</summary>
public unsafe class BloomFilterBench
{
    private const int Keys = 512;

    private readonly ulong[] _keys = new ulong[1 << 20];
    private readonly ulong[] _answers = new ulong[Keys / 64];
    private NativeBlock _memory = null!;
    private SplitBlockBloomFilter _filter;
    private int _at;

    /// <summary>Width in bits; a block has 256.</summary>
    [Params(64, 128, 256)]
    public int Width { get; set; }

    /// <summary>Bytes of the filter: in the L2 cache, in the L3 cache, in DRAM.</summary>
    [Params(256 << 10, 8 << 20, 256 << 20)]
    public int Bytes { get; set; }

    /// <summary>Adds a key for every 12 bits.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _memory = new NativeBlock((nuint)Bytes);
        _filter = new SplitBlockBloomFilter((ulong*)_memory.Pointer, (uint)(Bytes / 32), exclusive: true, Width);
        long present = Bytes * 8L / 12;
        for (long key = 0; key < present; key++)
            _filter.Add((ulong)key);
        var random = new Random(1);
        for (int i = 0; i < _keys.Length; i++)
            _keys[i] = (ulong)random.NextInt64(2 * present);
    }

    /// <summary>Frees the filter.</summary>
    [GlobalCleanup]
    public void Cleanup() => _memory.Dispose();

    /// <summary>Key by key.</summary>
    [Benchmark(OperationsPerInvoke = Keys)]
    public int MayContain()
    {
        int found = 0;
        foreach (ulong key in Next())
            found += _filter.MayContain(key) ? 1 : 0;
        return found;
    }

    /// <summary>Together, fetched ahead where the filter is large.</summary>
    [Benchmark(OperationsPerInvoke = Keys)]
    public ulong MayContainTogether()
    {
        _filter.MayContain(Next(), _answers);
        return _answers[0];
    }

    /// <summary>Adds keys.</summary>
    [Benchmark(OperationsPerInvoke = Keys)]
    public void AddRange() => _filter.AddRange(Next());

    private ReadOnlySpan<ulong> Next()
    {
        _at = (_at + Keys) & (_keys.Length - 1);
        return new ReadOnlySpan<ulong>(_keys, _at, Keys);
    }
}
