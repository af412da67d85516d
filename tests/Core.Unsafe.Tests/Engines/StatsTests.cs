using System.Buffers;
using System.Text.Json;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Engines;

/// <summary>The statistics document says what the engine says when it is asked for one thing at a time.</summary>
public class StatsTests
{
    [Test]
    public void TheMachineAndItsNodes([Values("classic mglru/demotion", "mglru@6.12/6.12/unordered/concurrent", "mglru/unordered/identity")] string form)
    {
        using var machine = new RandomMachine(41, 30, SmallMachine.Form(form));
        Engine engine = machine.Engine;
        Run(machine);
        using JsonDocument document = Read(engine);
        JsonElement root = document.RootElement;
        Assert.That(root.GetProperty("schema").GetString(), Is.EqualTo("reclaim.stats/1"));

        JsonElement told = root.GetProperty("engine");
        Assert.That(told.GetProperty("kernel").GetString(), Is.EqualTo(form.Contains("/6.12", StringComparison.Ordinal) ? "6.12" : "fixed"));
        Assert.That(told.GetProperty("exact_order").GetBoolean(), Is.EqualTo(!form.Contains("unordered", StringComparison.Ordinal)));
        Assert.That(told.GetProperty("identity").GetBoolean(), Is.EqualTo(form.Contains("identity", StringComparison.Ordinal)));
        Assert.That(told.GetProperty("concurrent").GetBoolean(), Is.EqualTo(form.Contains("concurrent", StringComparison.Ordinal)));
        Assert.That(told.GetProperty("demotion").GetBoolean(), Is.EqualTo(form.Contains("demotion", StringComparison.Ordinal)));
        Assert.That(told.GetProperty("memcgs").GetBoolean(), Is.True);
        Assert.That(told.GetProperty("pressure").GetBoolean(), Is.False);
        Assert.That(told.GetProperty("idle_age").GetBoolean(), Is.False);
        Assert.That(told.GetProperty("vector_bits").GetInt32(), Is.EqualTo(engine.VectorBits));
        Assert.That(told.GetProperty("time_us").GetInt64(), Is.EqualTo(engine.NowUs).And.GreaterThan(0));
        Assert.That(told.GetProperty("swap_total").GetUInt64(), Is.EqualTo(30));
        Assert.That(told.GetProperty("swap_free").GetUInt64(), Is.EqualTo(engine.SwapFree));
        AreCounters(told, engine.ReadMachine);

        Assert.That(root.GetProperty("nodes").GetArrayLength(), Is.EqualTo(2));
        foreach (Node node in engine.Nodes)
        {
            JsonElement at = root.GetProperty("nodes")[node.Id];
            Assert.That(at.GetProperty("node").GetInt32(), Is.EqualTo(node.Id));
            Assert.That(at.GetProperty("pages").GetUInt32(), Is.EqualTo(node.Pages));
            Assert.That(at.GetProperty("free").GetUInt32(), Is.EqualTo(node.Free));
            Assert.That(at.GetProperty("tier").GetInt32(), Is.EqualTo(node.Id), "as they were built");
            Assert.That(at.GetProperty("watermark_min").GetUInt64(), Is.EqualTo(node.Watermarks.Min));
            Assert.That(at.GetProperty("watermark_low").GetUInt64(), Is.EqualTo(node.Watermarks.Low));
            Assert.That(at.GetProperty("watermark_high").GetUInt64(), Is.EqualTo(node.Watermarks.High));
            Assert.That(at.GetProperty("kswapd_wanted").GetBoolean(), Is.EqualTo(node.KswapdWanted));
            Assert.That(at.GetProperty("kswapd_failures").GetInt32(), Is.EqualTo(node.KswapdFailures));
            AreSizes(at, engine.SizesOf(engine.Root, node));
        }
    }

