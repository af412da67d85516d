using System.Diagnostics;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Cli.Mount;

/// <summary>
/// A scenario's machine behind a mounted tree. One thread takes turns at both: rounds of the scenario as they are due, and requests between
/// them. So the engine needs no lock, and neither keeps the other waiting for long.
/// </summary>
internal sealed class MountedScenario(ScenarioMachine machine, FuseSession session, FuseTree tree, VirtualClock clock)
{
    /// <summary>Rounds go on for so long before requests are looked for: what a reader waits, beside the one round under way.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMicroseconds(200);

    /// <summary>Requests served before the scenario has its turn again, that busy readers may not stop it.</summary>
    private const int MostRequests = 64;

    /// <summary>
    /// Longest wait in milliseconds, and how often time goes on when nothing runs any more: pressure fades, and triggers look at their windows.
    /// </summary>
    private const int Tick = 10;

    /// <summary>Goes on until somebody unmounts the tree or <paramref name="stop"/> is asked for, which must also interrupt the session.</summary>
    /// <param name="stop">Ends it.</param>
    /// <param name="ended">Asked once, when the scenario has no more to do, whether the tree stays.</param>
    public void Run(CancellationToken stop, Func<bool> ended)
    {
        bool quiet = false;
        while (!stop.IsCancellationRequested && session.IsMounted)
        {
            ServeRequests();
            int wait = quiet ? StandStill() : RunScenario();
            tree.WakeWaiters();
            if (!quiet && !machine.HasMore)
            {
                if (!ended())
                    return;
                quiet = true;
                clock.GoOnFrom(machine.NowUs);
            }

            session.Wait(wait);
        }
    }

    private void ServeRequests()
    {
        for (int i = 0; i < MostRequests && session.IsMounted && session.Wait(0); i++)
            session.Serve();
    }

    /// <returns>Milliseconds in which it has nothing to do.</returns>
    private int RunScenario()
    {
        long due = clock.NowUs;
        long started = Stopwatch.GetTimestamp();
        while (machine.NowUs < due && machine.Advance(due))
        {
            if (Stopwatch.GetElapsedTime(started) > Slice)
                return 0;
        }

        return machine.HasMore ? Math.Max(1, clock.MillisecondsUntil(machine.NowUs, Tick)) : 0;
    }

    private int StandStill()
    {
        machine.IdleUntil(clock.NowUs);
        return Tick;
    }
}
