namespace ReclaimNative.Lab.Results;

/// <summary>
/// What a policy is told about the accesses. Policies that are told different things are shown side by side but never
/// ranked together: one that sees every access has a head start on one that reads accessed bits.
/// </summary>
public enum Sees
{
    /// <summary>Accessed bits as a kernel has them: whether a page was touched since the bit was last cleared.</summary>
    Bits,

    /// <summary>Every access, in order.</summary>
    Accesses,

    /// <summary>The accesses that are still to come; a bound, not a policy one can build.</summary>
    Future,
}

/// <summary>How <see cref="Sees"/> is written.</summary>
public static class SeesText
{
    /// <summary>The word of the JSON contract: <c>bits</c>, <c>accesses</c> or <c>future</c>.</summary>
    public static string Word(this Sees sees) => sees switch
    {
        Sees.Bits => "bits",
        Sees.Accesses => "accesses",
        Sees.Future => "future",
        _ => throw new ArgumentOutOfRangeException(nameof(sees), sees, "not one of bits, accesses, future"),
    };
}
