using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Memory;

namespace ReclaimNative.Concurrency;

/// <summary>
/// Lets ordinary calls through side by side, and one change of structure at a time when no call is inside:
/// <c>using (gate.Enter())</c> around a call, <c>using (gate.Close())</c> around a change.
/// </summary>
/// <remarks>
/// <para>A call costs one locked operation on the way in and one on the way out, on a counter that it shares with few
/// threads. It waits only while a change is going on. A change waits until the calls inside are out. A change never
/// starves: calls that come after it wait. Calls may wait for as long as changes follow each other.</para>
/// <para>A thread is inside at most once: a call within a call, a change within a call or a call within a change would
/// wait for itself. An engine with one thread throws then, a debug build asserts.</para>
/// <code>
/// Invariant:   while a change is going on no call is between Enter and Dispose, and no other change is.
/// Ordering:    Dekker. A call adds itself to its stripe, then reads Closer; a change stores Closer, then reads every
///              stripe. Both stores are locked operations, full fences: of the two reads at least one sees the other's
///              store. A call that sees a closer takes itself back and waits; a change that sees a call waits.
///              One pass over the stripes is enough: who is counted on a stripe after it was read at 0 counted after
///              Closer was stored, sees it, and goes back.
///              Publication: what calls wrote is seen by the change, whose volatile read of 0 pairs with their locked
///              decrement. What the change wrote is seen by calls, whose volatile read of Closer pairs with the
///              release store of Open; a call that reads the 0 from before the change is one that the change waits for.
/// Progress:    calls do not delay each other. A call that stops inside delays changes, and the calls that come after.
/// ABA:         none: a counter going 0, 1, 0 unseen is a call that came and went, or one that came, saw and went back.
/// Checked by:  QuiesceGateTests, with a gate without fences that fails.
/// </code>
/// </remarks>
internal sealed unsafe class QuiesceGate
{
    /// <summary>The column of its counters.</summary>
    public const string ColumnName = "gate.stripes";

    /// <summary>Counters of a gate: enough for the threads of a large machine to have one each, nearly.</summary>
    public const int DefaultStripes = 64;

#if DEBUG
    [ThreadStatic]
    private static QuiesceGate? _insideOf;
#endif

    private readonly PaddedCount* _counts;
    private readonly uint _mask;
    private readonly bool _concurrent;

    /// <summary>A gate for an engine that several threads call, or for one that a single thread drives.</summary>
    /// <param name="store">Where its counters live.</param>
    /// <param name="concurrent">Several threads call.</param>
    /// <param name="stripes">Counters, a power of two.</param>
    public QuiesceGate(ColumnStore store, bool concurrent, int stripes = DefaultStripes)
    {
        Debug.Assert(int.IsPow2(stripes), "stripes are chosen by mask");
        // The closer is the last element: read by every call, on a line that only changes write.
        _counts = store.Reserve<PaddedCount>(ColumnName, (nuint)stripes + 1).Pointer;
        _mask = (uint)stripes - 1;
        _concurrent = concurrent;
    }

    /// <summary>The thread whose change is going on or waiting for calls to leave, or 0.</summary>
    private ref long Closer => ref _counts[_mask + 1].Value;

    /// <summary>Lets a call in; it is out when the result is disposed. Waits while a change is going on.</summary>
    /// <exception cref="InvalidOperationException">A change is going on in an engine with one thread.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Passage Enter()
    {
#if DEBUG
        Debug.Assert(_insideOf != this, "a call within a call");
#endif
        uint stripe = _concurrent ? (uint)Environment.CurrentManagedThreadId & _mask : 0;
        ref long inside = ref _counts[stripe].Value;
        _ = Atomic.Add(ref inside, 1, _concurrent); // full fence: this call is counted before Closer is read
        if (Volatile.Read(ref Closer) != 0)         // acquire: what a finished change wrote is seen from here on
            EnterWait(ref inside);
#if DEBUG
        _insideOf = this;
#endif
        return new Passage(this, stripe);
    }

    /// <summary>
    /// Keeps calls out until the result is disposed. Waits for another change to end, then for all calls to leave.
    /// </summary>
    /// <exception cref="InvalidOperationException">A call is inside or a change going on, in an engine with one thread.</exception>
    public Closure Close()
    {
#if DEBUG
        Debug.Assert(_insideOf != this, "a change within a call");
#endif
        int self = Environment.CurrentManagedThreadId;
        Debug.Assert(!_concurrent || Volatile.Read(ref Closer) != self, "a change within a change");
        Backoff backoff = default;
        while (Atomic.CompareExchange(ref Closer, self, 0L, _concurrent) != 0) // full fence: stored before the stripes are read
        {
            if (!_concurrent)
                ThrowWaitsForItself();
            backoff.Pause();
        }

        for (uint i = 0; i <= _mask; i++)
        {
            backoff = default;
            while (Volatile.Read(ref _counts[i].Value) != 0) // acquire: pairs with the decrement of the last call out
            {
                if (!_concurrent)
                {
                    Closer = 0;
                    ThrowWaitsForItself();
                }

                backoff.Pause();
            }
        }

        return new Closure(this);
    }

    private void Exit(uint stripe)
    {
#if DEBUG
        // Where a call on one engine calls another, the outer one is forgotten here: noticed less, never wrongly.
        _insideOf = null;
#endif
        long left = Atomic.Add(ref _counts[stripe].Value, -1, _concurrent); // full fence: the call's writes are before it
        Debug.Assert(left >= 0, "more calls left than came");
    }

    private void Open()
    {
        Debug.Assert(Closer == Environment.CurrentManagedThreadId, "a change was ended by another thread");
        Volatile.Write(ref Closer, 0L); // release: the change's writes are before it
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EnterWait(ref long inside)
    {
        if (!_concurrent)
        {
            inside--;
            ThrowWaitsForItself();
        }

        Debug.Assert(Volatile.Read(ref Closer) != Environment.CurrentManagedThreadId, "a call within a change");
        Backoff backoff = default;
        do
        {
            // Back out first: the change may be waiting for this very count.
            _ = Interlocked.Decrement(ref inside);
            while (Volatile.Read(ref Closer) != 0)
                backoff.Pause();
            _ = Interlocked.Increment(ref inside);
        }
        while (Volatile.Read(ref Closer) != 0);
    }

    [DoesNotReturn]
    private static void ThrowWaitsForItself() =>
        throw new InvalidOperationException("A call and a change of structure overlap in an engine that one thread drives.");

    /// <summary>A call that is inside, until it is disposed, once.</summary>
    public readonly ref struct Passage
    {
        private readonly QuiesceGate _gate;
        private readonly uint _stripe;

        internal Passage(QuiesceGate gate, uint stripe)
        {
            _gate = gate;
            _stripe = stripe;
        }

        /// <summary>Ends the call.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose() => _gate.Exit(_stripe);
    }

    /// <summary>A change that is going on, until it is disposed, once.</summary>
    public readonly ref struct Closure
    {
        private readonly QuiesceGate _gate;

        internal Closure(QuiesceGate gate) => _gate = gate;

        /// <summary>Ends the change and lets calls in.</summary>
        public void Dispose() => _gate.Open();
    }

    /// <summary>A counter on two cache lines of its own: the prefetcher fetches lines in pairs.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct PaddedCount
    {
        [FieldOffset(0)]
        public long Value;
    }
}
