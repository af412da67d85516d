using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Mechanisms;

public class ProtectionTests
{
    [TestCase(100000, 50000, 100000, 50001)]
    [TestCase(100000, 100000, 100000, 32)]
    [TestCase(100000, 99968, 100000, 33)]
    [TestCase(1000, 25600, 51200, 501)]
    [TestCase(1000, 0, 51200, 1000, Description = "no protection, no floor either")]
    [TestCase(10, 0, 10, 10)]
    [TestCase(10, 10, 10, 32, Description = "the floor holds even above the size")]
    public void WhatIsLeftToScanIsTheKernels(int size, int protection, int usage, int open) =>
        Assert.That(Protection.Open((ulong)size, (ulong)protection, (ulong)usage), Is.EqualTo((ulong)open), "kernel-reclaim 13.2");

    [TestCase(200, 400, 100, 150, 300, false, 50)]
    [TestCase(100, 400, 100, 150, 100, true, 100)]
    [TestCase(300, 400, 0, 150, 100, true, 50)]
    [TestCase(300, 400, 0, 150, 100, false, 0)]
    public void AShareOfTheParentsProtectionIsTheKernels(
        int usage, int parentUsage, int setting, int parentEffective, int siblings, bool recursive, int effective) =>
        Assert.That(
            Protection.Effective((ulong)usage, (ulong)parentUsage, (ulong)setting, (ulong)parentEffective, (ulong)siblings, recursive),
            Is.EqualTo((ulong)effective),
            "kernel-reclaim 13.2");

    [Test]
    public void AChildOfTheTargetKeepsItsOwnSettingAndADeeperOneItsShare()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup a = engine.CreateMemcg("a");
        MemoryCgroup left = engine.CreateMemcg("left", a);
        MemoryCgroup right = engine.CreateMemcg("right", a);
        SetUsage(a, 400);
        SetUsage(left, 200);
        SetUsage(right, 200);
        engine.SetProtection(a, 150, 0);
        engine.SetProtection(left, 100, 0);
        engine.SetProtection(right, 200, 0);

        Protection.Refresh(a, engine.Root, recursive: true);
        Protection.Refresh(left, engine.Root, recursive: true);
        Protection.Refresh(right, engine.Root, recursive: true);

        Assert.That((a.EffectiveMin, left.EffectiveMin, right.EffectiveMin), Is.EqualTo((150ul, 50ul, 100ul)));
        SetUsage(a, 0);
        SetUsage(left, 0);
        SetUsage(right, 0);
    }

    [Test]
    public void AReclaimForACgroupLeavesItsProtectionFromOthersAlone()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup a = engine.CreateMemcg("a");
        MemoryCgroup inner = engine.CreateMemcg("inner", a);
        SetUsage(engine.Root, 400);
        SetUsage(a, 200);
        SetUsage(inner, 200);
        engine.SetProtection(a, 100, 150);
        engine.SetProtection(inner, 100, 150);
        Protection.Refresh(a, engine.Root, recursive: true);

        Protection.Refresh(a, a, recursive: true);

        Assert.That((a.EffectiveMin, a.EffectiveLow), Is.EqualTo((100ul, 150ul)), "kernel-reclaim 4.3: the target is ignored, not reset");
        Protection.Refresh(inner, engine.Root, recursive: true);
        Assert.That(inner.EffectiveMin, Is.EqualTo(100), "a shared walk may come here without passing by the parent again");
        SetUsage(engine.Root, 0);
        SetUsage(a, 0);
        SetUsage(inner, 0);
    }

    [Test]
    public void TheTargetItselfIsNeverBelowItsProtection()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup a = engine.CreateMemcg("a");
        (a.EffectiveMin, a.EffectiveLow) = (100, 100);
        SetUsage(a, 100);

        Assert.That(Protection.BelowMin(a, engine.Root), Is.True);
        Assert.That(Protection.BelowLow(a, engine.Root), Is.True);
        Assert.That(Protection.BelowMin(a, a), Is.False);
        Assert.That(Protection.BelowLow(a, a), Is.False);
        SetUsage(a, 101);
        Assert.That(Protection.BelowMin(a, engine.Root), Is.False);
        SetUsage(a, 0);
    }

    [TestCase(false, false, 51, true, Description = "low protects and is remembered as a reason for another try")]
    [TestCase(true, false, 81, false, Description = "the low pass sees min alone")]
    [TestCase(false, true, 100, false, Description = "the target is open to itself")]
    public void ScansAreCutByTheProtectionThatAppliesToTheReclaim(bool ignoresLow, bool isTarget, int open, bool skipped)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup a = engine.CreateMemcg("a");
        (a.EffectiveMin, a.EffectiveLow) = (20, 50);
        SetUsage(a, 100);
        var scan = new ScanControl { Target = isTarget ? a : engine.Root, IgnoreLow = ignoresLow };

        long left = engine.Host.ViewOf(a, engine.Nodes[0]).Unprotected(100, ref scan);

        Assert.That((left, scan.LowSkipped), Is.EqualTo(((long)open, skipped)), "kernel-reclaim 4.3");
        SetUsage(a, 0);
    }

    [Test]
    public void ReclaimFromAboveTakesFromTheUnprotectedAndFromLowOnlyAtTheEnd([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy(policy));
        MemoryCgroup top = engine.CreateMemcg("top");
        MemoryCgroup min = Filled(engine, top, "min");
        MemoryCgroup low = Filled(engine, top, "low");
        MemoryCgroup open = Filled(engine, top, "open");
        engine.SetProtection(min, 100, 100);
        engine.SetProtection(low, 0, 100);

        engine.Reclaim(new ReclaimRequest(60, top));
        Assert.That((min.Usage, low.Usage), Is.EqualTo((100ul, 100ul)), "there was enough without protection");
        Assert.That(open.Usage, Is.LessThanOrEqualTo(40));

        engine.Reclaim(new ReclaimRequest(150, top));
        Assert.That(min.Usage, Is.EqualTo(100), "min holds whatever is asked");
        Assert.That(low.Usage, Is.LessThan(100), "low gives way before reclaim gives up");
        Assert.That(engine.Validate(), Is.Null);
    }

    /// <summary>As if so many pages were charged to this cgroup alone.</summary>
    private static void SetUsage(MemoryCgroup memcg, long pages) => memcg.AddUsage(pages - (long)memcg.Usage, concurrent: false);

    private static MemoryCgroup Filled(Engine engine, MemoryCgroup parent, string name)
    {
        MemoryCgroup memcg = engine.CreateMemcg(name, parent);
        AddressSpace space = engine.CreateAddressSpace(name, 100, memcg);
        AccessTally tally = default;
        for (uint page = 0; page < 100; page++)
            engine.Access(space, [page], ref tally);
        return memcg;
    }
}
