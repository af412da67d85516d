using ReclaimNative.Filters;
using ReclaimNative.Memory;

namespace ReclaimNative.Tests.Filters;

public unsafe class KernelBloomFilterTests
{
    [TestCase(0xffff888000001000UL, 3426u, 26280u)]
    [TestCase(0xffff888000001008UL, 6639u, 28106u)]
    [TestCase(0xffff888123456ff8UL, 24159u, 9050u)]
    [TestCase(0x00007f0000000000UL, 25920u, 1592u)]
    [TestCase(0x8UL, 3213u, 1826u)]
    public void TheTwoBitsAreTheKernels(ulong item, uint first, uint second) =>
        Assert.That(KernelBloomFilter.BitsOf(item), Is.EqualTo((first, second)), "kernel-reclaim 13.4");

    [Test]
    public void NothingThatWasAddedIsDeniedAndOneInFiveOthersPassesAtTenThousand()
    {
        using var block = new NativeBlock(KernelBloomFilter.Words * sizeof(ulong));
        var filter = new KernelBloomFilter((ulong*)block.Pointer);

        // Scattered over 2^40 entries: neighbours hash alike, and a filter full of neighbours passes more of them.
        var random = new Random(1);
        ulong[] items = [.. Enumerable.Range(0, 110_000).Select(_ => 0xffff888000000000UL + ((ulong)random.NextInt64(1L << 40) * 8))];
        foreach (ulong item in items.AsSpan(0, 10_000))
            filter.Add(item);

        int denied = 0;
        foreach (ulong item in items.AsSpan(0, 10_000))
            denied += filter.MayContain(item) ? 0 : 1;
        int passed = 0;
        foreach (ulong item in items.AsSpan(10_000))
            passed += filter.MayContain(item) ? 1 : 0;

        Assert.That(denied, Is.Zero);
        Assert.That(passed / 100_000.0, Is.EqualTo(0.2).Within(0.03), "(1 - e^(-20000/32768))^2 = 0.209");
        filter.Clear();
        Assert.That(filter.MayContain(items[0]), Is.False);
    }

    [Test]
    public void AFullerFilterPassesMoreAndNeverDeniesWhatItHas(
        [Range(1, 5)] int seed, [Values(100, 1000, 5000, 10_000, 20_000)] int count)
    {
        using var block = new NativeBlock(KernelBloomFilter.Words * sizeof(ulong));
        var filter = new KernelBloomFilter((ulong*)block.Pointer);
        var random = new Random(seed);
        ulong[] items = [.. Enumerable.Range(0, count).Select(_ => (ulong)random.NextInt64() * 8)];
        foreach (ulong item in items)
        {
            filter.Add(item);
            Assert.That(filter.MayContain(item), Is.True);
        }

        Assert.That(items.All(filter.MayContain), Is.True);
        int passed = Enumerable.Range(0, 20_000).Count(_ => filter.MayContain((ulong)random.NextInt64() * 8));
        double expected = Math.Pow(1 - Math.Exp(-2.0 * count / KernelBloomFilter.Bits), 2);
        Assert.That(passed / 20_000.0, Is.EqualTo(expected).Within(0.02), "a fifth at 10,000 and half at 20,000: kernel-reclaim 5.15");
    }

    [Test]
    public void BothBitsMustBeSetForAPass()
    {
        using var block = new NativeBlock(KernelBloomFilter.Words * sizeof(ulong));
        ulong* words = (ulong*)block.Pointer;
        var filter = new KernelBloomFilter(words);
        (uint first, uint second) = KernelBloomFilter.BitsOf(8);

        words[first >> 6] |= 1UL << (int)(first & 63);
        Assert.That(filter.MayContain(8), Is.False);
        words[second >> 6] |= 1UL << (int)(second & 63);
        Assert.That(filter.MayContain(8), Is.True);
        words[first >> 6] = 0;
        Assert.That(filter.MayContain(8), Is.False);
    }
}
