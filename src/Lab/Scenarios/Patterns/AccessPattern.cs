using System.Runtime.CompilerServices;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// An endless, seeded stream of page accesses by one process. The same <see cref="PatternSpec"/> and seed give the same
/// accesses on every platform, however the calls to <see cref="Fill"/> cut them up. Not safe for two threads at once.
/// </summary>
public abstract class AccessPattern
{
    /// <summary>The bit of an access that says write; the other 31 are the page number.</summary>
    public const uint WriteBit = 0x8000_0000;

    /// <summary>Most pages that one pattern can address: 2^31, since bit 31 of an access is taken.</summary>
    public const uint MaxPages = 0x8000_0000;

    /// <summary>The generator of page numbers.</summary>
    private protected Xoshiro256 Random;

    private readonly ulong _writeCoin;
    private readonly uint _writablePages;

    // Writes are drawn apart from pages, so that changing the write share leaves the pages as they were.
    private Xoshiro256 _writes;

    /// <param name="seed">Where both generators start.</param>
    /// <param name="write">Share of the accesses that write, 0 to 1.</param>
    /// <param name="writablePages">Pages at or above this one are only ever read.</param>
    private protected AccessPattern(ulong seed, double write, uint writablePages)
    {
        Random = new Xoshiro256(Xoshiro256.SplitMix(ref seed));
        _writes = new Xoshiro256(Xoshiro256.SplitMix(ref seed));
        _writeCoin = Xoshiro256.CoinOf(write);
        _writablePages = writablePages;
    }

    /// <summary>
    /// Overwrites <paramref name="accesses"/> with the next ones: page number, with <see cref="WriteBit"/> set when it is
    /// a write. Allocates nothing.
    /// </summary>
    public void Fill(Span<uint> accesses)
    {
        FillPages(accesses);
        if (_writeCoin != 0)
            MarkWrites(accesses);
    }

    /// <summary>Overwrites <paramref name="pages"/> with the next page numbers, drawn from <see cref="Random"/>.</summary>
    private protected abstract void FillPages(Span<uint> pages);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MarkWrites(Span<uint> accesses)
    {
        Xoshiro256 writes = _writes;
        foreach (ref uint access in accesses)
        {
            // Without a branch: a coin is what no branch predictor can guess.
            int flipped = writes.Flip(_writeCoin) ? 1 : 0;
            int writable = access < _writablePages ? 1 : 0;
            access |= (uint)(flipped & writable) << 31;
        }

        _writes = writes;
    }
}
