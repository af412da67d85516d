namespace ReclaimNative.Simd;

/// <summary>
/// What a bitmap kernel needs of a vector of 64-bit words, so that each kernel is written once and compiled for four
/// widths. Implementations are empty structs: the compiler inlines every call, and no value of theirs exists.
/// </summary>
/// <typeparam name="TVector">The vector, or <see cref="ulong"/> for the scalar width.</typeparam>
internal unsafe interface IWordLanes<TVector> where TVector : unmanaged
{
    /// <summary>64-bit words of one vector: 1, 2, 4 or 8, so that a leaf table's 8 are a whole number of vectors.</summary>
    static abstract int Words { get; }

    /// <summary>Reads <see cref="Words"/> words; no alignment is asked for beyond that of a word.</summary>
    static abstract TVector Load(ulong* words);

    /// <summary>Writes <see cref="Words"/> words.</summary>
    static abstract void Store(ulong* words, TVector value);

    /// <summary>Bits set in both.</summary>
    static abstract TVector And(TVector a, TVector b);

    /// <summary>Bits set in either.</summary>
    static abstract TVector Or(TVector a, TVector b);

    /// <summary>Bits set in one of the two.</summary>
    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>Parity of three bits, at each position: the sum bit of a full adder.</summary>
    static abstract TVector Sum(TVector a, TVector b, TVector c);

    /// <summary>Majority of three bits, at each position: the carry bit of a full adder.</summary>
    static abstract TVector Carry(TVector a, TVector b, TVector c);

    /// <summary>True when no bit is set.</summary>
    static abstract bool IsZero(TVector value);

    /// <summary>Bit i set when word i is zero.</summary>
    static abstract uint ZeroWords(TVector value);

    /// <summary>Each word replaced by the count of its set bits.</summary>
    static abstract TVector PopCounts(TVector value);

    /// <summary>Wrapping sum, word by word.</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>Wrapping sum of the words of one vector.</summary>
    static abstract ulong SumOfWords(TVector value);
}
