using BenchmarkDotNet.Attributes;
using ReclaimNative.Bench.Ratios;
using ReclaimNative.Lru;
using ReclaimNative.Memory;

namespace ReclaimNative.Bench.Lru;

/// <summary>Lists in both forms; one operation is a page, at random over all of them.</summary>
public unsafe class FrameListsBench
{
    private const int Pages = 1 << 12;

    private readonly ColumnStore _store = new();
    private readonly uint[] _pages = new uint[Pages];
    private readonly Random _random = new(1);
    private ListMachine _machine = null!;
    private int _to;

    /// <summary>The form.</summary>
    [Params(ListOrder.Exact, ListOrder.Unordered)]
    public ListOrder Order { get; set; }

    /// <summary>Pages on the lists: their columns in the L2 cache, in the L3 cache, in DRAM.</summary>
    [Params(1u << 16, 1u << 20, 1u << 26)]
    public uint Frames { get; set; }

    /// <summary>Built for several threads; one drives it here.</summary>
    [Params(false, true)]
    public bool Concurrent { get; set; }

    /// <summary>Puts every page on a list.</summary>
    [GlobalSetup]
    public void Setup()
    {
        uint* shuffled = _store.Reserve<uint>("order", Frames).Pointer;
        for (uint i = 0; i < Frames; i++)
            shuffled[i] = i;
        _random.Shuffle(new Span<uint>(shuffled, (int)Frames));
        _machine = new ListMachine(Order, shuffled, Frames, OrderedLists.LeastSlack, Concurrent);
    }

    /// <summary>Frees the lists.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        _machine.Dispose();
        _store.Dispose();
    }

    /// <summary>To the head of a list, packing included.</summary>
    [Benchmark(OperationsPerInvoke = Pages)]
    public ulong Activate()
    {
        for (int i = 0; i < Pages; i++)
            _pages[i] = (uint)_random.NextInt64(Frames);
        _to = Order == ListOrder.Exact ? 0 : (_to + 2) % UnorderedLists.Lists;
        return _machine.Activate(_pages, _to);
    }

    /// <summary>32 from the cold end, and back on at the head.</summary>
    [Benchmark(OperationsPerInvoke = Pages)]
    public ulong Isolate()
    {
        (int from, int to) = Order == ListOrder.Exact ? (0, 0) : _machine.Oldest(Pages);
        return _machine.Isolate(from, to, Pages / 32);
    }
}
