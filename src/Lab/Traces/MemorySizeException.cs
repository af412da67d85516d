namespace ReclaimNative.Lab.Traces;

/// <summary>A memory size that cannot be read. <see cref="Exception.Message"/> is one line that names the entry, what is wrong and what is accepted.</summary>
public sealed class MemorySizeException(string message) : Exception(message);
