using System.Runtime.InteropServices;

namespace ReclaimNative.Bench.Ratios;

/// <summary>How often the scheduler took the core away from the calling thread.</summary>
internal static unsafe partial class ContextSwitches
{
    private const int RusageThread = 1;

    /// <summary>64-bit words of <c>struct rusage</c>: four of times, then 14 counts, of which the last is this one.</summary>
    private const int Words = 18;

    /// <summary>Switches so far, or 0 when the system does not say.</summary>
    public static long OfThisThread()
    {
        long* usage = stackalloc long[Words];
        return GetUsage(RusageThread, usage) == 0 ? usage[Words - 1] : 0;
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, long* usage);
}
