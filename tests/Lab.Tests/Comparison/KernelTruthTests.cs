using System.Diagnostics;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Traces;
using ReclaimNative.Policies;
using Trace = ReclaimNative.Lab.Traces.Trace;
using TraceReader = ReclaimNative.Lab.Traces.TraceReader;

namespace ReclaimNative.Lab.Tests.Comparison;

/// <summary>
/// classic and mglru beside real 6.18 kernels on four cells that separate them from plain LRU, at equal mean residency.
/// The traces come from the generator that is kept with the kernels' results.
/// </summary>
public sealed class KernelTruthTests
{
    /// <summary>Pages by which the mean residency may differ from the kernel's.</summary>
    private const double ResidencyTolerance = 4;

    private const int MemoryRange = 96;
    private const int MemoryStep = 3;

    [TestCase("loop", 16384UL, "mglru", 201_766, 15_805, 0.10)]
    [TestCase("mixscan", 8192UL, "mglru", 202_635, 8_042, 0.10)]
    [TestCase("mixzipf", 12288UL, "classic", 88_067, 12_185, 0.05)]
    [TestCase("mixscan", 8192UL, "classic", 162_660, 8_042, 0.05)]
    public void AgreesWithTheKernelsMissesAtEqualResidency(
        string name, ulong anonPages, string policy, long kernelMisses, double kernelResident, double tolerance)
    {
        Trace trace = Generate(name);
        ReplayOptions options = new() { AnonPages = anonPages };
        ResultRow ours = AtResidency(trace, policy, options, kernelResident);
        ResultRow lru = AtResidency(trace, "lru", options, kernelResident);
        double error = Error(ours, kernelMisses);
        TestContext.Out.WriteLine(
            $"{name} {policy}: kernel {kernelMisses:N0}; ours {ours.Faults:N0} ({error:+0.0 %;-0.0 %}) at {ours.ResidentMean:F1} resident; plain LRU {lru.Faults:N0} ({Error(lru, kernelMisses):+0.0 %;-0.0 %})");

        Assert.That(Math.Abs(error), Is.LessThanOrEqualTo(tolerance));
    }

    private static double Error(ResultRow row, long kernelMisses) => (row.Faults - kernelMisses) / (double)kernelMisses;

    /// <summary>
    /// One rule for every cell, because the mean residency does not follow the memory smoothly: the memory runs from the
    /// kernel's mean upwards in small steps, and of the replays within the tolerance the one with median misses counts.
    /// </summary>
    private static ResultRow AtResidency(Trace trace, string policy, ReplayOptions options, double resident)
    {
        PolicyChoice choice = PolicyCatalog.Shelf.Parse(policy);
        var within = new List<ResultRow>();
        for (long memory = (long)resident; memory < resident + MemoryRange; memory += MemoryStep)
        {
            ResultRow row = Replay.Run(trace, choice, null, memory, options, null, default);
            if (Math.Abs(row.ResidentMean - resident) <= ResidencyTolerance)
                within.Add(row);
        }

        Assert.That(within, Is.Not.Empty, $"no memory gives a mean residency of {resident}");
        return within.OrderBy(r => r.Faults).ElementAt(within.Count / 2);
    }

    private static Trace Generate(string name)
    {
        string generator = SharedFolder.File("kernel-truth/make_traces.py");
        string folder = Directory.CreateTempSubdirectory("reclaim-truth-").FullName;
        try
        {
            ProcessStartInfo start = new("python3", [generator, folder, name]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process python = Process.Start(start)!;
            python.StandardOutput.ReadToEnd();
            string error = python.StandardError.ReadToEnd();
            python.WaitForExit();
            Assert.That(python.ExitCode, Is.Zero, error);
            return TraceReader.Load(Path.Combine(folder, name + ".bin"), ReclaimNative.Lab.Traces.TraceFormat.U32);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("python3 is not installed, which generates the traces");
            throw;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
