using System.Runtime.CompilerServices;
using ReclaimNative.Concurrency;

namespace ReclaimNative.Observe;

/// <summary>One value per <see cref="Counter"/>, in native memory that somebody else owns.</summary>
/// <remarks>Additions are atomic when several threads drive the engine, and plain when one does: exact in both.</remarks>
internal readonly unsafe struct EventCounts
{
    private readonly long* _values;
    private readonly bool _concurrent;

    /// <summary>Counts over <see cref="Counters.Count"/> longs at <paramref name="values"/>.</summary>
    public EventCounts(long* values, bool concurrent)
    {
        _values = values;
        _concurrent = concurrent;
    }

    /// <summary>The value of <paramref name="counter"/>.</summary>
    public long this[Counter counter] => _values[(int)counter];

    /// <summary>Adds <paramref name="amount"/> (base pages or events).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Counter counter, long amount) => Atomic.Add(ref _values[(int)counter], amount, _concurrent);

    /// <summary>Adds to the member of an anon/file pair that <paramref name="type"/> selects; the pair is adjacent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddTyped(Counter anonMember, int type, long amount) => Atomic.Add(ref _values[(int)anonMember + type], amount, _concurrent);
}
