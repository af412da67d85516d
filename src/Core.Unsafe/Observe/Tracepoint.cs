namespace ReclaimNative.Observe;

/// <summary>
/// Events of the reclaim path that can be subscribed to (<see cref="Engine.Trace"/>), as bits of a mask; the spelling is that of the kernel's
/// tracepoints without their <c>mm_vmscan_</c>, where it has such a one. What the fields of a <see cref="TraceEvent"/> mean stands with each;
/// those that are not named are zero.
/// </summary>
[Flags]
public enum Tracepoint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>An allocation found too few free frames on the node, and kswapd is wanted from now on.</summary>
    wakeup_kswapd = 1 << 0,

    /// <summary>A balance run of kswapd begins on the node.</summary>
    kswapd_wake = 1 << 1,

    /// <summary>It has ended: pages scanned and reclaimed by it.</summary>
    kswapd_sleep = 1 << 2,

    /// <summary>A task that found no free frame begins to reclaim; scanned: pages asked for.</summary>
    direct_reclaim_begin = 1 << 3,

    /// <summary>It has ended: pages scanned and reclaimed by it.</summary>
    direct_reclaim_end = 1 << 4,

    /// <summary>Reclaim at a limit of the cgroup begins; scanned: pages asked for. The reclaimer is a task too.</summary>
    memcg_reclaim_begin = 1 << 5,

    /// <summary>It has ended: pages scanned and reclaimed by it.</summary>
    memcg_reclaim_end = 1 << 6,

    /// <summary>
    /// An attempt at a proactive request begins, for the cgroup, the root when it is for the whole machine; scanned: pages asked for. The
    /// kernel has the two before for it.
    /// </summary>
    request_begin = 1 << 7,

    /// <summary>It has ended: pages scanned and reclaimed by it.</summary>
    request_end = 1 << 8,

    /// <summary>A batch has left its list: pages scanned, and taken, of one type; a batch with both makes two events.</summary>
    lru_isolate = 1 << 9,

    /// <summary>
    /// A batch was worked off: pages scanned for it, taken, and reclaimed, of one type. Their sums over a cgroup and node are its pgscan and
    /// pgsteal by reclaimer and by type.
    /// </summary>
    lru_shrink_inactive = 1 << 10,

    /// <summary>A batch of an active list was deactivated: pages scanned and taken, of one type.</summary>
    lru_shrink_active = 1 << 11,

    /// <summary>The cgroup is bound to another policy, which is named.</summary>
    policy_switched = 1 << 12,

    /// <summary>The policy that is named has broken its contract, last on this cgroup and node, and is ejected.</summary>
    policy_ejected = 1 << 13,

    /// <summary>
    /// An <see cref="Counter.oom"/> is counted: reclaim gave up for the cgroup, the root for the machine, on an access that is refused, a
    /// <c>memory.max</c> that can't be reached, or a node where all is younger than <see cref="Engine.MinTtlMs"/>.
    /// </summary>
    oom = 1 << 14,

    /// <summary>All of them.</summary>
    All = (1 << 15) - 1,
}

/// <summary>One event of the reclaim path. What it has nothing to say of is zero, and null.</summary>
public readonly struct TraceEvent
{
    /// <summary>Which one: a single bit.</summary>
    public Tracepoint Tracepoint { get; init; }

    /// <summary><see cref="Engine.NowUs"/> when it happened.</summary>
    public long TimeUs { get; init; }

    /// <summary>The cgroup that it is about, by its number (<see cref="Engine.FindMemcg(long)"/>); 0, the root, for the machine.</summary>
    public int MemcgId { get; init; }

    /// <summary>The node, by its number in <see cref="Engine.Nodes"/>.</summary>
    public int NodeId { get; init; }

    /// <summary>12 down to 0: how hard it is tried. Only of events that are about a batch.</summary>
    public int Priority { get; init; }

    /// <summary>The pages belong to files; else they are anonymous. Only of events that are about a batch.</summary>
    public bool IsFile { get; init; }

    /// <summary>Who reclaims.</summary>
    public Reclaimer Reclaimer { get; init; }

    /// <summary>Pages looked at; of an event that begins a reclaim, pages asked for.</summary>
    public long Scanned { get; init; }

    /// <summary>Pages isolated.</summary>
    public long Taken { get; init; }

    /// <summary>Pages that left the node: evicted or demoted.</summary>
    public long Reclaimed { get; init; }

    /// <summary>The policy's name, of events that are about a batch or a policy.</summary>
    public string? Policy { get; init; }
}

/// <summary>Who subscribes to events of the reclaim path.</summary>
/// <remarks>
/// Called while the engine is in the middle of something, on the thread that is: by several at once, where several drive the engine. It must not
/// call the engine back; such calls are refused. What it throws goes no further and ends the subscription
/// (<see cref="Engine.TraceFailure"/>), for a reclaim can't stop halfway.
/// </remarks>
public abstract class TraceSink
{
    /// <summary>An event has happened.</summary>
    /// <param name="happened">What; it is gone when this returns.</param>
    public abstract void Raise(in TraceEvent happened);
}
