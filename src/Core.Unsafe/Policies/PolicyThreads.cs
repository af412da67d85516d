using System.Collections.Immutable;

namespace ReclaimNative.Policies;

/// <summary>The calls of all threads that drive concurrent engines, for those who watch. A thread is entered once, at its first operation.</summary>
/// <remarks>
/// Readers take no lock: they have the array as it was when they looked. What ended with its thread is collected, and dropped when
/// the next thread comes.
/// </remarks>
internal static class PolicyThreads
{
    private static ImmutableArray<Entry> _entries = [];
    private static int _last;

    /// <summary>The calls of living threads, and a number for each.</summary>
    public static IEnumerable<(int Thread, PolicyCall Call)> All
    {
        get
        {
            foreach (Entry entry in _entries)
            {
                if (entry.Call.TryGetTarget(out PolicyCall? call))
                    yield return (entry.Thread, call);
            }
        }
    }

    /// <summary>Makes the call of this thread.</summary>
    public static PolicyCall Enter()
    {
        var call = new PolicyCall();
        var entry = new Entry(Interlocked.Increment(ref _last), new WeakReference<PolicyCall>(call));
        ImmutableInterlocked.Update(ref _entries, (entries, added) => entries.RemoveAll(e => !e.Call.TryGetTarget(out _)).Add(added), entry);
        return call;
    }

    private sealed record Entry(int Thread, WeakReference<PolicyCall> Call);
}
