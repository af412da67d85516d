using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>A cgroup ends as by rmdir: what it holds and has counted is its parent's.</summary>
public class MemcgRemovalTests
{
    private static readonly Counter[] Counters = Enum.GetValues<Counter>();

    /// <summary>Also what those below it had counted that ended before.</summary>
    [Test]
    public void WhatARowOfEndedCgroupsHasCountedStaysInTheSums()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")));
        MemoryCgroup parent = engine.CreateMemcg("p");
        MemoryCgroup memcg = engine.CreateMemcg("c", parent);
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 100).Select(i => (uint)i)], ref tally);
        engine.Reclaim(new ReclaimRequest(30, memcg));
        engine.Destroy(space);
        long[] counted = [.. Counters.Select(c => engine.Read(engine.Root, c))];
        Assert.That(engine.Read(memcg, Counter.pgsteal_anon), Is.Positive);
        engine.Remove(memcg);
        engine.Remove(parent);
        Assert.That(Counters.Select(c => engine.Read(engine.Root, c)), Is.EqualTo(counted));
    }

    /// <summary>Every policy hands over and every policy takes.</summary>
    [Test]
    public void ItsPageCacheIsTheParentsFromThenOn([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy, [Values] bool gives)
    {
        string of = gives ? policy : "mglru";
        string takes = gives ? "classic" : policy;
        using var engine = new Engine(SmallMachine.Options([.. new[] { of, takes }.Distinct().Select(SmallMachine.Policy)]) with { Nodes = [new NodeOptions(2048), new NodeOptions(2048)], IdleAge = true });
        MemoryCgroup parent = engine.CreateMemcg("p", null, takes);
        MemoryCgroup memcg = engine.CreateMemcg("c", parent, of);
        AddressSpace mapper = engine.CreateAddressSpace("s", 300, parent);
        PageFile file = engine.CreateFile(300);
        engine.Map(mapper, 0, 300, file);
        AccessTally tally = default;
        engine.AccessFile(file, [.. Enumerable.Range(0, 200).Select(i => (uint)i)], memcg, 0, ref tally);
        engine.AccessFile(file, [.. Enumerable.Range(200, 100).Select(i => (uint)i)], memcg, 1, ref tally);
        engine.Access(mapper, [.. Enumerable.Range(50, 200).Select(i => (uint)i)], ref tally);
        engine.Reclaim(new ReclaimRequest(40, memcg));
        engine.ScanIdleAges();
        engine.AccessFile(file, [.. Enumerable.Range(0, 300).Select(i => (uint)i)], memcg, 0, ref tally);
        bool[] resident = [.. Enumerable.Range(0, 300).Select(i => engine.IsResident(mapper, (ulong)i))];
        long cached = file.Resident;
        ulong usage = parent.Usage;
        long[] counted = [.. Counters.Select(c => engine.Read(parent, c))];
        long[] local = [.. Counters.Select(c => engine.ReadLocal(parent, c))];
        var promoted = new long[256];
        engine.ReadPromotions(parent, promoted);
        Assert.That(memcg.Usage, Is.Positive);

        engine.Remove(memcg);

        Assert.That(engine.Validate(), Is.Null);
        Assert.That(parent.Usage, Is.EqualTo(usage));
        Assert.That(parent.Children, Is.Empty);
        Assert.That(file.Resident, Is.EqualTo(cached));
        Assert.That(Enumerable.Range(0, 300).Select(i => engine.IsResident(mapper, (ulong)i)), Is.EqualTo(resident));
        Assert.That(Counters.Select(c => engine.Read(parent, c)), Is.EqualTo(counted), "hierarchical counts don't go down");
        Assert.That(Counters.Select(c => engine.ReadLocal(parent, c)), Is.EqualTo(local), "and what the parent counted itself is what it was");
        var after = new long[256];
        engine.ReadPromotions(parent, after);
        Assert.That(after, Is.EqualTo(promoted));
        Assert.That(engine.SizesOf(parent, engine.Nodes[0]) + engine.SizesOf(parent, engine.Nodes[1]), Has.Property("ActiveAnon").EqualTo(0L));

        // They are reclaimed from the parent, and the policy there can do what it does with its own.
        Assert.That(engine.Reclaim(new ReclaimRequest((long)usage, parent)).Reclaimed, Is.GreaterThan((long)usage / 2));
        engine.AccessFile(file, [.. Enumerable.Range(0, 300).Select(i => (uint)i)], parent, 0, ref tally);
        Assert.That(engine.Validate(), Is.Null);
        using Engine copy = engine.Fork();
        Assert.That(EngineDigest.OfCopy(copy).Except(EngineDigest.OfCopy(engine)), Is.Empty);
    }

    [Test]
    public void ItsNumberIsGivenOutAgainAndNothingOfTheOldOneIsLeft([ValueSource(typeof(SmallMachine), nameof(SmallMachine.PolicyNames))] string policy)
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy(policy)) with { Memcgs = 3, Pressure = true });
        PageFile file = engine.CreateFile(200);
        AccessTally tally = default;
        uint[] all = [.. Enumerable.Range(0, 200).Select(i => (uint)i)];
        for (int round = 0; round < 5; round++)
        {
            MemoryCgroup kept = engine.FindMemcg("/kept") ?? engine.CreateMemcg("kept");
            MemoryCgroup memcg = engine.CreateMemcg("job");
            Assert.That(memcg.Id, Is.EqualTo(2));
            Assert.That(() => engine.CreateMemcg("more"), Throws.TypeOf<EngineException>().With.Message.Contains("3 cgroups"));
            Assert.That(Counters.Sum(c => engine.Read(memcg, c)), Is.Zero);
            Assert.That(memcg.Usage + memcg.SwapUsage, Is.Zero);
            Assert.That(engine.SizesOf(memcg, engine.Nodes[0]), Is.EqualTo(default(ReclaimNative.Policies.LruSizes)));
            engine.SetMax(memcg, 60);
            AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
            engine.Access(space, all.AsSpan(0, 100), ref tally);
            engine.AccessFile(file, all, memcg, 0, ref tally);
            engine.AccessFile(file, all, kept, 0, ref tally);
            Assert.That(() => engine.Remove(memcg), Throws.TypeOf<EngineException>().With.Message.Contains("Address space s"));
            engine.Destroy(space);
            engine.Remove(memcg);
            Assert.That(engine.FindMemcg("/job"), Is.Null);
            Assert.That(() => engine.SetMax(memcg, 1), Throws.TypeOf<EngineException>().With.Message.Contains("removed"));
            Assert.That(engine.Validate(), Is.Null, $"round {round}");
        }
    }

    [Test]
    public void TheRootAndWhatHasCgroupsBelowItStay()
    {
        using Engine engine = SmallMachine.WithRoom(SmallMachine.Policy("fifo"));
        MemoryCgroup outer = engine.CreateMemcg("outer");
        MemoryCgroup inner = engine.CreateMemcg("inner", outer);
        Assert.That(() => engine.Remove(engine.Root), Throws.TypeOf<EngineException>().With.Message.Contains("root"));
        Assert.That(() => engine.Remove(outer), Throws.TypeOf<EngineException>().With.Message.Contains("/outer/inner"));
        engine.Remove(inner);
        engine.Remove(outer);
        Assert.That(() => engine.Remove(outer), Throws.TypeOf<EngineException>().With.Message.Contains("removed"));
        Assert.That(engine.Memcgs, Is.EqualTo(new[] { engine.Root }));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void ARequestForItEndsAndAWalkThatStoodAtItGoesOn()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")));
        MemoryCgroup a = engine.CreateMemcg("a");
        MemoryCgroup b = engine.CreateMemcg("b");
        AddressSpace space = engine.CreateAddressSpace("s", 400, b);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 400).Select(i => (uint)i)], ref tally);
        ReclaimOperation operation = engine.Begin(new ReclaimRequest(10, a));
        engine.Machine.LruvecOf(engine.Root, engine.Nodes[0]).Cookie.Position = a;

        engine.Remove(a);

        Assert.That(engine.Machine.LruvecOf(engine.Root, engine.Nodes[0]).Cookie.Position, Is.Null);
        Assert.That(operation.Step(), Is.False);
        Assert.That(operation.Result.Stop, Is.EqualTo(ReclaimStop.Canceled));
        Assert.That(engine.Reclaim(new ReclaimRequest(50)).Reclaimed, Is.GreaterThanOrEqualTo(50));
    }

    [Test]
    public void WhoWaitsForPressureOfItWaitsInVain()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { Pressure = true });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace task = engine.CreateAddressSpace("s", 10, memcg);
        using PressureTrigger trigger = engine.AddPressureTrigger(memcg, "some 100000 1000000");
        engine.SetTaskState(task, TaskState.Stalled);
        engine.NowMs = 50;
        engine.Destroy(task);
        engine.Remove(memcg);
        MemoryCgroup next = engine.CreateMemcg("n");
        Assert.That(engine.ReadPressure(next).Some.TotalUs, Is.Zero);
        engine.SetTaskState(engine.CreateAddressSpace("t", 10, next), TaskState.Stalled);
        engine.NowMs = 5000;
        Assert.That(trigger.TakeEvent(), Is.False);
        Assert.That(engine.Pressure.TriggerCount, Is.Zero);
        Assert.That(engine.ReadPressure(next).Some.TotalUs, Is.EqualTo(4_950_000));
    }
}
