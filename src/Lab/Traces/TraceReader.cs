namespace ReclaimNative.Lab.Traces;

/// <summary>
/// Reads traces, packed with gzip, zstd (by the program <c>zstd</c>) or xz (by the program <c>xz</c>) or not at all. A trace is read whole
/// or not at all.
/// </summary>
public static class TraceReader
{
    /// <summary>The file name that means standard input.</summary>
    public const string StandardInput = "-";

    private const string StandardInputName = "stdin";

    /// <summary>Reads the trace file <paramref name="path"/>, or standard input for <c>-</c>; a null format is found by name and content.</summary>
    /// <exception cref="TraceException">The trace cannot be read; the message is one line for the user.</exception>
    public static Trace Load(string path, TraceFormat? format = null)
    {
        if (path == StandardInput)
        {
            using Stream input = Console.OpenStandardInput();
            return Read(input, StandardInputName, format);
        }
        using Stream file = Open(path);
        return Read(file, path, format);
    }

    /// <summary>Reads a trace from <paramref name="stream"/>, and closes it, as if it were a file called <paramref name="name"/>.</summary>
    /// <exception cref="TraceException">The trace cannot be read; the message is one line for the user.</exception>
    public static Trace Read(Stream stream, string name, TraceFormat? format = null) => Read(stream, name, format, Array.MaxLength);

    internal static Trace Read(Stream stream, string name, TraceFormat? format, int maxRequests)
    {
        try
        {
            using var packed = new ByteSource(stream, name);
            if (!packed.Fill(1))
                throw new TraceException($"{name}: is empty: a trace has at least one request");
            using ByteSource source = Compression.Unpack(packed);
            return Read(source, name, format, maxRequests);
        }
        catch (OutOfMemoryException e)
        {
            throw new TraceException($"{name}: needs more memory than this process may have", e);
        }
    }

    private static Trace Read(ByteSource source, string name, TraceFormat? format, int maxRequests)
    {
        if (!source.Fill(1))
            throw new TraceException($"{name}: is empty once unpacked: a trace has at least one request");
        string fileName = Path.GetFileName(name);
        string? note = null;
        if (format is null)
            (format, note) = FormatDetection.Detect(source, fileName);
        FormatDetection.RefuseTextAs(format, source);

        var requests = new RequestCollector(name, maxRequests);
        format.Read(source, requests);
        if (requests.Count == 0)
            throw new TraceException($"{name}: holds no request: expected {format} ({format.Summary})");
        return requests.Pack(fileName, format, note);
    }

    private static FileStream Open(string path)
    {
        if (Directory.Exists(path))
            throw new TraceException($"{path}: is a folder; expected a trace file");
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TraceException($"{path}: there is no such file", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new TraceException($"{path}: there is no permission to read it", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new TraceException($"{path}: cannot be opened: {e.Message}", e);
        }
    }
}
