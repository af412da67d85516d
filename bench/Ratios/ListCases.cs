using System.Runtime.InteropServices;
using ReclaimNative.Lru;
using ReclaimNative.Memory;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// D4: lists of 64M pages, one thread. The peer is an intrusive list with two 4-byte links a page. Pages to activate are
/// drawn at random over all, which makes as many holes as can be; packing is part of what is timed.
/// </summary>
internal sealed unsafe class ListCases : IRatioCases
{
    private const uint Pages = 64u << 20;
    private const int Sample = 1 << 16;
    private const int Batches = Sample / 32;

    /// <summary>Moves before anything is timed, so that holes and packing are in balance.</summary>
    private const uint Ageing = 3 * Pages;

    private readonly ColumnStore _store = new();
    private readonly uint* _shuffled;
    private readonly uint* _pages;
    private readonly Random _random = new(1);

    public ListCases()
    {
        _shuffled = _store.Reserve<uint>("order", Pages).Pointer;
        _pages = _store.Reserve<uint>("pages", Sample).Pointer;
    }

    public string Mark => "D4";

    public IEnumerable<RatioCase> Cases(PeerLibrary peers)
    {
        Shuffle();
        using PeerList peer = NewPeer(peers);
        foreach (int slack in new[] { OrderedLists.LeastSlack, 100 })
        {
            using ListMachine ordered = NewMachine(ListOrder.Exact, slack);
            Age(ordered);
            double holes = 1 - Pages / (double)ordered.Lists.Ordered!.PositionsInUse;
            yield return Activate(peer, $"activate, exact order, slack {slack} %, {holes:P0} holes", ordered, () => 0);
            yield return Isolate(peer, $"isolate 32 and put back, exact order, slack {slack} %", ordered, () => (0, 0));
        }

        using ListMachine unordered = NewMachine(ListOrder.Unordered, 0);
        int to = 0;
        yield return Activate(peer, "activate, unordered", unordered, () => to = (to + 2) % UnorderedLists.Lists);
        yield return Isolate(peer, "isolate 32 and put back, unordered", unordered, () => unordered.Oldest(Sample));
    }

    public void Dispose() => _store.Dispose();

    private PeerList NewPeer(PeerLibrary peers) => new(peers, _store, _shuffled, Pages);

    private ListMachine NewMachine(ListOrder order, int slack) => new(order, _shuffled, Pages, slack, concurrent: false);

    private void Age(ListMachine ordered)
    {
        for (uint moved = 0; moved < Ageing; moved += Sample)
        {
            Draw();
            ordered.Activate(new ReadOnlySpan<uint>(_pages, Sample), 0);
        }
    }

    private RatioCase Activate(PeerList peer, string name, ListMachine machine, Func<int> list) => new()
    {
        Name = name,
        Work = Sample,
        Unit = "ns/page",
        SameValue = false,
        Prepare = Draw,
        Contestants =
        [
            new Contestant("C#", Side.Ours, () => machine.Activate(new ReadOnlySpan<uint>(_pages, Sample), list())),
            new Contestant("C, two links", Side.Peer, () => peer.Activate(_pages, Sample)),
        ],
    };

    private static RatioCase Isolate(PeerList peer, string name, ListMachine machine, Func<(int From, int To)> lists) => new()
    {
        Name = name,
        Work = Sample,
        Unit = "ns/page",
        SameValue = false,
        Contestants =
        [
            new Contestant("C#", Side.Ours, () =>
            {
                (int from, int to) = lists();
                return machine.Isolate(from, to, Batches);
            }),
            new Contestant("C, two links", Side.Peer, () => peer.Isolate(Batches)),
        ],
    };

    private void Shuffle()
    {
        for (uint i = 0; i < Pages; i++)
            _shuffled[i] = i;
        for (uint i = Pages - 1; i > 0; i--)
        {
            uint j = (uint)_random.NextInt64(i + 1);
            (_shuffled[i], _shuffled[j]) = (_shuffled[j], _shuffled[i]);
        }
    }

    private void Draw()
    {
        for (int i = 0; i < Sample; i++)
            _pages[i] = (uint)_random.NextInt64(Pages);
    }
}

/// <summary>
/// D5: one list, two threads, 4M pages: each rotates pages of its own, and takes pages from the cold end and adds them again. The
/// peer takes a spinlock for each page.
/// </summary>
internal sealed unsafe partial class SharedListCases : IRatioCases
{
    private const uint Pages = 4u << 20;
    private const int Sample = 1 << 15;

    private readonly ColumnStore _store = new();
    private readonly uint* _shuffled;
    private readonly uint* _pages;
    private readonly Random _random = new(2);

