namespace ReclaimNative.Lab.Scenarios;

/// <summary>`zipf`: a few hot pages, a long cold tail, and no change over time: a key-value store.</summary>
public sealed record ZipfSpec : PatternSpec
{
    /// <summary>Most pages of a zipf pattern: 64 Mi, since each costs 8 bytes of table.</summary>
    public const uint MostPages = ZipfTable.MaxPages;

    /// <summary>Greatest skew.</summary>
    public const double MostSkew = ZipfTable.MaxSkew;

    /// <param name="pages">Pages that are touched, at most <see cref="MostPages"/>.</param>
    /// <param name="skew">The page of rank k has weight k^-skew; 0 to <see cref="MostSkew"/>.</param>
    /// <param name="permute">Whether hot pages are strewn over the address space; else page 0 is the hottest.</param>
    /// <param name="write">Share of the accesses that write.</param>
    public ZipfSpec(uint pages, double skew = 1, bool permute = true, double write = 0)
        : base(pages, write)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pages, MostPages);
        if (!(skew >= 0 && skew <= MostSkew))
            throw new ArgumentOutOfRangeException(nameof(skew), skew, $"not from 0 to {MostSkew}");
        Skew = skew;
        Permute = permute;
    }

    /// <summary>The page of rank k has weight k^-Skew.</summary>
    public double Skew { get; }

    /// <summary>Whether hot pages are strewn over the address space; else page 0 is the hottest.</summary>
    public bool Permute { get; }

    /// <inheritdoc/>
    public override string Kind => "zipf";

    /// <inheritdoc/>
    public override AccessPattern Create(ulong seed) => new Stream(this, seed);

    private sealed class Stream : AccessPattern
    {
        private readonly ZipfTable _table;

        public Stream(ZipfSpec spec, ulong seed)
            : base(seed, spec.Write, spec.Pages) =>
            _table = new ZipfTable(spec.Pages, spec.Skew, spec.Permute, ref Random);

        private protected override void FillPages(Span<uint> pages)
        {
            Xoshiro256 random = Random;
            foreach (ref uint page in pages)
                page = _table.PageOf(random.Next());
            Random = random;
        }
    }
}
