using System.Diagnostics;

namespace ReclaimNative.Cli.Mount;

/// <summary>Where a scenario's time is to be: it goes on with the wall's, times a speed.</summary>
/// <param name="speed">Virtual seconds for each real one; infinity for as fast as can be.</param>
internal sealed class VirtualClock(double speed)
{
    /// <summary>Speed once there is nothing to hurry for, where none was set.</summary>
    private const double WallSpeed = 1;

    private long _atUs;
    private long _since = Stopwatch.GetTimestamp();
    private double _speed = speed;

    /// <summary>Virtual microseconds now; <see cref="long.MaxValue"/> where no speed is set.</summary>
    public long NowUs => double.IsInfinity(_speed) ? long.MaxValue : _atUs + (long)(Stopwatch.GetElapsedTime(_since).TotalMicroseconds * _speed);

    /// <summary>Goes on from a point in time, at a finite speed.</summary>
    public void GoOnFrom(long us)
    {
        _atUs = us;
        _since = Stopwatch.GetTimestamp();
        _speed = double.IsInfinity(_speed) ? WallSpeed : _speed;
    }

    /// <summary>Whole real milliseconds until a point in time, rounded up, at most <paramref name="most"/>.</summary>
    public int MillisecondsUntil(long us, int most)
    {
        long now = NowUs;
        return now >= us ? 0 : (int)Math.Min(most, Math.Ceiling((us - now) / (1000 * _speed)));
    }
}
