namespace ReclaimNative.Cli.Mount;

/// <summary>A tree can't be mounted here: one sentence on stderr, exit code 1.</summary>
internal sealed class MountException(string message) : Exception(message);
