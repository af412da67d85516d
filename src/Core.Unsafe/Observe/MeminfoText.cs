using System.Globalization;
using System.Text;

namespace ReclaimNative.Observe;

/// <summary>
/// Sizes as the kernel's <c>meminfo</c> of the machine and of a node have them, in kB, and by node as <c>memory.numa_stat</c> has them. The
/// columns are the kernel's; only what is modelled is there.
/// </summary>
internal static class MeminfoText
{
    private const long KilobytesPerPage = 4;
    private const long BytesPerPage = 4096;

    private static readonly Counter[] NodeEvents = [.. MemoryStatText.Workingset, .. MemoryStatText.Demoted];

    /// <summary><c>/proc/meminfo</c>.</summary>
    public static string Machine(long pages, in MemorySizes sizes, ulong? swapTotal, ulong? swapFree)
    {
        var text = new StringBuilder();
        void Line(string key, long value) =>
            text.Append(CultureInfo.InvariantCulture, $"{key + ":",-15} {value * KilobytesPerPage,8} kB\n");
        Line("MemTotal", pages);
        Line("MemFree", sizes.Free);
        Line("Cached", sizes.File);
        Lists(sizes, Line);
        if (swapTotal is { } total)
            Line("SwapTotal", (long)total);
        if (swapFree is { } free)
            Line("SwapFree", (long)free);
        Line("AnonPages", sizes.Anon);
        Line("Mapped", sizes.FileMapped);
        return text.ToString();
    }

    /// <summary><c>nodeN/meminfo</c>.</summary>
    public static string Node(int node, long pages, in MemorySizes sizes)
    {
        var text = new StringBuilder();
        void Line(string key, long value) =>
            text.Append(CultureInfo.InvariantCulture, $"Node {node} {key + ":",-15} {value * KilobytesPerPage,8} kB\n");
        Line("MemTotal", pages);
        Line("MemFree", sizes.Free);
        Line("MemUsed", pages - sizes.Free);
        Lists(sizes, Line);
        Line("FilePages", sizes.File);
        Line("Mapped", sizes.FileMapped);
        Line("AnonPages", sizes.Anon);
        return text.ToString();
    }

    /// <summary><c>memory.numa_stat</c>.</summary>
    public static string MemoryNumaStat(MemorySizes[] sizes, Func<int, Counter, long> read)
    {
        var text = new StringBuilder();
        void Line(string key, Func<int, long> value)
        {
            text.Append(key);
            for (int node = 0; node < sizes.Length; node++)
                text.Append(CultureInfo.InvariantCulture, $" N{node}={value(node)}");
            text.Append('\n');
        }

        Line("anon", n => sizes[n].Anon * BytesPerPage);
        Line("file", n => sizes[n].File * BytesPerPage);
        Line("file_mapped", n => sizes[n].FileMapped * BytesPerPage);
        Line("inactive_anon", n => sizes[n].InactiveAnon * BytesPerPage);
        Line("active_anon", n => sizes[n].ActiveAnon * BytesPerPage);
        Line("inactive_file", n => sizes[n].InactiveFile * BytesPerPage);
        Line("active_file", n => sizes[n].ActiveFile * BytesPerPage);
        foreach (Counter counter in NodeEvents)
            Line(Counters.NameOf(counter), n => read(n, counter));
        return text.ToString();
    }

    private static void Lists(in MemorySizes sizes, Action<string, long> line)
    {
        line("Active", sizes.ActiveAnon + sizes.ActiveFile);
        line("Inactive", sizes.InactiveAnon + sizes.InactiveFile);
        line("Active(anon)", sizes.ActiveAnon);
        line("Inactive(anon)", sizes.InactiveAnon);
        line("Active(file)", sizes.ActiveFile);
        line("Inactive(file)", sizes.InactiveFile);
    }
}
