using ReclaimNative.Lab.Fidelity;
using ReclaimNative.Lab.Tests.Traces;

namespace ReclaimNative.Lab.Tests.Fidelity;

/// <summary>Whole runs: on a small directory, and one cell of the real one.</summary>
public sealed class FidelityRunTests
{
    [Test]
    public void CellsComeInTheOrderOfTheSummaryAndWhatIsLeftOutIsSaid()
    {
        using TruthDirectory directory = new();
        FidelityRun run = new(TruthSet.Load(directory.Root));
        int advanced = 0;
        FidelityResult result = run.Run(null, steps => Interlocked.Add(ref advanced, steps), default);

        Assert.That(result.Cells.Select(c => $"{c.Preset} {c.Kind}"), Is.EqualTo((string[])["classic@6.1 Within", "mglru@6.18 Differs"]));
        Assert.That((run.TotalCells, advanced), Is.EqualTo((2, 2)));
        Assert.That(result.Cells.Select(c => c.Ours.Accesses), Has.All.EqualTo(1600));
        Assert.That(result.Notes, Has.Some.StartsWith("1 of 3 cells are not compared"));
    }

    [Test]
    public void WhereEveryKernelAndPlainLruAlwaysMissNothingCanBeToldApart()
    {
        using TruthDirectory directory = new();
        directory.Write(
            "summary.csv",
            TruthDirectory.SummaryHeader,
            $"cycle,40,mmap,60,{TruthDirectory.Kernel61},classic,1,1600,1600,1600,36,1600",
            $"cycle,40,mmap,60,{TruthDirectory.Kernel618},mglru,1,1600,1600,1600,36,1600");

        Assert.That(new FidelityRun(TruthSet.Load(directory.Root)).Run(null, null, default).Cells.Select(c => c.Kind), Has.All.EqualTo(CellKind.AllMiss));
    }

    [Test]
    public void ARunRepeatsItself()
    {
        using TruthDirectory directory = new();
        TruthSet set = TruthSet.Load(directory.Root);

        Assert.That(Told(), Is.EqualTo(Told()));
        string[] Told() => [.. new FidelityRun(set).Run(null, null, default).Cells.Select(c => $"{c.Ours.Faults} {c.Ours.MemoryPages} {c.Lru.Faults}")];
    }

    [Test]
    public void EndedEarlyWhatWasFinishedIsReturned()
    {
        using TruthDirectory directory = new();
        using CancellationTokenSource stop = new();
        stop.Cancel();
        FidelityResult result = new FidelityRun(TruthSet.Load(directory.Root), (_, preset) => preset == "mglru@6.18").Run(null, null, stop.Token);

        Assert.That(result.Cells, Is.Empty);
        Assert.That(result.Notes[0], Is.EqualTo("stopped early: 0 of 1 cells were finished"));
    }

    [Test]
    public void MglruIsNearerToA618KernelThanPlainLruOnAnAnonymousSetBesideAFileScan()
    {
        TruthSet set = TruthSet.Load(Path.GetDirectoryName(SharedFolder.File("kernel-truth/summary.csv"))!);
        FidelityCell cell = new FidelityRun(set, (c, preset) => c.Place is { Trace: "mixscan", LimitPages: 8192 } && preset == "mglru@6.18")
            .Run(null, null, default).Cells.Single();
        TestContext.Out.WriteLine($"kernel {cell.Truth.Misses:N0}; ours {cell.Ours.Faults:N0} ({cell.Error:+0.0 %;-0.0 %}), of {cell.Within}; plain LRU {cell.Lru.Faults:N0}");

        Assert.That(Math.Abs(cell.Error), Is.LessThan(0.05));
        Assert.That((cell.Kind, cell.NearerThanLru), Is.EqualTo((CellKind.Differs, true)));
        Assert.That(cell.Ours.ResidentMean, Is.EqualTo(cell.Truth.Resident).Within(4));
    }
}
