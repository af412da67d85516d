namespace ReclaimNative.Policies;

public readonly unsafe partial struct MglruPolicy
{
    /// <summary>
    /// The window of generations has 2 to 4 members for each type, every folio carries a generation, and the counts of
    /// generations are those of the folios that carry them, wherever they are linked. Folios of files are in the window.
    /// Anonymous ones need not be: while they can't be evicted their oldest generation turns into the youngest under
    /// them, those promoted meanwhile included. Nor need any be where several threads run: a generation can close over a
    /// folio that is on its way to it, in a thread's batch or between the choice and the list.
    /// </summary>
    public static string? Check(PolicyView view)
    {
        ref Generations lru = ref view.State<Generations>();
        bool closes = !view.IsConcurrent;
        long* carried = stackalloc long[MaxGenerations * 2];
        for (int i = 0; i < MaxGenerations * 2; i++)
            carried[i] = 0;
        for (int type = 0; type < 2; type++)
        {
            ulong generations = lru.MaxSeq - lru.MinSeq[type] + 1;
            if (generations is < MinGenerations or > MaxGenerations)
                return $"type {type} has {generations} generations, {lru.MinSeq[type]} to {lru.MaxSeq}";
            for (int generation = 0; generation < MaxGenerations; generation++)
            {
                for (uint pfn = view.Tail(generation * 2 + type); pfn != PolicyView.None; pfn = view.TowardHead(pfn))
                {
                    int own = GenerationOf(view.Flags(pfn));
                    if (own is < 0 or >= MaxGenerations)
                        return $"frame {pfn} on list {generation * 2 + type} carries no generation";
                    if ((int)view.TypeOf(pfn) != type)
                        return $"frame {pfn} of type {view.TypeOf(pfn)} is on a list of type {type}";
                    if (closes && type == 1 && !IsOpen(lru.MinSeq[type], lru.MaxSeq, own))
                        return $"frame {pfn} carries generation {own}, which is not one of {lru.MinSeq[type]} to {lru.MaxSeq}";
                    if (closes && type == 1 && !IsOpen(lru.MinSeq[type], lru.MaxSeq, generation))
                        return $"frame {pfn} is linked in generation {generation}, which is not one of {lru.MinSeq[type]} to {lru.MaxSeq}";
                    carried[own * 2 + type]++;
                }
            }
        }

        for (int i = 0; i < MaxGenerations * 2; i++)
        {
            if (carried[i] != lru.Pages[i])
                return $"generation {i / 2} of type {i % 2} counts {lru.Pages[i]} pages and {carried[i]} folios carry it";
        }

        return null;
    }

    private static bool IsOpen(ulong minSeq, ulong maxSeq, int generation)
    {
        for (ulong seq = minSeq; seq <= maxSeq; seq++)
        {
            if ((int)(seq % MaxGenerations) == generation)
                return true;
        }

        return false;
    }
}
