namespace ReclaimNative.Lab.Results;

/// <summary>One named count of a run, by the kernel's name where the kernel has one (<c>pgscan_direct</c>).</summary>
/// <param name="Name">Unique within its row.</param>
/// <param name="Value">The count at the end of the run.</param>
public readonly record struct Counter(string Name, long Value);
