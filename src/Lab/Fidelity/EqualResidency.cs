using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>
/// The replay of a trace whose mean residency is a kernel's. One rule for every cell and every policy, without an eye to the misses.
/// </summary>
/// <remarks>
/// <para>
/// The residency follows the memory neither smoothly nor at a fixed distance, and under mglru a page of memory more or less moves the
/// misses by up to 2 per cent either way, as one run of a kernel differs from the next. So one replay that happens to fit proves
/// little: several are gathered, and the one with median misses counts.
/// </para>
/// <para>
/// First the memory is corrected by what the residency lacks, until it fits; then the 4 memories on either side are replayed too, which is
/// enough where the residency follows the memory. Where fewer than <see cref="Wanted"/> of all these fit, memories from 16 pages below the residency to 96
/// above are replayed as well: in steps of 3, then those between, until enough fit or there is none left.
/// </para>
/// </remarks>
internal static class EqualResidency
{
    /// <summary>Pages by which the mean residency may differ from the kernel's.</summary>
    internal const double Tolerance = 4;

    /// <summary>Replays to choose the median from.</summary>
    internal const int Wanted = 5;

    private const int FirstAbove = 20;
    private const int Beside = 4;
    private const int Corrections = 6;
    private const int SweepBelow = 16;
    private const int SweepAbove = 96;
    private const int SweepStep = 3;

    /// <summary>Finds the replay.</summary>
    /// <param name="resident">The kernel's mean residency in pages.</param>
    /// <param name="replay">Replays the trace with a memory of so many pages, 1 or more.</param>
    internal static Match Find(double resident, Func<long, ResultRow> replay)
    {
        var replays = new SortedDictionary<long, ResultRow>();
        long at = Home(resident, replays, replay);
        for (int beside = -Beside; beside <= Beside && Fits(replays[at], resident); beside++)
            Replay(at + beside, replays, replay);

        for (int start = 0; start < SweepStep && replays.Values.Count(r => Fits(r, resident)) < Wanted; start++)
        {
            for (long memory = (long)resident - SweepBelow + start; memory <= resident + SweepAbove; memory += SweepStep)
                Replay(memory, replays, replay);
        }

        ResultRow[] within = [.. replays.Values.Where(r => Fits(r, resident)).OrderBy(r => r.Faults)];
        return within.Length > 0
            ? new Match(within[within.Length / 2], within.Length)
            : new Match(replays.Values.MinBy(r => r.Oom ? double.MaxValue : Math.Abs(r.ResidentMean - resident))!, 0);
    }

    private static long Home(double resident, SortedDictionary<long, ResultRow> replays, Func<long, ResultRow> replay)
    {
        long at = (long)Math.Round(resident) + FirstAbove;
        ResultRow row = Replay(at, replays, replay);
        for (int i = 0; i < Corrections && !Fits(row, resident); i++)
        {
            at = Math.Max(1, at + (long)Math.Round(resident - row.ResidentMean));
            row = Replay(at, replays, replay);
        }

        return at;
    }

    private static ResultRow Replay(long memory, SortedDictionary<long, ResultRow> replays, Func<long, ResultRow> replay)
    {
        memory = Math.Max(1, memory);
        if (!replays.TryGetValue(memory, out ResultRow? row))
            replays.Add(memory, row = replay(memory));
        return row;
    }

    private static bool Fits(ResultRow row, double resident) => !row.Oom && Math.Abs(row.ResidentMean - resident) <= Tolerance;
}

/// <summary>A replay at a kernel's residency.</summary>
/// <param name="Row">The replay.</param>
/// <param name="Within">From how many that fit it was taken; 0 when none did and this is the nearest.</param>
internal readonly record struct Match(ResultRow Row, int Within);
