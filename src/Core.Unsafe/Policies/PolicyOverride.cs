namespace ReclaimNative.Policies;

/// <summary>
/// What the core did not take from a policy, by kind. All but <see cref="Pinned"/> are summed in
/// <see cref="Observe.Counter.policy_overrides"/>. Each weighs as many strikes as is said here; at
/// <see cref="PolicyReport.StrikeLimit"/> a policy is ejected. Every 3904 calls halve its strikes.
/// </summary>
public enum PolicyOverride
{
    /// <summary>It named a folio that is another lruvec's, free, isolated already or not there: nothing was done. 1.</summary>
    NotItsFolio,

    /// <summary>It named a list or a page that does not exist. 1.</summary>
    OutOfRange,

    /// <summary>It isolated more than a batch holds. 1.</summary>
    BatchFull,

    /// <summary>It left a folio on no list: the core put it on the first. 1.</summary>
    NotPlaced,

    /// <summary>It called a helper from an operation that has no business with it: nothing was done. 1.</summary>
    WrongOperation,

    /// <summary>An answer that means nothing: the default was taken. 1.</summary>
    BadAnswer,

    /// <summary>
    /// It went on looking after two rounds of all pages that freed none: the visit was ended. 0, for its pages may be such that none can go.
    /// </summary>
    Endless,

    /// <summary>It used up its fuel in one call: from then on its helpers changed nothing. 8.</summary>
    OutOfFuel,

    /// <summary>It evicted far more than was asked for: the visit was ended. 16.</summary>
    TooMany,

    /// <summary>It wrote over what is the core's, in a batch or in the parameters of a reclaim: that was put back. 16.</summary>
    Tampered,

    /// <summary>It allocated managed memory: sampled every 61 calls, and not the first time in an operation and thread. 16.</summary>
    Allocated,

    /// <summary>A call took longer than <see cref="EngineOptions.PolicyCallMs"/> of its thread's time: sampled every 61 calls, where several threads run, and not the first time. 16.</summary>
    TooSlow,

    /// <summary>A reclaim failed because the policy kept all that it was asked about. The third in a row ejects.</summary>
    KeptAll,

    /// <summary>A reclaim failed because the policy proposed nothing though it had pages that could go. The third in a row ejects.</summary>
    Withheld,

    /// <summary>It threw an exception. Ejects.</summary>
    Threw,

    /// <summary>It proposed a folio that its owner has pinned, which it can't know: kept. 0, and not an override.</summary>
    Pinned,
}
