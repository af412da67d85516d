using System.Runtime.InteropServices;
using System.Text;

namespace ReclaimNative.Lab.Proactive;

/// <summary>One write to a control file of Linux, which is one request: its error number is the answer.</summary>
internal static partial class KernelFile
{
    /// <summary>Error numbers of Linux.</summary>
    public const int NoPermission = 1, NoEntry = 2, Interrupted = 4, Again = 11, Access = 13, Busy = 16, Invalid = 22, ReadOnly = 30;

    private const int WriteOnlyCloseOnExec = 0x80001;

    /// <summary>Opens the file and writes <paramref name="text"/> by one write(2).</summary>
    /// <returns>0, or the error number of the open or the write.</returns>
    public static int Write(string path, string text)
    {
        int file = Open(path, WriteOnlyCloseOnExec);
        if (file < 0)
            return Marshal.GetLastPInvokeError();
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        int error = Write(file, bytes, bytes.Length) == bytes.Length ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(file);
        return error;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int file, byte[] text, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
