namespace ReclaimNative.Lab.Traces;

/// <summary>The lines of a text trace, without line ends and outer blanks, blank lines left out; a UTF-8 byte order mark is skipped.</summary>
internal sealed class TextLines
{
    // No format has lines near this long: a longer one is a binary file.
    private const int MaxLineBytes = 4096;

    private readonly ByteSource _source;

    internal TextLines(ByteSource source)
    {
        _source = source;
        if (source.Fill(3) && source.Unread.StartsWith("\uFEFF"u8))
            source.Advance(3);
    }

    /// <summary>Number of the line read last, from 1.</summary>
    internal long Number { get; private set; }

    /// <summary>Reads the next line that is not blank; false at the end. The span is valid until the next call.</summary>
    internal bool TryRead(out ReadOnlySpan<byte> line)
    {
        do
        {
            if (!TryReadAny(out line))
                return false;
            line = line.Trim(" \t\r"u8);
        }
        while (line.IsEmpty);
        return true;
    }

    /// <summary>An error at the line read last: what is wrong with it, then what is accepted.</summary>
    internal TraceException Error(ReadOnlySpan<byte> line, string problem, string accepted) =>
        new($"{_source.Name}: line {Number} {Quote.Of(line)}: {problem}; expected {accepted}");

    private bool TryReadAny(out ReadOnlySpan<byte> line)
    {
        int length = _source.Unread.IndexOf((byte)'\n');
        while (length < 0 && _source.Unread.Length <= MaxLineBytes && _source.Fill(_source.Unread.Length + 1))
            length = _source.Unread.IndexOf((byte)'\n');

        Number++;
        int used = length < 0 ? _source.Unread.Length : length + 1;
        line = _source.Unread[..(length < 0 ? used : length)];
        if (line.Length > MaxLineBytes)
            throw new TraceException($"{_source.Name}: line {Number} is longer than {MaxLineBytes} bytes: this is not a text trace");
        _source.Advance(used);
        return used > 0;
    }
}
