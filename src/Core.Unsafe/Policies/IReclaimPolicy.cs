using System.Text;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// A reclaim policy: a struct without fields whose static operations the core calls. Its state lies in bytes for each
/// lruvec and words for each page that the core keeps for it. Every operation but <see cref="Describe"/> may be left
/// out and then does what its default here does; with all left out, the policy is FIFO.
/// </summary>
/// <remarks>
/// <para>
/// Rules. An operation allocates nothing, takes no lock, does not block and comes back soon. It reaches pages through
/// <see cref="PolicyView"/> only, whose calls cost fuel. The core owns the lists: every resident page that is not isolated is on
/// exactly one list of its lruvec. The policy proposes and the core disposes: what may not be done is not done, and counted
/// (<see cref="PolicyOverride"/>); who goes on is ejected.
/// </para>
/// <para>
/// Where one thread drives the engine nothing runs at the same time. Where several do, for policies marked
/// <see cref="PolicyFlags.Concurrent"/>, of one lruvec at most one of <see cref="Budget"/>, <see cref="Isolate"/>, <see cref="Continue"/>
/// and <see cref="Age"/> runs at a time, under the lruvec's token. All else may run beside them and beside itself, for one folio with its
/// page's lock held. <see cref="LruvecOnline"/>, <see cref="LruvecOffline"/> and <see cref="ColdestFirst"/> run alone.
/// docs/policies.md has a table with a row for each operation.
/// </para>
/// </remarks>
public interface IReclaimPolicy
{
    /// <summary>What the policy is; called once, when it is defined.</summary>
    static abstract PolicyDescriptor Describe();

    /// <summary>A lruvec was bound: its state is zero and its lists are empty. Default: nothing.</summary>
    static virtual void LruvecOnline(PolicyView view)
    {
    }

    /// <summary>
    /// Another policy takes the lruvec over: its lists are empty and the words of its frames zero; state, history and orders are as they were, and gone afterwards.
    /// Not called when the policy is ejected. Default: nothing.
    /// </summary>
    static virtual void LruvecOffline(PolicyView view)
    {
    }

    /// <summary>
    /// Another policy takes the lruvec over: names the lists from the coldest to the hottest, so that the order is carried over. Each is then
    /// emptied from its cold end. Default: by number.
    /// </summary>
    /// <param name="view">The lruvec.</param>
    /// <param name="lists">Room for every list that the policy declared. Lists that are not named come last.</param>
    /// <returns>How many were named.</returns>
    static virtual int ColdestFirst(PolicyView view, Span<int> lists) => DefaultOperations.ColdestFirst(view, lists);

    /// <summary>
    /// Puts a folio that is on no list on one of them: a new one, one that survived isolation, or, when the policy takes a lruvec over, each
    /// of its folios from the coldest to the hottest, <see cref="Frames.FolioFlags.Active"/> on those that the policy before thought warm.
    /// Default: the head of list 0, or its tail when so hinted.
    /// </summary>
    static virtual void Place(PolicyView view, uint pfn, PlaceHint hint) => DefaultOperations.Place(view, pfn, hint);

