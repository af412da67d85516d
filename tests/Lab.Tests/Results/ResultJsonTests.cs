using System.Text;
using System.Text.Json;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Tests.Results;

public class ResultJsonTests
{
    private const string ContractFields =
        "trace policy memory_pages accesses unique_pages sees resident_mean oom faults refaults cold_faults scanned reclaimed "
        + "activated deactivated written wall_seconds accesses_per_second counters";

    [Test]
    public void EveryRowHasTheFieldsOfTheContractInItsOrder()
    {
        JsonElement document = Parse(SampleResults.FourTraces);

        Assert.That(Names(document), Is.EqualTo("schema results"));
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("reclaim.results/1"));
        Assert.That(document.GetProperty("results").GetArrayLength(), Is.EqualTo(96));
        Assert.That(document.GetProperty("results").EnumerateArray().Select(Names), Is.All.EqualTo(ContractFields));
    }

    [Test]
    public void ValuesComeBackAsTheyWere()
    {
        ResultRow row = new()
        {
            Trace = "a \"b\" é",
            Policy = "mglru@6.12",
            MemoryPages = 8192,
            MemoryAsAsked = "32M",
            Accesses = 3_000_000_000,
            UniquePages = 5,
            Sees = Sees.Future,
            ResidentMean = 8160.25,
            Oom = true,
            ColdFaults = 7,
            Refaults = 11,
            Scanned = 13,
            Reclaimed = 17,
            Activated = 19,
            Deactivated = 23,
            Written = 29,
            WallSeconds = 1.5,
            Counters = [new("zeta", 31), new("alpha", -37)],
        };

        Assert.That(Text(new ResultSet([row])).ReplaceLineEndings("").Replace(" ", ""), Is.EqualTo(
            """
            {"schema":"reclaim.results/1","results":[{"trace":"a\"b\"é","policy":"mglru@6.12","memory_pages":8192,
            "accesses":3000000000,"unique_pages":5,"sees":"future","resident_mean":8160.25,"oom":true,"faults":18,"refaults":11,
            "cold_faults":7,"scanned":13,"reclaimed":17,"activated":19,"deactivated":23,"written":29,"wall_seconds":1.5,
            "accesses_per_second":2000000000,"counters":{"zeta":31,"alpha":-37}}]}
            """.ReplaceLineEndings("")));
    }

    [Test]
    public void ASetThatIsWrittenCompletelyIsReadBackAsItWas()
    {
        ResultSet set = SampleResults.FourTraces;
        set = new ResultSet([.. set.Rows, set.Rows[0] with { Policy = "bad", Ejected = "Policy bad was ejected.", Oom = true, MemoryAsAsked = null, Counters = [new("a", -1)] }])
        {
            Title = "a title",
            Subject = "memory cgroup",
            Notes = ["one", "two \"quoted\""],
        };

        ResultSet read = Read(Text(set, complete: true));

        Assert.That(read.Rows.Select(Describe), Is.EqualTo(set.Rows.Select(Describe)));
        Assert.That((read.Title, read.Subject), Is.EqualTo(("a title", "memory cgroup")));
        Assert.That(read.Notes, Is.EqualTo(set.Notes));
        Assert.That(Text(read), Is.EqualTo(Text(set)));

        static string Describe(ResultRow row) => $"{row with { Counters = [] }} {string.Join(' ', row.Counters)}";
    }

    [Test]
    public void TheContractsDocumentIsReadAndItsRowsAreTheSame()
    {
        string text = Text(SampleResults.FourTraces);

        Assert.That(Text(Read(text)), Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("{\"schema\":\"reclaim.stress/1\",\"results\":[]}")]
    [TestCase("{\"schema\":\"reclaim.results/1\"}")]
    [TestCase("{\"schema\":\"reclaim.results/1\",\"results\":[{\"trace\":\"t\"}]}")]
    [TestCase("{\"schema\":\"reclaim.results/1\",\"results\":[7]}")]
    public void WhatIsNoSuchDocumentIsRefused(string text) =>
        Assert.That(() => Read(text), Throws.TypeOf<ResultFileException>());

    [Test]
    public void OnlyARowWhosePolicyWasEjectedSaysSo()
    {
        ResultRow row = SampleResults.Small("p", Sees.Bits, 30);
        JsonElement rows = Parse(new ResultSet([row, row with { Policy = "bad", Ejected = "why" }])).GetProperty("results");

        Assert.That(Names(rows[0]), Is.EqualTo(ContractFields));
        Assert.That(Names(rows[1]), Is.EqualTo(ContractFields.Replace("oom", "oom ejected")));
        Assert.That(rows[1].GetProperty("ejected").GetString(), Is.EqualTo("why"));
    }

    [TestCase(Sees.Bits, "bits")]
    [TestCase(Sees.Accesses, "accesses")]
    [TestCase(Sees.Future, "future")]
    public void SeesIsWrittenAsItsWord(Sees sees, string word)
    {
        JsonElement document = Parse(new ResultSet([SampleResults.Small("p", sees, 30)]));

        Assert.That(document.GetProperty("results")[0].GetProperty("sees").GetString(), Is.EqualTo(word));
    }

    [Test]
    public void TheFileEndsWithOneNewline() =>
        Assert.That(Text(new ResultSet([])), Does.EndWith("}\n").And.Not.EndsWith("\n\n"));

    [Test]
    public void ARunThatTookNoTimeHasSpeedZeroRatherThanNoNumber()
    {
        ResultRow row = SampleResults.Small("p", Sees.Bits, 30) with { WallSeconds = 0 };

        Assert.That(Parse(new ResultSet([row])).GetProperty("results")[0].GetProperty("accesses_per_second").GetDouble(), Is.Zero);
    }

    [Test]
    public void ANumberThatJsonCannotHoldIsRefusedWhereItArises()
    {
        ResultRow row = SampleResults.Small("p", Sees.Bits, 30);

        Assert.That(() => row with { ResidentMean = double.NaN }, Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => row with { WallSeconds = double.PositiveInfinity }, Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void ACounterCannotAppearTwiceInARow()
    {
        ResultRow row = SampleResults.Small("p", Sees.Bits, 30);

        Assert.That(() => row with { Counters = [new("a", 1), new("a", 2)] }, Throws.ArgumentException);
    }

    private static ResultSet Read(string text)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        return ResultJsonReader.Read(stream);
    }

    private static string Text(ResultSet set, bool complete = false)
    {
        using MemoryStream stream = new();
        ResultJson.Write(set, stream, complete);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static JsonElement Parse(ResultSet set) => JsonDocument.Parse(Text(set)).RootElement;

    private static string Names(JsonElement value) => string.Join(' ', value.EnumerateObject().Select(property => property.Name));
}
