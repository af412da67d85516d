using System.Diagnostics;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lab.Results;
using ReclaimNative.Lab.Tests.Traces;
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

        Assert.That(ours.ResidentMean, Is.EqualTo(kernelResident).Within(ResidencyTolerance));
        Assert.That(Math.Abs(error), Is.LessThanOrEqualTo(tolerance));
    }

    private static double Error(ResultRow row, long kernelMisses) => (row.Faults - kernelMisses) / (double)kernelMisses;

    /// <summary>
    /// One rule for every cell: the memory starts at the kernel's mean and moves by what the mean residency lacks until
    /// that is met; where the residency jumps about, the nearest memory around is tried.
    /// </summary>
    private static ResultRow AtResidency(Trace trace, string policy, ReplayOptions options, double resident)
    {
        PolicyChoice choice = PolicyCatalog.Parse(policy);
        long memory = (long)Math.Round(resident);
        ResultRow? best = null;
        for (int attempt = 0; attempt < 24; attempt++)
        {
            ResultRow row = Replay.Run(trace, choice, null, memory, options, null, default);
            double lacks = resident - row.ResidentMean;
            if (best is null || Math.Abs(lacks) < Math.Abs(resident - best.ResidentMean))
                best = row;
            if (Math.Abs(lacks) <= 1)
                break;
            memory = attempt < 6 ? memory + (long)Math.Round(lacks) : best.MemoryPages + attempt - 15;
        }

        return best!;
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
