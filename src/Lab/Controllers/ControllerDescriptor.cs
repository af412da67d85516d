using System.Collections.Immutable;
using ReclaimNative.Machine;

namespace ReclaimNative.Lab.Controllers;

/// <summary>What there is to know of a kind of controller before one is made.</summary>
public sealed record ControllerDescriptor
{
    /// <summary>How it is asked for.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in one line.</summary>
    public required string Summary { get; init; }

    /// <summary>What it may be given.</summary>
    public ImmutableArray<ControllerParameter> Parameters { get; init; } = [];

    /// <summary>The parameter by which it asks for more, upwards: the one that a comparison at equal refaults varies. Null: there is none.</summary>
    public string? Aggressiveness { get; init; }

    /// <summary>It looks after cgroups below the root, and has nothing to do where there is none.</summary>
    public bool LooksAfterMemcgs { get; init; }

    /// <summary>It reads idle ages: the engine is to keep them.</summary>
    public bool ReadsIdleAges { get; init; }

    /// <summary>Makes one for an engine that has not run yet, and for the cgroups that it is to look after.</summary>
    public required Func<Engine, IReadOnlyList<MemoryCgroup>, ControllerValues, IController> Create { get; init; }
}
