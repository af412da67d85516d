using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ReclaimNative.Concurrency;

/// <summary>
/// A token that one thread at a time holds, tried for and never waited for: who does not get it does something else.
/// One word, zero when free, to be embedded where it protects; never to be copied.
/// </summary>
/// <remarks>
/// <code>
/// Invariant:   at most one holder between a TryTake that answered true and its Release.
/// Ordering:    the swap that takes is a full fence; Release is a release store. What a holder wrote is seen by the next
///              one, because its swap reads the released zero.
/// Progress:    neither call loops. A holder that stops keeps others out, and others do not wait.
/// ABA:         none: the word says only whether it is held.
/// Checked by:  TryTokenTests, with a take in two steps that fails.
/// </code>
/// </remarks>
internal struct TryToken
{
    private uint _held;

    /// <summary>Somebody holds it now; old as soon as it is read.</summary>
    public readonly bool IsTaken => Volatile.Read(in _held) != 0;

    /// <summary>Takes the token unless it is held, by the calling thread included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(bool concurrent) =>
        // The look first keeps the line shared while somebody else holds the token.
        Volatile.Read(ref _held) == 0 && Atomic.Exchange(ref _held, 1u, concurrent) == 0;

    /// <summary>Gives it back. Only the holder may.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release()
    {
        Debug.Assert(_held != 0, "a token was released that nobody held");
        Volatile.Write(ref _held, 0u); // release: pairs with the swap of the next holder
    }
}
