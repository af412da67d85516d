namespace ReclaimNative.Lab.Controllers;

/// <summary>
/// How far Senpai moves a limit: down a little while there is less pressure than it aims at, and up, the faster the more there is, when
/// there is more.
/// </summary>
/// <param name="PressureUs">Microseconds of "some" pressure that are allowed from one adjustment to the next.</param>
/// <param name="MaxProbe">Most that the limit is lowered at once, as a share of it.</param>
/// <param name="MaxBackoff">Most that the limit is raised at once, as a share of it.</param>
/// <param name="CoeffProbe">How sharply it is lowered less as pressure nears what is allowed.</param>
/// <param name="CoeffBackoff">Times of the allowed pressure at which it is raised the most.</param>
/// <remarks>Source: kernel-reclaim reference 9.2, with the values of 13.8.</remarks>
public readonly record struct SenpaiLaw(double PressureUs, double MaxProbe, double MaxBackoff, double CoeffProbe, double CoeffBackoff)
{
    /// <summary>Whether there is so much pressure that the limit is raised at once.</summary>
    /// <param name="integralUs">Microseconds of pressure since the last adjustment.</param>
    public bool IsTooMuch(long integralUs) => integralUs > PressureUs;

    /// <summary>The change of the limit, as a share of it: below zero for down.</summary>
    /// <param name="integralUs">Microseconds of pressure since the last adjustment, at least 0.</param>
    public double Adjustment(long integralUs) => IsTooMuch(integralUs)
        ? Math.Min(Squared(integralUs / PressureUs / CoeffBackoff) * MaxBackoff, MaxBackoff)
        : -Math.Min(Squared(PressureUs / Math.Max(integralUs, 1) / CoeffProbe) * MaxProbe, MaxProbe);

    private static double Squared(double value) => value * value;
}
