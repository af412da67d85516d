using System.Runtime.InteropServices;

namespace ReclaimNative.Concurrency;

/// <summary>CPU time of the calling thread: what a call has cost, whoever else was running.</summary>
internal static unsafe partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    public static long Nanoseconds()
    {
        Timespec now;
        return clock_gettime(ThreadCpuTime, &now) == 0 ? now.Seconds * 1_000_000_000 + now.Nanoseconds : 0;
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, Timespec* now);

    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
