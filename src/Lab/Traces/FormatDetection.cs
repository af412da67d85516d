using System.Buffers;
using System.Buffers.Binary;

namespace ReclaimNative.Lab.Traces;

/// <summary>
/// Finds a trace's format. The file name decides if it has an extension that means one format. Else the first MiB does: lines of text by
/// the shape of the first line, oracleGeneral by its fields. Bare integers cannot be told apart for certain: there the extensions
/// <c>.bin</c> (u32, as page tracers write it) and <c>.trace</c> (be32, as the cache2k traces have it) count, then which reading gives
/// page numbers that lie clearly closer together, and the user is told that it was a guess.
/// </summary>
internal static class FormatDetection
{
    // How much closer together one reading must lie, and how many integers are needed to say so.
    private const int ClearMargin = 2;
    private const int LeastIntegers = 64;

    // A shorter file of integers can be printable by chance.
    private const int LeastTellingText = 64;

    // Page numbers of 48-bit addresses have 36 bits, so that their upper words are small and few.
    private const uint MaxUpperWord = 15;
    private const int LowerPerUpperWord = 8;

    private static readonly SearchValues<byte> ControlBytes = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Where(b => b is not ('\t' or '\n' or '\r' or '\f')).Select(b => (byte)b), 0x7f]);

    /// <summary>The format of a source of which nothing has been used; <c>Note</c> is set when it was a guess.</summary>
    /// <exception cref="TraceException">The format is unknown, ambiguous or not supported yet; the message lists the accepted ones.</exception>
    internal static (TraceFormat Format, string? Note) Detect(ByteSource source, string fileName)
    {
        source.Fill(ByteSource.Capacity);
        ReadOnlySpan<byte> start = source.Unread;
        if (ByExtension(source, fileName) is { } named)
            return (named, null);
        if (start.IndexOfAny(ControlBytes) < 0)
            return (ByFirstLine(source, start), null);
        if (OracleRecords.Fits(start))
            return (TraceFormat.Oracle, null);

        TraceFormat? guess = HasExtension(fileName, ".bin") ? TraceFormat.U32 : HasExtension(fileName, ".trace") ? TraceFormat.Be32 : null;
        guess = IsU64(start) ? TraceFormat.U64 : guess ?? ByNearness(start);
        if (guess is null)
        {
            throw new TraceException($"{source.Name}: cannot tell the trace's format from its name or content; "
                + $"give --format, one of: {TraceFormat.Names}");
        }
        return (guess, $"format {guess} guessed; --format sets another");
    }

    /// <summary>Refuses text for a format of binary records, which would read as page numbers without meaning.</summary>
    internal static void RefuseTextAs(TraceFormat format, ByteSource source)
    {
        if (format.IsText)
            return;
        source.Fill(ByteSource.Capacity);
        ReadOnlySpan<byte> start = source.Unread;
        if (start.Length >= LeastTellingText && IsAsciiText(start))
        {
            ReadOnlySpan<byte> line = start[..start.IndexOfAny((byte)'\n', (byte)'\r')];
            throw new TraceException(
                $"{source.Name}: is text, starting with {Quote.Of(line)}, and not {format} ({format.Summary}); {Accepted}");
        }
    }

    private static string Accepted => $"accepted formats: {TraceFormat.Names}";

    private static bool IsAsciiText(ReadOnlySpan<byte> start) =>
        start.IndexOfAny(ControlBytes) < 0 && !start.ContainsAnyInRange((byte)0x80, (byte)0xff) && start.IndexOfAny((byte)'\n', (byte)'\r') >= 0;

    private static TraceFormat? ByExtension(ByteSource source, string fileName)
    {
        string name = Bare(fileName);
        if (name.EndsWith(".damon", StringComparison.OrdinalIgnoreCase) || name.Equals("damon.data", StringComparison.OrdinalIgnoreCase))
            throw new TraceException($"{source.Name}: trace format damon is not supported yet; accepted: {TraceFormat.Names}");
        foreach (TraceFormat format in TraceFormat.All)
        {
            // libCacheSim names its files x.oracleGeneral.bin.
            if (format.Extensions.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase) || name.EndsWith(e + ".bin", StringComparison.OrdinalIgnoreCase)))
                return format;
        }
        return null;
    }

    private static bool HasExtension(string fileName, string extension) => Bare(fileName).EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static string Bare(string fileName) => fileName[..^Compression.Suffix(fileName).Length];

    private static TraceFormat ByFirstLine(ByteSource source, ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("\uFEFF"u8))
            start = start[3..];
        bool marks = HasMark(start);
        foreach (Range range in start.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = start[range].Trim(" \t\r"u8);
            if (line.IsEmpty || line[0] == '#' || LirsLines.IsMark(line))
                continue;
            if (LackeyLines.IsMessage(line) || LackeyLines.TryParse(line, out _, out _, out _, out _))
                return TraceFormat.Lackey;
            if (ArcLines.TryParse(line, out _, out _, out _))
                return TraceFormat.Arc;
            if (marks && TextFields.TryDecimal(line, out _, out _))
                return TraceFormat.Lirs;
            if (PageLines.TryParse(line, out _, out _, out _))
                return TraceFormat.Text;
            throw new TraceException($"{source.Name}: unknown trace format, starting with {Quote.Of(line)}; {Accepted}");
        }
        throw new TraceException($"{source.Name}: holds no request in its first {start.Length} bytes; {Accepted}");
    }

    private static bool HasMark(ReadOnlySpan<byte> start)
    {
        foreach (Range range in start.Split((byte)'\n'))
        {
            if (LirsLines.IsMark(start[range].Trim(" \t\r"u8)))
                return true;
        }
        return false;
    }

    private static bool IsU64(ReadOnlySpan<byte> start)
    {
        var lower = new HashSet<uint>();
        var upper = new HashSet<uint>();
        for (; start.Length >= sizeof(ulong); start = start[sizeof(ulong)..])
        {
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(start[sizeof(uint)..]);
            if (high > MaxUpperWord)
                return false;
            upper.Add(high);
            lower.Add(BinaryPrimitives.ReadUInt32LittleEndian(start));
        }
        return upper.Count > 0 && lower.Count >= LowerPerUpperWord * upper.Count;
    }

    private static TraceFormat? ByNearness(ReadOnlySpan<byte> start)
    {
        if (start.Length < LeastIntegers * sizeof(uint))
            return null;
        var little = new HashSet<uint>();
        var big = new HashSet<uint>();
        for (; start.Length >= sizeof(uint); start = start[sizeof(uint)..])
        {
            little.Add((BinaryPrimitives.ReadUInt32LittleEndian(start) & ~Trace.WriteBit) / PageMap.PagesPerTable);
            big.Add(BinaryPrimitives.ReadUInt32BigEndian(start) / PageMap.PagesPerTable);
        }
        if (little.Count * ClearMargin <= big.Count)
            return TraceFormat.U32;
        return big.Count * ClearMargin <= little.Count ? TraceFormat.Be32 : null;
    }
}
