namespace ReclaimNative.Lab.Traces;

/// <summary>A way to write requests down in a file. There is one instance for each format; compare by reference.</summary>
public sealed class TraceFormat
{
    /// <summary>Little-endian 32-bit page numbers, bit 31 set for a write.</summary>
    public static readonly TraceFormat U32 = new(
        "u32", "little-endian 32-bit page numbers, bit 31 = write", isText: false, IntegerRecords.ReadU32, ".u32");

    /// <summary>Little-endian 64-bit page numbers, all read.</summary>
    public static readonly TraceFormat U64 = new(
        "u64", "little-endian 64-bit page numbers", isText: false, IntegerRecords.ReadU64, ".u64");

    /// <summary>libCacheSim's oracleGeneral.</summary>
    public static readonly TraceFormat Oracle = new(
        "oracle", "libCacheSim oracleGeneral, 24-byte records", isText: false, OracleRecords.Read, ".oracle", ".oraclegeneral");

    /// <summary>A page a line.</summary>
    public static readonly TraceFormat Text = new(
        "text", "one page per line, decimal or 0x hexadecimal, then optionally R or W", isText: true, PageLines.Read, ".text");

    /// <summary>The ARC paper's traces: a run of pages a line.</summary>
    public static readonly TraceFormat Arc = new(
        "arc", "lines \"start count x y\": count pages from start on", isText: true, ArcLines.Read, ".arc", ".lis");

    /// <summary>The LIRS paper's traces: a page a line, with marks.</summary>
    public static readonly TraceFormat Lirs = new(
        "lirs", "one decimal page per line, lines \"*\" ignored", isText: true, LirsLines.Read, ".lirs", ".trc");

    /// <summary>Big-endian 32-bit keys, all read; a negative key is the page of the same bit pattern.</summary>
    public static readonly TraceFormat Be32 = new(
        "be32", "big-endian 32-bit keys", isText: false, IntegerRecords.ReadBe32, ".be32");

    /// <summary>The memory trace of valgrind's lackey: byte addresses.</summary>
    public static readonly TraceFormat Lackey = new(
        "lackey", "valgrind --tool=lackey --trace-mem=yes, 4096-byte pages", isText: true, LackeyLines.Read, ".lackey");

    private TraceFormat(string name, string summary, bool isText, Action<ByteSource, RequestCollector> read, params string[] extensions)
    {
        Name = name;
        Summary = summary;
        IsText = isText;
        Read = read;
        Extensions = extensions;
    }

    /// <summary>Every format that can be read, in the order in which help lists them.</summary>
    public static IReadOnlyList<TraceFormat> All { get; } = [U32, U64, Oracle, Text, Lackey, Arc, Lirs, Be32];

    /// <summary>The name that <c>--format</c> takes.</summary>
    public string Name { get; }

    /// <summary>What is in such a file, in a few words for help texts.</summary>
    public string Summary { get; }

    /// <summary>File name extensions that mean this format, in small letters and with the dot.</summary>
    public IReadOnlyList<string> Extensions { get; }

    /// <summary>True when such a file is lines of text.</summary>
    public bool IsText { get; }

    /// <summary>Reads a whole source into a collector, or throws a <see cref="TraceException"/>.</summary>
    internal Action<ByteSource, RequestCollector> Read { get; }

    /// <summary>The names of <see cref="All"/>, as in <c>u32, u64, ...</c>.</summary>
    internal static string Names => string.Join(", ", All.Select(format => format.Name));

    /// <summary>The format of that name, in either case.</summary>
    /// <exception cref="TraceException">There is none; the message lists what there is.</exception>
    public static TraceFormat Parse(string name)
    {
        foreach (TraceFormat format in All)
        {
            if (format.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return format;
        }
        if (name.Equals("damon", StringComparison.OrdinalIgnoreCase))
            throw new TraceException($"trace format damon is not supported yet; accepted: {Names}");
        throw new TraceException($"trace format {Quote.Of(name)} is unknown; accepted: {Names}");
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
