namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The format <c>arc</c>, the traces of the ARC authors (Megiddo and Modha, FAST 2003): lines <c>start count x y</c>, each for the
/// <c>count</c> requests start, start + 1, ... start + count - 1; x and y are numbers and ignored.
/// </summary>
internal static class ArcLines
{
    /// <summary>
    /// The most requests that one line may stand for: 64 GiB in 4096-byte pages. Real lines hold hundreds; one damaged digit must not
    /// become hours of replay.
    /// </summary>
    internal const int MaxCount = 1 << 24;

    private const string Accepted = "\"start count x y\", four decimal numbers";

    internal static void Read(ByteSource source, RequestCollector requests)
    {
        var lines = new TextLines(source);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (!TryParse(line, out ulong start, out ulong count, out string? problem))
                throw lines.Error(line, problem!, Accepted);
            for (ulong i = 0; i < count; i++)
                requests.Add(start + i, write: false);
        }
    }

    internal static bool TryParse(ReadOnlySpan<byte> line, out ulong start, out ulong count, out string? problem)
    {
        ReadOnlySpan<byte> rest = line;
        count = 0;
        if (!TextFields.TryDecimal(TextFields.Next(ref rest), out start, out problem))
            return false;
        ReadOnlySpan<byte> field = TextFields.Next(ref rest);
        if (field is [(byte)'-', ..])
            problem = $"the count {Quote.Of(field)} is negative";
        else if (TextFields.TryDecimal(field, out count, out problem))
            problem = ProblemOf(start, count) ?? ProblemOfIgnored(rest);
        return problem is null;
    }

    private static string? ProblemOf(ulong start, ulong count)
    {
        if (count > MaxCount)
            return $"the count {count} is over {MaxCount}";
        return count > 0 && start > ulong.MaxValue - (count - 1) ? $"{count} pages from {start} pass 18446744073709551615" : null;
    }

    // Ignored, but checked: their loss or damage means that start and count cannot be trusted either.
    private static string? ProblemOfIgnored(ReadOnlySpan<byte> rest)
    {
        for (int i = 0; i < 2; i++)
        {
            ReadOnlySpan<byte> field = TextFields.Next(ref rest);
            if (!TextFields.TryDecimal(field is [(byte)'-', .. var digits] ? digits : field, out _, out string? problem))
                return problem;
        }
        return rest.Trim(" \t"u8).IsEmpty ? null : "there are more than four numbers";
    }
}
