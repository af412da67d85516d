using System.Globalization;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>One line of a <see cref="CsvFile"/>; what it lacks or garbles is an error that names file, line and column.</summary>
internal readonly struct CsvRow(CsvFile file, int line, string[] fields)
{
    /// <summary>A word that is not empty.</summary>
    internal string Text(string column)
    {
        string text = fields[file.IndexOf(column)];
        return text.Length > 0 ? text : throw Problem($"column '{column}' is empty");
    }

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    internal long Number(string column, long least, long most = long.MaxValue)
    {
        string text = fields[file.IndexOf(column)];
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= least && value <= most
            ? value
            : throw Problem($"column '{column}' holds '{text}'; a whole number from {least}{(most == long.MaxValue ? "" : $" to {most}")} is accepted");
    }

    /// <summary>A count, or null where the kernel did not tell it.</summary>
    internal long? NumberOrNone(string column) => fields[file.IndexOf(column)].Length == 0 ? null : Number(column, 0);

    /// <summary>An error in this line.</summary>
    internal TruthException Problem(string problem) => new(file.Path, line, problem);
}
