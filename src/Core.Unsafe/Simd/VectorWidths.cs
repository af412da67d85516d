using System.Runtime.Intrinsics;

namespace ReclaimNative.Simd;

/// <summary>Chooses the one width that an engine uses, once, when it is created.</summary>
public static class VectorWidths
{
    /// <summary>The four widths, narrowest first.</summary>
    public static ReadOnlySpan<VectorWidth> All =>
        [VectorWidth.Scalar, VectorWidth.Vector128, VectorWidth.Vector256, VectorWidth.Vector512];

    /// <summary>
    /// The widest that this build holds and this CPU has. A JIT asks the CPU; a NativeAOT library also knows only what it
    /// was compiled for, so that a baseline build answers 128 on a machine with AVX-512.
    /// </summary>
    /// <remarks>
    /// A kernel that is asked for more runs as scalar code, with the same results.
    /// </remarks>
    public static VectorWidth Widest =>
        Vector512.IsHardwareAccelerated ? VectorWidth.Vector512
        : Vector256.IsHardwareAccelerated ? VectorWidth.Vector256
        : Vector128.IsHardwareAccelerated ? VectorWidth.Vector128
        : VectorWidth.Scalar;

    /// <summary>The lesser of <see cref="Widest"/> and <paramref name="asked"/> bits; null asks for the widest.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number of bits that is not 64, 128, 256 or 512.</exception>
    public static VectorWidth Choose(int? asked)
    {
        VectorWidth widest = Widest;
        if (asked is not { } bits)
            return widest;
        if (bits is not (64 or 128 or 256 or 512))
            throw new ArgumentOutOfRangeException(nameof(asked), $"A vector width of {bits} bits was asked for; 64 (scalar), 128, 256 and 512 are accepted.");
        return (VectorWidth)Math.Min(bits, (int)widest);
    }
}
