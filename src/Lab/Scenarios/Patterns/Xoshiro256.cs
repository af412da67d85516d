using System.Numerics;
using System.Runtime.CompilerServices;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// xoshiro256** 1.0: a seeded random generator that gives the same numbers on every platform and runtime version.
/// </summary>
/// <remarks>
/// D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS 47, 2021; seeded through
/// SplitMix64 as its authors advise. <see cref="System.Random"/> is not used because its algorithm is not promised.
/// A mutable struct: hold it in a field that is not readonly, pass it by reference. Loops copy it to a local and back: the four words
/// then stay in registers.
/// </remarks>
internal struct Xoshiro256
{
    private const double TwoTo63 = 9223372036854775808.0;

    private ulong _s0, _s1, _s2, _s3;

    public Xoshiro256(ulong seed)
    {
        _s0 = SplitMix(ref seed);
        _s1 = SplitMix(ref seed);
        _s2 = SplitMix(ref seed);
        _s3 = SplitMix(ref seed);
    }

    /// <summary>Starts from a given state, not all zero: what the published test vectors need.</summary>
    internal Xoshiro256(ulong s0, ulong s1, ulong s2, ulong s3) => (_s0, _s1, _s2, _s3) = (s0, s1, s2, s3);

    /// <summary>One step of SplitMix64: advances <paramref name="state"/> and returns a well mixed number.</summary>
    public static ulong SplitMix(ref ulong state)
    {
        unchecked
        {
            ulong z = state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>64 random bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Next()
    {
        unchecked
        {
            ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
            ulong t = _s1 << 17;
            _s2 ^= _s0;
            _s3 ^= _s1;
            _s1 ^= _s2;
            _s0 ^= _s3;
            _s2 ^= t;
            _s3 = BitOperations.RotateLeft(_s3, 45);
            return result;
        }
    }

    /// <summary>
    /// A number in [0, <paramref name="bound"/>) for one draw. No rejection, so one call is always one draw; the bias is
    /// below bound / 2^64.
    /// </summary>
    public uint Below(uint bound) => (uint)Math.BigMul(Next(), bound, out _);

    /// <summary>True with the probability that <see cref="CoinOf"/> turned into <paramref name="coin"/>.</summary>
    public bool Flip(ulong coin) => Next() >> 1 < coin;

    /// <summary>The coin for a probability in [0, 1]: 0 never comes up, 1 always does.</summary>
    public static ulong CoinOf(double probability) => (ulong)(probability * TwoTo63);
}
