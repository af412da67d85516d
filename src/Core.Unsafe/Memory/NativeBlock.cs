using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>
/// One zero-filled run of native memory, owned: the mapping lives from construction to <see cref="Dispose"/>.
/// Blocks of 2 MiB and more start on a 2 MiB boundary and ask for 2 MiB pages, because metadata at random
/// offsets is otherwise bound by TLB misses. Memory is reserved here and backed on first touch.
/// </summary>
/// <remarks>Thread-safety: construction and disposal belong to one thread; the bytes are the user's business.</remarks>
internal sealed unsafe partial class NativeBlock : IDisposable
{
    private const nuint HugePage = 2u << 20;
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    private const int MadviseHugePage = 14;

    private void* _mapping;
    private readonly nuint _mappedBytes;

    /// <summary>Reserves <paramref name="bytes"/> bytes, at least one.</summary>
    /// <exception cref="OutOfMemoryException">The system refused the reservation.</exception>
    public NativeBlock(nuint bytes)
    {
        nuint alignment = bytes >= HugePage ? HugePage : 4096;
        _mappedBytes = checked(bytes + alignment);
        _mapping = Map(null, _mappedBytes, ProtReadWrite, MapPrivateAnonymousNoReserve, -1, 0);
        if (_mapping == (void*)nuint.MaxValue)
        {
            _mapping = null;
            throw new OutOfMemoryException($"The system refused to reserve {bytes} bytes of address space (errno {Marshal.GetLastPInvokeError()}).");
        }

        Pointer = (byte*)(((nuint)_mapping + alignment - 1) & ~(alignment - 1));
        Bytes = bytes;

        // A refusal leaves 4 KiB pages: slower, never wrong, so the answer is not looked at.
        if (alignment == HugePage)
            _ = Advise(Pointer, bytes & ~(HugePage - 1), MadviseHugePage);
    }

    /// <summary>First byte, aligned to 2 MiB when the block is that large, else to 4 KiB.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Usable length in bytes.</summary>
    public nuint Bytes { get; }

    /// <summary>Returns the memory to the system. Every column over this block is dead afterwards.</summary>
    public void Dispose()
    {
        if (_mapping == null)
            return;
        _ = Unmap(_mapping, _mappedBytes);
        _mapping = null;
        Pointer = null;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(void* address, nuint length, int advice);
}
