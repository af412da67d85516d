using System.Globalization;

namespace ReclaimNative.Lab.Proactive;

/// <summary>Counters of a kernel file of <c>name value</c> lines, at one moment.</summary>
internal sealed class KernelCounters
{
    private readonly Dictionary<string, long> _values = [];

    private KernelCounters()
    {
    }

    /// <summary>Reads them; a file that is not there has none.</summary>
    public static KernelCounters Read(string path)
    {
        var counters = new KernelCounters();
        if (!File.Exists(path))
            return counters;
        foreach (string line in File.ReadLines(path))
        {
            string[] words = line.Split(' ');
            if (words is [var name, var value] && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                counters._values[name] = number;
        }

        return counters;
    }

    /// <summary>By how much a counter has grown, or null where it is not known.</summary>
    public long? Since(KernelCounters before, string name) =>
        _values.TryGetValue(name, out long now) && before._values.TryGetValue(name, out long then) ? now - then : null;
}
