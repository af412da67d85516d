using System.Text;
using System.Text.Json;
using ReclaimNative.Lab.Fidelity;
using ReclaimNative.Lab.Results;
using Spectre.Console;

namespace ReclaimNative.Lab.Tests.Fidelity;

/// <summary>What is made of the cells: summaries, directions, the JSON and the table.</summary>
public sealed class FidelityResultTests
{
    [Test]
    public void ClassesAreSummedUpApartForWhatTheirCellsShow()
    {
        FidelityResult result = new(
            [
                Cell("mglru@6.12", 1000, 1100, lru: 1200),
                Cell("mglru@6.1", 1000, 1010, lru: 1005, kind: CellKind.Within),
                Cell("mglru@6.1-walk", 1000, 940, lru: 1200),
                Cell("mglru@6.1", 1000, 1020, lru: 1200),
                Cell("classic@6.1", 1000, 1000, lru: 1000, kind: CellKind.AllMiss),
            ],
            []);

        Assert.That(result.Summary.Select(s => $"{s.Class} {s.Kind} {s.Cells} {s.MedianError:F3} {s.WorstError:F3} {s.Nearer}"), Is.EqualTo((string[])
        [
            "classic@6.1 AllMiss 1 0.000 0.000 0",
            "mglru@6.1 Differs 2 0.040 0.060 2",
            "mglru@6.1 Within 1 0.010 0.010 0",
            "mglru@6.12 Differs 1 0.100 0.100 1",
        ]));
    }

    [Test]
    public void ADirectionIsAskedForWhereKernelsDifferByMoreThanEitherSpread()
    {
        FidelityCell slow = Cell("mglru@6.1", 1100, 1050);
        FidelityCell fast = Cell("mglru@6.18", 1000, 990);
        FidelityCell near = Cell("classic@6.1", 1030, 1200);
        Direction[] found = [.. Direction.Of([slow, fast, near, slow with { Truth = slow.Truth with { Place = slow.Truth.Place with { LimitPages = 1 } } }])];

        Assert.That(found.Select(d => $"{d.Fewer.Preset} {d.More.Preset} {d.Agrees}"), Is.EqualTo((string[])
        [
            "mglru@6.18 mglru@6.1 True",
            "classic@6.1 mglru@6.1 False",
        ]), "1000 and 1030 are within the 3.6 % of 6.18 mglru, though not the 2.1 % of 6.1 classic, and another limit is another place");
        Assert.That(Direction.Of([slow, Cell("mglru@6.18", 1000, 1050)]).Single().Agrees, Is.False, "equal is not fewer");
    }

    [Test]
    public void CountersCountWhereTheKernelHasAThousand()
    {
        FidelityResult result = new(
            [Cell("mglru@6.1", 1000, 1000, counters: [1000, 999, null, 2000, 0]), Cell("mglru@6.1", 1000, 1000, counters: [2000, null, null, null, null])], []);

        // Every counter of ours is 1100.
        Assert.That(result.Counters.Select(c => $"{c.Class} {c.Counter} {c.Cells} {c.MedianError:F3} {c.WorstError:F3} {c.Outside}"), Is.EqualTo((string[])
        [
            "mglru@6.1 pgscan 2 0.275 0.450 1",
            "mglru@6.1 workingset_refault_anon 1 0.450 0.450 1",
        ]));
    }

