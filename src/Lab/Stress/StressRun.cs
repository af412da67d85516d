using System.Diagnostics;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Lru;

namespace ReclaimNative.Lab.Stress;

/// <summary>
/// Builds machines of rising size, and on each populates, accesses, ages, reclaims and does all of it at once, then has
/// the engine check itself.
/// </summary>
public sealed class StressRun
{
    private const ulong Million = 1 << 20;

    private static readonly ulong[] Standard = [Million, 64 * Million, 1024 * Million];

    private readonly StressOptions _options;
    private readonly List<ulong> _sizes = [];
    private readonly List<string> _leftOut = [];

    /// <summary>Decides which machines fit into the memory that is available now.</summary>
    public StressRun(StressOptions options)
        : this(options, ProcessMemory.AvailableBytes())
    {
    }

    internal StressRun(StressOptions options, long availableBytes)
    {
        _options = options;

        // What other processes take meanwhile, and what the system needs to stay fast.
        ulong budget = (ulong)(availableBytes - Math.Max(availableBytes / 16, 64 << 20));
        foreach (ulong pages in options.Pages ?? Standard)
        {
            if (WhyNot(pages, budget) is { } reason)
                _leftOut.Add($"{PageCountText.Of(pages)} pages are left out: {reason}");
            else
                _sizes.Add(pages);
        }

        if (options.Pages is null && Largest(budget) is var largest && largest > (_sizes.Count > 0 ? _sizes[^1] : 0))
            _sizes.Add(largest);
    }

    /// <summary>Pages of each machine that will be built.</summary>
    public IReadOnlyList<ulong> Sizes => _sizes;

    /// <summary>What does not fit, a sentence for each size.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Steps that <see cref="Run"/> reports.</summary>
    public long TotalSteps => _sizes.Count * StressProgress.StepsPerMachine;

    /// <summary>Runs every size. Ended early, the machines that were finished are returned, and a note says that there were more.</summary>
    public StressResult Run(Action<string>? starting, Action<int>? advanced, CancellationToken cancellation)
    {
        var rows = new List<StressRow>();
        var notes = new List<string>(_leftOut);
        try
        {
            // Once for nothing: or else the first machine would be charged for the code that is compiled on it.
            Measure(StressOptions.MinPages, _options with { Seconds = 0 }, new StressProgress(null, null), cancellation);
            StressProgress progress = new(starting, advanced);
            foreach (ulong pages in _sizes)
            {
                progress.Begin($"{PageCountText.Of(pages)} pages");
                rows.Add(Measure(pages, _options, progress, cancellation));
                progress.End();
            }
        }
        catch (OperationCanceledException)
        {
            notes.Add($"stopped early: {rows.Count} of {_sizes.Count} sizes were finished");
        }

        return new StressResult(rows, notes);
    }

    private static StressRow Measure(ulong pages, StressOptions options, StressProgress progress, CancellationToken cancellation)
    {
        long before = ProcessMemory.ResidentBytes();
        using StressMachine machine = StressMachine.Build(options, pages);
        StressPhases phases = new(machine, new Crew(options.Threads, cancellation), options, progress);
        double populate = phases.Populate();
        long grown = ProcessMemory.ResidentBytes() - before;
        ColumnSums columns = machine.MeasureColumns();
        (long frames, long mapped) = (machine.Frames, machine.MappedEntries);
        Rate accesses = phases.Access();
        Rate scanned = phases.Scan();
        Rate reclaimed = phases.Reclaim();
        (Rate mixed, long faults, Rate mixedReclaimed) = phases.Mixed();
        long started = Stopwatch.GetTimestamp();
        string? problem = phases.Validate();
        return new StressRow
        {
            Pages = pages,
            Threads = options.Threads,
            VectorBits = machine.Engine.VectorBits,
            Policy = options.Policy.Name,
            Order = options.Order,
            Frames = frames,
            MappedEntries = mapped,
            ResidentBytes = grown,
            ColumnBytes = columns.AtOneSlot,
            ResidentColumnBytes = columns.Resident,
            PopulateSeconds = populate,
            Accesses = accesses,
            EntriesScanned = scanned,
            Reclaimed = reclaimed,
            MixedAccesses = mixed,
            MixedFaults = faults,
            MixedReclaimed = mixedReclaimed,
            Refused = phases.Refused,
            ValidateSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            Problem = problem,
            Ejected = Supervision.EjectionOf(machine.Engine, options.Policy),
        };
    }

    private string? WhyNot(ulong pages, ulong budget)
    {
        if (pages > Most)
            return $"{(_options.Order == ListOrder.Exact ? "with exact order " : "")}{Most} is the most that 32-bit numbers allow";
        ulong needed = NeededFor(pages);
        return needed > budget ? $"they need {Gibibytes(needed)} GiB, and {Gibibytes(budget)} GiB can be taken" : null;
    }

    private ulong Most => _options.Order == ListOrder.Exact ? StressOptions.MaxPagesInOrder : StressOptions.MaxPages;

    /// <summary>Bytes that a machine will take: its columns, and with exact order a bit for each frame while it is validated.</summary>
    private ulong NeededFor(ulong pages)
    {
        using StressMachine machine = StressMachine.Build(_options, pages);
        return machine.MeasureColumns().Full + (_options.Order == ListOrder.Exact ? pages / 8 : 0);
    }

    /// <summary>The largest machine in whole millions of pages, or 0.</summary>
    private ulong Largest(ulong budget)
    {
        ulong sample = 64 * Million;
        ulong pages = (ulong)((UInt128)budget * sample / NeededFor(sample)) / Million * Million;
        pages = Math.Min(pages, Most / Million * Million);
        while (pages > 0 && NeededFor(pages) > budget)
            pages -= Million;
        return pages;
    }

    private static string Gibibytes(ulong bytes) => ((double)bytes / (1 << 30)).ToString("N1", System.Globalization.CultureInfo.InvariantCulture);
}
