using System.Runtime.InteropServices;

namespace ReclaimNative.Tests.Simd;

/// <summary>
/// Readable and writable bytes between two pages that are neither: a kernel that reads or writes one byte too far ends
/// the process at that instruction.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int Page = 4096;
    private readonly byte* _mapping;
    private readonly nuint _mapped;

    public GuardedMemory(int bytes)
    {
        Bytes = (bytes + Page - 1) / Page * Page;
        _mapped = (nuint)Bytes + 2 * Page;
        _mapping = (byte*)Map(null, _mapped, 0, 0x22, -1, 0);
        if (_mapping == (byte*)nuint.MaxValue || Protect(Start, (nuint)Bytes, 3) != 0)
            throw new OutOfMemoryException("mmap or mprotect refused.");
    }

    public int Bytes { get; }

    /// <summary>First byte; the one before it cannot be read.</summary>
    public byte* Start => _mapping + Page;

    /// <summary>Past the last byte: cannot be read.</summary>
    public byte* End => Start + Bytes;

    /// <summary>Room for <paramref name="n"/> elements right before the unreadable page, or right after the other.</summary>
    public T* Place<T>(int n, bool atEnd) where T : unmanaged => (T*)(atEnd ? End - (long)n * sizeof(T) : Start);

    public void ForbidWrites() => Assert.That(Protect(Start, (nuint)Bytes, 1), Is.Zero);

    public void AllowWrites() => Assert.That(Protect(Start, (nuint)Bytes, 3), Is.Zero);

    public void Dispose() => _ = Unmap(_mapping, _mapped);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);
}
