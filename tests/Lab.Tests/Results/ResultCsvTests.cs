using System.Text;
using ReclaimNative.Lab.Results;

namespace ReclaimNative.Lab.Tests.Results;

public class ResultCsvTests
{
    private const string Header =
        "trace,policy,memory_pages,accesses,unique_pages,sees,resident_mean,oom,faults,refaults,cold_faults,scanned,reclaimed,"
        + "activated,deactivated,written,wall_seconds,accesses_per_second";

    [Test]
    public void ARowIsALineUnderTheContractsNames()
    {
        ResultRow row = SampleResults.Small("clock", Sees.Bits, 30) with { ResidentMean = 9.5, Oom = true };

        Assert.That(Text(row), Is.EqualTo($"{Header}\r\nloop,clock,10,1000,20,bits,9.5,true,30,10,20,0,0,0,0,0,0.5,2000\r\n"));
    }

    [TestCase("a,b", "\"a,b\"")]
    [TestCase("a\"b", "\"a\"\"b\"")]
    [TestCase("a\nb", "\"a\nb\"")]
    [TestCase("a\rb", "\"a\rb\"")]
    [TestCase("a b;c'd", "a b;c'd")]
    public void AFieldIsQuotedWhenItMustBeAndOnlyThen(string name, string field) =>
        Assert.That(Text(SampleResults.Small("p", Sees.Bits, 30, trace: name)), Does.StartWith($"{Header}\r\n{field},p,"));

    [Test]
    public void CountersAreColumnsInOrderOfAppearanceAndEmptyWhereARowHasNone()
    {
        ResultRow first = SampleResults.Small("p", Sees.Bits, 30) with { Counters = [new("zeta", 1), new("mid", 2)] };
        ResultRow second = SampleResults.Small("q", Sees.Bits, 30) with { Counters = [new("alpha", 3), new("mid", 0)] };

        string[] lines = Text(first, second).Split("\r\n");

        Assert.That(lines[0], Is.EqualTo(Header + ",zeta,mid,alpha"));
        Assert.That(lines[1], Does.EndWith(",2000,1,2,"));
        Assert.That(lines[2], Does.EndWith(",2000,,0,3"));
    }

    [Test]
    public void ACounterNamedLikeAFieldGetsAColumnNameOfItsOwn() => Assert.That(
        Text(SampleResults.Small("p", Sees.Bits, 30) with { Counters = [new("scanned", 1)] }),
        Does.StartWith(Header + ",counters.scanned\r\n"));

    private static string Text(params ResultRow[] rows)
    {
        using MemoryStream stream = new();
        ResultCsv.Write(new ResultSet(rows), stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
