using System.IO.Compression;
using ReclaimNative.Lab.Fidelity;
using ReclaimNative.Lab.Traces;

namespace ReclaimNative.Lab.Tests.Fidelity;

/// <summary>Where traces come from, and that they are the kernels'.</summary>
public sealed class TruthTraceFilesTests
{
    [Test]
    public void FilePagesAreReadWhereTheTraceWritesThem()
    {
        using TruthDirectory directory = new();
        Trace trace = Load(directory);

        foreach (uint access in trace.Accesses.ToArray())
            Assert.That((access & Trace.WriteBit) != 0, Is.EqualTo(trace.Pages.Original(access & ~Trace.WriteBit) < 32));
    }

    [Test]
    public void APackedTraceIsUnpackedBeforeItIsChecked()
    {
        using TruthDirectory directory = new();
        using (GZipStream packed = new(File.Create(directory.In("traces/cycle.bin.gz")), CompressionLevel.Fastest))
            packed.Write(File.ReadAllBytes(directory.In("traces/cycle.bin")));
        File.Delete(directory.In("traces/cycle.bin"));

        Assert.That(Load(directory).Count, Is.EqualTo(1600));
    }

    [Test]
    public void AnotherTraceUnderTheSameNameIsRefused()
    {
        using TruthDirectory directory = new();
        byte[] bytes = File.ReadAllBytes(directory.In("traces/cycle.bin"));
        bytes[0] ^= 1;
        File.WriteAllBytes(directory.In("traces/cycle.bin"), bytes);
        Assert.That(() => Load(directory), Throws.TypeOf<TruthException>().With.Message.Contains("sha256").And.Message.Contains(TruthDirectory.Digest));

        File.WriteAllBytes(directory.In("traces/cycle.bin"), bytes[..^4]);
        Assert.That(() => Load(directory), Throws.TypeOf<TruthException>().With.Message.Contains("traces.csv says 1600 accesses"));
    }

    [Test]
    public void APageBeyondTheTracesIsRefused()
    {
        using TruthDirectory directory = new();
        directory.Write("traces/traces.csv", TruthDirectory.TracesHeader, $"cycle,63,32,1600,{TruthDirectory.Digest}");

        Assert.That(() => Load(directory), Throws.TypeOf<TruthException>().With.Message.Contains("has page 63; traces.csv says 63 pages"));
    }

    [Test]
    public void WithoutTraceAndGeneratorBothAreNamed()
    {
        using TruthDirectory directory = new();
        File.Delete(directory.In("traces/cycle.bin"));

        Assert.That(() => Load(directory), Throws.TypeOf<TruthException>().With.Message.Contains("traces/cycle.bin").And.Message.Contains("make_traces.py"));
    }

    [Test]
    public void TheGeneratorWritesWhatIsMissing()
    {
        using TruthDirectory directory = new();
        File.Move(directory.In("traces/cycle.bin"), directory.In("hidden"));
        directory.Write(
            "make_traces.py",
            "import os, shutil, sys",
            "shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'hidden'), os.path.join(sys.argv[1], sys.argv[2] + '.bin'))");

        Assert.That(LoadByPython(directory).Count, Is.EqualTo(1600));
    }

    [Test]
    public void AGeneratorThatFailsIsQuotedInOneLine()
    {
        using TruthDirectory directory = new();
        File.Delete(directory.In("traces/cycle.bin"));
        directory.Write("make_traces.py", "raise KeyError('nosuch')");

        Assert.That(() => LoadByPython(directory), Throws.TypeOf<TruthException>().With.Message.EndsWith("could not write cycle: KeyError: 'nosuch'"));
    }

    private static Trace LoadByPython(TruthDirectory directory)
    {
        try
        {
            return Load(directory);
        }
        catch (TruthException problem) when (problem.Message.Contains("not installed"))
        {
            Assert.Ignore(problem.Message);
            throw;
        }
    }

    private static Trace Load(TruthDirectory directory) => TruthTraceFiles.Load(TruthSet.Load(directory.Root), ["cycle"], default)["cycle"];
}
