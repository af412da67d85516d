namespace ReclaimNative.Policies;

/// <summary>
/// W-TinyLFU: a page that has to leave the small window, through which all come, stays only if it was used more often of
/// late than the page that it would displace from the main part. So a page that is used often lives through a scan, and the window
/// takes what is used in bursts.
/// </summary>
/// <remarks>
/// G. Einziger, R. Friedman, B. Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions on Storage 13(4), article 35,
/// 2017, pp. 35:1-35:31. The paper's defaults: a window of 1 % of memory under LRU; the rest, at least a page less than memory, a segmented LRU with
/// 80 % protected; counters of 4 bits; a sample of 10C accesses, after which the counters and the size of the sample so far
/// are halved. A tie keeps the page of the main part.
/// <para>
/// The paper counts in a sketch of a few bits for each page that may be cached, behind a Bloom filter (doorkeeper) for pages seen once. Here
/// each page has its own counter in a word of its history, so counts are exact and there is no doorkeeper: the cost is 4
/// bytes of each page of the machine's tables that was touched, evicted ones as well, where a sketch would take about a byte
/// for each page of memory. Counters are halved when they are next looked at: the word has the counter and the number of
/// halvings that it has seen.
/// </para>
/// <para>
/// C is what the lruvec held when it was last reclaimed from, and its capacity before that: a lruvec that shares its node has fewer pages
/// than the node. The contest is held when a page has to go, before the new one is placed, and the window's page moves over
/// when the new one comes, which amounts to the same. It sees every access. O(1) for each.
/// </para>
/// </remarks>
public readonly struct WTinyLfuPolicy : IReclaimPolicy
{
    /// <summary>The lists; a folio's word says which it is on or was isolated from.</summary>
    private const int Window = 0;
    private const int Probation = 1;
    private const int Protected = 2;

    /// <summary>Shares, in percent, of memory and of its main part.</summary>
    private const long WindowPercent = 1;
    private const long ProtectedPercent = 80;

    /// <summary>The paper's W / C.</summary>
    private const long SampleFactor = 10;

    /// <summary>A history word: the counter below, the number of halvings above.</summary>
    private const int CounterBits = 4;
    private const uint MaxCount = (1u << CounterBits) - 1;
    private const uint MaxHalvings = uint.MaxValue >> CounterBits;

    /// <summary>Pages that one batch may look at; the rest is the next batch's.</summary>
    private const int ExamineLimit = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "wtinylfu",
        Summary = "a window before a segmented LRU that admits by frequency; sees every access",
        Flags = PolicyFlags.SeesAccesses | PolicyFlags.IgnoresReferences,
        Sight = PolicySight.Accesses,
        Lists = 3,
        StateBytes = 24,
        WordsPerPage = 1,
        HistoryWords = 1,
    };

    private struct Cache
    {
        /// <summary>Pages that the lruvec held when it was last reclaimed from; 0 before.</summary>
        public long Held;

        /// <summary>Accesses counted in this sample.</summary>
        public long Sampled;

        /// <summary>How often counters were halved.</summary>
        public uint Halvings;

        public Takeover Takeover;
    }

    /// <summary>Probation has what is evicted next, as long as no page of the window loses against it.</summary>
    public static int ColdestFirst(PolicyView view, Span<int> lists)
    {
        (lists[0], lists[1], lists[2]) = (Probation, Window, Protected);
        return 3;
    }

    /// <inheritdoc/>
    public static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        if (reason == RemoveReason.Rebound)
            Takeover.Leave(view, pfn, isWarm: view.Word(pfn, 0) == Protected);
        else if (reason == RemoveReason.Advised)
            view.History(view.PageOf(pfn), 0) = 0;
    }

    /// <inheritdoc/>
    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        if (what is not (FolioEvent.NewByFault or FolioEvent.NewByRead))
            return;
        view.State<Cache>().Takeover.End();
        view.Word(pfn, 0) = Window;
        Record(view, pfn);
    }

    /// <inheritdoc/>
    public static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        foreach (uint pfn in pfns)
        {
            Record(view, pfn);
            if (view.ListOf(pfn) == Window)
            {
                view.MoveToHead(Window, pfn);
                continue;
            }

            Move(view, Protected, pfn);
            if (view.Count(Protected) > ProtectedSize(view))
                Move(view, Probation, view.Tail(Protected));
        }
    }

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        if (view.State<Cache>().Takeover.IsWarm(view, pfn) && view.Count(Protected) < ProtectedSize(view))
            view.Word(pfn, 0) = Protected;
        int list = (int)view.Word(pfn, 0);
        if (hint == PlaceHint.Tail)
            view.AddTail(list, pfn);
        else
            view.AddHead(list, pfn);

        // A page that the contest has let stay, or any while there is room.
        if (view.Count(Window) > WindowSize(view))
            Move(view, Probation, view.Tail(Window));
    }

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long resident = view.Count(Window) + view.Count(Probation) + view.Count(Protected);
        view.State<Cache>().Held = resident;
        view.State<Cache>().Takeover.End();
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        long limit = Math.Min(ExamineLimit, 2 * resident);
        while (wanted > 0 && batch.Examined < limit)
        {
            uint victim = budget.Fruitless == 0 ? Loser(view) : InTurn(view, budget.Fruitless);
            if (victim == PolicyView.None)
                return;
            if (view.TryIsolate(victim, ref batch))
                wanted--;
        }
    }

    /// <inheritdoc/>
    public static string? Check(PolicyView view)
    {
        for (int list = Window; list <= Protected; list++)
        {
            for (uint pfn = view.Tail(list); pfn != PolicyView.None; pfn = view.TowardHead(pfn))
            {
                if (view.Word(pfn, 0) != list)
                    return $"frame {pfn} is on list {list} and says {view.Word(pfn, 0)}";
            }
        }

        return null;
    }

    /// <summary>The paper's cache size: what the lruvec really gets.</summary>
    private static long C(PolicyView view) => view.State<Cache>().Held is var held and not 0 ? held : view.Capacity;

    private static long WindowSize(PolicyView view) => Math.Max(1, C(view) * WindowPercent / 100);

    private static long ProtectedSize(PolicyView view) => (C(view) - WindowSize(view)) * ProtectedPercent / 100;

    private static void Move(PolicyView view, int list, uint pfn)
    {
        view.Word(pfn, 0) = (uint)list;
        view.MoveToHead(list, pfn);
    }

    /// <summary>Of the candidate, which a new page would push out of the window, and the victim of the main part: who was used less.</summary>
    private static uint Loser(PolicyView view)
    {
        uint candidate = view.Tail(Window);
        uint victim = view.Count(Probation) > 0 ? view.Tail(Probation) : view.Tail(Protected);
        if (victim == PolicyView.None)
            return candidate;
        return view.Count(Window) >= WindowSize(view) && Frequency(view, candidate) <= Frequency(view, victim) ? candidate : victim;
    }

    /// <summary>Where the loser can't be evicted: what is in the window, then in probation, then what is protected, each from its tail.</summary>
    private static uint InTurn(PolicyView view, long looked)
    {
        if (looked <= view.Count(Window))
            return view.Tail(Window);
        return looked <= view.Count(Window) + view.Count(Probation) || view.Count(Protected) == 0 ? view.Tail(Probation) : view.Tail(Protected);
    }

    /// <summary>Uses of a page in the sample, old ones counted for less.</summary>
    private static uint Frequency(PolicyView view, uint pfn)
    {
        uint word = view.History(view.PageOf(pfn), 0);
        uint missed = (view.State<Cache>().Halvings - (word >> CounterBits)) & MaxHalvings;
        return missed >= CounterBits ? 0 : (word & MaxCount) >> (int)missed;
    }

    /// <summary>One more use of a page; the sample ends when it is full.</summary>
    private static void Record(PolicyView view, uint pfn)
    {
        ref Cache cache = ref view.State<Cache>();
        uint count = Math.Min(Frequency(view, pfn) + 1, MaxCount);
        view.History(view.PageOf(pfn), 0) = cache.Halvings << CounterBits | count;
        if (++cache.Sampled < SampleFactor * C(view))
            return;
        cache.Sampled /= 2;
        cache.Halvings = (cache.Halvings + 1) & MaxHalvings;
    }
}
