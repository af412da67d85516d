using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h on a memory cgroup. The contract of each is its comment there.</summary>
internal static unsafe class MemcgExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_create")]
    public static int Create(ulong engine, MemcgOptionsStruct* options, ulong* memcg)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            MemcgOptionsStruct asked = CallerStruct.Read<MemcgOptionsStruct>(options);
            Check.NotNull(memcg, "memcg");
            Check.Flags(asked.Flags, 0);
            if (!entry.Engine.HasMemcgs)
                throw new Refusal(Status.Unsupported, "The engine was made with RECLAIM_ENGINE_NO_MEMCG: there is the root alone, and no other can be created.");
            MemoryCgroup parent = Living.MemcgOf(entry, asked.Parent).Memcg;
            string name = Name(asked, parent);
            string? policy = asked.Policy == null ? null : Policy(asked.Policy, asked.PolicyLength, entry);
            if (entry.Engine.Memcgs.Count == entry.MemcgCapacity)
                throw new Refusal(Status.Capacity, $"The engine was built for {entry.MemcgCapacity} memcgs, the root included, and has that many.");
            *memcg = entry.Add(entry.Engine.CreateMemcg(name, parent, policy)).Handle;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_destroy")]
    public static int Destroy(ulong memcg)
    {
        try
        {
            if (memcg == 0)
                return Status.Ok;
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            MemoryCgroup ends = entry.Memcg;
            if (ends.Parent is not null && ends.Children.Count > 0)
                throw new Refusal(Status.Busy, $"The memcg {ends.Path} has {ends.Children.Count} below it, such as {ends.Children[0].Path}; destroy them first.");
            if (ends.Parent is not null && entry.Owner.Engine.IsPopulated(ends))
                throw new Refusal(Status.Busy, $"An address space is charged to the memcg {ends.Path}; destroy it first.");
            entry.Owner.Destroy(entry);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_find")]
    public static int Find(ulong engine, byte* path, ulong pathLength, ulong* memcg)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.NotNull(memcg, "memcg");
            ReadOnlySpan<char> wanted = CallerText.Name(path, pathLength, "memcg's path", stackalloc char[CallerText.MostBytes]);
            if (wanted[0] != '/')
                throw new Refusal(Status.Invalid, $"'{wanted}' is no path of a memcg: they begin with a slash, as in /db/cache.");
            *memcg = HandleEntry.Of((entry.Engine.FindMemcg(wanted)
                ?? throw new Refusal(Status.NotFound, $"There is no memcg {wanted}.")).Tag);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_set_max")]
    public static int SetMax(ulong memcg, ulong pages)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            return entry.Owner.Engine.SetMax(entry.Memcg, pages)
                ? Status.Ok
                : NotReached(entry.Memcg, "memory.max", pages);
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_set_high")]
    public static int SetHigh(ulong memcg, ulong pages)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            return entry.Owner.Engine.SetHigh(entry.Memcg, pages)
                ? Status.Ok
                : NotReached(entry.Memcg, "memory.high", pages);
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_set_swap_max")]
    public static int SetSwapMax(ulong memcg, ulong pages)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            entry.Owner.Engine.SetSwapMax(entry.Memcg, pages);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_set_policy")]
    public static int SetPolicy(ulong memcg, byte* policy, ulong policyLength)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            entry.Owner.Engine.SetPolicy(entry.Memcg, Policy(policy, policyLength, entry.Owner));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_set_protection")]
    public static int SetProtection(ulong memcg, ulong minPages, ulong lowPages)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            entry.Owner.Engine.SetProtection(entry.Memcg, minPages, lowPages);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_set_swappiness")]
    public static int SetSwappiness(ulong memcg, uint swappiness)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            Check.Swappiness(swappiness);
            entry.Owner.Engine.SetSwappiness(entry.Memcg, (int)swappiness);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_read")]
    public static int Read(ulong memcg, MemcgStateStruct* state)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            MemoryCgroup read = entry.Memcg;
            uint size = CallerStruct.SizeOf<MemcgStateStruct>(state);
            CallerStruct.Write(state, size, new MemcgStateStruct
            {
                StructSize = size,
                Swappiness = (uint)read.Swappiness,
                Usage = read.Usage,
                Max = read.Max,
                Min = read.Min,
                Low = read.Low,
                High = read.High,
                SwapMax = read.SwapMax,
            });
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_read_counter")]
    public static int ReadCounter(ulong memcg, byte* name, ulong nameLength, long* value)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            Check.NotNull(value, "value");
            *value = entry.Owner.Engine.Read(entry.Memcg, CounterNames.Find(name, nameLength));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_memcg_read_pressure")]
    public static int ReadPressure(ulong memcg, PressureStruct* pressure)
    {
        try
        {
            using EngineCall call = Living.Memcg(memcg, out MemcgEntry entry);
            uint size = CallerStruct.SizeOf<PressureStruct>(pressure);
            PressureTranslation.CheckKept(entry.Owner.Engine);
            CallerStruct.Write(pressure, size, PressureTranslation.ToC(entry.Owner.Engine.ReadPressure(entry.Memcg), size));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    private static int NotReached(MemoryCgroup memcg, string limit, ulong pages) => LastError.Set(
        Status.Again, $"{limit} of {memcg.Path} is {pages} pages from now on, but {memcg.Usage} are in use and no more could be reclaimed.");

    private static string Name(in MemcgOptionsStruct asked, MemoryCgroup parent)
    {
        string name = CallerText.Read(asked.Name, asked.NameLength, "memcg's name");
        if (name.Length == 0 || name.Contains('/'))
            throw new Refusal(Status.Invalid, $"'{name}' is no name for a memcg: one path component without a slash is accepted.");
        string path = parent.Path.TrimEnd('/') + "/" + name;
        return parent.HasChild(path)
            ? throw new Refusal(Status.Exists, $"There is a memcg {path} already.")
            : name;
    }

    private static string Policy(byte* text, ulong length, EngineEntry entry)
    {
        string name = CallerText.Read(text, length, "policy's name");
        return entry.HasPolicy(name)
            ? name
            : throw new Refusal(Status.NotFound, $"The engine has no policy '{name}'; it was built with {entry.PolicyNames}.");
    }
}
