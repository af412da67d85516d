using System.Diagnostics;
using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Memory;

namespace ReclaimNative.Machine;

/// <summary>A NUMA node: a range of page frames with watermarks and a memory tier.</summary>
public sealed class Node
{
    /// <summary>Fruitless runs of kswapd in a row after which it is called no more.</summary>
    private const int HopelessRuns = 16;

    private readonly FrameAllocator? _allocator;
    private readonly bool _concurrent;
    private long _held;
    private bool _kswapdWanted;
    private int _kswapdFailures;
    private int _isClaimed;

    /// <summary>A node with frames to hand out or, without an allocator, one whose every page has a frame of its own.</summary>
    internal Node(int id, uint firstPfn, uint pages, int tier, Watermarks watermarks, FrameAllocator? allocator, bool concurrent)
    {
        _allocator = allocator;
        _concurrent = concurrent;
        Id = id;
        FirstPfn = firstPfn;
        Pages = pages;
        Tier = tier;
        Watermarks = watermarks;
    }

    /// <summary>Number of the node, from 0.</summary>
    public int Id { get; }

    /// <summary>Its first frame.</summary>
    public uint FirstPfn { get; }

    /// <summary>Its frames, in pages.</summary>
    public uint Pages { get; }

    /// <summary>Memory tier: 0 is the fastest.</summary>
    public int Tier { get; }

    /// <summary>Its free-frame thresholds.</summary>
    public Watermarks Watermarks { get; }

    /// <summary>Frames free now.</summary>
    public uint Free => _allocator?.Free ?? (uint)(Pages - Volatile.Read(ref _held));

    /// <summary>
    /// An allocation saw fewer free frames than the low watermark: the owner should call kswapd. Cleared by the call
    /// that finds the node balanced.
    /// </summary>
    public bool KswapdWanted
    {
        get => _kswapdWanted;
        internal set => _kswapdWanted = value;
    }

    /// <summary>Runs of kswapd in a row that freed nothing; at 16 the node is given up until direct reclaim succeeds.</summary>
    public int KswapdFailures
    {
        get => _kswapdFailures;
        internal set => _kswapdFailures = value;
    }

    /// <summary>
    /// The right to carry out a request for this node in the kernel's form, which serves one at a time; tried and never waited for.
    /// Source: kernel-reclaim reference 6.5.
    /// </summary>
    internal bool TryClaim() => Interlocked.Exchange(ref _isClaimed, 1) == 0;

    /// <summary>Ends what <see cref="TryClaim"/> began.</summary>
    internal void EndClaim() => Volatile.Write(ref _isClaimed, 0);

    /// <summary>What it keeps beside the machine's columns.</summary>
    internal void Pass(StateLog log)
    {
        log.Pass(ref _held);
        log.Pass(ref _kswapdWanted);
        log.Pass(ref _kswapdFailures);
    }

    /// <summary>Asks for kswapd, unless it has failed too often or the node has no watermarks to keep.</summary>
    internal void WantKswapd() => KswapdWanted = KswapdFailures < HopelessRuns && Watermarks.High != 0;

    internal FrameAllocator Allocator => _allocator!;

    internal bool IsBalanced => Free > Watermarks.High || Watermarks.High == 0;

    /// <summary>What is wrong with the accounts of free frames, or null; at a quiet point.</summary>
    internal string? FindProblem() => _allocator?.FindProblem();

    /// <summary>Whether a frame of this node is free, given what its flags say.</summary>
    internal bool IsFree(uint pfn, bool hasFlags) => _allocator?.IsFree(pfn) ?? !hasFlags;

    /// <summary>Counts pages that are there, where each has a frame of its own.</summary>
    internal void CountHeld(int pages) => Atomic.Add(ref _held, pages, _concurrent);

    /// <summary>Takes a frame back.</summary>
    internal void Return(uint pfn)
    {
        if (_allocator is null)
        {
            CountHeld(-1);
            return;
        }

        bool returned = _allocator.Return(pfn, 0);
        Debug.Assert(returned, "a frame was freed twice");
    }
}
