using System.Numerics;
using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>What a record of a snapshot holds. docs/snapshot-format.md has the format; numbers are never given out anew.</summary>
internal enum SnapshotPart : uint
{
    /// <summary>Numbers: the options of the engine and what there is in it.</summary>
    Structure = 1,

    /// <summary>Numbers: name, element size and length of the column whose pages follow.</summary>
    Column = 2,

    /// <summary>Pages of that column.</summary>
    Pages = 3,

    /// <summary>Numbers: the fields that are kept beside columns.</summary>
    Fields = 4,

    /// <summary>Nothing: the snapshot is whole.</summary>
    End = 5,
}

/// <summary>What stands before the bytes of each record. The first of all, with <see cref="Magic"/>, stands before nothing.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SnapshotRecord
{
    /// <summary>The first eight bytes of every snapshot.</summary>
    public const ulong Magic = 0x0A70616E536C6352; // "RclSnap\n"

    /// <summary>
    /// The format, and what is kept in it: to be raised when a field is passed that was not, a column or the state of a policy comes to mean
    /// something else.
    /// </summary>
    public const uint Version = 1;

    /// <summary>Bytes of one record at most.</summary>
    public const int MostBytes = 1 << 20;

    /// <summary><see cref="Magic"/> in the first record, then a <see cref="SnapshotPart"/>.</summary>
    public ulong Part;

    /// <summary>Bytes that follow, before they are rounded up to a multiple of 32; in the first record <see cref="Version"/>.</summary>
    public ulong Bytes;

    /// <summary>Of pages, where in the column they begin; in the first record the size of a page.</summary>
    public ulong Offset;

    /// <summary>0.</summary>
    public ulong Reserved;
}

/// <summary>
/// A checksum over all bytes of a snapshot so far, which stands behind every record, so that one that is damaged, missing or from another
/// snapshot is found where it is: CRC-32C, four of them, each of every fourth word of 64 bits. One alone would wait for its own last step.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SnapshotChecksum
{
    /// <summary>Lengths are multiples of this.</summary>
    public const int Block = 4 * sizeof(ulong);

    private uint _first;
    private uint _second;
    private uint _third;
    private uint _fourth;

    /// <summary>Adds bytes, a multiple of <see cref="Block"/>.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        (uint first, uint second, uint third, uint fourth) = (_first, _second, _third, _fourth);
        for (; words.Length >= 4; words = words[4..])
        {
            first = BitOperations.Crc32C(first, words[0]);
            second = BitOperations.Crc32C(second, words[1]);
            third = BitOperations.Crc32C(third, words[2]);
            fourth = BitOperations.Crc32C(fourth, words[3]);
        }

        (_first, _second, _third, _fourth) = (first, second, third, fourth);
    }

    public readonly bool Is(in SnapshotChecksum other) =>
        _first == other._first && _second == other._second && _third == other._third && _fourth == other._fourth;
}
