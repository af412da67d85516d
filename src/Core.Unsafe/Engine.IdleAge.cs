using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>Tables that are scanned while others wait: half a million pages, some milliseconds.</summary>
    private const uint ScanPiece = 1024;

    private readonly Lock _scanningAges = new();
    private long _idleAgePeriodMs = 120_000;

    /// <summary>Idle ages are kept (<see cref="MachineOptions.IdleAge"/>).</summary>
    public bool KeepsIdleAges => _machine.Ages is not null;

    /// <summary>
    /// How often the owner calls <see cref="ScanIdleAges"/>, in milliseconds, at least 1: the unit of ages. 120,000 by default. The
    /// engine has no clock, so it is the owner who keeps to it; controllers read from here what a tick is.
    /// </summary>
    /// <exception cref="EngineException">It is less than 1, or the engine keeps no idle ages.</exception>
    public long IdleAgePeriodMs
    {
        get => _idleAgePeriodMs;
        set
        {
            _ = Ages;
            _idleAgePeriodMs = value >= 1
                ? value
                : throw new EngineException($"A period of {value} ms was asked for; 1 or more are accepted.");
        }
    }

    /// <summary>
    /// Looks once which pages have been used since the last scan. A page that was is of age 0, any other is a tick older than
    /// before, up to 254 ticks; evicted pages age as well. Use of a page is use through any mapping or by descriptor.
    /// </summary>
    /// <remarks>
    /// Clears accessed bits, and keeps for the policies what they said: a page's next reference scan counts it as one reference. As
    /// in the kernel with its idle-page tracking, walks over page tables don't see it. The work is in the pages that were
    /// used, a folio's flag for each; of others 64 are one step. Callable from any thread of a concurrent engine: other calls wait while a piece of half a
    /// million pages is scanned, and run between pieces, so that a scan is then not of one moment. A second scan waits for the
    /// first to end. Allocates nothing. Source: kernel-reclaim reference 1.2 and 10.
    /// </remarks>
    /// <exception cref="EngineException">The engine keeps no idle ages.</exception>
    public void ScanIdleAges()
    {
        ThrowIfDisposed();
        PageAges ages = Ages;
        lock (_scanningAges)
        {
            using (CloseForChange())
                ages.BeginScan(_machine.NowMs);
            uint tables = _machine.Tables.Count;
            for (uint first = 0; first < tables; first += ScanPiece)
            {
                using QuiesceGate.Closure change = CloseForChange();
                IdleAge.Harvest(_machine, first, Math.Min(tables, first + ScanPiece));
            }

            // All of them before any grows: pages of a file are mapped by tables anywhere.
            for (uint first = 0; first < tables; first += ScanPiece)
            {
                using QuiesceGate.Closure change = CloseForChange();
                IdleAge.Grow(_machine, first, Math.Min(tables, first + ScanPiece));
            }
        }
    }

    /// <summary>Resident pages of a cgroup and all below it by age, as of the last scan; a use that was seen since makes it 0.</summary>
    /// <param name="memcg">The cgroup.</param>
    /// <param name="coldPages">Room for 256 numbers: entry a for the pages of age a, in ticks; 254 is that old or older, 255 always 0.</param>
    /// <remarks>
    /// Looks at every page table of the cgroup and at every file. Callable from any thread of a concurrent engine; the values are
    /// then of different moments. Allocates nothing.
    /// </remarks>
    /// <exception cref="EngineException">The engine keeps no idle ages, there is too little room, or the cgroup is another engine's.</exception>
    public void ReadIdleAges(MemoryCgroup memcg, Span<long> coldPages)
    {
        ThrowIfDisposed();
        _ = Ages;
        MemoryCgroup target = Given(memcg);
        Span<long> byAge = Histogram(coldPages);
        using QuiesceGate.Passage call = EnterCall();
        IdleAge.Count(_machine, target, byAge);
    }

    /// <summary>
    /// How old pages of a cgroup and all below it were when they were used again, since the engine was built: those that would
    /// have come back from far memory if pages of that age had been moved there. At most one for a page from scan to scan; a page's
    /// first touch is none. Pages that were evicted and came back are counted by their age at that time.
    /// </summary>
    /// <param name="memcg">The cgroup.</param>
    /// <param name="promotions">Room for 256 numbers, by age in ticks.</param>
    /// <remarks>Uses are counted when they are seen, at the next scan or before. Callable from any thread of a concurrent engine; allocates nothing.</remarks>
    /// <exception cref="EngineException">The engine keeps no idle ages, there is too little room, or the cgroup is another engine's.</exception>
    public void ReadPromotions(MemoryCgroup memcg, Span<long> promotions)
    {
        ThrowIfDisposed();
        PageAges ages = Ages;
        MemoryCgroup target = Given(memcg);
        Span<long> byAge = Histogram(promotions);
        using QuiesceGate.Passage call = EnterCall();
        AddPromotions(ages, target, byAge);
    }

    /// <summary>
    /// How many scans ago each page of [first, first + ages.Length) of an address space was last used, in ticks, 0 to 254, resident or not;
    /// 255 for one that was never in memory. As of the last scan; a use that was seen since makes it 0.
    /// </summary>
    /// <remarks>Callable from any thread of a concurrent engine; the values are then of different moments. Allocates nothing.</remarks>
    /// <exception cref="EngineException">The engine keeps no idle ages, or the range does not lie in the space.</exception>
    public void ReadAges(AddressSpace space, ulong first, Span<byte> ages)
    {
        ThrowIfDisposed();
        PageAges kept = Ages;
        using QuiesceGate.Passage call = EnterCall();
        Own(space);
        if (first > space.Pages || (ulong)ages.Length > space.Pages - first)
            throw new EngineException($"{ages.Length} pages from page {first} on do not lie in address space {space.Name} of {space.Pages} pages.");
        for (int i = 0; i < ages.Length; i++)
        {
            uint page = OwnerSlotOf(space, space.BaseSlot + (uint)(first + (ulong)i));
            bool wasThere = LeafTables.Test(_machine.Tables.Present, page) || _machine.Tables.ShadowAt(page) != 0;
            ages[i] = wasThere ? (byte)kept.AgeOf(page) : byte.MaxValue;
        }
    }

    private static void AddPromotions(PageAges ages, MemoryCgroup memcg, Span<long> byAge)
    {
        ages.AddPromotions(memcg.Id, byAge);
        foreach (MemoryCgroup child in memcg.Below)
            AddPromotions(ages, child, byAge);
    }

    private static Span<long> Histogram(Span<long> room)
    {
        if (room.Length < PageAges.Ages)
            throw new EngineException($"There is room for {room.Length} numbers; a histogram of ages has {PageAges.Ages}.");
        room[..PageAges.Ages].Clear();
        return room[..PageAges.Ages];
    }

    private PageAges Ages => _machine.Ages ?? throw new EngineException(
        $"The engine keeps no idle ages: it was built without {nameof(MachineOptions)}.{nameof(MachineOptions.IdleAge)}.");
}
