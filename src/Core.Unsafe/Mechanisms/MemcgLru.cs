using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Mechanisms;

/// <summary>Where a lruvec goes in its node's <see cref="MemcgLru"/>.</summary>
internal enum MemcgMove
{
    /// <summary>It stays.</summary>
    None,

    /// <summary>To the head of a bin of its own generation: next to be reclaimed from.</summary>
    Head,

    /// <summary>To the tail of a bin of its own generation: once more in this round, and last.</summary>
    Tail,

    /// <summary>To the head of the old generation.</summary>
    Old,

    /// <summary>To the tail of the young generation: it has had its turn in this round.</summary>
    Young,
}

/// <summary>What a lruvec's last move has made of it. The order in a bin follows from the moves; this only remembers.</summary>
internal enum MemcgSegment : byte
{
    /// <summary>As it came, or moved to another generation.</summary>
    Default,

    /// <summary>Moved to the head.</summary>
    Head,

    /// <summary>Moved to the tail: it was passed over once in this round.</summary>
    Tail,
}

/// <summary>
/// The memcg LRU of one node: the order in which reclaim for the whole machine comes by its lruvecs. Two generations are in
/// use, old and young, of eight bins each; who has had a turn goes to the young one, and when the old one is empty the young
/// one takes its place. So each lruvec has a turn in each round, and reclaim that stops early costs those at the front of a
/// random bin, not always the same. Source: kernel-reclaim reference 4.5.
/// </summary>
/// <remarks>
/// <para>Lruvecs go by the number of their cgroup. All memory is taken at construction.</para>
/// <code>
/// Invariant:   every lruvec is in exactly one bin of the old or the young generation; the old one is not empty.
/// Ordering:    all of it is read and written under one lock for the node, taken by compare-and-swap, a full fence, and given
///              back by a release store. It is held for the few steps of one move and for no visit: no other lock and no
///              token is taken under it, so it can't be part of a circle, and a wait for it is short. A token that is tried
///              would not do: a move given up is a turn that was had and does not count.
/// Progress:    a holder that stops delays the reclaimers of its node between two visits, and nobody else.
/// A walk and   a walk holds no lock between two steps. If the lruvec that it stands at has left its bin meanwhile, it starts
/// a move:      the bin again, as the kernel does. It takes at most two steps for each lruvec (a visit, and one more after
///              Tail), however the others move them: that ends every walk.
/// Checked by:  MemcgLruTests, against lists that are searched.
/// </code>
/// </remarks>
internal sealed class MemcgLru
{
    public const int Generations = 3;
    public const int Bins = 8;

    private const int None = -1;

    private readonly Entry[] _entries;
    private readonly Ends[] _bins = new Ends[Generations * Bins];
    private readonly int[] _members = new int[Generations];
    private readonly bool _concurrent;
    private ulong _random;
    private ulong _sequence;
    private int _lock;

    /// <summary>An empty order for cgroups [0, <paramref name="memcgs"/>).</summary>
    /// <param name="memcgs">Room, in cgroups.</param>
    /// <param name="seed">Decides the bins: the same seed and the same calls give the same order.</param>
    /// <param name="concurrent">Several threads may call.</param>
    public MemcgLru(int memcgs, ulong seed, bool concurrent)
    {
        _entries = new Entry[memcgs];
        _concurrent = concurrent;
        _random = seed;
        Array.Fill(_bins, new Ends(None, None));
    }

    /// <summary>All of it, for a thread that is alone and ids [0, <paramref name="memcgs"/>).</summary>
    public void Pass(StateLog log, int memcgs)
    {
        foreach (ref Entry entry in _entries.AsSpan(0, memcgs))
        {
            log.Pass(ref entry.Previous);
            log.Pass(ref entry.Next);
            log.Pass(ref entry.Bin);
            entry.Segment = (MemcgSegment)log.Through((long)entry.Segment);
        }

        foreach (ref Ends ends in _bins.AsSpan())
        {
            log.Pass(ref ends.Head);
            log.Pass(ref ends.Tail);
        }

        foreach (ref int members in _members.AsSpan())
            log.Pass(ref members);
        log.Pass(ref _random);
        log.Pass(ref _sequence);
    }

    /// <summary>Number of the old generation; the young one is the next. Advances when the old one runs empty.</summary>
    public ulong Sequence
    {
        get => _sequence;
        private set => _sequence = value;
    }

    /// <summary>What protection says before a visit: where the lruvec goes instead of one, or null for a visit.</summary>
    public static MemcgMove? Instead(bool belowMin, bool belowLow, MemcgSegment segment)
    {
        if (belowMin)
            return MemcgMove.Young;

        // The others first; when it is met again, there was not enough of them.
        return belowLow && segment != MemcgSegment.Tail ? MemcgMove.Tail : null;
    }

