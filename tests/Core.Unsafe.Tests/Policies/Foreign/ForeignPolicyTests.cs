using System.Runtime.InteropServices;
using System.Text;
using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies.Foreign;

/// <summary>Policies written in C, compiled by gcc and run by the engine.</summary>
public unsafe class ForeignPolicyTests
{
    /// <summary>A policy of FIFO with every operation there, each of which checks what it is given and counts that it was called.</summary>
    private static readonly string Recorder = File.ReadAllText(Source("recorder.c"));

    /// <summary>Every operation answers, and every helper is given, what there is not.</summary>
    private static readonly string Garbage = File.ReadAllText(Source("garbage.c"));

    private static readonly string[] Operations =
    [
        "lruvec_online", "place", "remove", "arrive", "forget", "on_event", "on_accesses", "on_young", "age", "prepare", "budget",
        "isolate", "verdict", "after", "continue_", "visited", "make_shadow", "on_refault", "oldest_birth_ms", "sizes", "check",
    ];

    [Test]
    public void AnEmptyTableIsFifoToTheLastMiss([Values(1, 2)] int seed, [Values(1, 7, 50)] int capacity)
    {
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.OfLibrary(CCompiler.Example("fifo")));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 100, memcg);
        engine.SetMax(memcg, (ulong)capacity);
        ExactModel model = ExactModel.Of("fifo", capacity);
        var random = new Random(seed);
        AccessTally tally = default;
        for (int step = 0; step < 2000; step++)
        {
            uint page = (uint)(random.NextDouble() * random.NextDouble() * 100);
            model.Access(page);
            engine.Access(space, [page], ref tally);
            for (uint other = 0; other < 100; other++)
            {
                if (engine.IsResident(space, other) != model.Contains(other))
                    Assert.Fail($"seed {seed}, step {step}: page {other} should {(model.Contains(other) ? "" : "not ")}be resident");
            }
        }

        Assert.That(engine.Read(memcg, Counter.policy_overrides), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void EveryOperationIsCalledWithWhatTheHeaderSays()
    {
        long overrides;
        string path = CCompiler.Library("recorder", Recorder);
        using (var engine = new Engine(SmallMachine.Options(PolicyDefinition.OfLibrary(path)) with { Nodes = [new NodeOptions(512)], SwapPages = 10_000 }))
        {
            MemoryCgroup memcg = engine.CreateMemcg("m");
            AddressSpace space = engine.CreateAddressSpace("s", 1000, memcg);
            PageFile file = engine.CreateFile(300);
            engine.SetMax(memcg, 200);
            engine.MinTtlMs = 1;
            AccessTally tally = default;
            var random = new Random(5);
            for (int step = 0; step < 5000; step++)
            {
                uint page = (uint)random.Next(random.Next(1, 1000));
                engine.NowMs = step;
                engine.Access(space, [page, page, page / 2], ref tally);
                if (step % 3 == 0)
                    engine.AccessFile(file, page % 300, step % 2 == 0, memcg, 0, ref tally);
                if (step % 500 == 0)
                    engine.Age(memcg, engine.Nodes[0]);
                if (step % 700 == 0)
                    engine.Reclaim(new ReclaimRequest(20));
                if (step % 900 == 899)
                    engine.Discard(space, page, page + 1);
            }

            AddressSpace everything = engine.CreateAddressSpace("e", 2000);
            for (uint page = 0; page < 2000; page++)
            {
                engine.Access(everything, [page], ref tally);
                if (page % 50 == 0)
                    engine.RunKswapd(engine.Nodes[0]);
            }

            engine.Discard(space, 0, 1000);
            Assert.That(engine.Validate(), Is.Null);
            overrides = engine.Read(memcg, Counter.policy_overrides);
        }

        nint library = NativeLibrary.Load(path);
        string? wrong = Marshal.PtrToStringUTF8(NativeLibrary.GetExport(library, "wrong"));
        Assert.That(wrong, Is.Empty, "the first thing that C found wrong with its arguments");
        Assert.That(overrides, Is.Zero, "what it did and answered itself is good");
        var calls = new ReadOnlySpan<long>((void*)NativeLibrary.GetExport(library, "calls"), Operations.Length);
        for (int i = 0; i < Operations.Length; i++)
            Assert.That(calls[i], Is.Positive, Operations[i]);
    }

    [Test]
    public void AnswersThatThereAreNotAreOverriddenAndCounted([Values(0, 1, 2, 3, 4, 5, 6, 7)] int kind)
    {
        string path = CCompiler.Library("garbage", Garbage);
        *(int*)NativeLibrary.GetExport(NativeLibrary.Load(path), "kind") = kind;
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.OfLibrary(path));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 200, memcg);
        PageFile file = engine.CreateFile(50);
        engine.SetMax(memcg, 80);
        AccessTally tally = default;
        for (uint page = 0; page < 150; page++)
        {
            engine.Access(space, [page, page / 2], ref tally);
            engine.AccessFile(file, page % 50, page % 3 == 0, memcg, 0, ref tally);
            Assert.That(engine.Validate(), Is.Null, $"after page {page}");
        }

        engine.Reclaim(new ReclaimRequest(10));
        engine.RunKswapd(engine.Nodes[0]);
        engine.Age(memcg, engine.Nodes[0]);
        _ = engine.SizesOf(memcg, engine.Nodes[0]);
        engine.Discard(space, 0, 200);
        Assert.That(engine.Validate(), Is.Null);
        PolicyOverride counted = kind is 0 or 5 or 7 ? PolicyOverride.OutOfRange : PolicyOverride.BadAnswer;
        Assert.That(engine.PolicyReports[0][counted], Is.Positive);
    }

    [Test]
    public void TwoCPoliciesInOneEngineKeepApart()
    {
        string recorder = CCompiler.Library("recorder2", Recorder.Replace("\"recorder\"", "\"recorder2\""));
        using Engine engine = SmallMachine.WithRoom(
            PolicyDefinition.OfLibrary(CCompiler.Example("fifo")), PolicyDefinition.OfLibrary(CCompiler.Example("s3fifo")), PolicyDefinition.OfLibrary(recorder));
        AddressSpace[] spaces = [.. "cfifo cs3fifo recorder2".Split(' ').Select(name =>
        {
            MemoryCgroup memcg = engine.CreateMemcg(name, null, name);
            engine.SetMax(memcg, 60);
            return engine.CreateAddressSpace(name, 500, memcg);
        })];
        var random = new Random(7);
        AccessTally tally = default;
        for (int step = 0; step < 3000; step++)
        {
            engine.Access(spaces[step % 3], [(uint)random.Next(random.Next(1, 500))], ref tally);
            if (step % 100 == 0)
                engine.Reclaim(new ReclaimRequest(5));
        }

        Assert.That(Marshal.PtrToStringUTF8(NativeLibrary.GetExport(NativeLibrary.Load(recorder), "wrong")), Is.Empty);
        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void ACPolicyHandsItsPagesOverAndTakesThemBack()
    {
        string path = CCompiler.Library("recorder3", Recorder
            .Replace("\"recorder\"", "\"recorder3\"")
            .Replace("returns == ", "1 || returns == ")); // history starts anew with each binding, shadows are known from before
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.OfLibrary(path), SmallMachine.Policy("fifo"), PolicyDefinition.OfLibrary(CCompiler.Example("s3fifo")));
        MemoryCgroup memcg = engine.CreateMemcg("m", null, "recorder3");
        AddressSpace space = engine.CreateAddressSpace("s", 500, memcg);
        engine.SetMax(memcg, 100);
        AccessTally tally = default;
        uint page = 0;
        foreach (string policy in "fifo recorder3 cs3fifo recorder3 fifo cs3fifo fifo".Split(' '))
        {
            for (int i = 0; i < 300; i++, page += 7)
                engine.Access(space, [page % 500, page % 90], ref tally);
            ulong usage = memcg.Usage;
            engine.SetPolicy(memcg, policy);
            Assert.That(engine.Validate(), Is.Null, policy);
            Assert.That(memcg.Usage, Is.EqualTo(usage), "no page was lost");
        }

        nint library = NativeLibrary.Load(path);
        Assert.That(Marshal.PtrToStringUTF8(NativeLibrary.GetExport(library, "wrong")), Is.Empty);
        var calls = new ReadOnlySpan<long>((void*)NativeLibrary.GetExport(library, "calls"), Operations.Length + 3);
        Assert.That(calls[Operations.Length], Is.EqualTo(3), "lruvec_offline");
        Assert.That(calls[Operations.Length + 1], Is.EqualTo(3), "coldest_first");
        PolicyView view = engine.Host.ViewOf(engine.Root, engine.Nodes[0]);
        var text = new StringBuilder();
        view.Ops.Dump(view, text);
        Assert.That(text.ToString(), Is.EqualTo("all is written down\n"));
        Assert.That(engine.Read(engine.Root, Counter.policy_overrides), Is.Zero);
    }

    [Test]
    public void ACPolicyThatGoesOnHasItsFuelAndIsEjected()
    {
        string path = CCompiler.Library("spinner", """
            #include "reclaim_policy.h"
            static void isolate(reclaim_lruvec_t *lru, reclaim_scan_t *scan, void *pass, reclaim_budget_t *budget, reclaim_batch_t *batch)
            {
                (void)scan, (void)pass, (void)budget;
                while (reclaim_list_tail(lru, 0) != RECLAIM_NONE)
                    batch->type = 0;
            }
            static const reclaim_policy_t policy = { .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "spinner", .fuel = 2000, .isolate = isolate };
            const reclaim_policy_t *reclaim_policy(void) { return &policy; }

            """);
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.OfLibrary(path)) with { Fallback = SmallMachine.Policy("fifo") });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 500, memcg);
        engine.SetMax(memcg, 100);
        AccessTally tally = default;
        for (uint page = 0; page < 500; page++)
            engine.Access(space, [page], ref tally);

        Assert.That(engine.PolicyReports[0][PolicyOverride.OutOfFuel], Is.Positive);
        Assert.That(engine.PolicyReports[0].Ejection, Is.Not.Null);
        Assert.That(engine.PolicyNameOf(memcg), Is.EqualTo("fifo"));
        Assert.That(engine.Validate(), Is.Null);
    }

    [Test]
    public void WhatCFindsWrongWithItsStateIsWhatValidateSays()
    {
        string path = CCompiler.Library("unwell", """
            #include <string.h>
            #include "reclaim_policy.h"
            static int32_t check(reclaim_lruvec_t *lru, char *text, uint32_t capacity)
            {
                (void)lru;
                strncpy(text, "the hand is off the clock", capacity);
                return 1;
            }
            static const reclaim_policy_t policy = { .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "unwell", .check = check };
            const reclaim_policy_t *reclaim_policy(void) { return &policy; }

            """);
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.OfLibrary(path));

        Assert.That(engine.Validate(), Does.StartWith("Policy unwell of / on node 0").And.Contains("the hand is off the clock"));
    }

    [Test]
    public void NothingIsAllocatedForAnAccessUnderACPolicy()
    {
        using Engine engine = SmallMachine.WithRoom(PolicyDefinition.OfLibrary(CCompiler.Example("s3fifo")));
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 1000, memcg);
        engine.SetMax(memcg, 100);
        AccessTally tally = default;
        Run(3000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(20_000);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Run(uint steps)
        {
            for (uint i = 0; i < steps; i++)
                engine.Access(space, [(i * 2654435761u >> 8) % (1 + i % 1000)], ref tally);
        }
    }

    private static string Source(string name) =>
        Path.Combine(CCompiler.Root, "tests", "Core.Unsafe.Tests", "Policies", "Foreign", name);
}
