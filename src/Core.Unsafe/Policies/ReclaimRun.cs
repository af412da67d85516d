using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;

namespace ReclaimNative.Policies;

/// <summary>
/// A proactive request under way: which pages it may take, what it has taken from where, what stayed and why, and whether it is to end.
/// The path asks it and tells it; policies never see it.
/// </summary>
/// <remarks>One thread at a time carries it out. <see cref="Cancel"/> may come from any.</remarks>
internal unsafe class ReclaimRun
{
    private static readonly int Reasons = Enum.GetValues<ReclaimSkip>().Length;

    private readonly MachineState _machine;
    private readonly TimeProvider _clock;
    private readonly long _began;
    private readonly NodeSums[] _sums;
    private readonly long[] _skipped = new long[Reasons];
    private readonly CancellationToken _cancellation;
    private long _reclaimed;
    private long _scanned;
    private int _isCanceled;
    private long _ended;
    private GenerationReport[]? _generations;
    private bool _oldAnon;
    private bool _oldFile;

    public ReclaimRun(MachineState machine, ReclaimRequest request, Node[] nodes, TimeProvider clock, CancellationToken cancellation)
    {
        _machine = machine;
        _clock = clock;
        _cancellation = cancellation;
        _began = clock.GetTimestamp();
        _sums = new NodeSums[machine.Nodes.Length];
        Request = request;
        Nodes = nodes;
    }

    public ReclaimRequest Request { get; }

    /// <summary>The nodes that it takes from.</summary>
    public Node[] Nodes { get; }

    /// <summary>Pages evicted or demoted so far.</summary>
    public long Reclaimed => _reclaimed;

    /// <summary>Attempts so far.</summary>
    public int Attempts { get; set; }

    /// <summary>Attempts so far that freed nothing.</summary>
    public int Fruitless { get; set; }

    /// <summary>Pages of cgroups that protection covered when it ended.</summary>
    public long Protected { get; set; }

    /// <summary>Where idle times come from.</summary>
    public ReclaimAge Age { get; init; }

    /// <summary>It has ended, or is to end where it stands.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Why, once <see cref="IsOver"/>.</summary>
    public ReclaimStop Stop { get; private set; }

    /// <summary>The amount for the whole of it is as hard as its limits, so that a pass ends within a batch of it.</summary>
    private bool IsExact => !Request.Overshoots;

    /// <summary>It ends after the batch that is being worked off.</summary>
    public void Cancel() => Volatile.Write(ref _isCanceled, 1);

    /// <summary>It ends here.</summary>
    public void End(ReclaimStop stop)
    {
        if (IsOver)
            return;
        Stop = stop;
        IsOver = true;
        _ended = _clock.GetTimestamp();
    }

    /// <summary>Looks whether it is to end: between two batches.</summary>
    public void Look()
    {
        if (_reclaimed >= Request.Pages)
        {
            if (IsExact)
                End(ReclaimStop.Done);
        }
        else if (Volatile.Read(ref _isCanceled) != 0 || _cancellation.IsCancellationRequested)
        {
            End(ReclaimStop.Canceled);
        }
        else if (_scanned >= Request.MaxScanned)
        {
            End(ReclaimStop.ScanLimit);
        }
        else if (Request.TimeLimit is { } limit && _clock.GetElapsedTime(_began) >= limit)
        {
            End(ReclaimStop.TimeLimit);
        }
    }

    /// <summary>A batch of a node is worked off.</summary>
    public void Account(Node node, in FolioBatch batch)
    {
        ref NodeSums sums = ref _sums[node.Id];
        sums.EvictedFile += batch.ReclaimedFile - batch.DemotedFile;
        sums.EvictedAnon += batch.Reclaimed - batch.ReclaimedFile - (batch.Demoted - batch.DemotedFile);
        sums.DemotedFile += batch.DemotedFile;
        sums.DemotedAnon += batch.Demoted - batch.DemotedFile;
        sums.Scanned += batch.Scanned;
        _scanned += batch.Scanned;
        _reclaimed += batch.Reclaimed;
    }

