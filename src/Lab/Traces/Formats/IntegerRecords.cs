using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ReclaimNative.Lab.Traces;

/// <summary>The formats <c>u32</c>, <c>u64</c> and <c>be32</c>: nothing but integers of one width.</summary>
internal static class IntegerRecords
{
    internal static void ReadU32(ByteSource source, RequestCollector requests)
    {
        for (var records = source.TakeRecords(sizeof(uint)); !records.IsEmpty; records = source.TakeRecords(sizeof(uint)))
        {
            foreach (uint stored in MemoryMarshal.Cast<byte, uint>(records))
            {
                uint value = BitConverter.IsLittleEndian ? stored : BinaryPrimitives.ReverseEndianness(stored);
                requests.Add(value & ~Trace.WriteBit, (value & Trace.WriteBit) != 0);
            }
        }
    }

    internal static void ReadU64(ByteSource source, RequestCollector requests)
    {
        for (var records = source.TakeRecords(sizeof(ulong)); !records.IsEmpty; records = source.TakeRecords(sizeof(ulong)))
        {
            foreach (ulong stored in MemoryMarshal.Cast<byte, ulong>(records))
                requests.Add(BitConverter.IsLittleEndian ? stored : BinaryPrimitives.ReverseEndianness(stored), write: false);
        }
    }

    // The keys are signed; as page numbers the negative ones are their bit pattern, so -1 is page 4294967295.
    internal static void ReadBe32(ByteSource source, RequestCollector requests)
    {
        for (var records = source.TakeRecords(sizeof(uint)); !records.IsEmpty; records = source.TakeRecords(sizeof(uint)))
        {
            foreach (uint stored in MemoryMarshal.Cast<byte, uint>(records))
                requests.Add(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(stored) : stored, write: false);
        }
    }
}
