using ReclaimNative.Simd;

namespace ReclaimNative.Tests.Simd;

internal sealed unsafe class PageRunTests
{
    [Test]
    public void BothWidthsFindRunsAndWhatBreaksThemAtEveryLength()
    {
        uint* words = stackalloc uint[70];
        foreach (uint first in new[] { 0u, 7u, 0x8000_0003u, uint.MaxValue - 20 })
        {
            for (int count = 1; count <= 70; count++)
            {
                for (int broken = -1; broken < count; broken++)
                {
                    for (int i = 0; i < count; i++)
                        words[i] = unchecked(first + (uint)i);
                    if (broken >= 0)
                        words[broken] ^= 0x8000_0000;

                    // One word is a run, whatever it is.
                    bool expected = broken < 0 || count == 1;
                    Assert.That(PageRun.Is(words, count, VectorWidth.Scalar), Is.EqualTo(expected), $"scalar, {count} words, word {broken} broken");
                    Assert.That(PageRun.Is(words, count, VectorWidth.Vector128), Is.EqualTo(expected), $"128 bits, {count} words, word {broken} broken");
                }
            }
        }
    }
}
