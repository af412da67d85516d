using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative;

/// <summary>What a copy of an engine does not take along, because it is code and not state: <see cref="Engine.Restore"/>, <see cref="Engine.Fork"/>.</summary>
public sealed record CopyOptions
{
    /// <summary>Told of pages that go out and come in; null for a store that always has room.</summary>
    public Backing? Backing { get; init; }

    /// <summary>A clock that never goes back, for the time that proactive requests take; null for the system's.</summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>
    /// Policies that are bound in place of those of the same <see cref="PolicyDescriptor.Name"/>, with the switches that these had. Others
    /// are built in, loaded again from their library's path or, for a fork, the engine's own.
    /// </summary>
    public IReadOnlyList<PolicyDefinition> Policies { get; init; } = [];

    /// <summary>Widest vectors to use, as <see cref="Machine.MachineOptions.VectorBits"/>; every width gives the same results.</summary>
    public int? VectorBits { get; init; }
}
