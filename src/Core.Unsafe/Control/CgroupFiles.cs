using System.Globalization;
using ReclaimNative.Machine;

namespace ReclaimNative.Control;

/// <summary>
/// <c>/sys/fs/cgroup</c>, version 2: a directory for each cgroup. As there, the root has statistics and <c>memory.reclaim</c>, and neither usage
/// nor limits.
/// </summary>
internal static class CgroupFiles
{
    public static ControlDirectory Directory(Engine engine, ReclaimRequests requests, MemoryCgroup memcg, string name)
    {
        ControlFileItem[] files = Array.ConvertAll<ControlFileItem, ControlFileItem>(
            [.. Files(engine, requests, memcg)], file => file with { Open = () => new CgroupFile(engine, memcg, file.Open()) });
        return new ControlDirectory(name, Items)
        {
            Create = created => Create(engine, memcg, created),
        };

        IEnumerable<ControlItem> Items()
        {
            foreach (ControlFileItem file in files)
                yield return file;
            foreach (MemoryCgroup child in memcg.Children)
                yield return Directory(engine, requests, child, NameOf(child));
        }
    }

    private static string NameOf(MemoryCgroup memcg) => memcg.Path[(memcg.Path.LastIndexOf('/') + 1)..];

    private static IEnumerable<ControlFileItem> Files(Engine engine, ReclaimRequests requests, MemoryCgroup memcg)
    {
        yield return ControlFileItem.Reads("cgroup.controllers", () => "memory\n");
        if (memcg.Parent is not null)
        {
            yield return ControlFileItem.Reads("memory.current", () => Bytes(memcg.Usage));
            yield return ControlFileItem.Reads("memory.events", () => engine.ReadMemoryEvents(memcg));
            yield return ControlFileItem.Reads("memory.events.local", () => engine.ReadMemoryEvents(memcg, local: true));
            yield return Limit(engine, "memory.high", () => memcg.High, pages => engine.SetHigh(memcg, pages));
            yield return Limit(engine, "memory.low", () => memcg.Low, pages => engine.SetProtection(memcg, memcg.Min, pages));
            yield return Limit(engine, "memory.max", () => memcg.Max, pages => engine.SetMax(memcg, pages));
            yield return Limit(engine, "memory.min", () => memcg.Min, pages => engine.SetProtection(memcg, pages, memcg.Low));
        }

        yield return ControlFileItem.Reads("memory.numa_stat", () => engine.ReadMemoryNumaStat(memcg));
        yield return ControlFileItem.Opens("memory.pressure", () => new PressureFile(engine, memcg));
        yield return ControlFileItem.Writes("memory.reclaim", text => requests.Run(ReclaimText.Parse(text, engine.Kernel, memcg)));
        yield return ControlFileItem.Reads("memory.stat", () => engine.ReadMemoryStat(memcg));
        if (memcg.Parent is not null)
        {
            yield return ControlFileItem.Reads("memory.swap.current", () => Bytes(memcg.SwapUsage));
            yield return Limit(engine, "memory.swap.max", () => memcg.SwapMax, pages => engine.SetSwapMax(memcg, pages));
        }
    }

    /// <summary>A limit. One that can't be reached stands all the same, as in the kernel.</summary>
    private static ControlFileItem Limit(Engine engine, string name, Func<ulong> pages, Action<ulong> set) =>
        ControlFileItem.Both(name, () => ByteAmount.LimitText(pages()), text => set(ByteAmount.ParseLimit(text, engine.Kernel)));

    private static string Bytes(ulong pages) => string.Create(CultureInfo.InvariantCulture, $"{pages * ByteAmount.BytesPerPage}\n");

    /// <summary>A directory is a cgroup. A name that a file has is one that a directory can't have.</summary>
    private static void Create(Engine engine, MemoryCgroup parent, string name)
    {
        if (engine.Memcgs.Count == engine.MemcgCapacity)
            throw new ControlException(ControlError.NoSpace, $"The engine was built for {engine.MemcgCapacity} cgroups and has that many.");
        _ = EngineErrors.Translate(() => engine.CreateMemcg(name, parent));
    }
}
