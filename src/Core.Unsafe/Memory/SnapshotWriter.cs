using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>Writes a snapshot, record by record. Native memory is handed to the stream as it is, without a copy.</summary>
internal sealed unsafe class SnapshotWriter
{
    private readonly Stream _to;
    private SnapshotChecksum _sum;

    /// <summary>Begins a snapshot.</summary>
    public SnapshotWriter(Stream to)
    {
        _to = to;
        Write(new SnapshotRecord { Part = SnapshotRecord.Magic, Bytes = SnapshotRecord.Version, Offset = PageMap.Page }, []);
    }

    /// <summary>Writes the numbers of a log, in as many records as they take, at least one.</summary>
    public void Write(SnapshotPart part, StateLog log)
    {
        ReadOnlySpan<byte> left = MemoryMarshal.AsBytes(log.Numbers);
        do
        {
            ReadOnlySpan<byte> piece = left[..Math.Min(left.Length, SnapshotRecord.MostBytes)];
            left = left[piece.Length..];
            Write(new SnapshotRecord { Part = (ulong)part, Bytes = (ulong)piece.Length }, piece);
        }
        while (!left.IsEmpty);
    }

    /// <summary>Writes whole pages of the column that was written last.</summary>
    public void WritePages(byte* pages, nuint offset, nuint bytes) =>
        Write(new SnapshotRecord { Part = (ulong)SnapshotPart.Pages, Bytes = bytes, Offset = offset }, new ReadOnlySpan<byte>(pages, (int)bytes));

    /// <summary>Ends the snapshot.</summary>
    public void End() => Write(new SnapshotRecord { Part = (ulong)SnapshotPart.End }, []);

    private void Write(SnapshotRecord record, ReadOnlySpan<byte> bytes)
    {
        Put(MemoryMarshal.AsBytes(new ReadOnlySpan<SnapshotRecord>(in record)));
        int whole = bytes.Length & -SnapshotChecksum.Block;
        if (whole > 0)
            Put(bytes[..whole]);
        if (whole < bytes.Length)
        {
            Span<byte> last = stackalloc byte[SnapshotChecksum.Block];
            last.Clear();
            bytes[whole..].CopyTo(last);
            Put(last);
        }

        _to.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<SnapshotChecksum>(in _sum)));
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _sum.Add(bytes);
        _to.Write(bytes);
    }
}
