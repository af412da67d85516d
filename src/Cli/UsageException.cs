namespace ReclaimNative.Cli;

/// <summary>The command line asks for something that does not exist: one sentence on stderr, exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
