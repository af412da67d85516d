using System.Runtime.InteropServices;

namespace ReclaimNative.Cli.Mount;

/// <summary>Functions of the C library, under its names.</summary>
internal static unsafe partial class SystemCalls
{
    /// <summary>There is something to read, for poll(2).</summary>
    public const short POLLIN = 1;

    /// <summary>Set the flags of a descriptor, for fcntl(2).</summary>
    public const int F_SETFL = 4;

    /// <summary>Reads and writes don't wait.</summary>
    public const int O_NONBLOCK = 0x800;

    /// <summary>A descriptor is not handed to programs that are started.</summary>
    public const int EFD_CLOEXEC = 0x80000;

    [LibraryImport("libc")]
    public static partial uint geteuid();

    [LibraryImport("libc")]
    public static partial uint getegid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, ulong* value, nuint bytes);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc")]
    public static partial int close(int descriptor);

    [LibraryImport("libc")]
    public static partial void free(void* memory);

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        public int Descriptor;
        public short Asked;
        public short Happened;
    }
}
