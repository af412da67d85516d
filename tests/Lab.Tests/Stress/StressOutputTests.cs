using System.Text;
using System.Text.Json;
using ReclaimNative.Lab.Stress;
using ReclaimNative.Lru;
using Spectre.Console;

namespace ReclaimNative.Lab.Tests.Stress;

/// <summary>The two forms of a result: JSON for programs, a table for people.</summary>
public sealed class StressOutputTests
{
    private const string ContractFields =
        "pages bytes_per_page populate_seconds accesses_per_second ptes_scanned_per_second pages_reclaimed_per_second threads "
        + "vector_bits policy exact_order rss_bytes frames mapped_ptes valid";

    private static readonly StressRow Small = new()
    {
        Pages = 64 << 20,
        Threads = 2,
        VectorBits = 512,
        Policy = "mglru-bloom",
        Order = ListOrder.Unordered,
        Frames = 1000,
        MappedEntries = 1000,
        ResidentBytes = 9800,
        ColumnBytes = 10_000,
        ResidentColumnBytes = 9700,
        PopulateSeconds = 1.5,
        Accesses = new Rate(3_000_000, 0.5),
        EntriesScanned = new Rate(1_000_001, 2),
        Reclaimed = new Rate(8_000_000, 4),
        MixedAccesses = new Rate(10_000_000, 5),
        MixedFaults = 500_000,
        MixedReclaimed = new Rate(1_500_000, 5),
        Refused = 0,
        ValidateSeconds = 2.25,
        Problem = null,
    };

    private static readonly StressRow Large = Small with
    {
        Pages = 1 << 30,
        Accesses = new Rate(3_000_000, 1),
        EntriesScanned = new Rate(1_000_001, 2.2),
        Reclaimed = new Rate(8_000_000, 5),
    };

    [Test]
    public void EveryRowOfTheJsonHasTheFieldsOfTheContractInItsOrder()
    {
        JsonElement document = JsonDocument.Parse(Json(new StressResult([Small, Large], ["a note"]))).RootElement;

        Assert.That(Names(document), Is.EqualTo("schema rows"));
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("reclaim.stress/1"));
        Assert.That(document.GetProperty("rows").EnumerateArray().Select(Names), Is.EqualTo((string[])[ContractFields, ContractFields]));
    }

    [Test]
    public void ValuesComeBackAsTheyWere()
    {
        string json = Json(new StressResult([Small with { Problem = "broken" }], []));

        Assert.That(json.ReplaceLineEndings("").Replace(" ", ""), Is.EqualTo(
            """
            {"schema":"reclaim.stress/1","rows":[{"pages":67108864,"bytes_per_page":9.8,"populate_seconds":1.5,"accesses_per_second":6000000,
            "ptes_scanned_per_second":500000,"pages_reclaimed_per_second":2000000,"threads":2,"vector_bits":512,"policy":"mglru-bloom",
            "exact_order":false,"rss_bytes":9800,"frames":1000,"mapped_ptes":1000,"valid":false}]}
            """.ReplaceLineEndings("")));
        Assert.That(json, Does.EndWith("}\n").And.Not.EndsWith("\n\n"));
    }

    [Test]
    public void WhatTookNoTimeHasSpeedZeroRatherThanNoNumber()
    {
        string json = Json(new StressResult([Small with { Accesses = default, Frames = 0 }], []));

        JsonElement row = JsonDocument.Parse(json).RootElement.GetProperty("rows")[0];
        Assert.That(row.GetProperty("accesses_per_second").GetDouble(), Is.Zero);
        Assert.That(row.GetProperty("bytes_per_page").GetDouble(), Is.Zero);
    }

    [Test]
    public void TheTableHasAColumnForEachMachine()
    {
        string[] lines = Table(new StressResult([Small, Large], []));

        Assert.That(lines[0], Is.EqualTo("mglru-bloom, unordered lists, 2 threads, 512-bit vectors"));
        Assert.That(Cells(lines, "pages"), Is.EqualTo((string[])["64M", "1G"]));
        Assert.That(Cells(lines, "memory grown, bytes a page"), Is.EqualTo((string[])["9.80", "9.80"]));
        Assert.That(Cells(lines, "columns backed, bytes a page"), Is.EqualTo((string[])["9.70", "9.70"]));
        Assert.That(Cells(lines, "columns reserved, bytes a page"), Is.EqualTo((string[])["10.00", "10.00"]));
        Assert.That(Cells(lines, "grown against backed"), Is.EqualTo((string[])["+1.0 %", "+1.0 %"]));
        Assert.That(Cells(lines, "grown against reserved"), Is.EqualTo((string[])["-2.0 %", "-2.0 %"]));
        Assert.That(Cells(lines, "accesses, M/s"), Is.EqualTo((string[])["6.00", "3.00"]));
        Assert.That(Cells(lines, "valid"), Is.EqualTo((string[])["yes", "yes"]));
    }

    [Test]
    public void TheLastLineComparesTheCostsOf64MAnd1G()
    {
        Assert.That(Table(new StressResult([Small, Large], []))[^1], Is.EqualTo(
            "from 64M to 1G pages an access costs 2.00 times as much, a scanned entry 1.10 times as much, a reclaimed page 1.25 times as much (aim: at most 1.5 times)"));
        Assert.That(Table(new StressResult([Small], []))[^1], Does.StartWith("valid"));
    }

    [Test]
    public void WhatAReaderMustKnowIsSaidBelow()
    {
        StressRow odd = Large with { Frames = 999, EntriesScanned = default, Refused = 7, Problem = "Frame 3 is lost." };
        string text = string.Join('\n', Table(new StressResult([odd], ["2G pages are left out"])));

        Assert.That(text, Does.Contain("walks no page tables"));
        Assert.That(text, Does.Contain("1 pages were mapped and still in batches"));
        Assert.That(text, Does.Contain("7 accesses found no memory"));
        Assert.That(text, Does.Contain("not valid with 1G pages: Frame 3 is lost."));
        Assert.That(text, Does.Contain("note: 2G pages are left out"));
    }

    private static string[] Cells(string[] lines, string name) =>
        lines.First(l => l.StartsWith(name + "  ", StringComparison.Ordinal))[name.Length..].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string[] Table(StressResult result)
    {
        StringWriter writer = new();
        StressTable.Write(result, AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) }));
        Assert.That(writer.ToString(), Does.Not.Contain("\u001b"), "no colours in a pipe");
        return [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd())];
    }

    private static string Json(StressResult result)
    {
        using MemoryStream stream = new();
        StressJson.Write(result, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Names(JsonElement value) => string.Join(' ', value.EnumerateObject().Select(property => property.Name));
}
