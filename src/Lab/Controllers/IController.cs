namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// Saves memory on a machine by what any operator has: it reads usage, pressure and idle ages, and sets limits or makes requests. It sees
/// neither policy nor pages. One controller serves one run.
/// </summary>
public interface IController
{
    /// <summary>Virtual microseconds from one tick to the next, at least 1; the first comes one period after the start.</summary>
    long PeriodUs { get; }

    /// <summary>Looks, and acts.</summary>
    /// <param name="nowUs">Virtual time in microseconds.</param>
    void Tick(long nowUs);
}
