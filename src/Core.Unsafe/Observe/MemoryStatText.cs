using System.Globalization;
using System.Text;

namespace ReclaimNative.Observe;

/// <summary>
/// Counters and sizes as the kernel's text files have them: <c>key value</c> in every line, in the order of 6.18, only what
/// is modelled. Source: kernel-reclaim reference 7.2 to 7.4.
/// </summary>
internal static class MemoryStatText
{
    private const long BytesPerPage = 4096;

    /// <summary>Refaults by type and by what became of them.</summary>
    public static readonly Counter[] Workingset =
    [
        Counter.workingset_refault_anon,
        Counter.workingset_refault_file,
        Counter.workingset_activate_anon,
        Counter.workingset_activate_file,
        Counter.workingset_restore_anon,
        Counter.workingset_restore_file,
    ];

    /// <summary>Demotions by who reclaimed.</summary>
    public static readonly Counter[] Demoted = [Counter.pgdemote_kswapd, Counter.pgdemote_direct, Counter.pgdemote_proactive];

    private static readonly Counter[] MemcgEvents =
    [
        Counter.pswpin,
        Counter.pswpout,
        Counter.pgscan_kswapd,
        Counter.pgscan_direct,
        Counter.pgscan_proactive,
        Counter.pgsteal_kswapd,
        Counter.pgsteal_direct,
        Counter.pgsteal_proactive,
        Counter.pgfault,
        Counter.pgmajfault,
        Counter.pgrefill,
        Counter.pgactivate,
        Counter.pgdeactivate,
    ];

    private static readonly Counter[] MachineEvents =
    [
        Counter.pswpin,
        Counter.pswpout,
        Counter.allocstall_normal,
        Counter.pgactivate,
        Counter.pgdeactivate,
        Counter.pgfault,
        Counter.pgmajfault,
        Counter.pgrefill,
        Counter.pgsteal_kswapd,
        Counter.pgsteal_direct,
        Counter.pgsteal_proactive,
        Counter.pgscan_kswapd,
        Counter.pgscan_direct,
        Counter.pgscan_proactive,
        Counter.pgscan_anon,
        Counter.pgscan_file,
        Counter.pgsteal_anon,
        Counter.pgsteal_file,
        Counter.pageoutrun,
        Counter.pgrotated,
        Counter.oom_kill,
        Counter.unevictable_pgs_culled,
    ];

    private static readonly Counter[] LimitEvents = [Counter.low, Counter.high, Counter.max, Counter.oom, Counter.oom_kill];

    /// <summary><c>memory.stat</c>: sizes in bytes.</summary>
    public static string MemoryStat(in MemorySizes sizes, Func<Counter, long> read)
    {
        var text = new StringBuilder();
        Line(text, "anon", sizes.Anon * BytesPerPage);
        Line(text, "file", sizes.File * BytesPerPage);
        Line(text, "file_mapped", sizes.FileMapped * BytesPerPage);
        Line(text, "inactive_anon", sizes.InactiveAnon * BytesPerPage);
        Line(text, "active_anon", sizes.ActiveAnon * BytesPerPage);
        Line(text, "inactive_file", sizes.InactiveFile * BytesPerPage);
        Line(text, "active_file", sizes.ActiveFile * BytesPerPage);
        Lines(text, Workingset, read);
        Lines(text, Demoted, read);
        Line(text, "pgscan", read(Counter.pgscan_kswapd) + read(Counter.pgscan_direct) + read(Counter.pgscan_proactive));
        Line(text, "pgsteal", read(Counter.pgsteal_kswapd) + read(Counter.pgsteal_direct) + read(Counter.pgsteal_proactive));
        Lines(text, MemcgEvents, read);
        return text.ToString();
    }

    /// <summary><c>memory.events</c>, or <c>memory.events.local</c> with counters of one cgroup alone.</summary>
    public static string MemoryEvents(Func<Counter, long> read)
    {
        var text = new StringBuilder();
        Lines(text, LimitEvents, read);
        return text.ToString();
    }

    /// <summary><c>/proc/vmstat</c>: sizes in pages, then events.</summary>
    public static string Vmstat(in MemorySizes sizes, Func<Counter, long> read)
    {
        var text = new StringBuilder();
        NodeLines(text, sizes, read);
        Lines(text, MachineEvents, read);
        return text.ToString();
    }

    /// <summary><c>nodeN/vmstat</c>: what a node has of its own, in pages.</summary>
    public static string NodeVmstat(in MemorySizes sizes, Func<Counter, long> read)
    {
        var text = new StringBuilder();
        NodeLines(text, sizes, read);
        return text.ToString();
    }

    private static void NodeLines(StringBuilder text, in MemorySizes sizes, Func<Counter, long> read)
    {
        // A node is one zone here, so the zone's sizes are its own.
        Line(text, "nr_free_pages", sizes.Free);
        Line(text, "nr_zone_inactive_anon", sizes.InactiveAnon);
        Line(text, "nr_zone_active_anon", sizes.ActiveAnon);
        Line(text, "nr_zone_inactive_file", sizes.InactiveFile);
        Line(text, "nr_zone_active_file", sizes.ActiveFile);
        Line(text, "nr_inactive_anon", sizes.InactiveAnon);
        Line(text, "nr_active_anon", sizes.ActiveAnon);
        Line(text, "nr_inactive_file", sizes.InactiveFile);
        Line(text, "nr_active_file", sizes.ActiveFile);
        Lines(text, Workingset, read);
        Line(text, "nr_anon_pages", sizes.Anon);
        Line(text, "nr_mapped", sizes.FileMapped);
        Line(text, "nr_file_pages", sizes.File);
        Line(text, "nr_vmscan_write", read(Counter.nr_vmscan_write));
        Line(text, "nr_vmscan_immediate_reclaim", read(Counter.nr_vmscan_immediate_reclaim));
        Lines(text, Demoted, read);
    }

    private static void Lines(StringBuilder text, Counter[] counters, Func<Counter, long> read)
    {
        foreach (Counter counter in counters)
            Line(text, Counters.NameOf(counter), read(counter));
    }

    private static void Line(StringBuilder text, string key, long value) =>
        text.Append(CultureInfo.InvariantCulture, $"{key} {value}\n");
}
