using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ReclaimNative.Policies;

/// <summary>
/// 128 bytes that a policy fills once for each node pass, in <see cref="IReclaimPolicy.Prepare"/>, and reads for every
/// lruvec of the pass. Zero at the start.
/// </summary>
[InlineArray(Words)]
public struct PassState
{
    private const int Words = 16;

    private ulong _first;

    /// <summary>The bytes as the policy's own struct.</summary>
    public static ref T As<T>(ref PassState state) where T : unmanaged
    {
        Debug.Assert(Unsafe.SizeOf<T>() <= Words * sizeof(ulong), "pass state too large");
        return ref Unsafe.As<ulong, T>(ref state._first);
    }
}

/// <summary>
/// What is left to do in one visit to a lruvec: two sums that the core keeps and 128 bytes that only the policy
/// understands. Zero at the start of the visit.
/// </summary>
public struct LruvecBudget
{
    private BudgetWords _words;

    /// <summary>Pages freed in this visit.</summary>
    public long Reclaimed { get; internal set; }

    /// <summary>Pages examined in this visit, whether taken or passed over.</summary>
    public long Examined { get; internal set; }

    /// <summary>Pages examined in this visit since one was last freed; beyond a few rounds of the lists the core ends it.</summary>
    public long Fruitless { get; internal set; }

    /// <summary>The policy ended the visit by itself: the cgroup has had its turn.</summary>
    public bool Done { get; set; }

    /// <summary>The policy's words as its own struct.</summary>
    public static ref T As<T>(ref LruvecBudget budget) where T : unmanaged
    {
        Debug.Assert(Unsafe.SizeOf<T>() <= Unsafe.SizeOf<BudgetWords>(), "budget too large");
        return ref Unsafe.As<BudgetWords, T>(ref budget._words);
    }

    [InlineArray(16)]
    private struct BudgetWords
    {
        private ulong _first;
    }
}
