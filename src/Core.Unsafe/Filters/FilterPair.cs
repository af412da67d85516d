using ReclaimNative.Simd;

namespace ReclaimNative.Filters;

/// <summary>
/// Two filters that take turns: one is read while the other is filled for the pass to come. MGLRU's page-table walks use
/// such a pair for each lruvec, because a Bloom filter cannot forget single keys.
/// </summary>
/// <remarks>
/// A view over memory that it does not own. Which of the two is current is the parity of a number that the owner counts,
/// such as that of the walk, so that the pair itself has no state to keep. Thread-safety is that of the filter; clearing
/// belongs to one thread while no other adds to <see cref="Next"/>.
/// </remarks>
/// <typeparam name="TFilter">Form of the filters.</typeparam>
internal readonly unsafe struct FilterPair<TFilter> where TFilter : struct, IBloomFilter<TFilter>
{
    private readonly ulong* _words;
    private readonly nuint _wordsEach;
    private readonly ulong _sequence;
    private readonly bool _exclusive;
    private readonly VectorWidth _width;

    /// <summary>A pair over twice <paramref name="wordsEach"/> words.</summary>
    /// <param name="words">Memory of both filters, one after the other.</param>
    /// <param name="wordsEach">64-bit words of one filter.</param>
    /// <param name="sequence">Number of the pass: even passes read the first filter, odd ones the second.</param>
    /// <param name="exclusive">True when one thread at a time uses them.</param>
    /// <param name="width">Widest vectors to use.</param>
    public FilterPair(ulong* words, nuint wordsEach, ulong sequence, bool exclusive = false, VectorWidth width = VectorWidth.Vector256)
    {
        _exclusive = exclusive;
        _width = width;
        _words = words;
        _wordsEach = wordsEach;
        _sequence = sequence;
    }

    /// <summary>The filter that this pass reads. What is added between passes goes here too.</summary>
    public TFilter Current => Of(_sequence);

    /// <summary>The filter that this pass fills for the next one.</summary>
    public TFilter Next => Of(_sequence + 1);

    /// <summary>The pair one pass on: what was next is current, and what was current is next and empty.</summary>
    public FilterPair<TFilter> Flip()
    {
        var flipped = new FilterPair<TFilter>(_words, _wordsEach, unchecked(_sequence + 1), _exclusive, _width);
        flipped.Next.Clear();
        return flipped;
    }

    /// <summary>Forgets every key of both.</summary>
    public void Clear()
    {
        Current.Clear();
        Next.Clear();
    }

    private TFilter Of(ulong sequence) => TFilter.Over(_words + (sequence & 1) * _wordsEach, _wordsEach, _exclusive, _width);
}
