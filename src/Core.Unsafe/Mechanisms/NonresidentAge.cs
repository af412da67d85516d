using ReclaimNative.Machine;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// The clock of refault distances: one count per lruvec of evictions and activations, advanced on every ancestor as
/// well, because each of them lost or vouched for the same page. Source: kernel-reclaim reference 3.2.
/// </summary>
internal static class NonresidentAge
{
    /// <summary>Advances the clock of <paramref name="lruvec"/> and of those above it by <paramref name="pages"/>.</summary>
    public static void Advance(Lruvec lruvec, uint pages)
    {
        for (Lruvec? at = lruvec; at is not null; at = at.Parent)
            at.Age(pages);
    }
}
