namespace ReclaimNative.Memory;

/// <summary>
/// Hands out contiguous runs of a fixed index range and takes them back: first fit, neighbours merged.
/// Address spaces and files take their leaf tables from one of these, so that a virtual page's slot is a base
/// plus an offset and no directory has to be walked on an access.
/// </summary>
/// <remarks>Not thread-safe: creation and destruction are serialised by the engine. Never on a hot path.</remarks>
internal sealed class ExtentReserve
{
    private readonly List<(uint Start, uint Count)> _free = [];
    private readonly uint _first;

    /// <summary>A reserve of <paramref name="capacity"/> indices from <paramref name="first"/> on.</summary>
    public ExtentReserve(uint first, uint capacity)
    {
        _first = first;
        Capacity = capacity;
        if (capacity > 0)
            _free.Add((first, capacity));
    }

    /// <summary>What is free, for a reserve of the same range.</summary>
    /// <exception cref="SnapshotException">It is none of this range.</exception>
    public void Pass(StateLog log)
    {
        int runs = log.Through(_free.Count, 0, (int)Math.Min(Capacity, int.MaxValue), "free runs of leaf tables");
        if (log.IsRestoring)
            _free.Clear();
        ulong end = _first;
        for (int i = 0; i < runs; i++)
        {
            uint start = (uint)log.Through(log.IsRestoring ? 0L : _free[i].Start);
            uint count = (uint)log.Through(log.IsRestoring ? 0L : _free[i].Count);
            if (!log.IsRestoring)
                continue;
            if (start < end || count == 0 || start + (ulong)count > _first + (ulong)Capacity)
                throw new SnapshotException($"The snapshot has leaf tables [{start}, {start + (ulong)count}) free, which overlap others or are not there.");
            end = start + (ulong)count;
            _free.Add((start, count));
        }
    }

    /// <summary>Length of the whole range.</summary>
    public uint Capacity { get; }

    /// <summary>Length of the longest free run.</summary>
    public uint LongestRun
    {
        get
        {
            uint longest = 0;
            foreach ((_, uint count) in _free)
                longest = Math.Max(longest, count);
            return longest;
        }
    }

    /// <summary>Takes <paramref name="count"/> consecutive indices, or nothing at all.</summary>
    /// <returns>False when no free run is that long.</returns>
    public bool TryTake(uint count, out uint start)
    {
        for (int i = 0; i < _free.Count; i++)
        {
            (uint runStart, uint runCount) = _free[i];
            if (runCount < count)
                continue;
            start = runStart;
            if (runCount == count)
                _free.RemoveAt(i);
            else
                _free[i] = (runStart + count, runCount - count);
            return true;
        }

        start = 0;
        return false;
    }

    /// <summary>Gives back a run that <see cref="TryTake"/> handed out.</summary>
    public void Return(uint start, uint count)
    {
        int at = 0;
        while (at < _free.Count && _free[at].Start < start)
            at++;
        _free.Insert(at, (start, count));
        if (at + 1 < _free.Count && start + count == _free[at + 1].Start)
        {
            _free[at] = (start, count + _free[at + 1].Count);
            _free.RemoveAt(at + 1);
        }

        if (at > 0 && _free[at - 1].Start + _free[at - 1].Count == start)
        {
            _free[at - 1] = (_free[at - 1].Start, _free[at - 1].Count + _free[at].Count);
            _free.RemoveAt(at);
        }
    }
}
