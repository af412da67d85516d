namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// The description of an access pattern: immutable, so that one scenario can be run many times. Numbers out of range are
/// refused with <see cref="ArgumentOutOfRangeException"/>, here or in <see cref="Create"/>.
/// </summary>
public abstract record PatternSpec
{
    private protected PatternSpec(uint pages, double write)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pages, AccessPattern.MaxPages);
        Pages = pages;
        Write = Share(write, nameof(write));
    }

    /// <summary>Pages that the pattern may touch: their numbers are [0, Pages).</summary>
    public uint Pages { get; }

    /// <summary>Share of the accesses that write, 0 to 1.</summary>
    public double Write { get; }

    /// <summary>The word for this pattern in a scenario file.</summary>
    public abstract string Kind { get; }

    /// <summary>A new stream of this pattern from its first access.</summary>
    public abstract AccessPattern Create(ulong seed);

    /// <summary>Returns <paramref name="value"/> when it is a share in [0, 1] (so not NaN).</summary>
    private protected static double Share(double value, string name) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "not a share from 0 to 1");
}
