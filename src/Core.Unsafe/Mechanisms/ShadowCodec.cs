using System.Numerics;

namespace ReclaimNative.Mechanisms;

/// <summary>What is remembered of an evicted page until it comes back.</summary>
/// <param name="Stamp">The policy's own time of eviction, modulo the width that the codec gives it.</param>
/// <param name="Memcg">Id of the cgroup whose clock the stamp was read from.</param>
/// <param name="Node">Id of the node it was on.</param>
/// <param name="Workingset">The page had been part of the working set.</param>
public readonly record struct ShadowEntry(uint Stamp, ushort Memcg, byte Node, bool Workingset);

/// <summary>
/// Packs a <see cref="ShadowEntry"/> into the 32 bits of an absent table entry. Low to high:
/// <code>
/// [1: always set, so that a shadow is never "never used"][workingset 1][policy tag][node][memcg][stamp: the rest]
/// </code>
/// The widths of tag, node and memcg are the least that the engine's capacities need. Where the stamp is too narrow to
/// count every page of the machine, its clock is divided by 2^<see cref="BucketOrder"/>.
/// Source: kernel-reclaim reference 3.1, narrowed to a table entry as later kernels do for swap.
/// </summary>
internal readonly struct ShadowCodec
{
    private readonly int _tagShift;
    private readonly int _nodeShift;
    private readonly int _memcgShift;
    private readonly int _stampShift;

    public ShadowCodec(int policies, int nodes, int memcgs, ulong frames)
    {
        _tagShift = 2;
        _nodeShift = _tagShift + BitsFor(policies);
        _memcgShift = _nodeShift + BitsFor(nodes);
        _stampShift = _memcgShift + BitsFor(memcgs);
        StampBits = 32 - _stampShift;
        int needed = 64 - BitOperations.LeadingZeroCount(frames);
        BucketOrder = Math.Max(0, needed - StampBits);
    }

    /// <summary>Width of a stamp in bits; stamps compare modulo 2^StampBits.</summary>
    public int StampBits { get; }

    /// <summary>log2 of the pages that one tick of a page-counting stamp stands for.</summary>
    public int BucketOrder { get; }

    /// <summary>All bits of a stamp.</summary>
    public uint StampMask => StampBits == 32 ? uint.MaxValue : (1u << StampBits) - 1;

    public uint Pack(in ShadowEntry entry, int policyTag) =>
        1u
        | (entry.Workingset ? 2u : 0u)
        | (uint)policyTag << _tagShift
        | (uint)entry.Node << _nodeShift
        | (uint)entry.Memcg << _memcgShift
        | (entry.Stamp & StampMask) << _stampShift;

    public ShadowEntry Unpack(uint shadow, out int policyTag)
    {
        policyTag = (int)Field(shadow, _tagShift, _nodeShift);
        return new ShadowEntry(
            shadow >> _stampShift,
            (ushort)Field(shadow, _memcgShift, _stampShift),
            (byte)Field(shadow, _nodeShift, _memcgShift),
            (shadow & 2) != 0);
    }

    private static uint Field(uint word, int from, int to) => word >> from & ((1u << (to - from)) - 1);

    private static int BitsFor(int values) => 32 - BitOperations.LeadingZeroCount((uint)(values - 1));
}
