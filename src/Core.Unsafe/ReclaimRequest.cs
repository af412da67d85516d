using ReclaimNative.Machine;

namespace ReclaimNative;

/// <summary>Which pages a <see cref="ReclaimRequest"/> may take.</summary>
public enum ReclaimTypes
{
    /// <summary>Anonymous and file pages, balanced by swappiness.</summary>
    Any,

    /// <summary>File pages alone.</summary>
    File,

    /// <summary>File pages that nobody has written to: dropping them costs no write.</summary>
    CleanFile,

    /// <summary>Anonymous pages alone.</summary>
    Anon,
}

/// <summary>What a <see cref="ReclaimRequest"/> does with the pages that it takes.</summary>
public enum ReclaimMode
{
    /// <summary>As reclaim always does: a node of a higher tier demotes where demotion is on, the others evict.</summary>
    Auto,

    /// <summary>Evicts, wherever the pages are.</summary>
    Evict,

    /// <summary>Moves pages to a lower tier and evicts none.</summary>
    Demote,
}

/// <summary>
/// A proactive request: so many pages, from a cgroup and all below it, on some nodes, of some type, in some way. It is the same for
/// every policy, and no sign that memory is short: it counts no stall, no limit event and no failure of kswapd.
/// </summary>
/// <remarks>Source: kernel-reclaim reference 6, and the proposals of 2022 that it tells of.</remarks>
/// <param name="Pages">Pages wanted, at least 1.</param>
/// <param name="Memcg">
/// The cgroup, as by its <c>memory.reclaim</c>, or null for the machine, as by a node's <c>reclaim</c>: only the latter shows
/// in the machine's counters, and never takes what memory.low protects.
/// </param>
/// <param name="Nodes">The nodes; all of them by default.</param>
/// <param name="Swappiness">0 to 200, <see cref="AnonOnly"/>, or null for each cgroup's own.</param>
public sealed record ReclaimRequest(long Pages, MemoryCgroup? Memcg = null, NodeSet Nodes = default, int? Swappiness = null)
{
    /// <summary>
    /// The swappiness that the kernel's files call <c>max</c>: anonymous pages alone. Of a request only; a cgroup's own goes to
    /// 200. Source: kernel-reclaim reference 6.7.
    /// </summary>
    public const int AnonOnly = 201;

    /// <summary>What <see cref="BatchPages"/> is at first: 32 MiB.</summary>
    public const long DefaultBatchPages = 8192;

    /// <summary>Which pages; any by default. With a type, a swappiness says nothing and is refused.</summary>
    public ReclaimTypes Types { get; init; }

    /// <summary>
    /// Whether they are evicted or moved to a lower tier. A set of nodes of several tiers, some of which demote, needs one or the other:
    /// "reclaim from both" could mean either.
    /// </summary>
    public ReclaimMode Mode { get; init; }

    /// <summary>
    /// Takes only pages that nobody has used for at least so many milliseconds; 0 for any. Of an engine with
    /// <see cref="MachineOptions.IdleAge"/>, or of cgroups whose policy knows (mglru); see <see cref="ReclaimResult.Age"/>.
    /// </summary>
    public long MinIdleMs { get; init; }

    /// <summary>
    /// Ends the request when so many pages have been examined, and at most one isolation later: 64 pages, or up to 4096 for a policy that
    /// passes used pages by as it isolates (clock). Null for no limit; at least 1.
    /// </summary>
    public long? MaxScanned { get; init; }

    /// <summary>
    /// Ends the request when so much time has passed by the engine's <see cref="EngineOptions.Clock"/>; null for no limit. Above zero. It is
    /// looked at after each batch, so one walk of page tables or one write of a batch may go beyond it.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Most pages asked for in one step, at least 1: how long others wait who share the engine, and how late a cancel comes.</summary>
    public long BatchPages { get; init; } = DefaultBatchPages;

    /// <summary>
    /// Aims as the kernel's files do: at least the policy's least (32 pages) at a time, and every visit to its end, so that it overshoots by as
    /// much as they do. False: ends with the batch of at most 64 in which the amount is reached.
    /// </summary>
    public bool Overshoots { get; init; }
}
