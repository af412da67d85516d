using System.Diagnostics;

namespace ReclaimNative.Bench.Ratios;

/// <summary>What one contestant reached, in the case's unit.</summary>
/// <param name="Contestant">The contestant.</param>
/// <param name="Quiet">At the fastest fifth of its samples.</param>
/// <param name="Median">At the middle of its samples.</param>
/// <param name="SampleMs">Milliseconds of the median sample.</param>
internal sealed record Standing(Contestant Contestant, double Quiet, double Median, double SampleMs);

/// <summary>
/// Runs a case: one sample of each contestant per round, starting with another one each time, so that what disturbs the machine
/// disturbs them all. Nothing is concluded from one round.
/// </summary>
internal static class Contest
{
    private const int LeastRounds = 15;
    private const int WarmUpRounds = 2;

    /// <summary>A sample that the scheduler interrupted says nothing about the kernel and is taken again, so often at most.</summary>
    private const int Attempts = 10;

    /// <summary>At least 15 rounds, and as many as <paramref name="seconds"/> have room for.</summary>
    /// <exception cref="InvalidOperationException">Two contestants returned different values.</exception>
    public static IReadOnlyList<Standing> Run(RatioCase one, double seconds)
    {
        int count = one.Contestants.Count;
        List<double>[] times = [.. one.Contestants.Select(_ => new List<double>())];
        ulong[] values = new ulong[count];
        long start = Stopwatch.GetTimestamp();
        for (int round = -WarmUpRounds; round < LeastRounds || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; round++)
        {
            for (int turn = 0; turn < count; turn++)
            {
                int at = (turn + Math.Max(0, round)) % count;
                Contestant contestant = one.Contestants[at];
                double elapsed = 0;
                for (int attempt = 0; attempt < Attempts; attempt++)
                {
                    one.Prepare();
                    long switches = ContextSwitches.OfThisThread();
                    long before = Stopwatch.GetTimestamp();
                    values[at] = contestant.Sample();
                    elapsed = Stopwatch.GetElapsedTime(before).TotalNanoseconds;
                    bool whole = ContextSwitches.OfThisThread() == switches;
                    one.Verify(contestant, values[at]);
                    if (whole)
                        break;
                }

                if (round >= 0)
                    times[at].Add(elapsed);
            }

            if (one.SameValue)
                Compare(one, values);
        }

        return [.. one.Contestants.Select((c, i) => Stand(one, c, times[i]))];
    }

    private static Standing Stand(RatioCase one, Contestant contestant, List<double> times)
    {
        times.Sort();
        double median = times[times.Count / 2];
        return new Standing(contestant, InUnit(one, times[times.Count / 5]), InUnit(one, median), median / 1e6);
    }

    private static double InUnit(RatioCase one, double nanoseconds) => one.IsTime ? nanoseconds / one.Work : one.Work / nanoseconds;

    private static void Compare(RatioCase one, ulong[] values)
    {
        for (int i = 1; i < values.Length; i++)
        {
            if (one.Contestants[i].Side != Side.Ceiling && values[i] != values[0])
                throw new InvalidOperationException($"{one.Name}: {one.Contestants[0].Name} returned {values[0]}, {one.Contestants[i].Name} {values[i]}.");
        }
    }
}
