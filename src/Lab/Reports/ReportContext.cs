namespace ReclaimNative.Lab.Reports;

/// <summary>When and how results came about, without a trace of the machine or its user.</summary>
/// <param name="When">When the command was started; shown in UTC.</param>
/// <param name="CommandLine">The command, as <see cref="CommandLineOf"/> makes it.</param>
/// <param name="Version">Version of the program.</param>
public sealed record ReportContext(DateTimeOffset When, string CommandLine, string Version)
{
    /// <summary>The context of this program, run now with <paramref name="arguments"/>.</summary>
    public static ReportContext Now(IEnumerable<string> arguments) => new(
        DateTimeOffset.UtcNow,
        CommandLineOf(arguments),
        typeof(ReportContext).Assembly.GetName().Version?.ToString(3) ?? "");

    /// <summary>
    /// "reclaim" and the arguments, quoted for a shell. Absolute paths are reduced to the file's name: a report is sent
    /// to others, who have neither these directories nor a claim to know them.
    /// </summary>
    public static string CommandLineOf(IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Select(WithoutDirectory).Select(Quoted).Prepend("reclaim"));

    private static string WithoutDirectory(string argument)
    {
        int path = argument.StartsWith('-') ? argument.IndexOf('=') + 1 : 0;
        string value = argument[path..];
        return value.StartsWith('/') && Path.GetFileName(value) is { Length: > 0 } name ? argument[..path] + name : argument;
    }

    private static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(letter => char.IsLetterOrDigit(letter) || "-_./=,:@%+".Contains(letter))
            ? argument
            : $"'{argument.Replace("'", "'\\''")}'";
}
