using System.Diagnostics;

namespace ReclaimNative.Tests.Concurrency;

/// <summary>Threads that are released together and joined with a limit that is an error, not a measurement.</summary>
internal static class Race
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>How long a variant that must fail may take to do so. It takes milliseconds.</summary>
    private static readonly TimeSpan WeakLimit = TimeSpan.FromSeconds(10);

    /// <summary>Runs <paramref name="body"/> with 0, 1, ... on as many threads at once; the first exception is rethrown.</summary>
    public static void Run(int threads, Action<int> body)
    {
        int arrived = 0;
        var failures = new Exception?[threads];
        Thread[] runners = [.. Enumerable.Range(0, threads).Select(id => new Thread(() =>
        {
            // By polling: woken one after the other, short bodies would run one after the other.
            Interlocked.Increment(ref arrived);
            while (Volatile.Read(ref arrived) < threads)
                Thread.Yield();
            try
            {
                body(id);
            }
            catch (Exception e)
            {
                failures[id] = e;
            }
        }) { IsBackground = true })];

        foreach (Thread runner in runners)
            runner.Start();
        foreach (Thread runner in runners)
        {
            // Native memory that a stuck thread still uses is freed by the test that it is stuck in: no going on from here.
            if (!runner.Join(Limit))
                Environment.FailFast($"{TestContext.CurrentContext.Test.FullName}: {runners.Count(r => r.IsAlive)} of {threads} threads did not end");
        }

        if (failures.FirstOrDefault(f => f is not null) is { } failure)
            Assert.Fail(failure.ToString());
    }

    /// <summary>
    /// Repeats an attempt with a deliberately weak variant until it goes wrong: the proof that the test beside it would
    /// notice. Needs two processors; with one it is skipped, visibly.
    /// </summary>
    public static void MustGoWrong(Func<bool> goesWrong)
    {
        Assume.That(Environment.ProcessorCount, Is.GreaterThan(1), "a race needs two processors");
        var watch = Stopwatch.StartNew();
        int attempts = 0;
        do
            attempts++;
        while (!goesWrong() && watch.Elapsed < WeakLimit);
        Assert.That(watch.Elapsed, Is.LessThan(WeakLimit), $"the weak variant got {attempts} attempts right: the test has no power here");
    }

    /// <summary>
    /// Threads that each get inside <paramref name="rounds"/> times and change two plain fields there.
    /// </summary>
    /// <param name="threads">How many.</param>
    /// <param name="rounds">Entries of each.</param>
    /// <param name="tryEnter">One attempt to get in, by the thread of that number.</param>
    /// <param name="exit">The way out.</param>
    /// <returns>Entries that were lost or saw the fields unequal, which mutual exclusion forbids.</returns>
    public static long Intrusions(int threads, int rounds, Func<int, bool> tryEnter, Action exit)
    {
        long first = 0;
        long second = 0;
        long torn = 0;
        Run(threads, id =>
        {
            for (int i = 0; i < rounds; i++)
            {
                while (!tryEnter(id))
                    Thread.Yield();
                if (first != second)
                    Interlocked.Increment(ref torn);
                first++;
                second++;
                exit();
            }
        });
        return torn + Math.Abs((long)threads * rounds - first) + Math.Abs((long)threads * rounds - second);
    }

    /// <summary>The weak variant of every lock: it looks, then it takes, in two steps.</summary>
    public sealed class TwoStepLock
    {
        private int _held;

        public bool TryEnter()
        {
            if (Volatile.Read(ref _held) != 0)
                return false;
            Volatile.Write(ref _held, 1);
            return true;
        }

        public void Exit() => Volatile.Write(ref _held, 0);
    }
}