    /// <summary>Pages stay.</summary>
    public void Skip(ReclaimSkip reason, int pages = 1) => _skipped[(int)reason] += pages;

    /// <summary>Whether a page is not for this request at all; its lock is held.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool Excludes(uint pfn)
    {
        FolioType type = _machine.Frames.TypeOf(pfn);
        ReclaimSkip reason;
        if (Request.Types != ReclaimTypes.Any && (type == FolioType.Anon) != (Request.Types == ReclaimTypes.Anon))
            reason = ReclaimSkip.Type;
        else if (Request.Types == ReclaimTypes.CleanFile && IsDirty(pfn))
            reason = ReclaimSkip.Dirty;
        else if (Age != ReclaimAge.None && IsTooYoung(pfn, type))
            reason = ReclaimSkip.Age;
        else
            return false;
        Skip(reason);
        return true;
    }

    /// <summary>
    /// By generations: whether the oldest pages of a lruvec are all too young, so that none needs to be isolated; what is isolated and then
    /// kept would be taken for used. A page of a generation was last used before the next one was opened. To be asked before each isolation.
    /// </summary>
    public bool HasOnlyYoung(PolicyView view)
    {
        if (Age != ReclaimAge.Generations)
            return false;
        Span<GenerationReport> reports = _generations ??= new GenerationReport[GenerationReport.Most];
        reports = reports[..Math.Clamp(view.Ops.ReadGenerations(view, reports), 0, GenerationReport.Most)];
        _oldAnon = _oldFile = false;
        bool seenAnon = false;
        bool seenFile = false;
        for (int i = 0; i < reports.Length; i++)
        {
            bool isOld = i + 1 < reports.Length && reports[i + 1].BirthMs <= _machine.NowMs - Request.MinIdleMs;
            if (!seenAnon && reports[i].Anon.IsOpen)
                (seenAnon, _oldAnon) = (true, isOld);
            if (!seenFile && reports[i].File.IsOpen)
                (seenFile, _oldFile) = (true, isOld);
        }

        return !_oldAnon && !_oldFile;
    }

    /// <summary>What became of it, so far or in the end.</summary>
    public ReclaimResult ToResult()
    {
        var nodes = new NodeReclaim[Nodes.Length];
        long demoted = 0;
        for (int i = 0; i < nodes.Length; i++)
        {
            nodes[i] = _sums[Nodes[i].Id].ToReclaim(Nodes[i]);
            demoted += nodes[i].DemotedAnon + nodes[i].DemotedFile;
        }

        return new ReclaimResult
        {
            Request = Request,
            Reclaimed = _reclaimed,
            Demoted = demoted,
            Scanned = _scanned,
            Nodes = nodes,
            Skipped = new SkipCounts(_skipped),
            Protected = Protected,
            Attempts = Attempts,
            Elapsed = _clock.GetElapsedTime(_began, IsOver ? _ended : _clock.GetTimestamp()),
            Stop = Stop,
            Age = Age,
        };
    }

    private bool IsTooYoung(uint pfn, FolioType type) => Age == ReclaimAge.IdleAge
        ? IdleAge.IdleMsOf(_machine, pfn) < Request.MinIdleMs
        : !(type == FolioType.Anon ? _oldAnon : _oldFile);

    private bool IsDirty(uint pfn)
    {
        if (_machine.Frames.Has(pfn, FolioFlags.Dirty))
            return true;
        LeafTables tables = _machine.Tables;
        foreach (uint mapped in _machine.Rmap.Of(_machine.Frames.OwnerOf(pfn)))
        {
            if (LeafTables.Test(tables.Dirty, mapped))
                return true;
        }

        return false;
    }

    private struct NodeSums
    {
        public long EvictedAnon;
        public long EvictedFile;
        public long DemotedAnon;
        public long DemotedFile;
        public long Scanned;

        public readonly NodeReclaim ToReclaim(Node node) => new(node, EvictedAnon, EvictedFile, DemotedAnon, DemotedFile, Scanned);
    }
}
