using System.Runtime.Intrinsics.X86;
using ReclaimNative.Simd;

namespace ReclaimNative.Tests.Simd;

public class VectorWidthTests
{
    [Test]
    public void TheWidestIsWhatTheseInstructionSetsAllow()
    {
        if (!Sse2.IsSupported)
            Assert.Ignore("not x64");
        VectorWidth expected = Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? VectorWidth.Vector512
            : Avx2.IsSupported ? VectorWidth.Vector256
            : VectorWidth.Vector128;

        Assert.That(VectorWidths.Widest, Is.EqualTo(expected));
        Assert.That(VectorWidths.Choose(null), Is.EqualTo(expected));
        TestContext.Out.WriteLine($"width of this run: {expected}");
    }

    [Test]
    public void AskedForLessIsGivenLessAndAskedForMoreIsGivenTheWidest()
    {
        foreach (VectorWidth width in VectorWidths.All)
        {
            VectorWidth expected = width < VectorWidths.Widest ? width : VectorWidths.Widest;
            Assert.That(VectorWidths.Choose((int)width), Is.EqualTo(expected), $"{width}");
        }

        Assert.That(VectorWidths.Choose(64), Is.EqualTo(VectorWidth.Scalar), "scalar is available everywhere");
    }

    [TestCase(0)]
    [TestCase(-64)]
    [TestCase(63)]
    [TestCase(192)]
    [TestCase(1024)]
    public void AnyOtherNumberIsRefusedInOneSentence(int asked)
    {
        ArgumentException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => VectorWidths.Choose(asked))!;

        Assert.That(refusal.Message, Does.Contain($"{asked} bits").And.Contain("64 (scalar), 128, 256 and 512 are accepted"));
    }
}
