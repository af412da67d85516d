namespace ReclaimNative.Lab.Scenarios;

/// <summary>A NUMA node of a <see cref="Scenario"/>.</summary>
/// <param name="MemoryPages">Page frames of the node, at least 1.</param>
/// <param name="Tier">Memory tier: 0 is the fastest, greater ones are slower.</param>
public sealed record NodeSpec(long MemoryPages, int Tier);
