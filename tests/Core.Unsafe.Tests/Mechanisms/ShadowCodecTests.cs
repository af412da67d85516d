using FsCheck;
using FsCheck.Fluent;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Tests.Mechanisms;

public class ShadowCodecTests
{
    [Test]
    public void WhatIsPackedComesBackForEveryCapacity()
    {
        var capacities =
            from policies in Gen.Choose(1, 64)
            from nodes in Gen.Choose(1, 64)
            from memcgs in Gen.OneOf(Gen.Choose(1, 100), Gen.Choose(1, 65535))
            from frames in Gen.Choose(1, int.MaxValue)
            from tag in Gen.Choose(0, policies - 1)
            from node in Gen.Choose(0, nodes - 1)
            from memcg in Gen.Choose(0, memcgs - 1)
            from stamp in Gen.Choose(int.MinValue, int.MaxValue)
            from workingset in Gen.Elements(false, true)
            select (policies, nodes, memcgs, frames, tag, node, memcg, stamp: unchecked((uint)stamp), workingset);

        Prop.ForAll(capacities.ToArbitrary(), c =>
        {
            var codec = new ShadowCodec(32, c.policies, c.nodes, c.memcgs, (ulong)c.frames);
            var entry = new ShadowEntry(c.stamp & codec.StampMask, (ushort)c.memcg, (byte)c.node, c.workingset);

            uint shadow = codec.Pack(entry, c.tag);
            ShadowEntry back = codec.Unpack(shadow, 0, 0, out int tag);

            return back == entry && tag == c.tag && shadow != 0 && codec.StampBits >= 2
                && codec.Pack(entry with { Stamp = c.stamp }, c.tag) == shadow;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [TestCase(1, 1, 1, 30)]
    [TestCase(1, 1, 64, 24)]
    [TestCase(2, 2, 65, 21)]
    [TestCase(64, 64, 65535, 2)]
    public void FieldsTakeTheLeastThatTheCapacitiesNeed(int policies, int nodes, int memcgs, int stampBits) =>
        Assert.That(new ShadowCodec(32, policies, nodes, memcgs, 1).StampBits, Is.EqualTo(stampBits));

    // kernel-reclaim 13.6 in fields of the widths that an engine of 4 nodes and 64 cgroups needs: tag 1, workingset 1, node 2,
    // cgroup 6, stamp 22.
    [TestCase(true, 123456u << 10 | 42u << 4 | 1u << 2 | 2u | 1u)]
    [TestCase(false, 123456u << 10 | 42u << 4 | 1u << 2 | 1u)]
    public void TheFieldsLieInTheKernelsOrder(bool workingset, uint word)
    {
        var codec = new ShadowCodec(32, 1, 4, 64, 1000);

        Assert.That(codec.Pack(new ShadowEntry(123456, 42, 1, workingset), 0), Is.EqualTo(word));
        Assert.That(codec.Unpack(word, 0, 0, out _), Is.EqualTo(new ShadowEntry(123456, 42, 1, workingset)));
    }

    [TestCase(1UL << 20, 24, 0)]
    [TestCase((1UL << 24) - 1, 24, 0)]
    [TestCase(1UL << 24, 24, 1)]
    [TestCase(1UL << 31, 24, 8)]
    public void AStampTooNarrowForTheMachineTicksInBuckets(ulong frames, int bits, int order)
    {
        var codec = new ShadowCodec(32, 1, 1, 64, frames);

        Assert.That((codec.StampBits, codec.BucketOrder), Is.EqualTo((bits, order)));
        Assert.That(codec.StampMask, Is.EqualTo((1u << bits) - 1));
    }
}
