namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// `hotscan`: zipf over hot pages [0, Hot), and between them a cyclic scan of cold pages [Hot, Hot + Cold): a service
/// beside its own backup. A policy that takes the scan's pages for hot ones pays with the hot set. Only hot pages are
/// written.
/// </summary>
public sealed record HotScanSpec : PatternSpec
{
    /// <param name="hot">Hot pages, at most <see cref="ZipfSpec.MostPages"/>.</param>
    /// <param name="cold">Pages of the scan.</param>
    /// <param name="scan">Share of the accesses that belong to the scan.</param>
    /// <param name="skew">Skew of the hot pages; 0 to <see cref="ZipfSpec.MostSkew"/>.</param>
    /// <param name="write">Share of the accesses to hot pages that write.</param>
    public HotScanSpec(uint hot, uint cold, double scan = 0.1, double skew = 0.8, double write = 0)
        : base(Total(hot, cold), write)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hot, ZipfSpec.MostPages);
        if (!(skew >= 0 && skew <= ZipfSpec.MostSkew))
            throw new ArgumentOutOfRangeException(nameof(skew), skew, $"not from 0 to {ZipfSpec.MostSkew}");
        Hot = hot;
        Cold = cold;
        Scan = Share(scan, nameof(scan));
        Skew = skew;
    }

    /// <summary>Hot pages: [0, Hot).</summary>
    public uint Hot { get; }

    /// <summary>Pages of the scan: [Hot, Hot + Cold).</summary>
    public uint Cold { get; }

    /// <summary>Share of the accesses that belong to the scan.</summary>
    public double Scan { get; }

    /// <summary>The hot page of rank k has weight k^-Skew.</summary>
    public double Skew { get; }

    /// <inheritdoc/>
    public override string Kind => "hotscan";

    /// <inheritdoc/>
    public override AccessPattern Create(ulong seed) => new Stream(this, seed);

    private static uint Total(uint hot, uint cold)
    {
        ArgumentOutOfRangeException.ThrowIfZero(hot);
        ArgumentOutOfRangeException.ThrowIfZero(cold);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cold, AccessPattern.MaxPages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hot, AccessPattern.MaxPages - cold);
        return hot + cold;
    }

    private sealed class Stream : AccessPattern
    {
        private readonly uint _hot;
        private readonly uint _end;
        private readonly ulong _scanCoin;
        private readonly ZipfTable _table;
        private uint _next;

        public Stream(HotScanSpec spec, ulong seed)
            : base(seed, spec.Write, spec.Hot)
        {
            _hot = _next = spec.Hot;
            _end = spec.Pages;
            _scanCoin = Xoshiro256.CoinOf(spec.Scan);
            _table = new ZipfTable(spec.Hot, spec.Skew, permute: true, ref Random);
        }

        private protected override void FillPages(Span<uint> pages)
        {
            Xoshiro256 random = Random;
            foreach (ref uint page in pages)
            {
                if (random.Flip(_scanCoin))
                {
                    page = _next;
                    _next = _next + 1 == _end ? _hot : _next + 1;
                }
                else
                {
                    page = _table.PageOf(random.Next());
                }
            }

            Random = random;
        }
    }
}
