using System.Runtime.CompilerServices;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// Least frequently used: the page with the fewest accesses since it came in goes; of several the one that reached its count
/// first. The count is forgotten when the page goes. What was popular once stays, which is what other policies
/// correct; it is here as the yardstick for frequency alone.
/// </summary>
/// <remarks>
/// <para>
/// The in-cache form of the independent reference model's optimum: E. G. Coffman, P. J. Denning, "Operating Systems Theory",
/// Prentice-Hall, 1973, section 6.6.
/// </para>
/// <para>
/// A heap (<see cref="FrameHeap"/>) by count, then by the number of the access that reached it. Counts end at 2^24 - 1; access
/// numbers start again after 2^40, and ties across that come out the other way round.
/// </para>
/// <para>
/// A page that could not go, being pinned or kept by its owner, is set aside, or it would be the candidate for ever. A visit
/// first brings back the one that was set aside longest ago, and a hit brings back what it hits. Both with their counts.
/// </para>
/// <para>O(log n) amortised for each access and eviction. 24 bytes for each frame.</para>
/// </remarks>
public readonly struct LfuPolicy : IReclaimPolicy
{
    private const int Counted = 0;
    private const int Aside = 1;

    /// <summary>The word behind the heap's: 0, or that the page is new or was a candidate on a node.</summary>
    private const int Mark = FrameHeap.Words;

    private const uint New = uint.MaxValue;

    private const int AccessBits = 40;

    private const ulong MaxCount = (1UL << (64 - AccessBits)) - 1;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "lfu",
        Summary = "exact least frequently used while resident; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences,
        Sight = PolicySight.Accesses,
        Lists = 2,
        WordsPerPage = FrameHeap.Words + 1,
        StateBytes = Unsafe.SizeOf<LfuState>(),
    };

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        FrameHeap heap = HeapOf(view);
        foreach (uint pfn in pfns)
        {
            ulong key = heap.KeyOf(pfn);
            if (view.ListOf(pfn) == Counted)
                heap.Remove(pfn);
            else
                BringBack(view, pfn);
            heap.Insert(pfn, Next(view, key));
        }
    }

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what != FolioEvent.DescriptorAccess)
            view.Word(pfn, Mark) = New;
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref uint mark = ref view.Word(pfn, Mark);
        if (mark == TriedHere(view))
        {
            view.AddHead(Aside, pfn);
            return;
        }

        FrameHeap heap = HeapOf(view);
        ulong key = mark == New ? 0 : heap.KeyOf(pfn);

        // No key: it is new, or another policy's, of which as much is known as whether that thought it warm.
        if (key == 0)
            key = Next(view, mark != New && (view.Flags(pfn) & FolioFlags.Active) != 0 ? Next(view, 0) : 0);
        mark = 0;
        if (view.AddHead(Counted, pfn))
            heap.Insert(pfn, key);
    }

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        FrameHeap heap = HeapOf(view);
        if (budget.Examined == 0 && view.Tail(Aside) is var back && back != PolicyView.None)
        {
            BringBack(view, back);
            heap.Insert(back, heap.KeyOf(back));
        }

        for (long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed); wanted > 0; wanted--)
        {
            uint pfn = heap.Minimum;
            if (pfn != PolicyView.None)
                heap.Remove(pfn);
            else
                pfn = view.Tail(Aside);
            if (pfn == PolicyView.None)
                return;
            view.Word(pfn, Mark) = TriedHere(view);
            view.TryIsolate(pfn, ref batch);
        }
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if ((reason is RemoveReason.Freed or RemoveReason.Advised) && view.ListOf(pfn) == Counted)
            HeapOf(view).Remove(pfn);
        if (reason == RemoveReason.Advised)
            HeapOf(view).ForgetKey(pfn);
        else if (reason == RemoveReason.Rebound)
            Takeover.Leave(view, pfn, isWarm: HeapOf(view).KeyOf(pfn) >> AccessBits > 1);
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view) => HeapOf(view).FindProblem(view.Count(Counted));

    private static FrameHeap HeapOf(PolicyView view) => view.Heap(0, ref view.State<LfuState>().Root);

    /// <summary>The key of a page that has just been accessed once more.</summary>
    private static ulong Next(PolicyView view, ulong key)
    {
        ulong count = Math.Min((key >> AccessBits) + 1, MaxCount);
        return (count << AccessBits) | (++view.State<LfuState>().Accesses & ((1UL << AccessBits) - 1));
    }

    private static void BringBack(PolicyView view, uint pfn)
    {
        view.Word(pfn, Mark) = 0;
        view.MoveToHead(Counted, pfn);
    }

    /// <summary>The mark of a page that was a candidate on this node: one that has come from another node since is none.</summary>
    private static uint TriedHere(PolicyView view) => (uint)view.Node.Id + 1;

    private struct LfuState
    {
        /// <summary>Number of the last access.</summary>
        public ulong Accesses;

        /// <summary>Where the heap begins.</summary>
        public uint Root;
    }
}
