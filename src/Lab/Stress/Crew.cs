using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace ReclaimNative.Lab.Stress;

/// <summary>
/// Threads that start together, and whose common time runs from the first start to the last end: times taken by each
/// thread for itself would show a speedup even where they never overlapped.
/// </summary>
internal sealed class Crew(int size, CancellationToken cancellation)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private ExceptionDispatchInfo? _failure;

    /// <summary>Threads.</summary>
    public int Size => size;

    /// <summary>The work should end now: it was cancelled, or another thread has failed.</summary>
    public bool Stopping => cancellation.IsCancellationRequested || Volatile.Read(ref _failure) is not null;

    /// <summary>For work on the caller's own thread.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void ThrowIfStopped() => cancellation.ThrowIfCancellationRequested();

    /// <summary>
    /// Runs <paramref name="work"/> on every thread, with its number. Meanwhile the caller's thread calls
    /// <paramref name="poll"/> ten times a second.
    /// </summary>
    /// <returns>Seconds from the first start to the last end.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="Exception">Whatever was thrown first by a thread; the others have ended then.</exception>
    public double Run(Action<int> work, Action? poll = null)
    {
        cancellation.ThrowIfCancellationRequested();
        using Barrier gate = new(size);
        long[] started = new long[size];
        long[] ended = new long[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(i => Start(
            () =>
            {
                // Taken by the threads themselves: the caller may be late where there are more threads than CPUs.
                gate.SignalAndWait(CancellationToken.None);
                started[i] = Stopwatch.GetTimestamp();
                Try(work, i);
                ended[i] = Stopwatch.GetTimestamp();
            },
            i))];
        foreach (Thread thread in threads)
        {
            while (!thread.Join(PollInterval))
                poll?.Invoke();
        }

        poll?.Invoke();
        _failure?.Throw();
        cancellation.ThrowIfCancellationRequested();
        return Stopwatch.GetElapsedTime(started.Min(), ended.Max()).TotalSeconds;
    }

    private static Thread Start(ThreadStart work, int number)
    {
        Thread thread = new(work) { IsBackground = true, Name = $"stress {number}" };
        thread.Start();
        return thread;
    }

    private void Try(Action<int> work, int number)
    {
        try
        {
            work(number);
        }
        catch (Exception problem)
        {
            // Rethrown to the caller: on a thread of its own it would end the process.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(problem), null);
        }
    }
}
