using System.Text;
using ReclaimNative.Lab.Results;
using Spectre.Console;

namespace ReclaimNative.Lab.Tests.Results;

public class ResultTableTests
{
    [Test]
    public void ATableInAPipeReadsLikeThis()
    {
        ResultSet set = new(SampleResults.OneSize.Rows.Append(SampleResults.OneSize.Rows[0] with { Policy = "hungry", Oom = true }));

        Assert.That(InPipe(set), Is.EqualTo(
            """
            OLTP.lis.zst, 1,868 pages (1%): 914,145 accesses to 186,880 pages
            policy            sees      miss %    faults  refaults    scanned  activated  M acc/s   written  resident
            mglru@6.12-bloom  bits      *56.06  *512,447  *325,567    786,291     80,339    62.13  *127,644     1,837
            clock             bits       57.83   528,605   341,725  1,027,137     55,077    52.96   131,684     1,837
            classic           bits       58.19   531,903   345,023   *598,939    127,414   *71.30   132,508     1,837
            hungry            bits         oom   531,903   345,023    598,939    127,414    71.30   132,508     1,837
            s3fifo            accesses  *53.53  *489,386  *302,506          0          0    34.62         0     1,868
            sieve             accesses   59.71   545,815   358,935          0          0   *43.79         0     1,868
            belady            future     40.24   367,867   180,987          0          0    25.45         0     1,868

            * best of those that see the same: accessed bits, every access, or the future
            oom: the run ran out of memory; its counts stop there

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void NoPolicyIsBestAcrossWhatTheySee()
    {
        string text = InPipe(new ResultSet(
        [
            SampleResults.Small("one", Sees.Bits, 300),
            SampleResults.Small("two", Sees.Bits, 200),
            SampleResults.Small("three", Sees.Accesses, 100),
            SampleResults.Small("four", Sees.Future, 50),
        ]));

        Assert.That(Line(text, "two"), Does.Contain("*20.00"), "best of the two that see bits");
        Assert.That(Line(text, "one"), Does.Not.Contain("*"));
        Assert.That(Line(text, "three"), Does.Not.Contain("*"), "alone in what it sees, so there is nothing to win");
        Assert.That(Line(text, "four"), Does.Not.Contain("*"), "fewest misses of all, and yet no winner");
    }

    [Test]
    public void ARunOutOfMemoryIsNeverBestAndComesLast()
    {
        string text = InPipe(new ResultSet(
        [
            SampleResults.Small("killed", Sees.Bits, 30, oom: true),
            SampleResults.Small("slow", Sees.Bits, 300),
            SampleResults.Small("fast", Sees.Bits, 200),
        ]));

        Assert.That(Line(text, "killed"), Does.Contain(" oom ").And.Not.Contain("*"));
        Assert.That(Line(text, "fast"), Does.Contain("*20.00"));
        Assert.That(text.IndexOf("killed", StringComparison.Ordinal), Is.GreaterThan(text.IndexOf("slow", StringComparison.Ordinal)));
    }

    [Test]
    public void CountsOfRunsOfDifferentLengthAreNotRanked()
    {
        string text = InPipe(new ResultSet(
        [
            SampleResults.Small("short", Sees.Bits, 100, accesses: 200),
            SampleResults.Small("long", Sees.Bits, 300, accesses: 1_000),
        ]));

        Assert.That(Line(text, "long"), Does.Contain("*30.00"));
        Assert.That(Line(text, "short"), Does.Not.Contain("*"));
    }

    [Test]
    public void EqualPoliciesShareTheMarkUnlessAllAreEqual()
    {
        ResultRow[] tie = [SampleResults.Small("a1", Sees.Bits, 200), SampleResults.Small("a2", Sees.Bits, 200)];

        Assert.That(InPipe(new ResultSet(tie)).Split('\n')[2..4], Has.None.Contains("*"));
        Assert.That(
            InPipe(new ResultSet(tie.Append(SampleResults.Small("a3", Sees.Bits, 300)))).Split('\n')[2..4], Has.All.Contains("*20.00"));
    }

    [Test]
    public void ATableOf80ColumnsDropsColumnsAndWrapsNothing()
    {
        string text = OnTerminal(SampleResults.FourTraces, 80);
        string[] lines = text.Split('\n');

        Assert.That(lines.Select(line => line.TrimEnd().Length), Is.All.LessThanOrEqualTo(80));
        Assert.That(lines.Count(line => line.StartsWith("mglru@6.12-bloom  bits ", StringComparison.Ordinal)), Is.EqualTo(16));
        Assert.That(text, Does.Contain("*512,447").And.Contain("not shown for want of width: activated, M acc/s, written, resident"));
    }

    [TestCase(24)]
    [TestCase(40)]
    [TestCase(60)]
    [TestCase(120)]
    public void NumbersAreWholeAtAnyWidth(int width)
    {
        string text = OnTerminal(SampleResults.OneSize, width);

        Assert.That(Line(text, "sieve"), Does.Match(@"^sieve +accesses +59\.71( |$)"));
        Assert.That(Line(text, "belady"), Does.Match(@"^belady +future +40\.24( |$)"));
    }

    [Test]
    public void ALongPolicyNameIsCutOnATerminalAndWholeInAPipe()
    {
        string name = "./policies/of/mine/" + new string('x', 80) + ".so";
        ResultSet set = new([SampleResults.Small(name, Sees.Bits, 200)]);

        Assert.That(OnTerminal(set, 80), Does.Contain("./policies/of/mine/xxx").And.Contain("…").And.Contain(" 20.00"));
        Assert.That(InPipe(set), Does.Contain(name));
    }

    [Test]
    public void APipeGetsNoEscapesEvenFromAConsoleThatHasColours()
    {
        StringWriter pipe = new();
        ResultTable.Write(SampleResults.OneSize, Console(pipe, width: 30, isTerminal: false, AnsiSupport.Yes));

        Assert.That(pipe.ToString(), Does.Not.Contain('\u001b'));
        Assert.That(pipe.ToString(), Is.EqualTo(InPipe(SampleResults.OneSize)), "and does not depend on a width");
    }

    [Test]
    public void ATerminalShowsTheBestInColourToo()
    {
        StringWriter writer = new();
        ResultTable.Write(SampleResults.OneSize, Console(writer, 80, isTerminal: true, AnsiSupport.Yes));

        Assert.That(writer.ToString(), Does.Match("\u001b\\[1;32m\\*56\\.06\u001b\\[0m"));
    }

    [Test]
    public void ANameCannotDriveTheTerminal() => Assert.That(
        OnTerminal(new ResultSet([SampleResults.Small("p\n\u001b[2J[red]", Sees.Bits, 200, trace: "t\u001b]0;x\a")]), 80),
        Does.Contain("p??[2J[red]").And.Contain("t?]0;x?,").And.Not.Contain('\u001b'));

    [Test]
    public void TitleAndNotesStandAroundTheTable() => Assert.That(
        InPipe(SampleResults.FourTraces),
        Does.StartWith("Six policies on four traces\n\n").And.EndsWith("note: miss counts of classic and mglru are made up\n"));

    private static string Line(string text, string policy) =>
        text.Split('\n').Single(line => line.StartsWith(policy, StringComparison.Ordinal));

    private static string InPipe(ResultSet set)
    {
        StringWriter writer = new();
        ResultTable.Write(set, Console(writer, 80, isTerminal: false, AnsiSupport.No));
        return writer.ToString();
    }

    private static string OnTerminal(ResultSet set, int width)
    {
        StringWriter writer = new();
        ResultTable.Write(set, Console(writer, width, isTerminal: true, AnsiSupport.No));
        return writer.ToString();
    }

    private static IAnsiConsole Console(StringWriter writer, int width, bool isTerminal, AnsiSupport ansi) =>
        AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = ansi,
            ColorSystem = ColorSystemSupport.Standard,
            Interactive = InteractionSupport.No,
            Out = new Output(writer, width, isTerminal),
        });

    private sealed class Output(TextWriter writer, int width, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => isTerminal;

        public int Width => width;

        public int Height => 50;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}
