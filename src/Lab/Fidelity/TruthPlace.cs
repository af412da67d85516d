namespace ReclaimNative.Lab.Fidelity;

/// <summary>What a cell's trace ran in, whatever the kernel.</summary>
/// <param name="Trace">Name of the trace.</param>
/// <param name="LimitPages">The memory limit in pages.</param>
/// <param name="FileMode"><c>mmap</c>, <c>read</c>, or <c>-</c> for a trace without file pages.</param>
/// <param name="Swappiness">0 to 200.</param>
public sealed record TruthPlace(string Trace, long LimitPages, string FileMode, int Swappiness);
