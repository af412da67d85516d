using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Policies.Bad;

/// <summary>A policy of the corpus.</summary>
/// <param name="Definition">The policy.</param>
/// <param name="Kind">The rule that it breaks.</param>
/// <param name="Does">What it does, to follow its name.</param>
internal sealed record BadPolicy(PolicyDefinition Definition, PolicyOverride Kind, string Does)
{
    /// <summary>The policies that break the contract, each in one way, and are ejected for it on one thread.</summary>
    public static readonly BadPolicy[] Corpus =
    [
        Of<Allocates>(PolicyOverride.Allocated, "allocates managed memory in every isolation"),
        Of<Withholds>(PolicyOverride.Withheld, "never proposes a page"),
        Of<Pretends>(PolicyOverride.Withheld, "says that it has examined pages without end, and never proposes one"),
        Of<Refuses>(PolicyOverride.Withheld, "has no budget, ever"),
        Of<KeepsAll>(PolicyOverride.KeptAll, "proposes pages, and then keeps each that it is asked about"),
        Of<ReturnsForeign>(PolicyOverride.NotItsFolio, "proposes pages of another cgroup"),
        Of<ReturnsFree>(PolicyOverride.OutOfRange, "proposes frames that are free, or beyond the machine"),
        Of<Repeats>(PolicyOverride.NotItsFolio, "proposes each page five times"),
        Of<EvictsAll>(PolicyOverride.TooMany, "evicts all that there is, whatever was asked for"),
        Of<Loops>(PolicyOverride.OutOfFuel, "goes round its list as long as helpers answer"),
        Of<CorruptsItself>(PolicyOverride.OutOfRange, "follows garbage in its own state: lists, flags and frames at random"),
        Of<Throws>(PolicyOverride.Threw, "throws in the middle of an isolation"),
        Of<ThrowsInNotices>(PolicyOverride.Threw, "throws in the middle of a fault, with the page locked"),
        Of<Overreaches>(PolicyOverride.Threw, "uses more state than it declared"),
        Of<WrongPlace>(PolicyOverride.WrongOperation, "isolates, walks and moves from notices and inspections"),
        Of<HidesFolios>(PolicyOverride.Tampered, "isolates into a batch of its own and empties the core's"),
        Of<Overwrites>(PolicyOverride.Tampered, "writes over the parameters of the reclaim"),
        Of<Forgets>(PolicyOverride.NotPlaced, "places nothing"),
        Of<Babbles>(PolicyOverride.BadAnswer, "answers verdicts that do not exist, and throws when asked for a dump"),
    ];

    private static BadPolicy Of<T>(PolicyOverride kind, string does) where T : struct, IReclaimPolicy => new(PolicyDefinition.Of<T>(), kind, does);
}
