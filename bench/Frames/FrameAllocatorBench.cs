using BenchmarkDotNet.Attributes;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.Bench.Frames;

/// <summary>Free frames of a node that is nearly full, the usual state; one operation takes and returns 32 frames, or a run of them.</summary>
public class FrameAllocatorBench
{
    private const uint Frames = 1 << 24;

    private readonly uint[] _batch = new uint[32];
    private ColumnStore _store = null!;
    private FrameAllocator _allocator = null!;

    /// <summary>Built for several threads; one drives it here.</summary>
    [Params(false, true)]
    public bool Concurrent { get; set; }

    /// <summary>Takes all but a few frames.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _store = new ColumnStore();
        _allocator = new FrameAllocator(_store, 0, Frames, Concurrent);
        for (uint taken = 0; taken < Frames - 4096; taken++)
            _allocator.TryTake(0, out _);
    }

    /// <summary>Frees the node.</summary>
    [GlobalCleanup]
    public void Cleanup() => _store.Dispose();

    /// <summary>Frame by frame.</summary>
    [Benchmark(OperationsPerInvoke = 32)]
    public void TakeAndReturnOne()
    {
        for (int i = 0; i < _batch.Length; i++)
            _allocator.TryTake(0, out _batch[i]);
        foreach (uint pfn in _batch)
            _allocator.Return(pfn, 0);
    }

    /// <summary>Together.</summary>
    [Benchmark(OperationsPerInvoke = 32)]
    public void TakeAndReturnTogether() => _allocator.Return(_batch.AsSpan(0, _allocator.Take(_batch)));

    /// <summary>A run of 32 in a row.</summary>
    [Benchmark(OperationsPerInvoke = 32)]
    public void TakeAndReturnARun()
    {
        if (_allocator.TryTake(5, out uint pfn))
            _allocator.Return(pfn, 5);
    }
}