    public SharedListCases()
    {
        _shuffled = _store.Reserve<uint>("order", Pages).Pointer;
        _pages = _store.Reserve<uint>("pages", 2 * Sample).Pointer;
    }

    public string Mark => "D5";

    public IEnumerable<RatioCase> Cases(PeerLibrary peers)
    {
        Shuffle();
        using PeerList peer = NewPeer(peers);
        using ListMachine ordered = NewMachine(ListOrder.Exact);
        yield return Rotate(peer, "rotate, isolate and add from 2 threads, exact order", ordered, () => (0, 0));
        using ListMachine unordered = NewMachine(ListOrder.Unordered);
        yield return Rotate(peer, "rotate, isolate and add from 2 threads, unordered", unordered, () => unordered.Oldest(2 * Sample));
    }

    public void Dispose() => _store.Dispose();

    private PeerList NewPeer(PeerLibrary peers) => new(peers, _store, _shuffled, Pages);

    private ListMachine NewMachine(ListOrder order) => new(order, _shuffled, Pages, OrderedLists.LeastSlack, concurrent: true);

    private void Shuffle()
    {
        for (uint i = 0; i < Pages; i++)
            _shuffled[i] = i;
        _random.Shuffle(new Span<uint>(_shuffled, (int)Pages));
    }

    private RatioCase Rotate(PeerList peer, string name, ListMachine machine, Func<(int From, int To)> lists) => new()
    {
        Name = name,
        Work = 4 * Sample,
        Unit = "ns/page",
        SameValue = false,
        Prepare = Draw,
        Contestants =
        [
            new Contestant("C#", Side.Ours, () =>
            {
                (int from, int to) = lists();
                ulong other = 0;
                var second = new Thread(() =>
                {
                    Unpin();
                    other = Work(machine, _pages + Sample, from, to);
                });
                second.Start();
                ulong own = Work(machine, _pages, from, to);
                second.Join();
                return own + other;
            }),
            new Contestant("C, spinlock a page", Side.Peer, () => peer.RotateFromTwo(_pages, _pages + Sample, Sample)),
        ],
    };

    private static ulong Work(ListMachine machine, uint* pages, int from, int to) =>
        machine.Activate(new ReadOnlySpan<uint>(pages, Sample), to) + machine.Isolate(from, to, Sample / 32);

    private void Draw()
    {
        for (int i = 0; i < 2 * Sample; i++)
            _pages[i] = (uint)_random.NextInt64(Pages);
    }

    /// <summary>A thread inherits the one core that the program is pinned to; two are to have two.</summary>
    private static void Unpin()
    {
        ulong* all = stackalloc ulong[16];
        new Span<ulong>(all, 16).Fill(ulong.MaxValue);
        _ = SetAffinity(0, 128, all);
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint bytes, ulong* set);
}

/// <summary>peers/lists.c.</summary>
internal sealed unsafe class PeerList : IDisposable
{
    private readonly void* _list;
    private readonly delegate* unmanaged<void*, uint*, ulong, void> _activate;
    private readonly delegate* unmanaged<void*, ulong, ulong> _isolate;
    private readonly delegate* unmanaged<void*, uint*, uint*, ulong, void> _rotate;
    private readonly delegate* unmanaged<void*, void> _destroy;

    public PeerList(PeerLibrary peers, ColumnStore store, uint* order, uint pages)
    {
        uint* newer = store.Reserve<uint>("newer", pages).Pointer;
        uint* older = store.Reserve<uint>("older", pages).Pointer;
        _activate = (delegate* unmanaged<void*, uint*, ulong, void>)Address(peers, "list_activate");
        _isolate = (delegate* unmanaged<void*, ulong, ulong>)Address(peers, "list_isolate");
        _rotate = (delegate* unmanaged<void*, uint*, uint*, ulong, void>)Address(peers, "list_rotate_from_two");
        _destroy = (delegate* unmanaged<void*, void>)Address(peers, "list_destroy");
        _list = ((delegate* unmanaged<uint*, uint*, uint*, ulong, void*>)Address(peers, "list_create"))(newer, older, order, pages);
    }

    public ulong Activate(uint* pages, ulong n)
    {
        _activate(_list, pages, n);
        return n;
    }

    public ulong Isolate(ulong batches) => _isolate(_list, batches);

    public ulong RotateFromTwo(uint* first, uint* second, ulong n)
    {
        _rotate(_list, first, second, n);
        return n;
    }

    public void Dispose() => _destroy(_list);

    private static nint Address(PeerLibrary peers, string name) =>
        peers.Find(name)?.Address ?? throw new InvalidOperationException($"peers/lists.c has no {name}.");
}
