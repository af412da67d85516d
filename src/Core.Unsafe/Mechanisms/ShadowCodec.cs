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

    private readonly int _width;

    /// <summary>A codec of <paramref name="width"/> bits for an engine of these capacities.</summary>
    public ShadowCodec(int width, int policies, int nodes, int memcgs, ulong frames)
    {
        _width = width;
        _tagShift = 2;
        _nodeShift = _tagShift + BitsFor(policies);
        _memcgShift = _nodeShift + BitsFor(nodes);
        _stampShift = _memcgShift + BitsFor(memcgs);
        StampBits = width - _stampShift;
        int needed = 64 - BitOperations.LeadingZeroCount(frames);
        BucketOrder = Math.Max(0, needed - StampBits);
    }

    /// <summary>
    /// Shadows of 16 bits, for an engine whose pages stay on one node and in one cgroup: those are the page's own and are
    /// not stored.
    /// </summary>
    public static ShadowCodec Narrow(int policies, ulong frames) => new(16, policies, 1, 1, frames);

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
        | (_width == 32 ? (uint)entry.Node << _nodeShift | (uint)entry.Memcg << _memcgShift : 0)
        | (entry.Stamp & StampMask) << _stampShift;

    /// <summary>Reads a shadow; where it is narrow, <paramref name="memcg"/> and <paramref name="node"/> are those of the page.</summary>
    public ShadowEntry Unpack(uint shadow, ushort memcg, byte node, out int policyTag)
    {
        policyTag = (int)Field(shadow, _tagShift, _nodeShift);
        bool wide = _width == 32;
        return new ShadowEntry(
            shadow >> _stampShift,
            wide ? (ushort)Field(shadow, _memcgShift, _stampShift) : memcg,
            wide ? (byte)Field(shadow, _nodeShift, _memcgShift) : node,
            (shadow & 2) != 0);
    }

    private static uint Field(uint word, int from, int to) => word >> from & ((1u << (to - from)) - 1);

    private static int BitsFor(int values) => 32 - BitOperations.LeadingZeroCount((uint)(values - 1));
}
