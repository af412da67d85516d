namespace ReclaimNative.Observe;

/// <summary>
/// Event counters, under the names and with the meanings that Linux gives them in <c>memory.stat</c> and
/// <c>vmstat</c>; the spelling is the kernel's, so that a log or a paper can be matched. All count base pages
/// unless the comment says otherwise. Source: kernel-reclaim reference 7.
/// </summary>
public enum Counter
{
    /// <summary>Pages looked at for eviction by kswapd.</summary>
    pgscan_kswapd,

    /// <summary>Pages looked at for eviction by an allocating task, at a memcg limit or for want of free frames.</summary>
    pgscan_direct,

    /// <summary>Pages looked at for eviction by a proactive request.</summary>
    pgscan_proactive,

    /// <summary>Pages freed or demoted by kswapd.</summary>
    pgsteal_kswapd,

    /// <summary>Pages freed or demoted by an allocating task.</summary>
    pgsteal_direct,

    /// <summary>Pages freed or demoted by a proactive request.</summary>
    pgsteal_proactive,

    /// <summary>Pages that kswapd moved to a lower memory tier; they are counted as stolen too.</summary>
    pgdemote_kswapd,

    /// <summary>Pages that an allocating task moved to a lower memory tier.</summary>
    pgdemote_direct,

    /// <summary>Pages that a proactive request moved to a lower memory tier.</summary>
    pgdemote_proactive,

    /// <summary>Anonymous pages looked at for eviction, whoever looked.</summary>
    pgscan_anon,

    /// <summary>File pages looked at for eviction, whoever looked.</summary>
    pgscan_file,

    /// <summary>Anonymous pages freed or demoted.</summary>
    pgsteal_anon,

    /// <summary>File pages freed or demoted.</summary>
    pgsteal_file,

    /// <summary>Classic: pages looked at on active lists. MGLRU: pages moved by sorting.</summary>
    pgrefill,

    /// <summary>Activations by descriptor accesses and by eviction's verdict; not refault activations.</summary>
    pgactivate,

    /// <summary>Pages moved from an active to an inactive list.</summary>
    pgdeactivate,

    /// <summary>Pages moved to the cold end when their writeback ended.</summary>
    pgrotated,

    /// <summary>Faults, minor and major.</summary>
    pgfault,

    /// <summary>Faults that had to read a page back in.</summary>
    pgmajfault,

    /// <summary>Pages read from swap.</summary>
    pswpin,

    /// <summary>Pages written to swap.</summary>
    pswpout,

    /// <summary>Anonymous pages that came back after eviction.</summary>
    workingset_refault_anon,

    /// <summary>File pages that came back after eviction.</summary>
    workingset_refault_file,

    /// <summary>Anonymous refaults judged recent and activated.</summary>
    workingset_activate_anon,

    /// <summary>File refaults judged recent and activated.</summary>
    workingset_activate_file,

    /// <summary>Anonymous refaults whose shadow said that the page had been in the working set.</summary>
    workingset_restore_anon,

    /// <summary>File refaults whose shadow said that the page had been in the working set.</summary>
    workingset_restore_file,

    /// <summary>Pages written by reclaim.</summary>
    nr_vmscan_write,

    /// <summary>Dirty file pages that reclaim met and tagged "free as soon as clean".</summary>
    nr_vmscan_immediate_reclaim,

    /// <summary>Entries into direct reclaim, and each of its retries.</summary>
    allocstall_normal,

    /// <summary>Balance runs of kswapd.</summary>
    pageoutrun,

    /// <summary>Times that a cgroup below its memory.low was reclaimed from, since there was nothing else: one for each visit.</summary>
    low,

    /// <summary>Times that a cgroup was above its memory.high and reclaimed from for that: one for each round.</summary>
    high,

    /// <summary>Times that a charge would have passed memory.max: one for each attempt, so several for one charge.</summary>
    max,

    /// <summary>
    /// Times that reclaim gave up: an allocation was refused, a memory.max below the usage could not be reached, or kswapd found
    /// nothing that was older than <see cref="Engine.MinTtlMs"/>.
    /// </summary>
    oom,

    /// <summary>Tasks killed for want of memory. 0: an access that finds none is refused, and what to do about it is its owner's business.</summary>
    oom_kill,

    /// <summary>Pages moved to the unevictable list by reclaim.</summary>
    unevictable_pgs_culled,

    /// <summary>
    /// Page-table entries that page-table walks looked at. The kernel keeps this and the next for each address space
    /// (<c>MM_LEAF_TOTAL</c>, <c>MM_LEAF_YOUNG</c>), and shows them in <c>lru_gen_full</c> and not in <c>vmstat</c>.
    /// </summary>
    mm_leaf_total,

    /// <summary>Those whose accessed bit a walk found set and cleared.</summary>
    mm_leaf_young,

    /// <summary>
    /// Proposals and omissions of a policy that the core did not follow: a page that was not its to propose, a page
    /// left on no list, a visit that examined pages without end. Not a kernel counter.
    /// </summary>
    policy_overrides,
}

/// <summary>The set of <see cref="Counter"/> values, for those who size or print arrays of them.</summary>
public static class Counters
{
    /// <summary>How many counters there are; a counter's value is its index, in [0, Count).</summary>
    public const int Count = (int)Counter.policy_overrides + 1;

    private static readonly string[] Names = Enum.GetNames<Counter>();

    /// <summary>The kernel's spelling of <paramref name="counter"/>.</summary>
    public static string NameOf(Counter counter) => Names[(int)counter];
}
