using BenchmarkDotNet.Attributes;
using ReclaimNative.Memory;
using ReclaimNative.Simd;

namespace ReclaimNative.Bench.Simd;

/// <summary>The sweep of an unordered list: one operation finds the next frame of a list of which one frame in so many is.</summary>
public unsafe class ByteSweepBench
{
    private NativeBlock _memory = null!;
    private ByteSweep _sweep;
    private nuint _at;

    /// <summary>Width of the kernel in bits.</summary>
    [Params(64, 128, 256, 512)]
    public int Width { get; set; }

    /// <summary>Bytes of the column, one a frame.</summary>
    [Params(256 << 10, 8 << 20, 1 << 30)]
    public int Bytes { get; set; }

    /// <summary>One frame in so many is on the list.</summary>
    [Params(2, 10, 100, 1000)]
    public int OneIn { get; set; }

    /// <summary>Marks frames at random.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _memory = new NativeBlock((nuint)Bytes);
        _sweep = new ByteSweep((VectorWidth)Width);
        var random = new Random(1);
        for (int i = 0; i < Bytes / OneIn; i++)
            _memory.Pointer[random.Next(Bytes)] = 0x90;
    }

    /// <summary>Frees the column.</summary>
    [GlobalCleanup]
    public void Cleanup() => _memory.Dispose();

    /// <summary>The next frame of the list.</summary>
    [Benchmark]
    public nuint FindNext()
    {
        nuint found = _sweep.FindNext(_memory.Pointer, _at, (nuint)Bytes, 0xF0, 0x90);
        _at = found + 1 < (nuint)Bytes ? found + 1 : 0;
        return found;
    }

    /// <summary>Counts 4096 frames.</summary>
    [Benchmark]
    public long CountMatches()
    {
        _at = _at + 8192 <= (nuint)Bytes ? _at + 4096 : 0;
        return _sweep.CountMatches(_memory.Pointer + _at, 4096, 0xF0, 0x90);
    }
}
