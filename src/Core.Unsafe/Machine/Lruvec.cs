using ReclaimNative.Concurrency;
using ReclaimNative.Frames;
using ReclaimNative.Lru;
using ReclaimNative.Memory;
using ReclaimNative.Observe;

namespace ReclaimNative.Machine;

/// <summary>
/// The lists of one memory cgroup on one node, and what is kept about them whatever the policy: the two costs, the
/// nonresident age and the counters.
/// </summary>
internal sealed unsafe class Lruvec
{
    private readonly int* _token;
    private ulong _nonresidentAge;
    private long _resident;
    private long _mapped;
    private int _walking;
    private int _filtersInUse;
    private ulong _walkSequence;

    public Lruvec(int index, MemoryCgroup memcg, Node node, ListsOf lists, int* token, EventCounts counts, byte* state, ulong* filters)
    {
        Index = index;
        Memcg = memcg;
        Node = node;
        Lists = lists;
        _token = token;
        Counts = counts;
        State = state;
        Filters = filters;
    }

    /// <summary><c>memcg id * nodes + node id</c>.</summary>
    public int Index { get; }

    public MemoryCgroup Memcg { get; }

    public Node Node { get; }

    /// <summary>Names its lists.</summary>
    public readonly ListsOf Lists;

    public bool Concurrent { get; init; }

    public EventCounts Counts { get; }

    /// <summary>What cgroups below this one had counted, they and all below them, when they were removed.</summary>
    public EventCounts Gone { get; init; }

    /// <summary>The bound policy's own bytes.</summary>
    public byte* State { get; }

    /// <summary>Two Bloom filters, one after the other: those of the current walk and of the next.</summary>
    public ulong* Filters { get; }

    /// <summary>
    /// A bit for each of the two filters once it is in use. One that is not answers "maybe" to everything and remembers
    /// nothing, as in the kernel, which allocates a filter when a walk first has something to fill it with.
    /// </summary>
    public int FiltersInUse
    {
        get => _filtersInUse;
        set => _filtersInUse = value;
    }

    /// <summary>Page-table walks completed: selects which of the two filters is read.</summary>
    public ulong WalkSequence
    {
        get => _walkSequence;
        set => _walkSequence = value;
    }

    /// <summary>Cost of reclaiming each type lately, indexed by FolioType; halved as it grows.</summary>
    public long* Cost { get; init; }

    /// <summary>Evictions and activations so far, in pages: the clock of refault distances.</summary>
    public ulong NonresidentAge => Volatile.Read(ref _nonresidentAge);

    /// <summary>workingset_activate_anon and _file at the end of the previous reclaim cycle.</summary>
    public long* RefaultSnapshot { get; init; }

    /// <summary>
    /// What the cgroup statistics said when they were last flushed: pages by class, in the order of
    /// <see cref="Policies.LruSizes"/>, then workingset_activate of both types; here and below.
    /// </summary>
    public long* Flushed { get; init; }

    /// <summary>Pages on the lists of this lruvec alone, indexed by FolioType.</summary>
    public long* OwnResident { get; init; }

    /// <summary>Pages on the lists of this lruvec and of all below it on the node.</summary>
    public long Resident => Volatile.Read(ref _resident);

    /// <summary>File pages of this lruvec alone that some page table maps.</summary>
    public long Mapped => Volatile.Read(ref _mapped);

    /// <summary>Where the reclaimers that share a walk from this cgroup on this node stand.</summary>
    public WalkCookie Cookie { get; } = new();

    /// <summary>The same cgroup one level up on the same node, or null.</summary>
    public Lruvec? Parent { get; init; }

    /// <summary>What it keeps beside its columns.</summary>
    /// <param name="log">The log.</param>
    /// <param name="machine">Where the cgroups are.</param>
    public void Pass(StateLog log, MachineState machine)
    {
        log.Pass(ref _nonresidentAge);
        log.Pass(ref _resident);
        log.Pass(ref _mapped);
        log.Pass(ref _filtersInUse);
        log.Pass(ref _walkSequence);
        Cookie.Pass(log, machine);
    }

    /// <summary>Adds to the clock of this lruvec alone.</summary>
    public void Age(uint pages) => Atomic.Add(ref _nonresidentAge, pages, Concurrent);

    /// <summary>Counts pages that came onto the lists (or, negative, left them), here and above.</summary>
    public void CountResident(FolioType type, int pages)
    {
        Atomic.Add(ref OwnResident[(int)type], pages, Concurrent);
        for (Lruvec? at = this; at is not null; at = at.Parent)
            Atomic.Add(ref at._resident, pages, Concurrent);
    }

    /// <summary>Counts a file page that got its first mapping (1) or lost its last (-1); its lock is held.</summary>
    public void CountMapped(long pages) => Atomic.Add(ref _mapped, pages, Concurrent);

    /// <summary>
    /// The right to decide about this lruvec: to isolate, to age, to walk its lists. Tried and never waited for: who
    /// fails goes to another lruvec. Adding, moving and freeing pages needs no token.
    /// </summary>
    /// <returns>False: another thread has it. Always true where one thread drives the engine.</returns>
    public bool TryTakeToken() => !Concurrent || Interlocked.CompareExchange(ref *_token, Environment.CurrentManagedThreadId, 0) == 0;

    /// <summary>Waits for the token, unless this thread has it already: for the few steps that can't be put off.</summary>
    /// <returns>True when it was taken here and is to be released.</returns>
    public bool EnterToken()
    {
        if (!Concurrent || Volatile.Read(ref *_token) == Environment.CurrentManagedThreadId)
            return false;
        var backoff = default(Backoff);
        while (!TryTakeToken())
            backoff.Pause();
        return true;
    }

    /// <summary>Gives the token back. A release: what was decided under it is seen by the next holder.</summary>
    public void ReleaseToken()
    {
        if (Concurrent)
            Volatile.Write(ref *_token, 0);
    }

    /// <summary>The right to walk page tables for this lruvec, tried like the token: one walk at a time, as in the kernel.</summary>
    public bool TryBeginWalk() => !Concurrent || Interlocked.Exchange(ref _walking, 1) == 0;

    /// <summary>Ends what <see cref="TryBeginWalk"/> began.</summary>
    public void EndWalk()
    {
        if (Concurrent)
            Volatile.Write(ref _walking, 0);
    }
}
