using ReclaimNative.Lab.Fidelity;

namespace ReclaimNative.Lab.Tests.Fidelity;

/// <summary>The tables of a kernel-truth directory, and the errors in them.</summary>
public sealed class TruthSetTests
{
    [Test]
    public void CellsComeInTheOrderOfTheSummaryWithTheMediansOfTheirRuns()
    {
        using TruthDirectory directory = new();
        TruthSet set = TruthSet.Load(directory.Root);

        Assert.That(set.Cells.Select(c => $"{c.Kernel} {c.Policy}"), Is.EqualTo((string[])
        [
            $"{TruthDirectory.Kernel61} classic", $"{TruthDirectory.Kernel618} classic", $"{TruthDirectory.Kernel618} mglru",
        ]));
        TruthCell first = set.Cells[0];
        Assert.That(first.Place, Is.EqualTo(new TruthPlace("cycle", 40, "mmap", 60)));
        Assert.That((first.Runs, first.MissesMin, first.Misses, first.MissesMax, first.PlainLru), Is.EqualTo((2, 900, 1000, 1010, 1000)));
        Assert.That(first.Resident, Is.EqualTo(37));
        Assert.That(first.Counters, Is.EqualTo((double?[])[2500, 10, 0, 1500, 1200]));
        Assert.That(set.Cells[1].Counters, Has.All.Null, "a kernel that tells no counters");
        Assert.That(set.Traces["cycle"].AnonPages, Is.EqualTo(32));
    }

    [TestCase("summary.csv", null, "no such file")]
    [TestCase("results.csv", null, "no such file")]
    [TestCase("traces/traces.csv", null, "no such file")]
    [TestCase("summary.csv", "", "is empty")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader, "has no cell")]
    [TestCase("summary.csv", "trace,limit_pages", "summary.csv:1: there is no column 'file_mode'")]
    [TestCase("summary.csv", "trace,trace", "'trace' is there twice")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader + "\ncycle,40", "summary.csv:2: has 2 fields; the header has 12")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader + "\ncycle,-1,mmap,60,K,P,1,1,1,1,1,1", "summary.csv:2: column 'limit_pages' holds '-1'")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader + "\ncycle,40,mmap,201,K,P,1,1,1,1,1,1", "0 to 200")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader + "\ncycle,40,pipe,60,K,P,1,1,1,1,1,1", "mmap, read or -")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader + "\nother,40,mmap,60,K,P,1,1,1,1,1,1", "not in traces/traces.csv")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader + "\ncycle,40,mmap,60,K,P,1,1,1,1,1,1", "no run of this cell")]
    [TestCase("summary.csv", TruthDirectory.SummaryHeader + "\ncycle,40,mmap,60," + TruthDirectory.Kernel61 + ",classic,1,9,8,9,1,1", "'misses_median' holds '8'")]
    [TestCase("results.csv", TruthDirectory.ResultsHeader + "\ncycle," + TruthDirectory.Kernel61 + ",classic,mmap,60,40,many,,,,,,1", "'resident_pages_observed' holds 'many'")]
    [TestCase("results.csv", TruthDirectory.ResultsHeader + "\ncycle,,classic,mmap,60,40,36,,,,,,1", "results.csv:2: column 'kernel' is empty")]
    [TestCase("traces/traces.csv", TruthDirectory.TracesHeader + "\n../up,1,1,1,x", "cannot be the name of a file")]
    [TestCase("traces/traces.csv", TruthDirectory.TracesHeader + "\ncycle,8,9,1,x", "'anon_pages' holds '9'")]
    public void AMalformedDirectoryGetsOneLineThatNamesTheFile(string file, string? content, string problem)
    {
        using TruthDirectory directory = new();
        if (content is null)
            File.Delete(directory.In(file));
        else
            File.WriteAllText(directory.In(file), content);

        Assert.That(() => TruthSet.Load(directory.Root), Throws.TypeOf<TruthException>()
            .With.Message.Contains(Path.GetFileName(file)).And.Message.Contains(problem).And.Message.Not.Contains("\n"));
    }

    [Test]
    public void ACellThatStandsTwiceIsRefused()
    {
        using TruthDirectory directory = new();
        File.AppendAllText(directory.In("summary.csv"), $"cycle,40,mmap,60,{TruthDirectory.Kernel61},classic,2,900,1000,1010,36,1000\n");

        Assert.That(() => TruthSet.Load(directory.Root), Throws.TypeOf<TruthException>().With.Message.Contains("summary.csv:5: the same cell"));
    }
}
