using System.Runtime.CompilerServices;
using ReclaimNative.Machine;
using ReclaimNative.Observe;

namespace ReclaimNative.Policies;

/// <summary>The parameters and the running result of one reclaim. Amounts are pages.</summary>
public struct ScanControl
{
    /// <summary>The priority that a reclaim starts at: 1 / 2^12 of each list is scanned.</summary>
    public const int DefaultPriority = 12;

    /// <summary>Free frames beyond the high watermark at which kswapd stops in the middle of a pass.</summary>
    private const int KswapdMargin = 64;

    /// <summary>The subtree to reclaim from, or null for the whole machine.</summary>
    public MemoryCgroup? Target { get; init; }

    /// <summary>Who reclaims.</summary>
    public Reclaimer Reclaimer { get; init; }

    /// <summary>Pages wanted.</summary>
    public long NrToReclaim { get; internal set; }

    /// <summary>Pages freed or demoted so far.</summary>
    public long NrReclaimed { get; internal set; }

    /// <summary>Pages examined by eviction so far.</summary>
    public long NrScanned { get; internal set; }

    /// <summary>12 down to 0: 1 / 2^priority of a list is scanned in one pass. A policy may lower it; raised, it is put back.</summary>
    public int Priority { get; set; }

    /// <summary>Anonymous pages may be swapped out.</summary>
    public bool MaySwap { get; init; }

    /// <summary>kswapd's visit before its pass: the policy may age, and evicts nothing.</summary>
    public bool Background { get; init; }

    /// <summary>
    /// The policy takes file pages alone in this pass, because there are plenty that are cold. Set by its
    /// <see cref="IReclaimPolicy.Prepare"/>, and false before each pass.
    /// </summary>
    public bool CacheTrim { get; set; }

    /// <summary>A run of kswapd has freed nothing that way: it is not to be tried again.</summary>
    public bool NoCacheTrim { get; init; }

    /// <summary>0 to 200, or 201 for anonymous pages alone (<see cref="ReclaimRequest.AnonOnly"/>), or null to use each cgroup's own.</summary>
    public int? Swappiness { get; init; }

    /// <summary>Deactivate whatever the inactive ratio says.</summary>
    public bool ForceDeactivate { get; set; }

    /// <summary>An active list was left alone that deactivation could have shrunk.</summary>
    public bool SkippedDeactivate { get; set; }

    /// <summary>memory.low is not respected any more in this pass.</summary>
    public bool IgnoreLow { get; set; }

    /// <summary>Something was left alone because of memory.low.</summary>
    public bool LowSkipped { get; set; }

    /// <summary>What is done with pages that leave: a request may have them evicted only, or demoted only.</summary>
    public ReclaimMode Mode { get; init; }

    /// <summary>The request that is carried out, or null for every other reclaim.</summary>
    internal ReclaimRun? Request { get; init; }

    /// <summary>The request has what it wants, or is to end for another reason: nothing further is begun.</summary>
    internal readonly bool IsOver => Request is { IsOver: true };

    /// <summary>Folios isolated so far.</summary>
    internal long Isolated { get; set; }

    /// <summary>Those of them that stayed because the policy said so when it was asked.</summary>
    internal long KeptByPolicy { get; set; }

    /// <summary>A pass with <see cref="CacheTrim"/> has freed nothing.</summary>
    internal bool CacheTrimFailed { get; set; }

    /// <summary>A lruvec was passed over because another thread was deciding about it.</summary>
    internal bool Contended { get; set; }

    /// <summary>Reclaim for the whole machine: no target, or the root cgroup.</summary>
    public readonly bool IsRootReclaim => Target is null || Target.IsRoot;

    /// <summary>Reclaim for a cgroup, the root included.</summary>
    public readonly bool IsCgroupReclaim => Target is not null;

    /// <summary>
    /// Nobody has written over the reclaim: an operation can't change what it may not change, but it can assign the whole. What is not the
    /// same reclaim at the same point differs in these two, or is no different.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool IsIntact(in ScanSums known) => NrReclaimed == known.Reclaimed && NrToReclaim == known.Wanted;

    /// <summary>
    /// A reclaim as it was asked for, before anything was done. Field by field: a copy in wide words would wait for the narrow stores of
    /// whoever has just asked.
    /// </summary>
    internal static ScanControl Begin(in ScanControl asked) => new()
    {
        Target = asked.Target,
        Reclaimer = asked.Reclaimer,
        NrToReclaim = asked.NrToReclaim,
        Priority = asked.Priority,
        MaySwap = asked.MaySwap,
        Background = asked.Background,
        NoCacheTrim = asked.NoCacheTrim,
        Swappiness = asked.Swappiness,
        Mode = asked.Mode,
        Request = asked.Request,
    };

    /// <summary>The reclaim as it was asked for, with the sums that the core knows, and what a policy may change as it is now.</summary>
    internal readonly ScanControl Mended(in ScanControl asked, in ScanSums known)
    {
        ScanControl mended = Begin(asked);
        mended.NrReclaimed = known.Reclaimed;
        mended.NrScanned = known.Scanned;
        mended.Isolated = known.Isolated;
        mended.KeptByPolicy = known.Kept;
        mended.Priority = Priority;
        mended.CacheTrim = CacheTrim;
        mended.ForceDeactivate = ForceDeactivate;
        mended.SkippedDeactivate = SkippedDeactivate;
        mended.IgnoreLow = IgnoreLow;
        mended.LowSkipped = LowSkipped;
        return mended;
    }

    /// <summary>
    /// Nothing more is wanted of this node: as many pages as asked for are freed, or kswapd has free frames to spare. Source:
    /// kernel-reclaim reference 5.12.
    /// </summary>
    public readonly bool HasEnough(Node node) =>
        NrReclaimed >= NrToReclaim || (Reclaimer == Reclaimer.Kswapd && node.Free >= node.Watermarks.High + KswapdMargin);
}
