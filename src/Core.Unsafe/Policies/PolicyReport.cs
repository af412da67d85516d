using System.Collections.Immutable;

namespace ReclaimNative.Policies;

/// <summary>What the core has to say of one of its policies.</summary>
/// <param name="Policy">Its name.</param>
/// <param name="Overrides">How often the core did not follow it, by <see cref="PolicyOverride"/>.</param>
/// <param name="Ejection">Why and when it was ejected, or null.</param>
public sealed record PolicyReport(string Policy, ImmutableArray<long> Overrides, PolicyEjection? Ejection)
{
    /// <summary>Strikes at which a policy is ejected.</summary>
    public const int StrikeLimit = 64;

    /// <summary>How often the core did not follow it in one way.</summary>
    public long this[PolicyOverride kind] => Overrides[(int)kind];
}

/// <summary>The end of a policy.</summary>
/// <param name="Cause">The kind of override that was one too many.</param>
/// <param name="Operation">The operation in which it happened.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Fallback">Who has its pages now; "caretaker" for the core's own FIFO where no fallback was named.</param>
/// <param name="Dump">Its overrides, lists and state as they were before the switch, lines of text.</param>
public sealed record PolicyEjection(PolicyOverride Cause, PolicyOperation Operation, string Message, string Fallback, string Dump);
