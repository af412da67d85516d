using BenchmarkDotNet.Attributes;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Bench.Simd;

/// <summary>
/// Kernels over accessed bits: one operation is 64 leaf tables of 512 pages, the next ones of a bitmap as large as the parameter says,
/// with bits set at random. Divide by 32,768 for a page.
/// </summary>
public unsafe class AccessedBitsBench
{
    private const int Words = 64 * 8;

    private NativeBlock _memory = null!;
    private NativeBlock _template = null!;
    private NativeBlock _harvested = null!;
    private NativeBlock _slots = null!;
    private AccessedBits _bits;
    private nuint _words;
    private nuint _at;

    /// <summary>Width of the kernels in bits.</summary>
    [Params(64, 128, 256, 512)]
    public int Width { get; set; }

    /// <summary>Bytes of the bitmap: in the L2 cache, in the L3 cache, in DRAM.</summary>
    [Params(256 << 10, 8 << 20, 1 << 30)]
    public int Bytes { get; set; }

    /// <summary>Share of young pages.</summary>
    [Params(0.0001, 0.01, 0.1, 0.5)]
    public double Young { get; set; }

    /// <summary>Sets bits at random.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _words = (nuint)Bytes / sizeof(ulong);
        _memory = new NativeBlock((nuint)Bytes);
        _template = new NativeBlock(Words * sizeof(ulong));
        _harvested = new NativeBlock(Words * sizeof(ulong));
        _slots = new NativeBlock((Words * 64 + AccessedBits.ExtractSlack) * sizeof(uint));
        _bits = new AccessedBits((VectorWidth)Width, exclusive: false);
        Fill((ulong*)_memory.Pointer, _words, new Random(1));
        Fill((ulong*)_template.Pointer, Words, new Random(2));
    }

    /// <summary>Frees the bitmap.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        _memory.Dispose();
        _template.Dispose();
        _harvested.Dispose();
        _slots.Dispose();
    }

    /// <summary>Counts young pages.</summary>
    [Benchmark]
    public long Count() => _bits.Count(Next(), Words);

    /// <summary>Lists the slots of young pages.</summary>
    [Benchmark]
    public long Extract() => _bits.Extract(Next(), Words, 0, (uint*)_slots.Pointer);

    /// <summary>Which tables have a young page at all.</summary>
    [Benchmark]
    public long NonZeroTables() => _bits.NonZeroTables(Next(), Words / 8, (ulong*)_harvested.Pointer);

    /// <summary>Takes the young bits and puts as many back, which is part of what is measured.</summary>
    [Benchmark]
    public long HarvestAndRefill()
    {
        ulong* words = Next();
        long taken = _bits.Harvest(words, (ulong*)_harvested.Pointer, Words);
        new Span<ulong>(_template.Pointer, Words).CopyTo(new Span<ulong>(words, Words));
        return taken;
    }

    private ulong* Next()
    {
        _at = _at + 2 * Words <= _words ? _at + Words : 0;
        return (ulong*)_memory.Pointer + _at;
    }

    private void Fill(ulong* words, nuint count, Random random)
    {
        new Span<byte>(words, checked((int)(count * sizeof(ulong)))).Clear();
        long bits = (long)(count * 64 * Young);
        for (long i = 0; i < bits; i++)
        {
            ulong bit = (ulong)random.NextInt64((long)count * 64);
            words[bit >> 6] |= 1UL << (int)(bit & 63);
        }
    }
}
