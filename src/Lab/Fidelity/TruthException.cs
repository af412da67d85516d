namespace ReclaimNative.Lab.Fidelity;

/// <summary>
/// A kernel-truth directory that cannot be used. <see cref="Exception.Message"/> is one line: the file, the line in it, what was
/// wrong, and what is accepted.
/// </summary>
public sealed class TruthException : Exception
{
    /// <param name="file">The file or directory as it was named.</param>
    /// <param name="line">Line from 1, or 0 when no line is at fault.</param>
    /// <param name="problem">What was wrong, and what is accepted.</param>
    /// <param name="inner">What led to it.</param>
    public TruthException(string file, int line, string problem, Exception? inner = null)
        : base(OneLine(line > 0 ? $"{file}:{line}: {problem}" : $"{file}: {problem}"), inner)
    {
    }

    // Files and child processes may say anything, a terminal escape too.
    private static string OneLine(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter));
}
