using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>
/// One zero-filled run of native memory, owned: the mapping lives from construction to <see cref="Dispose"/>.
/// Blocks of 2 MiB and more start on a 2 MiB boundary and ask for 2 MiB pages, because metadata at random
/// offsets is otherwise bound by TLB misses. Memory is reserved here and backed on first touch.
/// </summary>
/// <remarks>
/// <para>In debug builds the page before the block and the page after its last one cannot be accessed, so that what
/// runs out of a block faults where it happens. What stays within the last page goes unnoticed.</para>
/// <para>Thread-safety: construction and disposal belong to one thread; the bytes are the user's business.</para>
/// </remarks>
internal sealed unsafe partial class NativeBlock : IDisposable
{
    private const nuint HugePage = 2u << 20;
    private const int ProtNone = 0;
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    private const int MadviseHugePage = 14;

    private static readonly nuint Page = (nuint)Environment.SystemPageSize;

#if DEBUG
    private static readonly nuint Guard = Page;
#else
    private const nuint Guard = 0;
#endif

    private void* _mapping;
    private readonly nuint _mappedBytes;

    /// <summary>Reserves <paramref name="bytes"/> bytes, at least one.</summary>
    /// <exception cref="OutOfMemoryException">The system refused the reservation.</exception>
    public NativeBlock(nuint bytes)
    {
        Debug.Assert(bytes > 0, "an empty block");
        nuint alignment = bytes >= HugePage ? HugePage : Page;
        nuint rounded = RoundUp(bytes, Page);
        _mappedBytes = checked(rounded + alignment + 2 * Guard);
        _mapping = Map(null, _mappedBytes, Guard == 0 ? ProtReadWrite : ProtNone, MapPrivateAnonymousNoReserve, -1, 0);
        if (_mapping == (void*)nuint.MaxValue)
        {
            _mapping = null;
            throw Refused(bytes);
        }

        Pointer = (byte*)RoundUp((nuint)_mapping + Guard, alignment);
        Bytes = bytes;
        if (Guard != 0 && Protect(Pointer, rounded, ProtReadWrite) != 0)
        {
            OutOfMemoryException refused = Refused(bytes);
            Dispose();
            throw refused;
        }

        // A refusal leaves 4 KiB pages: slower, never wrong, so the answer is not looked at.
        if (alignment == HugePage)
            _ = Advise(Pointer, bytes & ~(HugePage - 1), MadviseHugePage);
    }

    /// <summary>First byte, aligned to 2 MiB when the block is that large, else to a page.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Usable length in bytes.</summary>
    public nuint Bytes { get; }

    /// <summary>
    /// Has the system back the pages of bytes [<paramref name="first"/>, first + <paramref name="bytes"/>) now, by a touch
    /// from the calling thread: on its NUMA node, unless they are backed already. Contents do not change, whoever writes
    /// them meanwhile. Where huge pages are used, the first and the last touch back up to 2 MiB around them.
    /// </summary>
    public void Populate(nuint first, nuint bytes)
    {
        Debug.Assert(first <= Bytes && bytes <= Bytes - first, "range outside the block");
        if (bytes == 0)
            return;
        byte* end = Pointer + first + bytes;
        for (byte* page = Pointer + (first & ~(Page - 1)); page < end; page += Page)
            _ = Interlocked.Or(ref *(int*)page, 0); // a write, as reading maps the shared zero page; atomic, so that none is lost
    }

    /// <summary>
    /// Bytes of the block that memory backs now, in whole pages. Pages that were only read count, though the process is
    /// not charged for the shared zero page.
    /// </summary>
    /// <exception cref="InvalidOperationException">The system does not say.</exception>
    public nuint ResidentBytes()
    {
        const int AtOnce = 4096;
        byte* states = stackalloc byte[AtOnce];
        nuint pages = RoundUp(Bytes, Page) / Page;
        nuint resident = 0;
        for (nuint at = 0; at < pages; at += AtOnce)
        {
            nuint count = nuint.Min(AtOnce, pages - at);
            if (InCore(Pointer + at * Page, count * Page, states) != 0)
                throw new InvalidOperationException($"mincore failed with errno {Marshal.GetLastPInvokeError()}.");
            for (nuint i = 0; i < count; i++)
                resident += states[i] & 1u; // the other bits are reserved
        }

        return resident * Page;
    }

    /// <summary>Returns the memory to the system. Every column over this block is dead afterwards.</summary>
    public void Dispose()
    {
        if (_mapping == null)
            return;
        _ = Unmap(_mapping, _mappedBytes);
        _mapping = null;
        Pointer = null;
    }

    private static nuint RoundUp(nuint value, nuint multiple) => checked(value + multiple - 1) & ~(multiple - 1);

    private static OutOfMemoryException Refused(nuint bytes) =>
        new($"The system refused to reserve {bytes} bytes of address space (errno {Marshal.GetLastPInvokeError()}).");

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    private static partial int InCore(void* address, nuint length, byte* states);
}
