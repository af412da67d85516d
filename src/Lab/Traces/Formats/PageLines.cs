namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The format <c>text</c>: one page per line, decimal or hexadecimal after <c>0x</c>, then optionally a blank and R or W (either case);
/// blank lines and lines that start with <c>#</c> are skipped.
/// </summary>
internal static class PageLines
{
    private const string Accepted = "one page per line, decimal or 0x hexadecimal, then optionally R or W";

    internal static void Read(ByteSource source, RequestCollector requests)
    {
        var lines = new TextLines(source);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (line[0] == '#')
                continue;
            if (!TryParse(line, out ulong page, out bool write, out string? problem))
                throw lines.Error(line, problem!, line is [(byte)'*'] ? Accepted + " (--format lirs skips such lines)" : Accepted);
            requests.Add(page, write);
        }
    }

    internal static bool TryParse(ReadOnlySpan<byte> line, out ulong page, out bool write, out string? problem)
    {
        ReadOnlySpan<byte> rest = line;
        ReadOnlySpan<byte> number = TextFields.Next(ref rest);
        ReadOnlySpan<byte> mode = TextFields.Next(ref rest);
        write = mode is [(byte)'W' or (byte)'w'];
        bool isPage = number is [(byte)'0', (byte)'x' or (byte)'X', .. var digits]
            ? TextFields.TryHexadecimal(digits, out page, out problem)
            : TextFields.TryDecimal(number, out page, out problem);
        if (!isPage)
            return false;
        if (!mode.IsEmpty && mode is not [(byte)'R' or (byte)'r' or (byte)'W' or (byte)'w'])
            problem = $"{Quote.Of(mode)} is neither R nor W";
        else if (!rest.Trim(" \t"u8).IsEmpty)
            problem = "there is more on the line than a page and R or W";
        return problem is null;
    }
}
