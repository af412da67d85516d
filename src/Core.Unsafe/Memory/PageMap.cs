using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>Which pages of this process's own memory have ever been touched, in memory now or swapped out: what Linux says in /proc.</summary>
internal sealed unsafe partial class PageMap : IDisposable
{
    private const int AtOnce = 8192;
    private const int OpenReadOnlyCloseOnExec = 0x80000;

    /// <summary>Present, or in swap.</summary>
    private const ulong Touched = 3UL << 62;

    /// <summary>Bytes of a page of the system's.</summary>
    public static readonly nuint Page = (nuint)Environment.SystemPageSize;

    private readonly ulong[] _batch = new ulong[AtOnce];
    private int _file = OpenOrThrow("/proc/self/pagemap");

    /// <summary>Bytes that the system can give without swapping.</summary>
    /// <exception cref="EngineException">The system does not say.</exception>
    public static ulong SpareBytes()
    {
        int file = OpenOrThrow("/proc/meminfo");
        byte* text = stackalloc byte[4096];
        nint length = Read(file, text, 4096, 0);
        _ = Close(file);
        ReadOnlySpan<byte> rest = new(text, (int)Math.Max(0, length));
        ReadOnlySpan<byte> key = "MemAvailable:"u8;
        int at = rest.IndexOf(key);
        rest = at < 0 ? [] : rest[(at + key.Length)..].TrimStart((byte)' ');
        return Utf8Parser.TryParse(rest, out ulong kilobytes, out _)
            ? kilobytes << 10
            : throw new EngineException("/proc/meminfo has no MemAvailable.");
    }

    /// <summary>Refuses what would leave the system without memory.</summary>
    /// <exception cref="InsufficientMemoryException">It has not as many bytes to spare.</exception>
    public static void RequireSpare(ulong bytes)
    {
        ulong spare = SpareBytes();
        if (bytes > spare)
            throw new InsufficientMemoryException($"A copy of {bytes} bytes is needed, and the system has {spare} to spare.");
    }

    /// <summary>
    /// The touched pages of a block in ascending runs of whole pages, as first byte and length: as they were some time after the
    /// enumeration began. One enumeration at a time.
    /// </summary>
    /// <exception cref="EngineException">The system does not say.</exception>
    public IEnumerable<(nuint First, nuint Bytes)> TouchedOf(NativeBlock block)
    {
        nuint pages = (block.Bytes + Page - 1) / Page;
        nuint start = 0;
        nuint end = 0;
        for (nuint at = 0; at < pages; at += AtOnce)
        {
            int count = (int)nuint.Min(AtOnce, pages - at);
            Look(block, at, count);
            for (int i = 0; i < count; i++)
            {
                if ((_batch[i] & Touched) == 0)
                    continue;
                nuint byteAt = (at + (nuint)i) * Page;
                if (byteAt != end)
                {
                    if (end > start)
                        yield return (start, end - start);
                    start = byteAt;
                }

                end = byteAt + Page;
            }
        }

        if (end > start)
            yield return (start, end - start);
    }

    /// <summary>The same without pages that are zero, in runs of at most <paramref name="most"/> bytes, a multiple of the page size.</summary>
    /// <exception cref="EngineException">The system does not say.</exception>
    public IEnumerable<(nuint First, nuint Bytes)> UsedOf(NativeBlock block, nuint most)
    {
        foreach ((nuint first, nuint bytes) in TouchedOf(block))
        {
            nuint start = first;
            for (nuint at = first; at < first + bytes; at += Page)
            {
                bool isZero = IsZero(block, at);
                if (at > start && (isZero || at - start == most))
                {
                    yield return (start, at - start);
                    start = at;
                }

                if (isZero)
                    start = at + Page;
            }

            if (first + bytes > start)
                yield return (start, first + bytes - start);
        }
    }

    /// <summary>Closes what it reads.</summary>
    public void Dispose()
    {
        if (_file >= 0)
            _ = Close(_file);
        _file = -1;
    }

    private static bool IsZero(NativeBlock block, nuint at) => !new ReadOnlySpan<byte>(block.Pointer + at, (int)Page).ContainsAnyExcept((byte)0);

    private void Look(NativeBlock block, nuint page, int count)
    {
        nuint bytes = (nuint)count * sizeof(ulong);
        fixed (ulong* entries = _batch)
        {
            if (Read(_file, (byte*)entries, bytes, (nint)(((nuint)block.Pointer / Page + page) * sizeof(ulong))) != (nint)bytes)
                throw new EngineException($"/proc/self/pagemap ends early (errno {Marshal.GetLastPInvokeError()}).");
        }
    }

    private static int OpenOrThrow(string path)
    {
        int file = Open(path, OpenReadOnlyCloseOnExec);
        return file >= 0 ? file : throw new EngineException($"{path} can't be opened (errno {Marshal.GetLastPInvokeError()}).");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint Read(int file, byte* to, nuint bytes, nint offset);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
