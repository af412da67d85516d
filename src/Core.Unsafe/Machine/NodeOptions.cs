namespace ReclaimNative.Machine;

/// <summary>One NUMA node of a machine to build.</summary>
/// <param name="Pages">Its memory in pages, at least 256.</param>
/// <param name="Tier">Memory tier, 0 the fastest.</param>
public sealed record NodeOptions(ulong Pages, int Tier = 0);
