using ReclaimNative.Simd;

namespace ReclaimNative.Filters;

/// <summary>
/// A set of 64-bit keys that may say "maybe" for an absent key and never "no" for one that was added. Implementations are
/// structs over memory that somebody else owns, taken as type parameters, so that no call is virtual.
/// </summary>
internal unsafe interface IBloomFilter<TSelf> where TSelf : struct, IBloomFilter<TSelf>
{
    /// <summary>A filter over <paramref name="count"/> 64-bit words, with what is in them.</summary>
    /// <param name="words">Its memory.</param>
    /// <param name="count">Words.</param>
    /// <param name="exclusive">True when one thread at a time uses it.</param>
    /// <param name="width">Widest vectors to use.</param>
    static abstract TSelf Over(ulong* words, nuint count, bool exclusive, VectorWidth width);

    /// <summary>Forgets every key.</summary>
    void Clear();

    /// <summary>Adds <paramref name="key"/>.</summary>
    void Add(ulong key);

    /// <summary>False: <paramref name="key"/> was not added. True: it may have been.</summary>
    bool MayContain(ulong key);
}
