using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using ReclaimNative.Lab.Comparison;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Policies;
using Trace = ReclaimNative.Lab.Traces.Trace;

namespace ReclaimNative.Lab.Fidelity;

/// <summary>Replays what the kernels of a truth set ran: what <c>reclaim fidelity</c> does.</summary>
public sealed class FidelityRun
{
    /// <summary>How far the kernel's misses are from plain LRU's in a cell that tells them apart.</summary>
    private const double DiffersFrom = 0.03;

    private const string PlainLru = "lru";

    private readonly TruthSet _set;
    private readonly List<Job> _jobs = [];
    private readonly int _leftOut;

    /// <summary>Chooses the cells.</summary>
    /// <param name="set">The truth set.</param>
    /// <param name="wanted">Which of its cells that can be compared are wanted, by the preset that each is compared with; null for all.</param>
    public FidelityRun(TruthSet set, Func<TruthCell, string, bool>? wanted = null)
    {
        _set = set;
        HashSet<TruthPlace> allMiss = [.. set.Cells.GroupBy(c => c.Place).Where(p => p.All(MissesAlways)).Select(p => p.Key)];
        foreach (TruthCell cell in set.Cells)
        {
            if (TruthPolicy.PresetOf(cell.Kernel, cell.Policy) is not { } preset)
                _leftOut++;
            else if (wanted?.Invoke(cell, preset) != false)
                _jobs.Add(new Job(cell, preset, TruthPolicy.ChoiceOf(preset), KindOf(cell, allMiss)));
        }
    }

    /// <summary>Cells to run: the length of a progress bar.</summary>
    public int TotalCells => _jobs.Count;

    /// <summary>Runs them on all cores. Ended early, the cells that were finished are returned, and a note says that there were more.</summary>
    /// <param name="starting">Told what is begun; on any thread.</param>
    /// <param name="advanced">Told how many cells were finished since the last time; on any thread.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <exception cref="TruthException">A trace is missing or not the one that the kernels ran.</exception>
    /// <exception cref="Traces.TraceException">A trace cannot be read.</exception>
    public FidelityResult Run(Action<string>? starting, Action<int>? advanced, CancellationToken cancellation)
    {
        var cells = new FidelityCell?[_jobs.Count];
        try
        {
            starting?.Invoke("traces");
            IReadOnlyDictionary<string, Trace> traces = TruthTraceFiles.Load(
                _set, [.. _jobs.Select(j => j.Cell.Place.Trace).Distinct()], cancellation);
            Parallel.ForEach(
                Partitioner.Create(Enumerable.Range(0, cells.Length), EnumerablePartitionerOptions.NoBuffering),
                new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation },
                i =>
                {
                    Job job = _jobs[i];
                    starting?.Invoke($"{job.Cell.Place.Trace} {job.Cell.Place.LimitPages} {job.Preset}");
                    cells[i] = Compare(job, traces[job.Cell.Place.Trace], cancellation);
                    advanced?.Invoke(1);
                });
        }
        catch (OperationCanceledException)
        {
            // What was finished is in the array.
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions.FirstOrDefault(e => e is not OperationCanceledException) ?? several);
        }

        FidelityCell[] finished = [.. cells.OfType<FidelityCell>()];
        return new FidelityResult(finished, [.. Notes(finished)]);
    }

    private FidelityCell Compare(Job job, Trace trace, CancellationToken cancellation)
    {
        ReplayOptions options = new()
        {
            AnonPages = (ulong)_set.Traces[trace.Name].AnonPages,
            FileAccess = job.Cell.Place.FileMode == "read" ? FileAccessMode.Read : FileAccessMode.Mmap,
            Swappiness = job.Cell.Place.Swappiness,
        };
        Match ours = Find(job.Policy);
        Match lru = Find(PolicyCatalog.Shelf.Parse(PlainLru));
        return new FidelityCell
        {
            Truth = job.Cell,
            Preset = job.Preset,
            Kind = job.Kind,
            Ours = ours.Row,
            Within = ours.Within,
            Lru = lru.Row,
            LruWithin = lru.Within,
        };

        Match Find(PolicyChoice policy) =>
            EqualResidency.Find(job.Cell.Resident, memory => Replay.Run(trace, policy, null, memory, options, null, cancellation));
    }

    private IEnumerable<string> Notes(FidelityCell[] finished)
    {
        if (finished.Length < _jobs.Count)
            yield return $"stopped early: {finished.Length} of {_jobs.Count} cells were finished";
        if (_leftOut > 0)
            yield return $"{_leftOut} of {_set.Cells.Count} cells are {TruthPolicy.LeftOutNote}";
        foreach (FidelityCell cell in finished)
        {
            if (cell.Ours.Oom)
                yield return $"{NameOf(cell)}: ours ran out of memory at every size near the kernel's residency";
            else if (cell.Within == 0)
                yield return $"{NameOf(cell)}: no memory brings ours within {EqualResidency.Tolerance} pages of the kernel's {cell.Truth.Resident:0.#} resident; the nearest is {cell.Ours.ResidentMean:0.#}";
            if (cell.LruWithin == 0)
                yield return $"{NameOf(cell)}: no memory brings plain LRU within {EqualResidency.Tolerance} pages of the kernel's {cell.Truth.Resident:0.#} resident; the nearest is {cell.Lru.ResidentMean:0.#}";
        }
    }

    private static string NameOf(FidelityCell cell) => $"{cell.Truth.Place.Trace} {cell.Truth.Place.LimitPages} {cell.Preset}";

    private bool MissesAlways(TruthCell cell)
    {
        long accesses = _set.Traces[cell.Place.Trace].Accesses;
        return cell.Misses >= accesses && cell.PlainLru >= accesses;
    }

    private static CellKind KindOf(TruthCell cell, HashSet<TruthPlace> allMiss) =>
        allMiss.Contains(cell.Place) ? CellKind.AllMiss
        : Math.Abs((cell.Misses / (double)cell.PlainLru) - 1) > DiffersFrom ? CellKind.Differs
        : CellKind.Within;

    private sealed record Job(TruthCell Cell, string Preset, PolicyChoice Policy, CellKind Kind);
}
