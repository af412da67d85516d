using ReclaimNative.Frames;

namespace ReclaimNative.Machine;

/// <summary>A NUMA node: a range of page frames with watermarks and a memory tier.</summary>
public sealed class Node
{
    internal Node(int id, uint firstPfn, uint pages, int tier, Watermarks watermarks, FrameAllocator allocator)
    {
        Id = id;
        FirstPfn = firstPfn;
        Pages = pages;
        Tier = tier;
        Watermarks = watermarks;
        Allocator = allocator;
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
    public uint Free => Allocator.Free;

    /// <summary>
    /// An allocation saw fewer free frames than the low watermark: the owner should call kswapd. Cleared by the call
    /// that finds the node balanced.
    /// </summary>
    public bool KswapdWanted { get; internal set; }

    /// <summary>Runs of kswapd in a row that freed nothing; at 16 the node is given up until direct reclaim succeeds.</summary>
    public int KswapdFailures { get; internal set; }

    internal FrameAllocator Allocator { get; }

    internal bool IsBalanced => Free > Watermarks.High;
}
