using System.Buffers;
using System.Text.Json;
using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.Observe;
using ReclaimNative.Policies;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>
    /// Everything that there is to know about the engine as a JSON document in UTF-8, <c>"schema":"reclaim.stats/1"</c>: docs/stats.md has its
    /// fields. Amounts are pages, but for fields that end in <c>_bytes</c> or <c>_us</c>.
    /// </summary>
    /// <remarks>
    /// Waits for the calls in flight and keeps others waiting, so that all of it is of one moment. Asks the system about every page of the
    /// tables, as <see cref="MeasureFootprint"/> does. Allocates.
    /// </remarks>
    public void WriteStats(IBufferWriter<byte> to)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(to);
        using QuiesceGate.Closure change = CloseForChange();
        using var json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        json.WriteString("schema"u8, "reclaim.stats/1"u8);
        WriteMachine(json);
        json.WriteStartArray("nodes"u8);
        foreach (Node node in _machine.Nodes)
            WriteNode(json, node);
        json.WriteEndArray();
        json.WriteStartArray("memcgs"u8);
        foreach (MemoryCgroup memcg in _machine.Memcgs)
            WriteMemcg(json, memcg);
        json.WriteEndArray();
        json.WriteStartArray("policies"u8);
        for (int tag = 0; tag < _host.Definitions.Length; tag++)
            WritePolicy(json, _host.Definitions[tag].Name, _host.RecordOf(tag));
        json.WriteEndArray();
        WriteOwners(json);
        WriteTables(json);
        json.WriteEndObject();
    }

    private void WriteMachine(Utf8JsonWriter json)
    {
        json.WriteStartObject("engine"u8);
        json.WriteString("kernel"u8, KernelVersions.NameOf(Kernel));
        json.WriteBoolean("exact_order"u8, _machine.Frames.IsOrdered);
        json.WriteBoolean("identity"u8, _machine.IsIdentity);
        json.WriteBoolean("concurrent"u8, _machine.Concurrent);
        json.WriteBoolean("memcgs"u8, HasMemcgs);
        json.WriteBoolean("demotion"u8, IsDemotionOn);
        json.WriteBoolean("pressure"u8, KeepsPressure);
        json.WriteBoolean("idle_age"u8, _machine.Ages is not null);
        json.WriteNumber("vector_bits"u8, VectorBits);
        json.WriteNumber("time_us"u8, NowUs);
        json.WriteNumber("min_ttl_ms"u8, MinTtlMs);
        WriteLimit(json, "swap_total"u8, _machine.SwapTotal);
        WriteLimit(json, "swap_free"u8, _machine.SwapFree);
        json.WriteStartObject("counters"u8);
        for (int i = 0; i < Counters.Count; i++)
            json.WriteNumber(Counters.NameOf((Counter)i), ReadMachine((Counter)i));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteNode(Utf8JsonWriter json, Node node)
    {
        json.WriteStartObject();
        json.WriteNumber("node"u8, node.Id);
        json.WriteNumber("pages"u8, node.Pages);
        json.WriteNumber("free"u8, node.Free);
        json.WriteNumber("tier"u8, node.Tier);
        json.WriteNumber("watermark_min"u8, node.Watermarks.Min);
        json.WriteNumber("watermark_low"u8, node.Watermarks.Low);
        json.WriteNumber("watermark_high"u8, node.Watermarks.High);
        json.WriteBoolean("kswapd_wanted"u8, node.KswapdWanted);
        json.WriteNumber("kswapd_failures"u8, node.KswapdFailures);
        WriteSizes(json, SizesOn(node, Root));
        if (KeepsPressure)
            WritePressure(json, ReadPressure(node));
        json.WriteEndObject();
    }

    private void WriteMemcg(Utf8JsonWriter json, MemoryCgroup memcg)
    {
        json.WriteStartObject();
        json.WriteString("path"u8, memcg.Path);
        json.WriteString("policy"u8, PolicyOf(memcg).Name);
        json.WriteNumber("usage"u8, memcg.Usage);
        json.WriteNumber("swap_usage"u8, memcg.SwapUsage);
        json.WriteNumber("min"u8, memcg.Min);
        json.WriteNumber("low"u8, memcg.Low);
        WriteLimit(json, "high"u8, memcg.High);
        WriteLimit(json, "max"u8, memcg.Max);
        WriteLimit(json, "swap_max"u8, memcg.SwapMax);
        json.WriteNumber("swappiness"u8, memcg.Swappiness);
        var sizes = default(MemorySizes);
        foreach (Node node in _machine.Nodes)
            sizes += SizesOn(node, memcg);
        WriteSizes(json, sizes);
        json.WriteStartObject("counters"u8);
        for (int i = 0; i < Counters.Count; i++)
            json.WriteNumber(Counters.NameOf((Counter)i), Read(memcg, (Counter)i));
        json.WriteEndObject();
        if (KeepsPressure)
            WritePressure(json, ReadPressure(memcg));
        json.WriteEndObject();
    }

    private static void WritePolicy(Utf8JsonWriter json, string name, PolicyRecord record)
    {
        json.WriteStartObject();
        json.WriteString("policy"u8, name);
        json.WriteStartObject("overrides"u8);
        var counts = record.Counts();
        for (int kind = 0; kind < counts.Length; kind++)
            json.WriteNumber(((PolicyOverride)kind).ToString(), counts[kind]);
        json.WriteEndObject();
        if (record.Ejection is { } ejection)
        {
            json.WriteStartObject("ejection"u8);
            json.WriteString("cause"u8, ejection.Cause.ToString());
            json.WriteString("operation"u8, ejection.Operation.ToString());
            json.WriteString("message"u8, ejection.Message);
            json.WriteString("fallback"u8, ejection.Fallback);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("ejection"u8);
        }

        json.WriteEndObject();
    }

    /// <summary>Whose pages they are: address spaces and files.</summary>
    private void WriteOwners(Utf8JsonWriter json)
    {
        json.WriteStartArray("address_spaces"u8);
        for (int id = 0; id < _machine.SpaceCapacity; id++)
        {
            if (_machine.SpaceAt(id) is not { } space)
                continue;
            json.WriteStartObject();
            json.WriteString("name"u8, space.Name);
            json.WriteNumber("pages"u8, space.Pages);
            json.WriteNumber("resident"u8, space.Resident);
            json.WriteString("memcg"u8, _machine.MemcgAt(space.MemcgId).Path);
            json.WriteNumber("home_node"u8, space.HomeNode);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("files"u8);
        for (int id = 0; id < _machine.FileIds; id++)
        {
            if (_machine.FileAt(id) is not { } file)
                continue;
            json.WriteStartObject();
            json.WriteString("name"u8, file.Name);
            json.WriteNumber("pages"u8, file.Pages);
            json.WriteNumber("resident"u8, file.Resident);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void WriteTables(Utf8JsonWriter json)
    {
        json.WriteStartArray("tables"u8);
        for (int i = 0; i < _machine.Columns.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, _machine.Columns[i].Name);
            json.WriteNumber("element_bytes"u8, _machine.Columns[i].ElementBytes);
            json.WriteNumber("elements"u8, _machine.Columns[i].Count);
            json.WriteNumber("resident_bytes"u8, _machine.ResidentBytesOf(i));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSizes(Utf8JsonWriter json, in MemorySizes sizes)
    {
        json.WriteNumber("inactive_anon"u8, sizes.InactiveAnon);
        json.WriteNumber("active_anon"u8, sizes.ActiveAnon);
        json.WriteNumber("inactive_file"u8, sizes.InactiveFile);
        json.WriteNumber("active_file"u8, sizes.ActiveFile);
        json.WriteNumber("file_mapped"u8, sizes.FileMapped);
    }

    private static void WritePressure(Utf8JsonWriter json, in PressureReading pressure)
    {
        json.WriteStartObject("pressure"u8);
        WriteShare(json, "some"u8, pressure.Some);
        WriteShare(json, "full"u8, pressure.Full);
        json.WriteEndObject();
    }

    private static void WriteShare(Utf8JsonWriter json, ReadOnlySpan<byte> name, in PressureShare share)
    {
        json.WriteStartObject(name);
        json.WriteNumber("avg10"u8, share.Avg10.Hundredths);
        json.WriteNumber("avg60"u8, share.Avg60.Hundredths);
        json.WriteNumber("avg300"u8, share.Avg300.Hundredths);
        json.WriteNumber("total_us"u8, share.TotalUs);
        json.WriteEndObject();
    }

    /// <summary>A number of pages, null for no limit.</summary>
    private static void WriteLimit(Utf8JsonWriter json, ReadOnlySpan<byte> name, ulong pages)
    {
        if (pages == MemoryCgroup.Unlimited)
            json.WriteNull(name);
        else
            json.WriteNumber(name, pages);
    }
}
