namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// A scenario file that cannot be used. <see cref="Exception.Message"/> is one line: file, line, what was wrong, and what
/// is accepted.
/// </summary>
public sealed class ScenarioException : Exception
{
    private const int LongestQuote = 60;

    /// <param name="file">The file as the caller named it.</param>
    /// <param name="line">Line from 1, or 0 when no line is at fault.</param>
    /// <param name="problem">What was wrong, and what is accepted, on one line.</param>
    /// <param name="inner">What led to it.</param>
    public ScenarioException(string file, long line, string problem, Exception? inner = null)
        : base(OneLine(line > 0 ? $"{file}:{line}: {problem}" : $"{file}: {problem}"), inner)
    {
        File = file;
        Line = line;
    }

    /// <summary>The file as the caller named it.</summary>
    public string File { get; }

    /// <summary>Line from 1, or 0 when no line is at fault.</summary>
    public long Line { get; }

    /// <summary>Text from a file in quotes, cut when it is long.</summary>
    internal static string Quote(string text) =>
        text.Length <= LongestQuote ? $"'{text}'" : $"'{text[..LongestQuote]}...'";

    // A file may hold anything, a terminal escape too: what is not printable never reaches the message.
    private static string OneLine(string text) =>
        string.Create(text.Length, text, static (to, from) =>
        {
            for (int i = 0; i < to.Length; i++)
                to[i] = char.IsControl(from[i]) || from[i] is '\u2028' or '\u2029' ? '?' : from[i];
        });
}
