namespace ReclaimNative.Lab.Policies;

/// <summary>
/// When each access of a trace will be repeated, and the resident pages of one replay ordered by that: the farthest
/// one is on top of a binary heap whose entries know their place.
/// </summary>
/// <remarks>One replay at a time. Allocates when a replay starts, not while it runs.</remarks>
public sealed class FutureUse
{
    private const uint Never = uint.MaxValue;
    private const int Absent = -1;

    private readonly uint[] _nextUse;
    private uint[] _heap = [];
    private int[] _place = [];
    private uint[] _due = [];
    private int _count;
    private int _clock;

    private FutureUse(uint[] nextUse) => _nextUse = nextUse;

    /// <summary>Looks ahead through <paramref name="accesses"/>, words of a page below <paramref name="pages"/> and a write bit.</summary>
    public static FutureUse Of(ReadOnlySpan<uint> accesses, int pages)
    {
        var nextUse = new uint[accesses.Length];
        var seen = new uint[pages];
        Array.Fill(seen, Never);
        for (int i = accesses.Length - 1; i >= 0; i--)
        {
            ref uint next = ref seen[accesses[i] & ~Engine.WriteBit];
            nextUse[i] = next;
            next = (uint)i;
        }

        return new FutureUse(nextUse);
    }

    /// <summary>A replay starts, in an engine of <paramref name="frames"/> frames.</summary>
    internal void Reset(uint frames)
    {
        // Every lruvec of the engine comes online before the first access; they share the heap.
        if (_place.Length != frames)
        {
            _heap = new uint[frames];
            _place = new int[frames];
            _due = new uint[frames];
        }

        Array.Fill(_place, Absent);
        _count = 0;
        _clock = 0;
    }

    /// <summary>The next access of the trace brings a page in.</summary>
    internal void Arrive(uint pfn)
    {
        _due[pfn] = _nextUse[_clock++];
        Return(pfn);
    }

    /// <summary>The next access of the trace hits a page.</summary>
    internal void Use(uint pfn)
    {
        // A page's next use only ever moves away, so it can only rise.
        _due[pfn] = _nextUse[_clock++];
        Rise(_place[pfn]);
    }

    /// <summary>A page that had left is resident after all.</summary>
    internal void Return(uint pfn)
    {
        _heap[_count] = pfn;
        _place[pfn] = _count;
        Rise(_count++);
    }

    /// <summary>The page whose next use is farthest, if there is any.</summary>
    internal bool TryFarthest(out uint pfn)
    {
        pfn = _count > 0 ? _heap[0] : 0;
        return _count > 0;
    }

    /// <summary>A page is not resident any more.</summary>
    internal void Leave(uint pfn)
    {
        int hole = _place[pfn];
        if (hole == Absent)
            return;
        _place[pfn] = Absent;
        uint last = _heap[--_count];
        if (last == pfn)
            return;
        _heap[hole] = last;
        _place[last] = hole;
        Rise(hole);
        Sink(_place[last]);
    }

    private void Rise(int at)
    {
        uint pfn = _heap[at];
        uint due = _due[pfn];
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (_due[_heap[parent]] >= due)
                break;
            Put(at, _heap[parent]);
            at = parent;
        }

        Put(at, pfn);
    }

    private void Sink(int at)
    {
        uint pfn = _heap[at];
        uint due = _due[pfn];
        while (2 * at + 1 < _count)
        {
            int child = 2 * at + 1;
            if (child + 1 < _count && _due[_heap[child + 1]] > _due[_heap[child]])
                child++;
            if (_due[_heap[child]] <= due)
                break;
            Put(at, _heap[child]);
            at = child;
        }

        Put(at, pfn);
    }

    private void Put(int at, uint pfn)
    {
        _heap[at] = pfn;
        _place[pfn] = at;
    }
}
