namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// A process of a <see cref="Scenario"/>: one address space, and accesses from a recorded trace or from a pattern; exactly
/// one of <see cref="TracePath"/> and <see cref="Pattern"/> is set.
/// </summary>
public sealed record ProcessSpec
{
    /// <summary>The value of <see cref="AnonPages"/> that says all.</summary>
    public const uint AllAnon = uint.MaxValue;

    /// <summary>Name, unique in the scenario.</summary>
    public required string Name { get; init; }

    /// <summary>Path of the memcg that pays for the pages: a declared one or "/".</summary>
    public required string Memcg { get; init; }

    /// <summary>Number of the node where pages are placed first.</summary>
    public required int Node { get; init; }

    /// <summary>Full path of the trace file, which existed when the scenario was read; null: see <see cref="Pattern"/>.</summary>
    public string? TracePath { get; init; }

    /// <summary>Format of the trace; null: found by content.</summary>
    public string? TraceFormat { get; init; }

    /// <summary>Whether the trace starts over at its end. If not, the process ends there and the others go on.</summary>
    public bool Repeat { get; init; }

    /// <summary>Where the accesses come from; null: see <see cref="TracePath"/>.</summary>
    public PatternSpec? Pattern { get; init; }

    /// <summary>Share of the accesses: this weight over the sum of the weights of the processes that have not ended.</summary>
    public required int Weight { get; init; }

    /// <summary>Accesses in a second of a timed scenario, which it sleeps to keep to; null: as many as its share of the CPU allows.</summary>
    public long? Rate { get; init; }

    /// <summary>Before it follows its pattern, the process touches every page once in order, without a look at its rate: it starts up. It writes those that are anonymous.</summary>
    public bool Populate { get; init; }

    /// <summary>
    /// Pages below this number are anonymous, the others belong to one file of this process. 0: all file;
    /// <see cref="AllAnon"/>: all anonymous.
    /// </summary>
    public required uint AnonPages { get; init; }

    /// <summary>
    /// The seed of this process in a run with <paramref name="scenarioSeed"/>. It depends on the name and not on the place
    /// in the file: adding a process leaves the accesses of the others as they were.
    /// </summary>
    public ulong SeedFrom(ulong scenarioSeed)
    {
        ulong hash = 0xCBF29CE484222325; // FNV-1a: string.GetHashCode is another one in every run
        foreach (char c in Name)
            hash = unchecked((hash ^ c) * 0x100000001B3);
        ulong state = scenarioSeed ^ hash;
        return Xoshiro256.SplitMix(ref state);
    }
}