    /// <summary>
    /// A folio is about to leave for good, or for its owner's advice. Evicted and migrated ones are isolated already; others are still on their list,
    /// from which the core takes them afterwards. Default: nothing.
    /// </summary>
    static virtual void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
    }

    /// <summary>
    /// A page that is not resident is about to come in, and room has not been made for it yet; only for policies with
    /// <see cref="PolicyFlags.SeesArrivals"/>. Called with the lruvec of its cgroup on the node where memory is looked for first.
    /// An arrival that finds no memory is not followed by a placement. Default: nothing.
    /// </summary>
    /// <param name="view">The lruvec.</param>
    /// <param name="page">Its page number, as <see cref="PolicyView.PageOf"/> will give for its folio.</param>
    /// <param name="returns">It was evicted before, under this policy.</param>
    static virtual void Arrive(PolicyView view, uint page, bool returns)
    {
    }

    /// <summary>
    /// A page that is not resident here and on one of this lruvec's orders goes for good: its owner discarded it, or it has come in on
    /// another node or for another cgroup. The core takes it off the order afterwards, and zeroes its history unless it is still
    /// a page of this cgroup. Default: nothing.
    /// </summary>
    static virtual void Forget(PolicyView view, uint page)
    {
    }

    /// <summary>
    /// Something happened to a folio: it comes in, before it is placed, or was accessed by descriptor. Pages that are taken over from
    /// another policy are placed without it. Default: a descriptor access is remembered as one reference.
    /// </summary>
    static virtual void OnEvent(PolicyView view, uint pfn, FolioEvent what) => DefaultOperations.OnEvent(view, pfn, what);

    /// <summary>
    /// The hits since the last call, oldest first, all on this lruvec; only for policies with
    /// <see cref="PolicyFlags.SeesAccesses"/>. Default: nothing.
    /// </summary>
    static virtual void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
    }

    /// <summary>
    /// A walk found the folios of one leaf table accessed, or a lookaround those of one window, and has cleared the bits.
    /// Default: remembered as one reference each.
    /// </summary>
    static virtual void OnYoung(PolicyView view, ReadOnlySpan<uint> pfns, YoungSource source) => DefaultOperations.OnYoung(view, pfns);

    /// <summary>
    /// The owner asks for aging now, without evicting: what <c>lru_gen</c>'s <c>+</c> command does. Called with the lruvec's
    /// token. Default: nothing, for a policy that ages as it evicts.
    /// </summary>
    /// <param name="view">The lruvec.</param>
    /// <param name="swappiness">0 to 200, or 201 for anonymous pages alone.</param>
    /// <param name="force">Look at every page table, also where nothing seems to have been used.</param>
    static virtual void Age(PolicyView view, int swappiness, bool force)
    {
    }

    /// <summary>
    /// A node pass begins, or kswapd's visits before it (<see cref="ScanControl.Background"/>). Called once for each policy in
    /// the subtree, with the lruvec of the reclaim's target. Default: nothing.
    /// </summary>
    static virtual void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass)
    {
    }

    /// <summary>
    /// How much to do in the visit that begins. False: nothing. A visit with <see cref="ScanControl.Background"/> is for
    /// aging alone, and comes by protected cgroups as well. Default: as long as the reclaim wants pages and there are some
    /// that can go somewhere; nothing in the background.
    /// </summary>
    static virtual bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) =>
        DefaultOperations.Budget(view, ref scan, ref budget);

    /// <summary>
    /// Isolates the next batch, under the token, which is given back before the batch is worked on. A batch with nothing in it ends the visit unless <see cref="FolioBatch.Examined"/> says
    /// that pages were looked at. Default: from the tail of list 0, as many as the reclaim still wants.
    /// </summary>
    static virtual void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
        DefaultOperations.Isolate(view, ref scan, ref budget, ref batch);

    /// <summary>
    /// The owner asks for eviction from the oldest generations now: what <c>lru_gen</c>'s <c>-</c> command does. Isolates the next batch as
    /// <see cref="Isolate"/> does, without aging. Called with the lruvec's token, only for a policy that keeps generations
    /// (<see cref="ReadGenerations"/>). Default: nothing, which ends it.
    /// </summary>
    /// <param name="view">The lruvec.</param>
    /// <param name="swappiness">0 to 200, or 201 for anonymous pages alone.</param>
    /// <param name="wanted">Pages wanted, at least 1.</param>
    /// <param name="batch">Takes the folios.</param>
    static virtual void IsolateOldest(PolicyView view, int swappiness, long wanted, ref FolioBatch batch)
    {
    }

    /// <summary>
    /// What to do with one isolated folio, with its page locked and without the token, given what its mappings said (nothing for policies with
    /// <see cref="PolicyFlags.IgnoresReferences"/>). Default: reclaim.
    /// </summary>
    static virtual Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition) => Policies.Verdict.Reclaim;

    /// <summary>
    /// A batch has been worked on; its survivors are about to be placed, without the token. True asks the core to try once more those
    /// that are clean, unmapped and not active. Default: false.
    /// </summary>
    static virtual bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch) => false;

    /// <summary>
    /// Go on with this lruvec? Asked after each batch. Default: while the reclaim wants pages, and not for more than two
    /// rounds of all pages without one that was freed.
    /// </summary>
    static virtual bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) =>
        DefaultOperations.Continue(view, ref scan, ref budget);

    /// <summary>A visit has ended. Default: nothing.</summary>
    static virtual void Visited(PolicyView view, ref ScanControl scan, VisitOutcome outcome)
    {
    }

    /// <summary>
    /// What to remember of a folio that is being evicted on behalf of <paramref name="target"/>, the lruvec of the
    /// reclaim's target. Default: that it was there.
    /// </summary>
    static virtual ShadowEntry MakeShadow(PolicyView view, uint pfn, PolicyView target) => view.ShadowOf(pfn, 0);

    /// <summary>
    /// A folio has come back whose shadow this policy made; it is not placed yet. <paramref name="inFault"/>: through a
    /// mapping with recency. Default: counts a refault.
    /// </summary>
    static virtual void OnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault) => view.CountRefault(pfn);

    /// <summary>
    /// Inspection: whether a page that is not resident, and whose shadow this policy made, would count as recently evicted if it came
    /// back now. It changes nothing. Default: it is on one of the lruvec's orders, a directory of evicted pages.
    /// </summary>
    static virtual bool IsRecent(PolicyView view, uint page, ShadowEntry shadow, FolioType type) => DefaultOperations.IsRecent(view, page);

    /// <summary>
    /// When the oldest pages that may be evicted at <paramref name="swappiness"/> were last seen used, in the owner's
    /// milliseconds: what <see cref="Engine.MinTtlMs"/> is held against. Default: a policy without ages has no young pages,
    /// <see cref="long.MinValue"/>.
    /// </summary>
    static virtual long OldestBirthMs(PolicyView view, int swappiness) => long.MinValue;

    /// <summary>
    /// Inspection: the generations of a lruvec from the oldest on, with consecutive numbers, the youngest last. It changes nothing. Default: none,
    /// for a policy that keeps no generations; <c>lru_gen</c> then neither lists the cgroup nor takes commands for it.
    /// </summary>
    /// <returns>How many were reported.</returns>
    static virtual int ReadGenerations(PolicyView view, Span<GenerationReport> reports) => 0;

    /// <summary>Pages of the lruvec by class. Default: everything is inactive.</summary>
    static virtual LruSizes Sizes(PolicyView view) => DefaultOperations.Sizes(view);

    /// <summary>
    /// Inspection, at a quiet point: the first thing wrong with the policy's own state of a lruvec in one sentence, or
    /// null. It may allocate and may be slow; it changes nothing. Default: null.
    /// </summary>
    static virtual string? Check(PolicyView view) => null;

    /// <summary>
    /// Inspection: writes what the policy knows of a lruvec, a line for each thing. Called when the policy is ejected, so its state
    /// may be broken. It may allocate and may be slow; it changes nothing. Default: nothing.
    /// </summary>
    static virtual void Dump(PolicyView view, StringBuilder text)
    {
    }
}
