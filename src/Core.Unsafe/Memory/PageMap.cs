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

    private static readonly nuint Page = (nuint)Environment.SystemPageSize;

    private readonly ulong[] _batch = new ulong[AtOnce];
    private int _file = OpenOrThrow("/proc/self/pagemap");

    /// <summary>Bytes that the system can give without swapping.</summary>
    /// <exception cref="InvalidOperationException">The system does not say.</exception>
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
            : throw new InvalidOperationException("/proc/meminfo has no MemAvailable.");
    }

    /// <summary>The touched pages of a block in ascending runs of whole pages, as first byte and length.</summary>
    /// <exception cref="InvalidOperationException">The system does not say.</exception>
    public List<(nuint First, nuint Bytes)> TouchedOf(NativeBlock block)
    {
        var runs = new List<(nuint First, nuint Bytes)>();
        nuint pages = (block.Bytes + Page - 1) / Page;
        nuint first = (nuint)block.Pointer / Page;
        for (nuint at = 0; at < pages; at += AtOnce)
        {
            nuint count = nuint.Min(AtOnce, pages - at);
            fixed (ulong* entries = _batch)
            {
                if (Read(_file, (byte*)entries, count * sizeof(ulong), (nint)((first + at) * sizeof(ulong))) != (nint)(count * sizeof(ulong)))
                    throw new InvalidOperationException($"/proc/self/pagemap ends early (errno {Marshal.GetLastPInvokeError()}).");
            }

            for (nuint i = 0; i < count; i++)
            {
                if ((_batch[i] & Touched) == 0)
                    continue;
                nuint byteAt = (at + i) * Page;
                if (runs.Count > 0 && runs[^1].First + runs[^1].Bytes == byteAt)
                    runs[^1] = (runs[^1].First, runs[^1].Bytes + Page);
                else
                    runs.Add((byteAt, Page));
            }
        }

        return runs;
    }

    /// <summary>Closes what it reads.</summary>
    public void Dispose()
    {
        if (_file >= 0)
            _ = Close(_file);
        _file = -1;
    }

    private static int OpenOrThrow(string path)
    {
        int file = Open(path, OpenReadOnlyCloseOnExec);
        return file >= 0 ? file : throw new InvalidOperationException($"{path} can't be opened (errno {Marshal.GetLastPInvokeError()}).");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint Read(int file, byte* to, nuint bytes, nint offset);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
