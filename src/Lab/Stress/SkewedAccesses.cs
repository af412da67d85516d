using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Stress;

/// <summary>
/// The accesses of a stress run: runs of 16 neighbouring pages, four of five in a fifth of the leaf tables, the rest
/// anywhere; every fourth run writes. The hot tables lie scattered, one in each group of five.
/// </summary>
/// <remarks>
/// 16 pages are 64 KiB, what the kernel maps around a fault (<c>fault_around_bytes</c>): real programs have that much
/// locality, and a filter or a lookaround lives on it. The distribution knows nothing of the machine's size.
/// A mutable struct: one for each thread.
/// </remarks>
internal struct SkewedAccesses
{
    /// <summary>Neighbouring pages of one run.</summary>
    public const int RunPages = 16;

    private const uint TablePages = 512;
    private const uint TablesPerGroup = 5;
    private const double HotShare = 0.8;
    private const double WriteShare = 0.25;

    private static readonly ulong HotCoin = Xoshiro256.CoinOf(HotShare);
    private static readonly ulong WriteCoin = Xoshiro256.CoinOf(WriteShare);

    private Xoshiro256 _random;

    /// <summary>Accesses for one thread in one phase.</summary>
    public SkewedAccesses(ulong seed, int thread, int phase)
    {
        ulong state = seed;
        ulong mixed = Xoshiro256.SplitMix(ref state) ^ ((ulong)(uint)thread << 32 | (uint)phase);
        _random = new Xoshiro256(mixed);
    }

    /// <summary>Fills <paramref name="words"/>, a multiple of 16, with accesses to pages [0, <paramref name="pages"/>), at least 16.</summary>
    public void Fill(Span<uint> words, uint pages)
    {
        Xoshiro256 random = _random;
        uint blocks = pages / RunPages;
        uint groups = pages / (TablesPerGroup * TablePages);
        for (int at = 0; at < words.Length; at += RunPages)
        {
            uint page = groups > 0 && random.Flip(HotCoin)
                ? HotPage(ref random, groups)
                : random.Below(blocks) * RunPages;
            uint word = page | (random.Flip(WriteCoin) ? Engine.WriteBit : 0);
            for (int i = 0; i < RunPages; i++)
                words[at + i] = word + (uint)i;
        }

        _random = random;
    }

    /// <summary>Whether a table is one of the hot ones; in a group that is not whole none is.</summary>
    internal static bool IsHot(uint table) => table % TablesPerGroup == HotInGroup(table / TablesPerGroup);

    private static uint HotPage(ref Xoshiro256 random, uint groups)
    {
        uint group = random.Below(groups);
        uint block = random.Below(TablePages / RunPages);
        return (group * TablesPerGroup + HotInGroup(group)) * TablePages + block * RunPages;
    }

    // A multiplicative hash: the hot tables would otherwise be as regular as a stride.
    private static uint HotInGroup(uint group) => (uint)((ulong)unchecked(group * 0x9E3779B1u) * TablesPerGroup >> 32);
}