    [Test]
    public void EachCgroupWithItsLimitsSizesAndCounters()
    {
        using var machine = new RandomMachine(42, null, SmallMachine.Form("classic mglru sieve"));
        Engine engine = machine.Engine;
        Run(machine);
        engine.SetHigh(engine.Memcgs[2], MemoryCgroup.Unlimited);
        engine.SetMax(engine.Memcgs[2], 77);
        engine.SetSwapMax(engine.Memcgs[3], 55);
        using JsonDocument document = Read(engine);

        Assert.That(document.RootElement.GetProperty("engine").GetProperty("swap_total").ValueKind, Is.EqualTo(JsonValueKind.Null));
        JsonElement memcgs = document.RootElement.GetProperty("memcgs");
        Assert.That(memcgs.GetArrayLength(), Is.EqualTo(engine.Memcgs.Count));
        for (int i = 0; i < engine.Memcgs.Count; i++)
        {
            // In the order of creation: numbers are given out again.
            MemoryCgroup memcg = engine.Memcgs[i];
            JsonElement at = memcgs[i];
            Assert.That(at.GetProperty("path").GetString(), Is.EqualTo(memcg.Path));
            Assert.That(at.GetProperty("policy").GetString(), Is.EqualTo(engine.PolicyNameOf(memcg)));
            Assert.That(at.GetProperty("usage").GetUInt64(), Is.EqualTo(memcg.Usage));
            Assert.That(at.GetProperty("swap_usage").GetUInt64(), Is.EqualTo(memcg.SwapUsage));
            Assert.That(at.GetProperty("min").GetUInt64(), Is.EqualTo(memcg.Min));
            Assert.That(at.GetProperty("low").GetUInt64(), Is.EqualTo(memcg.Low));
            Assert.That(Limit(at, "high"), Is.EqualTo(memcg.High));
            Assert.That(Limit(at, "max"), Is.EqualTo(memcg.Max));
            Assert.That(Limit(at, "swap_max"), Is.EqualTo(memcg.SwapMax));
            Assert.That(at.GetProperty("swappiness").GetInt32(), Is.EqualTo(memcg.Swappiness));
            LruSizes sizes = engine.SizesOf(memcg, engine.Nodes[0]) + engine.SizesOf(memcg, engine.Nodes[1]);
            AreSizes(at, sizes);
            AreCounters(at, counter => engine.Read(memcg, counter));
            Assert.That(at.TryGetProperty("pressure", out _), Is.False);
        }

        Assert.That(Limit(memcgs[2], "max"), Is.EqualTo(77));
        Assert.That(memcgs[2].GetProperty("high").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void WhatBelongsToWhomAndTheTables()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { Nodes = [new NodeOptions(1024), new NodeOptions(1024)] });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace gone = engine.CreateAddressSpace("gone", 10);
        AddressSpace space = engine.CreateAddressSpace("with \"quotes\" and é", 600, memcg, 1);
        PageFile file = engine.CreateFile(300, "data");
        engine.Map(space, 0, 100, file);
        engine.Destroy(gone);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 250).Select(i => (uint)i)], ref tally);
        using JsonDocument document = Read(engine);

        JsonElement spaces = document.RootElement.GetProperty("address_spaces");
        Assert.That(spaces.GetArrayLength(), Is.EqualTo(1));
        Assert.That(spaces[0].GetProperty("name").GetString(), Is.EqualTo(space.Name));
        Assert.That(spaces[0].GetProperty("pages").GetUInt64(), Is.EqualTo(600));
        Assert.That(spaces[0].GetProperty("resident").GetInt64(), Is.EqualTo(250));
        Assert.That(spaces[0].GetProperty("memcg").GetString(), Is.EqualTo("/m"));
        Assert.That(spaces[0].GetProperty("home_node").GetInt32(), Is.EqualTo(1));
        JsonElement files = document.RootElement.GetProperty("files");
        Assert.That(files.GetArrayLength(), Is.EqualTo(1));
        Assert.That(files[0].GetProperty("name").GetString(), Is.EqualTo("data"));
        Assert.That(files[0].GetProperty("pages").GetUInt64(), Is.EqualTo(300));
        Assert.That(files[0].GetProperty("resident").GetInt64(), Is.EqualTo(100));
        Assert.That(document.RootElement.GetProperty("memcgs")[1].GetProperty("file_mapped").GetInt64(), Is.EqualTo(100));

        JsonElement tables = document.RootElement.GetProperty("tables");
        IReadOnlyList<ColumnFootprint> footprint = engine.MeasureFootprint();
        Assert.That(tables.GetArrayLength(), Is.EqualTo(footprint.Count));
        for (int i = 0; i < footprint.Count; i++)
        {
            Assert.That(tables[i].GetProperty("name").GetString(), Is.EqualTo(footprint[i].Name));
            Assert.That(tables[i].GetProperty("element_bytes").GetInt32(), Is.EqualTo(footprint[i].ElementBytes));
            Assert.That(tables[i].GetProperty("elements").GetUInt64(), Is.EqualTo(footprint[i].Elements));
            Assert.That(tables[i].GetProperty("resident_bytes").GetUInt64(), Is.EqualTo(footprint[i].ResidentBytes));
        }
    }

    [Test]
    public void Pressure()
    {
        using var engine = new Engine(SmallMachine.Options(SmallMachine.Policy("classic")) with { Pressure = true });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 10, memcg);
        engine.SetTaskState(space, TaskState.Stalled);
        engine.NowUs = 3_333_333;
        using JsonDocument document = Read(engine);

        PressureReading reading = engine.ReadPressure(memcg);
        foreach (JsonElement at in new[] { document.RootElement.GetProperty("memcgs")[1], document.RootElement.GetProperty("nodes")[0] })
        {
            JsonElement full = at.GetProperty("pressure").GetProperty("full");
            Assert.That(full.GetProperty("total_us").GetInt64(), Is.EqualTo(3_333_333));
            Assert.That(full.GetProperty("avg10").GetInt32() / 100m, Is.EqualTo(decimal.Parse(reading.Full.Avg10.ToString(), System.Globalization.CultureInfo.InvariantCulture)).And.GreaterThan(10));
            Assert.That(full.GetProperty("avg300").GetInt32(), Is.EqualTo(reading.Full.Avg300.Hundredths).And.LessThan(full.GetProperty("avg60").GetInt32()));
            Assert.That(at.GetProperty("pressure").GetProperty("some").GetProperty("total_us").GetInt64(), Is.EqualTo(3_333_333));
        }
    }

    [Test]
    public void ThePoliciesWithWhatWasHeldAgainstThem()
    {
        using var engine = new Engine(SmallMachine.Options(PolicyDefinition.Of<Tests.Policies.Bad.Throws>()) with { Fallback = SmallMachine.Policy("fifo") });
        MemoryCgroup memcg = engine.CreateMemcg("m");
        AddressSpace space = engine.CreateAddressSpace("s", 500, memcg);
        engine.SetMax(memcg, 100);
        AccessTally tally = default;
        engine.Access(space, [.. Enumerable.Range(0, 300).Select(i => (uint)i)], ref tally);
        using JsonDocument document = Read(engine);

        JsonElement policies = document.RootElement.GetProperty("policies");
        Assert.That(policies.GetArrayLength(), Is.EqualTo(2));
        PolicyReport report = engine.PolicyReports[0];
        Assert.That(policies[0].GetProperty("policy").GetString(), Is.EqualTo("throws"));
        foreach (PolicyOverride kind in Enum.GetValues<PolicyOverride>())
            Assert.That(policies[0].GetProperty("overrides").GetProperty(kind.ToString()).GetInt64(), Is.EqualTo(report[kind]));
        JsonElement ejection = policies[0].GetProperty("ejection");
        Assert.That(ejection.GetProperty("cause").GetString(), Is.EqualTo("Threw"));
        Assert.That(ejection.GetProperty("operation").GetString(), Is.EqualTo(report.Ejection!.Operation.ToString()));
        Assert.That(ejection.GetProperty("message").GetString(), Is.EqualTo(report.Ejection.Message));
        Assert.That(ejection.GetProperty("fallback").GetString(), Is.EqualTo("fifo"));
        Assert.That(policies[1].GetProperty("ejection").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(document.RootElement.GetProperty("memcgs")[1].GetProperty("policy").GetString(), Is.EqualTo("fifo"));
    }

    private static void Run(RandomMachine machine)
    {
        for (int step = 0; step < 600; step++)
            Assert.That(machine.Step(), Is.Null);
    }

    private static JsonDocument Read(Engine engine)
    {
        var written = new ArrayBufferWriter<byte>();
        engine.WriteStats(written);
        return JsonDocument.Parse(written.WrittenMemory);
    }

    private static ulong Limit(JsonElement at, string name) =>
        at.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetUInt64() : MemoryCgroup.Unlimited;

    private static void AreCounters(JsonElement at, Func<Counter, long> expected)
    {
        foreach (Counter counter in Enum.GetValues<Counter>())
            Assert.That(at.GetProperty("counters").GetProperty(counter.ToString()).GetInt64(), Is.EqualTo(expected(counter)), counter.ToString());
    }

    private static void AreSizes(JsonElement at, LruSizes sizes)
    {
        Assert.That(at.GetProperty("inactive_anon").GetInt64(), Is.EqualTo(sizes.InactiveAnon));
        Assert.That(at.GetProperty("active_anon").GetInt64(), Is.EqualTo(sizes.ActiveAnon));
        Assert.That(at.GetProperty("inactive_file").GetInt64(), Is.EqualTo(sizes.InactiveFile));
        Assert.That(at.GetProperty("active_file").GetInt64(), Is.EqualTo(sizes.ActiveFile));
    }
}
