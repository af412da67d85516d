namespace ReclaimNative.Lab.Results;

/// <summary>A result file could not be written. The message is one line that names the file and the reason.</summary>
public sealed class ResultFileException(string message, Exception? cause = null) : Exception(message, cause);
