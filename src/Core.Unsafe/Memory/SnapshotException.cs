namespace ReclaimNative.Memory;

/// <summary>What was read is no snapshot, a damaged one, or one that this build can't read; the message is one sentence that says which.</summary>
public sealed class SnapshotException(string message) : Exception(message);
