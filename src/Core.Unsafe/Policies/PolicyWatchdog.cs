using System.Diagnostics;

namespace ReclaimNative.Policies;

/// <summary>
/// Watches on a thread of its own that operations of policies return. It tells; what to do about one that does not return is for
/// whoever is told.
/// </summary>
public sealed class PolicyWatchdog : IDisposable
{
    private static readonly TimeSpan LongestNap = TimeSpan.FromMilliseconds(250);

    private readonly Func<IReadOnlyList<PolicyProgress>> _look;
    private readonly TimeSpan _timeout;
    private readonly Action<PolicyProgress, TimeSpan> _stuck;
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;

    /// <summary>Starts to watch.</summary>
    /// <param name="look">What is running: <see cref="Engine.PoliciesInProgress"/>, or what <see cref="PolicyProgressFile.Read"/> says. Called every quarter of a second or more often.</param>
    /// <param name="timeout">How long one operation may take, at least a millisecond.</param>
    /// <param name="stuck">
    /// Called on the watching thread when one has taken that long, and when it has taken twice, four times, ... as long, with how long it
    /// has been seen to take. It must not throw.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is less than a millisecond.</exception>
    public PolicyWatchdog(Func<IReadOnlyList<PolicyProgress>> look, TimeSpan timeout, Action<PolicyProgress, TimeSpan> stuck)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.FromMilliseconds(1));
        _look = look;
        _timeout = timeout;
        _stuck = stuck;
        _thread = new Thread(Watch) { IsBackground = true, Name = "policy watchdog" };
        _thread.Start();
    }

    /// <summary>Ends the watch, and waits until a call of <c>stuck</c> that is running has returned, unless it is that call which ends it.</summary>
    public void Dispose()
    {
        _stop.Set();
        if (_thread != Thread.CurrentThread)
            _thread.Join();
    }

    private void Watch()
    {
        TimeSpan nap = _timeout / 16;
        nap = nap > LongestNap ? LongestNap : nap < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : nap;
        var seen = new Dictionary<int, Sighting>();
        while (!_stop.Wait(nap))
        {
            IReadOnlyList<PolicyProgress> running = _look();
            if (seen.Count > running.Count)
            {
                // A dictionary may be removed from while it is looped over.
                foreach (int thread in seen.Keys)
                {
                    if (!IsAmong(running, thread))
                        seen.Remove(thread);
                }
            }

            long now = Stopwatch.GetTimestamp();
            foreach (PolicyProgress at in running)
            {
                if (!seen.TryGetValue(at.Thread, out Sighting sighting) || sighting.At != at)
                {
                    seen[at.Thread] = new Sighting(at, now, _timeout);
                    continue;
                }

                TimeSpan taken = Stopwatch.GetElapsedTime(sighting.Since, now);
                if (taken < sighting.Next)
                    continue;
                TimeSpan next = sighting.Next;
                while (next <= taken)
                    next *= 2;
                seen[at.Thread] = sighting with { Next = next };
                _stuck(at, taken);
            }
        }
    }

    private static bool IsAmong(IReadOnlyList<PolicyProgress> running, int thread)
    {
        foreach (PolicyProgress at in running)
        {
            if (at.Thread == thread)
                return true;
        }

        return false;
    }

    private readonly record struct Sighting(PolicyProgress At, long Since, TimeSpan Next);
}