    [Test]
    public void TheJsonHasTheFieldsOfTheContractInTheirOrder()
    {
        JsonElement document = JsonDocument.Parse(Json(new FidelityResult(
            [Cell("mglru@6.1", 1100, 1050, counters: [1000, null, 1, 2, 3]), Cell("mglru@6.18", 1000, 990)], ["a note"]))).RootElement;

        Assert.That(Names(document), Is.EqualTo("schema cells summary direction counters notes"));
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("reclaim.fidelity/1"));
        JsonElement cell = document.GetProperty("cells")[0];
        Assert.That(Names(cell), Is.EqualTo(
            "trace limit_pages file_mode swappiness kernel truth_policy policy kernel_misses kernel_min kernel_max runs kernel_resident ours ours_resident "
            + "memory_pages replays_within error lru spread nearer_than_lru differs_from_lru all_miss counters"));
        Assert.That(Names(cell.GetProperty("counters")), Is.EqualTo(string.Join(' ', TruthCounters.All)));
        Assert.That(cell.GetProperty("counters").GetProperty("pgscan").GetRawText().ReplaceLineEndings("").Replace(" ", ""), Is.EqualTo("{\"kernel\":1000,\"ours\":1100}"));
        Assert.That(cell.GetProperty("counters").GetProperty("pgactivate").GetProperty("kernel").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(Names(document.GetProperty("summary")[0]), Is.EqualTo("class kind cells median_error worst_error nearer_than_lru"));
        JsonElement direction = document.GetProperty("direction")[0];
        Assert.That(Names(direction), Is.EqualTo("trace limit_pages file_mode swappiness fewer more agrees"));
        Assert.That(direction.GetProperty("fewer").GetProperty("policy").GetString(), Is.EqualTo("mglru@6.18"));
        Assert.That(document.GetProperty("notes")[0].GetString(), Is.EqualTo("a note"));
    }

    [Test]
    public void TheTableHasALineForEachCellAndWhatTheyComeTo()
    {
        StringWriter writer = new();
        FidelityResult result = new([Cell("mglru@6.1", 1100, 1045), Cell("classic@6.1", 1000, 1050) with { Within = 0 }], ["a note"]);
        FidelityTable.Write(result, AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) }));
        string[] lines = [.. writer.ToString().Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];

        Assert.That(lines, Has.Member("t - 6.1.0 mglru@6.1 64 1,100 1,045 -5.0 % 1,500 yes 3.2 %~ 50 50"));
        Assert.That(lines, Has.Member("t - 6.1.0 classic@6.1 64 1,000 1,050 +5.0 % 1,500 yes 2.1 %~ 50 !50"));
        Assert.That(lines, Has.Member("mglru@6.1 differs from lru by more than 3 % 1 5.0 % 5.0 % 1 of 1"));
        Assert.That(lines, Has.Some.EndsWith("ours differ the same way in 0"));
        Assert.That(lines, Has.Member("t - classic@6.1 mglru@6.1 64 1,000 1,100 1,050 1,045"));
        Assert.That(lines, Has.Member("note: a note"));
    }

    internal static FidelityCell Cell(
        string preset, long kernel, long ours, long lru = 1500, CellKind kind = CellKind.Differs, string trace = "t", double?[]? counters = null) => new()
        {
            Truth = new TruthCell
            {
                Place = new TruthPlace(trace, 64, "-", 60),
                Kernel = $"{TruthPolicy.ClassOf(preset).Split('@')[1]}.0-cloud",
                Policy = "p",
                Runs = 1,
                MissesMin = kernel,
                Misses = kernel,
                MissesMax = kernel,
                PlainLru = lru,
                Resident = 50,
                Counters = counters ?? new double?[TruthCounters.All.Count],
            },
            Preset = preset,
            Kind = kind,
            Ours = Row(preset, ours),
            Within = 5,
            Lru = Row("lru", lru),
            LruWithin = 5,
        };

    private static ResultRow Row(string policy, long faults) => new()
    {
        Trace = "t",
        Policy = policy,
        MemoryPages = 60,
        Accesses = 5000,
        UniquePages = 100,
        Sees = Sees.Bits,
        ColdFaults = 0,
        Refaults = faults,
        ResidentMean = 50,
        Scanned = 1100,
        Counters = [.. TruthCounters.All.Skip(1).Select(name => new Counter(name, 1100))],
    };

    private static string Json(FidelityResult result)
    {
        using MemoryStream stream = new();
        FidelityJson.Write(result, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Names(JsonElement value) => string.Join(' ', value.EnumerateObject().Select(property => property.Name));
}
