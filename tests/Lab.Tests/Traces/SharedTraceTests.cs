using ReclaimNative.Lab.Traces;

namespace ReclaimNative.Lab.Tests.Traces;

/// <summary>The public traces, with the counts that their README states.</summary>
public class SharedTraceTests
{
    [TestCase("traces/cloudPhysicsIO.oracleGeneral.zst", "oracle", 113_872, 48_974, 21_049, 0)]
    [TestCase("traces/OLTP.lis.zst", "arc", 914_145, 186_880, 85_927, 0)]
    [TestCase("traces/P3.lis.zst", "arc", 3_912_296, 762_543, 290_116, 0)]
    [TestCase("traces/orm-busy.trace.xz", "be32", 5_000_000, 76_349, 8_763, 0)]
    [TestCase("kernel-truth/traces/sqlite.bin.zst", "u32", 2_943_452, 7_126, 154, 746_820)]
    public void APublicTraceHasExactlyItsPublishedCounts(string file, string format, int requests, int unique, int once, int writes)
    {
        Trace trace = TraceReader.Load(SharedFolder.File(file));

        Assert.That(trace.Format.Name, Is.EqualTo(format));
        Assert.That(TraceInfo.Of(trace), Is.EqualTo(new TraceInfo(requests, unique, writes, once)));
        Assert.That(trace.PackedPages, Is.GreaterThanOrEqualTo(unique));
        Assert.That(trace.Accesses.ToArray().Max(access => access & ~Trace.WriteBit), Is.LessThan(trace.PackedPages));
    }
}
