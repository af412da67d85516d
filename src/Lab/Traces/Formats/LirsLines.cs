namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The format <c>lirs</c>, the traces of the LIRS authors (Jiang and Zhang, SIGMETRICS 2002): one decimal block number per line. A line
/// <c>*</c> marks a point at which their simulator prints its stack; it is no request.
/// </summary>
internal static class LirsLines
{
    internal static void Read(ByteSource source, RequestCollector requests)
    {
        var lines = new TextLines(source);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (IsMark(line))
                continue;
            if (!TextFields.TryDecimal(line, out ulong page, out string? problem))
                throw lines.Error(line, problem!, "one decimal page per line, or * alone");
            requests.Add(page, write: false);
        }
    }

    internal static bool IsMark(ReadOnlySpan<byte> line) => line is [(byte)'*'];
}
