namespace ReclaimNative.Simd;

/// <summary>Bits that one step of a kernel takes; the value is the number of bits.</summary>
public enum VectorWidth
{
    /// <summary>One 64-bit word at a time: what every build and every machine can do.</summary>
    Scalar = 64,

    /// <summary>128 bits: the baseline of x64 and of Arm64.</summary>
    Vector128 = 128,

    /// <summary>256 bits: AVX2.</summary>
    Vector256 = 256,

    /// <summary>512 bits: AVX-512 F, BW, CD, DQ and VL.</summary>
    Vector512 = 512,
}
