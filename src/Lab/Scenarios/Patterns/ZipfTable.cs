namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// Draws page numbers in [0, pages) by Zipf's law: the page of rank k (from 1) has weight k^-skew. One random number and
/// one table line of 8 bytes a draw, whatever the number of pages.
/// </summary>
/// <remarks>
/// The alias method of A. J. Walker (1977), built in linear time after M. D. Vose (1991): every column holds its own page
/// up to a threshold and one other page above it. Thresholds have 32 bits, so a page's probability is within
/// 2^-32 / pages of the exact one for each column that it appears in.
/// </remarks>
internal sealed class ZipfTable
{
    /// <summary>Most pages of a table: 64 Mi, a table of 512 MiB.</summary>
    public const uint MaxPages = 1 << 26;

    /// <summary>Greatest skew: there the first page has 99.6 % of the accesses.</summary>
    public const double MaxSkew = 8;

    private readonly Column[] _columns;

    /// <param name="pages">1 to <see cref="MaxPages"/>.</param>
    /// <param name="skew">0 (uniform) to <see cref="MaxSkew"/>.</param>
    /// <param name="permute">Whether ranks fall on pages in random order; else page 0 is the hottest, page 1 the next.</param>
    /// <param name="random">Where the order comes from.</param>
    public ZipfTable(uint pages, double skew, bool permute, ref Xoshiro256 random)
    {
        uint[] pageOfRank = new uint[pages];
        for (uint i = 0; i < pages; i++)
            pageOfRank[i] = i;
        for (uint i = pages; permute && i > 1; i--)
        {
            uint other = random.Below(i);
            (pageOfRank[i - 1], pageOfRank[other]) = (pageOfRank[other], pageOfRank[i - 1]);
        }

        double[] weight = new double[pages];
        double sum = 0;
        for (uint rank = pages; rank >= 1; rank--) // small ones first, so that the sum keeps them
            sum += weight[pageOfRank[rank - 1]] = PowerLaw.Weight(rank, skew);
        for (uint i = 0; i < pages; i++)
            weight[i] *= pages / sum;

        _columns = Fold(weight);
    }

    /// <summary>The page for <paramref name="draw"/>, 64 random bits.</summary>
    public uint PageOf(ulong draw)
    {
        // The high half of the product picks the column, the low half is the position inside that column.
        uint page = (uint)Math.BigMul(draw, (ulong)_columns.Length, out ulong position);
        Column column = _columns[page];
        // Without a branch: which of the two it is cannot be guessed.
        uint alias = (uint)(position >> 32) < column.Threshold ? 0u : 1u;
        return page ^ ((page ^ column.Alias) & unchecked(0 - alias));
    }

    // Weights have mean 1. Each step fills the rest of one light column from one heavy page; `pending` holds the light
    // ones from the front and the heavy ones from the back.
    private static Column[] Fold(double[] weight)
    {
        var columns = new Column[weight.Length];
        uint[] pending = new uint[weight.Length];
        int light = 0, heavy = weight.Length;
        for (uint page = 0; page < weight.Length; page++)
        {
            if (weight[page] < 1)
                pending[light++] = page;
            else
                pending[--heavy] = page;
        }

        while (light > 0 && heavy < pending.Length)
        {
            uint poor = pending[--light];
            uint rich = pending[heavy];
            columns[poor] = new Column((uint)(weight[poor] * 4294967296.0), rich);
            weight[rich] -= 1 - weight[poor];
            if (weight[rich] < 1)
            {
                heavy++;
                pending[light++] = rich;
            }
        }

        // What is left weighs 1 but for rounding: these columns are their own page's alone.
        while (light > 0)
            Alone(columns, pending[--light]);
        while (heavy < pending.Length)
            Alone(columns, pending[heavy++]);
        return columns;
    }

    private static void Alone(Column[] columns, uint page) => columns[page] = new Column(uint.MaxValue, page);

    private readonly record struct Column(uint Threshold, uint Alias);
}
