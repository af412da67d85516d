using System.Runtime.CompilerServices;

namespace ReclaimNative.Observe;

/// <summary>One value per <see cref="Counter"/>, in native memory that somebody else owns.</summary>
/// <remarks>Unsynchronised additions: exact when one thread drives the engine.</remarks>
internal readonly unsafe struct EventCounts
{
    private readonly long* _values;

    /// <summary>Counts over <see cref="Counters.Count"/> longs at <paramref name="values"/>.</summary>
    public EventCounts(long* values) => _values = values;

    /// <summary>The value of <paramref name="counter"/>.</summary>
    public long this[Counter counter] => _values[(int)counter];

    /// <summary>Adds <paramref name="amount"/> (base pages or events).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(Counter counter, long amount) => _values[(int)counter] += amount;

    /// <summary>Adds to the member of an anon/file pair that <paramref name="type"/> selects; the pair is adjacent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddTyped(Counter anonMember, int type, long amount) => _values[(int)anonMember + type] += amount;
}
