using ReclaimNative.Frames;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative.Reclaim;

/// <summary>
/// Evicts the oldest generations of one lruvec, batch by batch on the one path, without aging and without regard to protection: what
/// <c>lru_gen</c>'s <c>-</c> command asks for. Source: kernel-reclaim reference 5.19.
/// </summary>
internal static unsafe class LruvecEviction
{
    /// <summary>Less swap than this is none, to a cgroup's own swappiness. Source: kernel-reclaim reference 5.5.</summary>
    private const long LeastSwap = 64;

    /// <summary>The swappiness of a lruvec where none is given: its cgroup's, and 0 while anonymous pages can't go anywhere.</summary>
    public static int OwnSwappiness(PolicyView view) => view.CanReclaimAnon(LeastSwap) ? view.Memcg.Swappiness : 0;

    /// <summary>Number of the oldest generation that may be evicted from at a swappiness; past the youngest when none is open.</summary>
    public static ulong OldestOf(ReadOnlySpan<GenerationReport> generations, int swappiness)
    {
        foreach (GenerationReport generation in generations)
        {
            if ((swappiness > 0 && generation.Anon.IsOpen) || (swappiness != ReclaimRequest.AnonOnly && generation.File.IsOpen))
                return generation.Sequence;
        }

        return ulong.MaxValue;
    }

    /// <summary>Evicts until generation <paramref name="last"/> is gone, so many pages are reclaimed, or nothing more can be.</summary>
    /// <returns>Pages reclaimed.</returns>
    public static long Run(NodePass pass, PolicyView view, ulong last, int swappiness, long pages, CancellationToken cancellation)
    {
        var asked = new ScanControl
        {
            Reclaimer = Reclaimer.Direct,
            NrToReclaim = pages,
            Priority = ScanControl.DefaultPriority,
            MaySwap = true,
            Swappiness = swappiness,
        };
        ScanControl scan = ScanControl.Begin(asked);
        var reports = new GenerationReport[GenerationReport.Most];

        // Two rounds find every page that can be freed; what goes on looking after that is looking at the same ones.
        long bound = 2 * (view.ResidentOf(FolioType.Anon) + view.ResidentOf(FolioType.File)) + GenerationReport.Most * FolioBatch.Capacity;
        long fruitless = 0;
        while (scan.NrReclaimed < pages && fruitless <= bound && !cancellation.IsCancellationRequested)
        {
            int count = Math.Clamp(view.Ops.ReadGenerations(view, reports), 0, reports.Length);
            if (last < OldestOf(reports.AsSpan(0, count), swappiness))
                break;
            long before = scan.NrReclaimed;
            long looked = pass.EvictOldest(view, asked, ref scan);
            if (looked == 0)
                break;
            fruitless = scan.NrReclaimed > before ? 0 : fruitless + Math.Min(looked, bound + 1);
        }

        return scan.NrReclaimed;
    }
}
