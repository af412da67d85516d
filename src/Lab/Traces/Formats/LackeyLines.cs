namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The format <c>lackey</c>, what <c>valgrind --tool=lackey --trace-mem=yes</c> prints: <c>I  addr,size</c> for an instruction, <c> L</c>,
/// <c> S</c> and <c> M</c> for a load, a store and a modify (load and store at once: one write). Addresses are hexadecimal bytes, sizes
/// decimal. An access over the boundary of a 4096-byte page is one request to each of the two pages. valgrind's own lines are skipped.
/// </summary>
internal static class LackeyLines
{
    private const int PageShift = 12;
    private const uint PageBytes = 1u << PageShift;

    private const string Accepted = "\"I addr,size\", \"L addr,size\", \"S addr,size\" or \"M addr,size\" with a hexadecimal address and a "
        + "size in bytes (keep the program's own output out with valgrind --log-file)";

    internal static void Read(ByteSource source, RequestCollector requests)
    {
        var lines = new TextLines(source);
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (IsMessage(line))
                continue;
            if (!TryParse(line, out ulong address, out ulong size, out bool write, out string? problem))
                throw lines.Error(line, problem!, Accepted);
            ulong first = address >> PageShift;
            ulong last = (address + (size - 1)) >> PageShift;
            requests.Add(first, write);
            if (last != first)
                requests.Add(last, write);
        }
    }

    /// <summary>True for valgrind's own lines: <c>==pid==</c>, and <c>--pid--</c> and <c>**pid**</c> as it prints when asked for more.</summary>
    internal static bool IsMessage(ReadOnlySpan<byte> line) =>
        line is [(byte)'=', (byte)'=', ..] or [(byte)'-', (byte)'-', ..] or [(byte)'*', (byte)'*', ..];

    internal static bool TryParse(ReadOnlySpan<byte> line, out ulong address, out ulong size, out bool write, out string? problem)
    {
        address = size = 0;
        ReadOnlySpan<byte> rest = line;
        ReadOnlySpan<byte> kind = TextFields.Next(ref rest);
        write = kind is [(byte)'S' or (byte)'M'];
        if (kind is not [(byte)'I' or (byte)'L' or (byte)'S' or (byte)'M'])
        {
            problem = $"{Quote.Of(kind)} is none of I, L, S and M";
            return false;
        }

        rest = rest.TrimStart(" \t"u8);
        int comma = rest.IndexOf((byte)',');
        if (comma < 0)
            problem = "the comma between address and size is missing";
        else if (TextFields.TryHexadecimal(rest[..comma], out address, out problem) && TextFields.TryDecimal(rest[(comma + 1)..], out size, out problem))
            problem = ProblemOf(address, size);
        return problem is null;
    }

    private static string? ProblemOf(ulong address, ulong size)
    {
        if (size is 0 or > PageBytes)
            return $"the size {size} is not in 1 to {PageBytes}";
        return address > ulong.MaxValue - (size - 1) ? "the access passes the end of the address space" : null;
    }
}
