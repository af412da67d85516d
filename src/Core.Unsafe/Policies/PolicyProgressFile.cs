using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Text;

namespace ReclaimNative.Policies;

/// <summary>
/// A file in which an engine notes, as it goes, which operation of which policy is running, so that another process can read it:
/// also of a process that does not answer, and of one that is gone.
/// </summary>
/// <remarks>
/// One process creates it and reads, another opens it and gives it to its engines (<see cref="EngineOptions.ProgressFile"/>), one
/// after the other. <see cref="Read"/> may be called on any thread at any time until <see cref="Dispose"/>. The format is private
/// to one version.
/// </remarks>
public sealed unsafe class PolicyProgressFile : IDisposable
{
    /// <summary>Lruvecs that are known by name; of those beyond only the operation is.</summary>
    private const int NamedLruvecs = 4096;

    private const int FirstSlot = 64;
    private const int SlotBytes = 512;
    private const int TextOffset = sizeof(int) * 3;
    private const long Bytes = FirstSlot + (long)NamedLruvecs * SlotBytes;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _at;
    private bool _disposed;

    private PolicyProgressFile(string path, FileMode mode)
    {
        Path = path;
        _file = MemoryMappedFile.CreateFromFile(path, mode, null, mode == FileMode.CreateNew ? Bytes : 0);
        _view = _file.CreateViewAccessor(0, Bytes);
        byte* at = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref at);
        _at = at + _view.PointerOffset;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Place and number of the operation that is running.</summary>
    internal PolicyMark* Mark => (PolicyMark*)_at;

    /// <summary>Creates the file, sparse, a few MiB long. The one who creates it deletes it.</summary>
    /// <exception cref="IOException">It exists, or can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission.</exception>
    public static PolicyProgressFile Create(string path) => new(path, FileMode.CreateNew);

    /// <summary>Opens a file that another process has created.</summary>
    /// <exception cref="IOException">It is not there, or too short.</exception>
    /// <exception cref="UnauthorizedAccessException">There is no permission, or it is too short.</exception>
    public static PolicyProgressFile Open(string path) => new(path, FileMode.Open);

    /// <summary>The operation that is running, or was when the process that ran it ended; null when none.</summary>
    public PolicyProgress? Read()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        PolicyMark mark = PolicyMark.Look(Mark);
        PolicyOperation operation = PolicyCall.OperationAt(mark.Place);
        if (operation == PolicyOperation.None || !Enum.IsDefined(operation))
            return null;
        int lruvec = PolicyCall.LruvecAt(mark.Place);
        if (lruvec is < 0 or >= NamedLruvecs)
            return new PolicyProgress("?", operation, "?", 0, mark.Calls, 0);
        byte* slot = SlotOf(lruvec);
        int node = Unsafe.ReadUnaligned<int>(slot);
        (int policyBytes, int memcgBytes) = (Unsafe.ReadUnaligned<int>(slot + 4), Unsafe.ReadUnaligned<int>(slot + 8));

        // A policy that wrote where it should not may have written here.
        if (policyBytes < 0 || memcgBytes < 0 || (long)policyBytes + memcgBytes > SlotBytes - TextOffset)
            return new PolicyProgress("?", operation, "?", 0, mark.Calls, 0);
        string policy = Encoding.UTF8.GetString(slot + TextOffset, policyBytes);
        string memcg = Encoding.UTF8.GetString(slot + TextOffset + policyBytes, memcgBytes);
        return new PolicyProgress(policy, operation, memcg, node, mark.Calls, 0);
    }

    /// <summary>Unmaps the file; it stays where it is.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    /// <summary>Notes what a lruvec is called.</summary>
    internal void Name(int lruvec, string policy, string memcg, int node)
    {
        if (lruvec >= NamedLruvecs)
            return;
        byte* slot = SlotOf(lruvec);
        var text = new Span<byte>(slot + TextOffset, SlotBytes - TextOffset);
        Unsafe.WriteUnaligned(slot, node);
        Encoding.UTF8.TryGetBytes(policy.Length > 100 ? policy[..100] : policy, text, out int policyBytes);
        string path = memcg.Length > 60 ? "..." + memcg[^57..] : memcg;
        Encoding.UTF8.TryGetBytes(path, text[policyBytes..], out int memcgBytes);
        Unsafe.WriteUnaligned(slot + 4, policyBytes);
        Unsafe.WriteUnaligned(slot + 8, memcgBytes);
    }

    private byte* SlotOf(int lruvec) => _at + FirstSlot + (long)lruvec * SlotBytes;
}
