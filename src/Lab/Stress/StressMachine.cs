using ReclaimNative.Lab.Policies;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Lab.Stress;

/// <summary>One address space of a stress run, and which of its pages are used for what.</summary>
/// <param name="Space">The space.</param>
/// <param name="Memcg">The cgroup that it is charged to.</param>
/// <param name="Node">Its home.</param>
/// <param name="Resident">Pages [0, Resident) are populated; what follows is touched only later, to fill up what was reclaimed.</param>
internal sealed record StressSpace(AddressSpace Space, MemoryCgroup Memcg, Node Node, uint Resident);

/// <summary>What the columns of a machine take, in bytes; without those that only file pages or a policy's own words use.</summary>
/// <param name="AtOneSlot">Reserved, with table entries for the pages to be resident and no more.</param>
/// <param name="Full">Reserved.</param>
/// <param name="Resident">Backed by memory now, every column counted.</param>
internal readonly record struct ColumnSums(ulong AtOneSlot, ulong Full, ulong Resident);

/// <summary>
/// A machine for so many resident pages: two nodes just large enough for that many above their low watermarks, four
/// cgroups without limits, and eight address spaces of anonymous memory, two for each cgroup, a node's spaces being half
/// of them. There is one virtual page for each page to be resident, and four per cent more, so that memory is short.
/// </summary>
internal sealed class StressMachine : IDisposable
{
    private const int Nodes = 2;
    private const int Memcgs = 4;
    private const int Spaces = 8;
    private const ulong ExtraPercent = 4;
    private const ulong TablePages = 512;

    private const ulong MostTables = 1UL << 23;

    /// <summary>
    /// Columns reserved for the worst case and backed only where files are mapped or a policy has words for each page:
    /// docs/memory-layout.md leaves them out of the bytes a frame, too.
    /// </summary>
    private static readonly string[] UsedBySomeOnly = ["file.", "rmap.", "frame.policy", "proposal."];

    private StressMachine(Engine engine, ulong pages)
    {
        Engine = engine;
        MemoryCgroup[] memcgs = [.. Enumerable.Range(0, Memcgs).Select(i => engine.CreateMemcg($"stress{i}"))];
        Cgroups = memcgs;
        All = [.. Enumerable.Range(0, Spaces).Select(i =>
        {
            MemoryCgroup memcg = memcgs[i % Memcgs];
            ulong resident = ResidentOf(pages, i);
            AddressSpace space = engine.CreateAddressSpace($"stress{i}", VirtualOf(resident), memcg, i % Nodes);
            return new StressSpace(space, memcg, engine.Nodes[i % Nodes], (uint)resident);
        })];
    }

    /// <summary>The engine.</summary>
    public Engine Engine { get; }

    /// <summary>The cgroups.</summary>
    public IReadOnlyList<MemoryCgroup> Cgroups { get; }

    /// <summary>The address spaces.</summary>
    public IReadOnlyList<StressSpace> All { get; }

    /// <summary>Pages on lists.</summary>
    public long Frames => Engine.Nodes.Select(n => Engine.SizesOf(Engine.Root, n))
        .Sum(s => s.InactiveAnon + s.ActiveAnon + s.InactiveFile + s.ActiveFile);

    /// <summary>Page-table entries that are present.</summary>
    public long MappedEntries => All.Sum(s => s.Space.Resident);

    /// <summary>Builds the machine; nothing is resident yet, and its memory is only reserved.</summary>
    /// <exception cref="EngineException">It is larger than an engine may be.</exception>
    public static StressMachine Build(StressOptions options, ulong pages)
    {
        Engine engine = new(new EngineOptions
        {
            Nodes = [.. NodesFor(pages).Select(p => new NodeOptions(p))],
            Memcgs = 1 + Memcgs,
            AddressSpaces = Spaces,
            LeafTables = (uint)TablesFor(pages),
            SharedMappings = 0,
            Order = options.Order,
            Concurrent = options.Threads > 1,
            VectorBits = options.VectorBits,
            Policies = [options.Policy.Define()],
            Fallback = (Supervision.Default with { Fallback = options.Fallback }).FallbackOf(options.Policy),
        });
        return new StressMachine(engine, pages);
    }

    /// <summary>What the engine's columns take.</summary>
    public ColumnSums MeasureColumns()
    {
        double atOneSlot = 0;
        ulong full = 0;
        ulong resident = 0;
        double residentSlots = (double)All.Sum(s => (long)s.Resident) / All.Sum(s => (double)s.Space.Pages);
        foreach (ColumnFootprint column in Engine.MeasureFootprint())
        {
            resident += column.ResidentBytes;
            if (UsedBySomeOnly.Any(prefix => column.Name.StartsWith(prefix, StringComparison.Ordinal)))
                continue;
            full += column.Bytes;
            atOneSlot += column.Name.StartsWith("table.", StringComparison.Ordinal) ? column.Bytes * residentSlots : column.Bytes;
        }

        return new ColumnSums((ulong)atOneSlot, full, resident);
    }

    public void Dispose() => Engine.Dispose();

    /// <summary>Pages that space <paramref name="index"/> of eight populates.</summary>
    private static ulong ResidentOf(ulong pages, int index) => pages / Spaces + ((ulong)index < pages % Spaces ? 1UL : 0);

    /// <summary>Its length: a slot for each page and four per cent more, as far as 2^32 slots go.</summary>
    private static ulong VirtualOf(ulong resident)
    {
        ulong tables = (resident + resident * ExtraPercent / 100) / TablePages + 1;
        return Math.Min(tables, MostTables / Spaces) * TablePages;
    }

    private static ulong TablesFor(ulong pages) =>
        Enumerable.Range(0, Spaces).Aggregate(0UL, (sum, i) => sum + VirtualOf(ResidentOf(pages, i)) / TablePages);

    /// <summary>Frames of each node: as many as its spaces populate above its low watermark, which depends on both sizes.</summary>
    private static ulong[] NodesFor(ulong pages)
    {
        ulong[] wanted = [.. Enumerable.Range(0, Nodes).Select(n =>
            Enumerable.Range(0, Spaces).Where(i => i % Nodes == n).Aggregate(0UL, (sum, i) => sum + ResidentOf(pages, i)))];
        ulong[] nodes = wanted;
        while (true)
        {
            ulong total = nodes.Aggregate(0UL, (sum, n) => sum + n);
            ulong[] next = [.. nodes.Zip(wanted, (n, w) => Math.Max(n, w + Watermarks.ForNode(n, total).Low))];
            if (next.SequenceEqual(nodes))
                return nodes;
            nodes = next;
        }
    }
}
