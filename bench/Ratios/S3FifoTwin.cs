using ReclaimNative.Policies;

namespace ReclaimNative.Bench.Ratios;

/// <summary>examples/policies/s3fifo.c line by line in C#, so that the two differ in the language alone.</summary>
internal readonly struct S3FifoTwin : IReclaimPolicy
{
    private const int Small = 0;
    private const int Main = 1;
    private const uint Uses = 0x3fff_ffff;
    private const uint InMain = 0x4000_0000;
    private const uint Taken = 0x8000_0000;
    private const int MostExamined = 4096;

    public static PolicyDescriptor Describe() => new()
    {
        Name = "s3fifotwin",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.SeesArrivals | PolicyFlags.IgnoresReferences | PolicyFlags.ClearOnPlace,
        Sight = PolicySight.Accesses,
        Lists = 2,
        Orders = 1,
        WordsPerPage = 1,
        StateBytes = 2 * sizeof(long),
    };

    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        foreach (uint pfn in pfns)
        {
            ref uint word = ref view.Word(pfn, 0);
            if ((word & Uses) != Uses)
                word++;
        }
    }

    public static void Arrive(PolicyView view, uint page, bool returns) => view.State<State>().GhostHit = view.Order(0).Remove(page);

    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        ref uint word = ref view.Word(pfn, 0);
        if ((word & Taken) != 0)
            word &= ~Taken;
        else
            word = view.State<State>().GhostHit ? InMain : 0;
        view.AddHead((word & InMain) != 0 ? Main : Small, pfn);
    }

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long capacity = view.Capacity;
        view.State<State>().Ghosts = capacity * 9 / 10;
        long mainSize = capacity - capacity / 10;
        long wanted = scan.NrToReclaim - scan.NrReclaimed;
        while (batch.Count < wanted && batch.Count < FolioBatch.Capacity && batch.Examined < MostExamined)
        {
            long inMain = view.Count(Main);
            long inSmall = view.Count(Small);
            if (inMain + inSmall == 0)
                return;
            if (inMain > mainSize || inSmall == 0)
                TakeFromMain(view, ref batch);
            else
                TakeFromSmall(view, ref batch);
        }
    }

    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        ref uint word = ref view.Word(pfn, 0);
        if (reason == RemoveReason.Evicted && (word & InMain) == 0)
        {
            PageOrder ghost = view.Order(0);
            ghost.AddHead(view.PageOf(pfn));
            while (ghost.Count > view.State<State>().Ghosts)
                ghost.Remove(ghost.Tail);
        }

        if (reason != RemoveReason.Migrated)
            word = 0;
    }

    private static void TakeFromSmall(PolicyView view, ref FolioBatch batch)
    {
        uint pfn = view.Tail(Small);
        while (pfn != PolicyView.None && batch.Examined < MostExamined)
        {
            ref uint word = ref view.Word(pfn, 0);
            if ((word & Uses) < 2)
            {
                word |= Taken;
                view.TryIsolate(pfn, ref batch);
                return;
            }

            word = InMain;
            view.PassOver(pfn, ref batch);
            view.MoveToHead(Main, pfn);
            pfn = view.Tail(Small);
        }
    }

    private static void TakeFromMain(PolicyView view, ref FolioBatch batch)
    {
        uint pfn = view.Tail(Main);
        while (pfn != PolicyView.None && batch.Examined < MostExamined)
        {
            ref uint word = ref view.Word(pfn, 0);
            uint uses = word & Uses;
            if (uses == 0)
            {
                word |= Taken;
                view.TryIsolate(pfn, ref batch);
                return;
            }

            word = InMain | (Math.Min(uses, 3) - 1);
            view.PassOver(pfn, ref batch);
            view.MoveToHead(Main, pfn);
            pfn = view.Tail(Main);
        }
    }

    private struct State
    {
        public long Ghosts;
        public bool GhostHit;
    }
}
