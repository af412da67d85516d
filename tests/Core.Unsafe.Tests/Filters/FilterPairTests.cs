using ReclaimNative.Filters;
using ReclaimNative.Memory;

namespace ReclaimNative.Tests.Filters;

public unsafe class FilterPairTests
{
    [Test]
    public void KernelFiltersTakeTurns() => TakeTurns<KernelBloomFilter>();

    [Test]
    public void SplitBlockFiltersTakeTurns() => TakeTurns<SplitBlockBloomFilter>();

    private static void TakeTurns<TFilter>() where TFilter : struct, IBloomFilter<TFilter>
    {
        using var block = new NativeBlock(2 * KernelBloomFilter.Words * sizeof(ulong));
        ulong* words = (ulong*)block.Pointer;
        for (ulong first = 0; first < 2; first++)
        {
            var pair = new FilterPair<TFilter>(words, KernelBloomFilter.Words, first);
            pair.Clear();
            pair.Current.Add(10);
            pair.Next.Add(20);
            AssertHolds(pair.Current, 10);
            AssertHolds(pair.Next, 20);

            // The same memory seen from the next pass, without flipping: the parity alone decides.
            var seen = new FilterPair<TFilter>(words, KernelBloomFilter.Words, first + 1);
            AssertHolds(seen.Current, 20);
            AssertHolds(seen.Next, 10);

            pair = pair.Flip();
            AssertHolds(pair.Current, 20);
            AssertHolds(pair.Next);
            pair.Next.Add(30);
            AssertHolds(pair.Current, 20);

            pair = pair.Flip();
            AssertHolds(pair.Current, 30);
            AssertHolds(pair.Next);

            pair.Next.Add(10);
            pair.Clear();
            AssertHolds(pair.Current);
            AssertHolds(pair.Next);
        }
    }

    private static void AssertHolds<TFilter>(TFilter filter, params ulong[] keys) where TFilter : struct, IBloomFilter<TFilter>
    {
        foreach (ulong key in new ulong[] { 10, 20, 30 })
            Assert.That(filter.MayContain(key), Is.EqualTo(keys.Contains(key)), $"key {key}");
    }
}
