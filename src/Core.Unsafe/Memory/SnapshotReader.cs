using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>Reads a snapshot, record by record, and believes no number of it before its checksum has come out right, but for the length of a record.</summary>
internal sealed unsafe class SnapshotReader
{
    private readonly Stream _from;
    private SnapshotChecksum _sum;
    private SnapshotRecord _next;
    private ulong _read;

    /// <summary>Begins to read.</summary>
    /// <exception cref="SnapshotException">It is no snapshot, one of another version, or of a system with other pages.</exception>
    public SnapshotReader(Stream from)
    {
        _from = from;
        Get(MemoryMarshal.AsBytes(new Span<SnapshotRecord>(ref _next)));
        if (_next.Part != SnapshotRecord.Magic)
            throw new SnapshotException("These bytes are no snapshot of an engine.");
        if (_next.Bytes != SnapshotRecord.Version)
            throw new SnapshotException($"The snapshot is of format {_next.Bytes}; this build reads {SnapshotRecord.Version}.");
        if (_next.Offset != PageMap.Page)
            throw new SnapshotException($"The snapshot is of a system with pages of {_next.Offset} bytes; here they have {PageMap.Page}.");
        CheckSum();
        ReadNext();
    }

    /// <summary>What the next record holds.</summary>
    public SnapshotPart Part => (SnapshotPart)_next.Part;

    /// <summary>Reads numbers, all records in a row that hold this part, at least one.</summary>
    /// <exception cref="SnapshotException">Something else comes next, or it is damaged.</exception>
    public StateLog ReadLog(SnapshotPart part)
    {
        Expect(part);
        var numbers = new List<long>();
        bool isFull;
        do
        {
            // Only so many bytes are asked for as one record may have: a length that is wrong costs no more.
            int bytes = (int)_next.Bytes;
            var piece = new long[(bytes + SnapshotChecksum.Block - 1) / SnapshotChecksum.Block * (SnapshotChecksum.Block / sizeof(long))];
            Get(MemoryMarshal.AsBytes(piece.AsSpan()));
            CheckSum();
            numbers.AddRange(piece.AsSpan(0, bytes / sizeof(long)));
            isFull = bytes == SnapshotRecord.MostBytes;
            ReadNext();
        }
        while (isFull && Part == part);
        return StateLog.Of(numbers);
    }

    /// <summary>Reads pages into the column that they belong to.</summary>
    /// <param name="column">Its first byte.</param>
    /// <param name="bytes">Its length in whole pages.</param>
    /// <param name="end">Where the pages before ended; where these end, afterwards.</param>
    /// <exception cref="SnapshotException">They do not lie in the column, or are damaged.</exception>
    public void ReadPages(byte* column, nuint bytes, ref ulong end)
    {
        ulong first = _next.Offset;
        ulong length = _next.Bytes;
        if (first < end || first % PageMap.Page != 0 || length == 0 || length % PageMap.Page != 0 || first > bytes || length > bytes - first)
            throw new SnapshotException($"The snapshot has bytes [{first}, {first + length}) of a column that has {bytes} and came to {end}: it is damaged.");
        Get(new Span<byte>(column + first, (int)length));
        CheckSum();
        end = first + length;
        ReadNext();
    }

    /// <summary>Reads the end. What comes after it is left alone.</summary>
    /// <exception cref="SnapshotException">Something else comes.</exception>
    public void ReadEnd()
    {
        Expect(SnapshotPart.End);
        CheckSum();
    }

    private void Expect(SnapshotPart part)
    {
        if (Part != part)
            throw new SnapshotException($"The snapshot has part {(ulong)Part} where {(ulong)part} belongs, before byte {_read}: it is damaged.");
    }

    /// <summary>Reads what stands before the bytes of a record.</summary>
    private void ReadNext()
    {
        Get(MemoryMarshal.AsBytes(new Span<SnapshotRecord>(ref _next)));
        if (_next.Bytes > SnapshotRecord.MostBytes || _next.Reserved != 0 || _next.Bytes % sizeof(long) != 0 || (Part == SnapshotPart.End && _next.Bytes != 0))
            throw new SnapshotException($"The snapshot has a record of {_next.Bytes} bytes before byte {_read}, which none has: it is damaged.");
    }

    private void CheckSum()
    {
        SnapshotChecksum stated = default;
        Fill(MemoryMarshal.AsBytes(new Span<SnapshotChecksum>(ref stated)));
        if (!stated.Is(_sum))
            throw new SnapshotException($"The snapshot is damaged: its checksum before byte {_read} is not that of what was read.");
    }

    private void Get(Span<byte> bytes)
    {
        Fill(bytes);
        _sum.Add(bytes);
    }

    private void Fill(Span<byte> bytes)
    {
        int got = _from.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        _read += (ulong)got;
        if (got < bytes.Length)
            throw new SnapshotException($"The snapshot ends after {_read} bytes, in the middle.");
    }
}
