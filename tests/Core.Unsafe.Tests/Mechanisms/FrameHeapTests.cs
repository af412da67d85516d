using System.Runtime.InteropServices;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Tests.Mechanisms;

/// <summary>The heap beside a sorted set.</summary>
public sealed unsafe class FrameHeapTests
{
    private const int Frames = 300;
    private const int Stride = FrameHeap.Words + 2;

    private uint* _words;
    private uint _root;

    [SetUp]
    public void Reserve()
    {
        _words = (uint*)NativeMemory.AllocZeroed(Frames * Stride, sizeof(uint));
        _root = 0;
    }

    [TearDown]
    public void Free() => NativeMemory.Free(_words);

    [Test]
    public void AfterEveryOperationTheMinimumIsThatOfASortedSet([Range(1, 4)] int seed, [Values(1, 2, 9, Frames)] int frames)
    {
        var random = new Random(seed);
        FrameHeap heap = new(_words + 1, Stride, ref _root);
        var model = new SortedSet<(ulong Key, uint Pfn)>();
        var keys = new Dictionary<uint, ulong>();
        for (int step = 0; step < 4000; step++)
        {
            uint pfn = random.Next(3) == 0 && model.Count > 0 ? model.Min.Pfn : (uint)random.Next(frames);
            if (keys.Remove(pfn, out ulong old))
            {
                Assert.That(heap.KeyOf(pfn), Is.EqualTo(old));
                heap.Remove(pfn);
                model.Remove((old, pfn));
            }

            // Long runs of growth and of shrinking, with keys on both sides of 32 bits; no two are equal.
            if (random.Next(4) < (step / 500 % 2 == 0 ? 3 : 1))
            {
                ulong key = ((ulong)random.NextInt64(1L << (step % 50)) << 13) | (uint)step;
                heap.Insert(pfn, key);
                model.Add((key, pfn));
                keys[pfn] = key;
            }

            Assert.That(heap.Minimum, Is.EqualTo(model.Count == 0 ? FrameTable.NoFrame : model.Min.Pfn), $"seed {seed}, step {step}");
            if (step % 8 == 0)
                Assert.That(heap.FindProblem(model.Count), Is.Null, $"seed {seed}, step {step}");
        }
    }

    [Test]
    public void WhatWasPutInComesOutSorted()
    {
        FrameHeap heap = new(_words + 1, Stride, ref _root);
        for (uint pfn = 0; pfn < Frames; pfn++)
            heap.Insert(pfn, (pfn * 7919UL % Frames) | (ulong.MaxValue << 40));

        for (uint i = 0; i < Frames; i++)
        {
            Assert.That(heap.KeyOf(heap.Minimum), Is.EqualTo(i | (ulong.MaxValue << 40)));
            heap.Remove(heap.Minimum);
        }

        Assert.That(heap.Minimum, Is.EqualTo(FrameTable.NoFrame));
    }

    [Test]
    public void TheWordsOnBothSidesOfItsOwnAreLeftAlone()
    {
        for (int i = 0; i < Frames; i++)
            _words[i * Stride] = _words[i * Stride + Stride - 1] = 0xABCD;
        FrameHeap heap = new(_words + 1, Stride, ref _root);
        for (uint pfn = 0; pfn < Frames; pfn++)
            heap.Insert(pfn, ulong.MaxValue - pfn);
        for (uint pfn = 0; pfn < Frames; pfn += 2)
            heap.Remove(pfn);

        Assert.That(Enumerable.Range(0, Frames).All(i => _words[i * Stride] == 0xABCD && _words[i * Stride + Stride - 1] == 0xABCD));
    }

    [Test]
    public void TheInspectionSeesAMissingFrameAWrongOrderAndABrokenLink()
    {
        FrameHeap heap = new(_words, Stride, ref _root);
        for (uint pfn = 0; pfn < 9; pfn++)
            heap.Insert(pfn, 10 + pfn);
        heap.Remove(0);
        Assert.That(heap.FindProblem(8), Is.Null);
        Assert.That(heap.FindProblem(9), Does.Contain("has 8 frames and should have 9"));
        Assert.That(heap.FindProblem(7), Does.Contain("more than the 7"));

        uint* key = _words + 1 * Stride + 3;
        *key += 100;
        Assert.That(heap.FindProblem(8), Does.Contain("lower key than its parent"));
        *key -= 100;
        uint* previous = _words + 8 * Stride + 2;
        *previous += 1;
        Assert.That(heap.FindProblem(8), Does.Contain("does not point back"));
    }

    /// <summary>A root with very many children, the worst case of one removal, has to be no matter for the stack.</summary>
    [Test]
    public void ARemovalThatVisitsAMillionChildrenNeedsNoMoreStack()
    {
        const int Many = 1_000_000;
        uint* words = (uint*)NativeMemory.AllocZeroed((nuint)Many * FrameHeap.Words, sizeof(uint));
        try
        {
            uint root = 0;
            string? problem = "not run";
            uint minimum = 0;
            var small = new Thread(
                () =>
                {
                    FrameHeap heap = new(words, FrameHeap.Words, ref root);
                    for (uint pfn = 0; pfn < Many; pfn++)
                        heap.Insert(pfn, pfn);
                    heap.Remove(0);
                    heap.Remove(1);
                    minimum = heap.Minimum;
                    problem = heap.FindProblem(Many - 2);
                },
                maxStackSize: 128 << 10);
            small.Start();
            small.Join();

            Assert.That(problem, Is.Null);
            Assert.That(minimum, Is.EqualTo(2));
        }
        finally
        {
            NativeMemory.Free(words);
        }
    }
}
