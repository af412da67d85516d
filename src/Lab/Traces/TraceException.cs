namespace ReclaimNative.Lab.Traces;

/// <summary>
/// A trace that cannot be read or written. <see cref="Exception.Message"/> is one line for the user: the file, the position in it, what is
/// wrong and what is accepted. Nothing of the trace has been kept.
/// </summary>
public sealed class TraceException : Exception
{
    /// <summary>The error with its whole message; line breaks and other control characters in it become <c>?</c>.</summary>
    public TraceException(string message)
        : base(OneLine(message))
    {
    }

    /// <summary>The same, with what caused it.</summary>
    public TraceException(string message, Exception inner)
        : base(OneLine(message), inner)
    {
    }

    // File names and the messages of child processes may hold anything.
    private static string OneLine(string message) =>
        string.Create(message.Length, message, static (line, from) =>
        {
            for (int i = 0; i < line.Length; i++)
                line[i] = char.IsControl(from[i]) || from[i] is '\u2028' or '\u2029' ? '?' : from[i];
        });
}