    /// <summary>Where a lruvec goes after a visit.</summary>
    /// <param name="isDone">Its policy says that it has had its turn.</param>
    /// <param name="isSizable">A visit at this priority takes something from it, if only a page.</param>
    /// <param name="segment">What its last move has made of it.</param>
    public static MemcgMove After(bool isDone, bool isSizable, MemcgSegment segment)
    {
        if (isDone)
            return MemcgMove.Young;
        if (isSizable)
            return MemcgMove.None;
        return segment != MemcgSegment.Tail ? MemcgMove.Tail : MemcgMove.Young;
    }

    /// <summary>A lruvec comes to be: last in a bin of the old generation.</summary>
    public void Add(int memcg)
    {
        Enter();
        int slot = SlotOf(Sequence);
        _members[slot]++;
        Link(memcg, slot, toHead: false, MemcgSegment.Default);
        Exit();
    }

    /// <summary>A lruvec is no more, and nobody walks.</summary>
    public void Remove(int memcg)
    {
        Enter();
        ref Entry entry = ref _entries[memcg];
        int slot = entry.Bin / Bins;
        Unlink(ref entry);
        entry = default;
        _members[slot]--;
        if (_members[slot] == 0 && slot == SlotOf(Sequence))
            Sequence++;
        Exit();
    }

    /// <summary>Moves a lruvec.</summary>
    public void Move(int memcg, MemcgMove move)
    {
        if (move == MemcgMove.None)
            return;
        Enter();
        Place(memcg, move);
        Exit();
    }

    /// <summary>A walk once around the bins of the old generation, beginning with a random one.</summary>
    public Walk Begin() => new(this);

    /// <summary>Slot, bin and segment of a lruvec; at a quiet point.</summary>
    internal (int Slot, int Bin, MemcgSegment Segment) PlaceOf(int memcg)
    {
        ref Entry entry = ref _entries[memcg];
        return (entry.Bin / Bins, entry.Bin % Bins, entry.Segment);
    }

    /// <summary>The lruvecs of a bin from its head on; at a quiet point.</summary>
    internal IEnumerable<int> MembersOf(int slot, int bin)
    {
        for (int memcg = _bins[slot * Bins + bin].Head; memcg != None; memcg = _entries[memcg].Next)
            yield return memcg;
    }

    /// <summary>What is wrong with the order in one sentence, or null; at a quiet point.</summary>
    /// <param name="isThere">By id: there is such a cgroup.</param>
    internal string? FindProblem(ReadOnlySpan<bool> isThere)
    {
        int memcgs = isThere.Count(true);
        var seen = new bool[isThere.Length];
        int total = 0;
        for (int slot = 0; slot < Generations; slot++)
        {
            int inSlot = 0;
            for (int bin = slot * Bins; bin < (slot + 1) * Bins; bin++)
            {
                int before = None;
                for (int memcg = _bins[bin].Head; memcg != None; memcg = _entries[memcg].Next)
                {
                    if ((uint)memcg >= (uint)isThere.Length || !isThere[memcg])
                        return $"bin {bin} names cgroup {memcg}, which there is not";
                    if (seen[memcg])
                        return $"cgroup {memcg} is met twice, the second time in bin {bin}";
                    if (_entries[memcg].Bin != bin || _entries[memcg].Previous != before)
                        return $"cgroup {memcg} in bin {bin} says that it is in bin {_entries[memcg].Bin}, behind {_entries[memcg].Previous} and not {before}";
                    seen[memcg] = true;
                    before = memcg;
                    inSlot++;
                }

                if (_bins[bin].Tail != before)
                    return $"bin {bin} ends with cgroup {before}, but its tail is {_bins[bin].Tail}";
            }

            if (inSlot != _members[slot])
                return $"generation slot {slot} counts {_members[slot]} lruvecs and holds {inSlot}";
            if (inSlot > 0 && slot != SlotOf(Sequence) && slot != SlotOf(Sequence + 1))
                return $"generation slot {slot} holds {inSlot} lruvecs and is neither old nor young";
            total += inSlot;
        }

        if (total != memcgs)
            return $"{total} of {memcgs} lruvecs are in a bin";
        return _members[SlotOf(Sequence)] > 0 ? null : "the old generation is empty";
    }

    private static int SlotOf(ulong sequence) => (int)(sequence % Generations);

