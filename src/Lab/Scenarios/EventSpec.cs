namespace ReclaimNative.Lab.Scenarios;

/// <summary>Something that the owner of the machine does while a <see cref="Scenario"/> runs. What is null stays as it is.</summary>
public sealed record EventSpec
{
    /// <summary>The value of <see cref="Policy"/> that names none: the policy that the run began with.</summary>
    public const string InitialPolicy = "initial";

    /// <summary>
    /// When: as soon as so many accesses of the whole machine are done, at least 1 and fewer than the scenario has. Looked at
    /// between the turns of processes.
    /// </summary>
    public required long At { get; init; }

    /// <summary>Path of the memcg that it happens to: a declared one or "/".</summary>
    public required string Memcg { get; init; }

    /// <summary>The policy that the memcg is bound to from now on, its pages staying where they are, or <see cref="InitialPolicy"/>.</summary>
    public string? Policy { get; init; }

    /// <summary>memory.max in pages from now on, or <see cref="MemcgSpec.Unlimited"/>; what is above it is reclaimed at once.</summary>
    public long? MaxPages { get; init; }

    /// <summary>memory.high in pages from now on, or <see cref="MemcgSpec.Unlimited"/>.</summary>
    public long? HighPages { get; init; }

    /// <summary>Swappiness of the memcg from now on, 0 to 200.</summary>
    public int? Swappiness { get; init; }
}
