using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings;

/// <summary>
/// A file that a snapshot is read from, or one that takes the place of another when it is whole: until then it lies beside that one under
/// a name of its own.
/// </summary>
internal sealed unsafe partial class SnapshotFile : OneWayStream
{
    private const int ReadOnlyCloseOnExec = 0x80000;
    private const int CreateNewToWriteCloseOnExec = 0x80000 | 0x80 | 0x40 | 0x1;
    private const int OwnerWritesOthersRead = 0x1A4;
    private const int Interrupted = 4;

    private static int _last;

    private readonly string _path;
    private string? _beside;
    private int _file;

    private SnapshotFile(string path, string? beside, int file)
    {
        _path = path;
        _beside = beside;
        _file = file;
        if (file < 0)
            throw Failed();
    }

    /// <summary>Opens a snapshot.</summary>
    public static SnapshotFile ToRead(string path) => new(path, null, Open(path, ReadOnlyCloseOnExec, 0));

    /// <summary>Begins a snapshot that is to be at a path.</summary>
    public static SnapshotFile ToWrite(string path)
    {
        // Its number makes two saves to one path in one process two files, its process those of two processes.
        string beside = $"{path}.{Environment.ProcessId}-{Interlocked.Increment(ref _last)}.tmp";
        return new(path, beside, Open(beside, CreateNewToWriteCloseOnExec, OwnerWritesOthersRead));
    }

    /// <summary>The bytes are on the disk, and the file takes its place.</summary>
    public void Complete()
    {
        if (Sync(_file) != 0 || Rename(_beside!, _path) != 0)
            throw Failed();
        _beside = null;
    }

    public override int Read(Span<byte> buffer)
    {
        fixed (byte* to = buffer)
        {
            nint got;
            while ((got = Read(_file, to, (nuint)buffer.Length)) < 0)
            {
                if (Marshal.GetLastPInvokeError() != Interrupted)
                    throw Failed();
            }

            return (int)got;
        }
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* from = buffer)
        {
            for (int at = 0; at < buffer.Length;)
            {
                nint put = Write(_file, from + at, (nuint)(buffer.Length - at));
                if (put < 0 && Marshal.GetLastPInvokeError() != Interrupted)
                    throw Failed();
                at += (int)nint.Max(put, 0);
            }
        }
    }

    /// <summary>Closes it; one that was not completed is gone.</summary>
    protected override void Dispose(bool disposing)
    {
        if (_file >= 0)
            _ = Close(_file);
        _file = -1;
        if (_beside is not null)
            _ = Unlink(_beside);
        _beside = null;
        base.Dispose(disposing);
    }

    private Refusal Failed() =>
        new(Status.Io, $"The snapshot at '{_path}' can't be {(_beside is null ? "read" : "written")}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int file, byte* to, nuint bytes);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int file, byte* from, nuint bytes);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