    private void Place(int memcg, MemcgMove move)
    {
        ref Entry entry = ref _entries[memcg];
        int from = entry.Bin / Bins;
        int to = move switch
        {
            MemcgMove.Old => SlotOf(Sequence),
            MemcgMove.Young => SlotOf(Sequence + 1),
            _ => from,
        };
        MemcgSegment segment = move switch
        {
            MemcgMove.Head => MemcgSegment.Head,
            MemcgMove.Tail => MemcgSegment.Tail,
            _ => MemcgSegment.Default,
        };
        Unlink(ref entry);
        _members[from]--;
        _members[to]++;
        Link(memcg, to, toHead: move is MemcgMove.Head or MemcgMove.Old, segment);
        if (_members[from] == 0 && from == SlotOf(Sequence))
            Sequence++;
    }

    private void Link(int memcg, int slot, bool toHead, MemcgSegment segment)
    {
        int bin = slot * Bins + RandomBin();
        ref Ends ends = ref _bins[bin];
        ref Entry entry = ref _entries[memcg];
        entry = toHead ? new Entry(None, ends.Head, bin, segment) : new Entry(ends.Tail, None, bin, segment);
        if (entry.Previous == None)
            ends.Head = memcg;
        else
            _entries[entry.Previous].Next = memcg;
        if (entry.Next == None)
            ends.Tail = memcg;
        else
            _entries[entry.Next].Previous = memcg;
    }

    private void Unlink(ref Entry entry)
    {
        ref Ends ends = ref _bins[entry.Bin];
        if (entry.Previous == None)
            ends.Head = entry.Next;
        else
            _entries[entry.Previous].Next = entry.Next;
        if (entry.Next == None)
            ends.Tail = entry.Previous;
        else
            _entries[entry.Next].Previous = entry.Previous;
    }

    /// <summary>The top bits of Vigna's SplitMix64.</summary>
    private int RandomBin()
    {
        unchecked
        {
            ulong z = _random += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)(z >> 61);
        }
    }

    private void Enter()
    {
        if (!_concurrent)
            return;
        var backoff = default(Backoff);
        while (Volatile.Read(ref _lock) != 0 || Interlocked.CompareExchange(ref _lock, 1, 0) != 0)
            backoff.Pause();
    }

    private void Exit()
    {
        if (_concurrent)
            Volatile.Write(ref _lock, 0);
    }

    /// <summary>One reclaimer's way through the old generation. Belongs to one thread.</summary>
    public struct Walk
    {
        private readonly MemcgLru _order;
        private bool _hasBegun;
        private int _slot;
        private int _bin;
        private int _binsLeft;
        private int _stepsLeft;
        private int _at;

        internal Walk(MemcgLru order)
        {
            _order = order;
            _at = None;
        }

        /// <summary>Moves the lruvec of the step before, and goes on to the next one.</summary>
        /// <param name="move">Where that one goes; nothing in the first step.</param>
        /// <param name="memcg">The cgroup whose turn it is.</param>
        /// <param name="segment">What its last move has made of it.</param>
        /// <returns>False at the end of the walk, the last move made.</returns>
        public bool Step(MemcgMove move, out int memcg, out MemcgSegment segment)
        {
            MemcgLru order = _order;
            order.Enter();
            int next = _hasBegun ? NextInBin() : Start();
            if (_at != None && move != MemcgMove.None)
                order.Place(_at, move);
            while (next == None && _binsLeft > 0)
            {
                _binsLeft--;
                _bin = (_bin + 1) % Bins;
                next = First();
            }

            bool found = next != None && _stepsLeft-- > 0;
            _at = memcg = found ? next : None;
            segment = found ? order._entries[next].Segment : MemcgSegment.Default;
            order.Exit();
            return found;
        }

        private int Start()
        {
            _hasBegun = true;
            _slot = SlotOf(_order.Sequence);
            _bin = _order.RandomBin();
            _binsLeft = Bins - 1;
            _stepsLeft = 2 * _order._members[_slot];
            return First();
        }

        private readonly int First() => _order._bins[_slot * Bins + _bin].Head;

        private readonly int NextInBin()
        {
            ref Entry entry = ref _order._entries[_at];
            return entry.Bin == _slot * Bins + _bin ? entry.Next : First();
        }
    }

    private struct Ends(int head, int tail)
    {
        public int Head = head;
        public int Tail = tail;
    }

    private struct Entry(int previous, int next, int bin, MemcgSegment segment)
    {
        public int Previous = previous;
        public int Next = next;

        /// <summary>Generation slot times eight, and the bin.</summary>
        public int Bin = bin;

        public MemcgSegment Segment = segment;
    }
}
