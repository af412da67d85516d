using System.Collections.Immutable;
using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// A machine and the processes that compete on it, as a scenario file describes them. Immutable; whatever
/// <see cref="ScenarioReader"/> returns is complete and consistent: names are unique, references resolve, numbers are in
/// range, and at least one node, one policy and one process exist.
/// </summary>
public sealed record Scenario
{
    /// <summary>Bytes of a page, the unit in which all memory is counted here.</summary>
    public const int PageBytes = 4096;

    /// <summary>Swappiness where nothing is said: the kernel's default.</summary>
    public const int DefaultSwappiness = 60;

    /// <summary>Short name: letters, digits and - _ .</summary>
    public required string Name { get; init; }

    /// <summary>One line that says what the scenario shows.</summary>
    public required string Summary { get; init; }

    /// <summary>Where all randomness starts; see <see cref="ProcessSpec.SeedFrom"/>.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Accesses in all, over all processes.</summary>
    public required long Accesses { get; init; }

    /// <summary>
    /// Policies to run, in order and without repetition, as written: a name with @version, +switch and -switch, or the
    /// path of a C policy as the scenario file has it. That they exist is the caller's to check.
    /// </summary>
    public required ImmutableArray<string> Policies { get; init; }

    /// <summary>Swappiness of every memcg that sets none of its own, 0 to 200.</summary>
    public required int Swappiness { get; init; }

    /// <summary>The Linux that the core behaves like; null: that which each policy asks for by its name.</summary>
    public KernelVersion? Kernel { get; init; }

    /// <summary>NUMA nodes by number.</summary>
    public required ImmutableArray<NodeSpec> Nodes { get; init; }

    /// <summary>Memcgs, parents before children; the root is not among them.</summary>
    public required ImmutableArray<MemcgSpec> Memcgs { get; init; }

    /// <summary>Processes in the order of the file.</summary>
    public required ImmutableArray<ProcessSpec> Processes { get; init; }

    /// <summary>Reclaim moves pages to a node of a lower tier before it evicts any.</summary>
    public bool Demotion { get; init; }

    /// <summary>How long things take; null: nothing takes time but an access, 100 ns.</summary>
    public CostSpec? Costs { get; init; }

    /// <summary>What changes while the scenario runs, in the order in which it happens; often nothing.</summary>
    public ImmutableArray<EventSpec> Events { get; init; } = [];
}
