namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// `phase`: uniform in a hot window of consecutive pages that jumps to a random place after every `Every` accesses, with
/// a few accesses anywhere: a program with phases. What was hot is worthless after a jump, so long memory hurts.
/// </summary>
public sealed record PhaseSpec : PatternSpec
{
    /// <param name="pages">Pages in all.</param>
    /// <param name="hot">Pages of the window, at most <paramref name="pages"/>; the window wraps around the end.</param>
    /// <param name="every">Accesses between two jumps, at least 1.</param>
    /// <param name="stay">Share of the accesses that fall into the window; the others are uniform over all pages.</param>
    /// <param name="write">Share of the accesses that write.</param>
    public PhaseSpec(uint pages, uint hot, long every, double stay = 0.95, double write = 0)
        : base(pages, write)
    {
        ArgumentOutOfRangeException.ThrowIfZero(hot);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hot, pages);
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        Hot = hot;
        Every = every;
        Stay = Share(stay, nameof(stay));
    }

    /// <summary>Pages of the window.</summary>
    public uint Hot { get; }

    /// <summary>Accesses between two jumps.</summary>
    public long Every { get; }

    /// <summary>Share of the accesses that fall into the window.</summary>
    public double Stay { get; }

    /// <inheritdoc/>
    public override string Kind => "phase";

    /// <inheritdoc/>
    public override AccessPattern Create(ulong seed) => new Stream(this, seed);

    private sealed class Stream(PhaseSpec spec, ulong seed) : AccessPattern(seed, spec.Write, spec.Pages)
    {
        private readonly ulong _stayCoin = Xoshiro256.CoinOf(spec.Stay);
        private long _untilJump;
        private uint _start;

        private protected override void FillPages(Span<uint> pages)
        {
            Xoshiro256 random = Random;
            foreach (ref uint page in pages)
            {
                if (_untilJump == 0)
                {
                    _start = random.Below(spec.Pages);
                    _untilJump = spec.Every;
                }

                _untilJump--;
                page = random.Flip(_stayCoin)
                    ? (uint)(((ulong)_start + random.Below(spec.Hot)) % spec.Pages)
                    : random.Below(spec.Pages);
            }

            Random = random;
        }
    }
}
