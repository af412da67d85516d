using ReclaimNative.Lru;
using ReclaimNative.Policies;

namespace ReclaimNative.Lab.Stress;

/// <summary>What a stress run is asked to do.</summary>
public sealed record StressOptions
{
    /// <summary>The least machine: each of its two nodes has room for a few leaf tables of every address space.</summary>
    public const ulong MinPages = 1 << 14;

    /// <summary>The most pages that 32-bit frame numbers leave room for beside what watermarks keep free.</summary>
    public const ulong MaxPages = 4_200_000_000;

    /// <summary>The same with exact order, whose list positions are 32 bits wide and a quarter more than frames.</summary>
    public const ulong MaxPagesInOrder = 3_400_000_000;

    /// <summary>The most threads: those that have a batch of their own in the engine.</summary>
    public const int MaxThreads = 64;

    /// <summary>Pages to keep resident, one machine for each entry, each in [MinPages, MaxPages]; null for 1M, 64M, 1G and the most that memory holds.</summary>
    public IReadOnlyList<ulong>? Pages { get; init; }

    /// <summary>Threads in every phase, 1 to 64. One thread drives an engine without atomic operations.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The policy of every cgroup.</summary>
    public required PolicyChoice Policy { get; init; }

    /// <summary>Who gets the pages of the policy if it is ejected; null for mglru where it is written in C, else nobody.</summary>
    public PolicyChoice? Fallback { get; init; }

    /// <summary>Whether lists keep their order.</summary>
    public ListOrder Order { get; init; }

    /// <summary>Widest vectors: 64, 128, 256 or 512 bits; null for the widest there are.</summary>
    public int? VectorBits { get; init; }

    /// <summary>Seed of the accesses.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Length of the phases that go by the clock. 0 makes each of them a fixed amount of work instead: with one thread,
    /// the same counts every time.
    /// </summary>
    public double Seconds { get; init; } = 5;
}
