using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using ReclaimNative.Memory;

namespace ReclaimNative.Concurrency;

/// <summary>
/// Short exclusive locks on 32-bit numbers, as the kernel's page lock is on pages: 16384 lock words, 64 KiB, chosen by a
/// hash of the number. Neighbouring numbers are on different cache lines.
/// </summary>
/// <remarks>
/// <para>Two numbers may share a word, so a thread that holds one lock takes a second with <see cref="TryEnter"/> alone
/// and treats a refusal as "busy": <see cref="Enter"/> could wait for the thread itself. Not recursive.</para>
/// <code>
/// Invariant:   at most one thread between an entry and the Exit of the same number, or of one that shares its word.
/// Ordering:    entry is a compare-and-swap, a full fence; Exit is a release store that the next entry reads. So all that
///              was written under the lock is seen under the next.
/// Progress:    a holder that stops delays those who wait for its word, and nobody else. Not fair.
/// ABA:         none: a word says only whether it is held (in debug builds: by whom).
/// Checked by:  SlotLocksTests, with an entry in two steps that fails.
/// </code>
/// </remarks>
internal sealed unsafe class SlotLocks
{
    private const int WordBits = 14;

    private readonly uint* _words;
    private readonly bool _concurrent;

    /// <summary>Locks for an engine that several threads call, or for one that a single thread drives.</summary>
    public SlotLocks(ColumnStore store, bool concurrent)
    {
        _words = store.Reserve<uint>("lock.words", 1 << WordBits).Pointer;
        _concurrent = concurrent;
    }

    /// <summary>What a held word holds: in debug builds the thread, so that waiting for oneself is noticed.</summary>
    private static uint Mark
    {
#if DEBUG
        get => (uint)Environment.CurrentManagedThreadId;
#else
        get => 1;
#endif
    }

    /// <summary>Takes the lock of <paramref name="slot"/> if its word is free; never waits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryEnter(uint slot)
    {
        ref uint word = ref _words[WordOf(slot)];
        // The look first keeps the line shared while somebody else holds the lock.
        return Volatile.Read(ref word) == 0 && Atomic.CompareExchange(ref word, Mark, 0u, _concurrent) == 0;
    }

    /// <summary>Takes the lock of <paramref name="slot"/>, waiting for its holder. The caller holds no other.</summary>
    /// <exception cref="InvalidOperationException">It is held in an engine with one thread: the wait would not end.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(uint slot)
    {
        if (!TryEnter(slot))
            EnterWait(slot);
    }

    /// <summary>Gives the lock of <paramref name="slot"/> back. Only its holder may.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit(uint slot)
    {
        ref uint word = ref _words[WordOf(slot)];
        Debug.Assert(word == Mark, "a slot was unlocked by a thread that did not hold its lock");
        Volatile.Write(ref word, 0u); // release: pairs with the compare-and-swap of the next entry
    }

    /// <summary>The word of a slot, in [0, 16384): the top bits of a multiplication by 2^32 over the golden ratio.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint WordOf(uint slot) => unchecked(slot * 0x9E3779B1u) >> (32 - WordBits);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterWait(uint slot)
    {
        if (!_concurrent)
            ThrowWaitsForItself(slot);
        Debug.Assert(Volatile.Read(ref _words[WordOf(slot)]) != Mark, "a thread waits for a lock that it holds");
        Backoff backoff = default;
        do
            backoff.Pause();
        while (!TryEnter(slot));
    }

    [DoesNotReturn]
    private static void ThrowWaitsForItself(uint slot) =>
        throw new InvalidOperationException($"The lock of slot {slot} is held, and the only thread of this engine wants it again.");
}
