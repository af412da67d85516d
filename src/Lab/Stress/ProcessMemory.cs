using System.Globalization;

namespace ReclaimNative.Lab.Stress;

/// <summary>What Linux says of this process's memory and of the machine's.</summary>
internal static class ProcessMemory
{
    private const string AvailableField = "MemAvailable:";

    /// <summary>Resident bytes of this process, after a collection of what is dead.</summary>
    public static long ResidentBytes()
    {
        GC.Collect();

        // The second number of statm; in pages, whose size is the system's and not the engine's.
        string[] fields = File.ReadAllText("/proc/self/statm").Split(' ');
        return long.Parse(fields[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }

    /// <summary>
    /// Bytes that this process may take without making the system reclaim: what Linux estimates to be available, or less
    /// in a container with a limit.
    /// </summary>
    public static long AvailableBytes()
    {
        string line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith(AvailableField, StringComparison.Ordinal));
        string kilobytes = line[AvailableField.Length..].Replace("kB", "", StringComparison.Ordinal);
        long available = long.Parse(kilobytes, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
        return Math.Min(available, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }
}
