using System.Buffers.Binary;

namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The format <c>oracle</c>, libCacheSim's oracleGeneral: packed little-endian records of 24 bytes, u32 time, u64 key, u32 size, i64 number
/// of the key's next request (-1 or 2^63-1: none). The key is the page; the rest is ignored.
/// </summary>
internal static class OracleRecords
{
    /// <summary>Bytes in one record.</summary>
    internal const int Size = 24;

    private const int KeyAt = 4;
    private const int NextAt = 16;

    internal static void Read(ByteSource source, RequestCollector requests)
    {
        for (var records = source.TakeRecords(Size); !records.IsEmpty; records = source.TakeRecords(Size))
        {
            for (; !records.IsEmpty; records = records[Size..])
                requests.Add(BinaryPrimitives.ReadUInt64LittleEndian(records[KeyAt..]), write: false);
        }
    }

    /// <summary>
    /// True when the records at the start of a trace can be oracleGeneral: times do not fall, and each next request is none or comes later
    /// and within 2^33 requests.
    /// </summary>
    internal static bool Fits(ReadOnlySpan<byte> start)
    {
        if (start.Length < Size)
            return false;
        uint time = 0;
        for (long number = 0; start.Length >= Size; start = start[Size..], number++)
        {
            uint now = BinaryPrimitives.ReadUInt32LittleEndian(start);
            long next = BinaryPrimitives.ReadInt64LittleEndian(start[NextAt..]);
            if (now < time || (next is not (-1 or long.MaxValue) && (next <= number || next >= 1L << 33)))
                return false;
            time = now;
        }
        return true;
    }
}
