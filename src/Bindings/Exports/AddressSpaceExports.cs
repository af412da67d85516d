using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h on an address space. The contract of each is its comment there.</summary>
internal static unsafe class AddressSpaceExports
{
    /// <summary>Slots of leaf tables are 32 bits wide, so no space is longer than that.</summary>
    private const ulong MostPages = 1UL << 32;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_create")]
    public static int Create(ulong engine, AddressSpaceOptionsStruct* options, ulong* space)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            AddressSpaceOptionsStruct asked = CallerStruct.Read<AddressSpaceOptionsStruct>(options);
            Check.NotNull(space, "space");
            if (asked.Pages == 0)
                throw new Refusal(Status.Invalid, "The address space has 0 pages; at least 1 is accepted.");
            if (asked.Pages > MostPages)
                throw new Refusal(Status.Capacity, $"The address space has {asked.Pages} pages; {MostPages} are the most that any engine has leaf tables for.");
            Check.Node(entry.Engine, asked.HomeNode);
            MemoryCgroup memcg = Living.MemcgOf(entry, asked.Memcg).Memcg;
            *space = entry.Add(Create(entry.Engine, asked, memcg)).Handle;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_destroy")]
    public static int Destroy(ulong space)
    {
        try
        {
            if (space == 0)
                return Status.Ok;
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            entry.Owner.Destroy(entry);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_access")]
    public static int Access(ulong space, uint* words, ulong count, TallyStruct* tally)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            uint size = tally == null ? 0 : CallerStruct.SizeOf<TallyStruct>(tally);
            if (count > int.MaxValue)
                throw new Refusal(Status.Invalid, $"count is {count}; up to {int.MaxValue} are accepted in one batch.");
            if (count != 0)
                Check.NotNull(words, "words");

            AccessTally counts = default;
            int status = Access(entry, new ReadOnlySpan<uint>(words, (int)count), ref counts);
            if (tally != null)
                Write(tally, size, counts);
            return status;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_access_page")]
    public static int AccessPage(ulong space, ulong page, uint flags)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            Check.Flags(flags, Engine.WriteBit);
            Check.Page(entry.Space, page);
            if (page >= Engine.WriteBit)
                throw new Refusal(Status.Range, $"Page {page} can't be accessed: only pages below {Engine.WriteBit} can be so far.");
            uint word = (uint)page | flags;
            AccessTally counts = default;
            return Access(entry, new ReadOnlySpan<uint>(in word), ref counts);
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_is_resident")]
    public static int IsResident(ulong space, ulong page, uint* resident)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            Check.NotNull(resident, "resident");
            Check.Page(entry.Space, page);
            *resident = entry.Owner.Engine.IsResident(entry.Space, page) ? 1u : 0u;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_pin")]
    public static int Pin(ulong space, ulong page) => SetPinned(space, page, pinned: true);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_unpin")]
    public static int Unpin(ulong space, ulong page) => SetPinned(space, page, pinned: false);

    private static int SetPinned(ulong space, ulong page, bool pinned)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            Check.Page(entry.Space, page);
            return entry.Owner.Engine.SetPinned(entry.Space, page, pinned)
                ? Status.Ok
                : LastError.Set(Status.NotResident, $"Page {page} is not in memory; access it first.");
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    /// <summary>The batch, with the two ways in which it can end early as statuses and not as exceptions: the tally has to go out.</summary>
    private static int Access(AddressSpaceEntry entry, ReadOnlySpan<uint> words, ref AccessTally counts)
    {
        try
        {
            int processed = entry.Owner.Engine.Access(entry.Space, words, ref counts);
            return counts.Refused == 0
                ? Status.Ok
                : counts.Failed > 0
                ? LastError.Set(Status.Io, $"Page {words[processed - 1] & ~Engine.WriteBit} could not be brought in: page_in said that it failed.")
                : LastError.Set(Status.NoMemory, $"There is no memory for page {words[processed - 1] & ~Engine.WriteBit}: nothing that may be reclaimed is left.");
        }
        catch (EngineException)
        {
            uint page = words[(int)counts.Accesses] & ~Engine.WriteBit;
            return LastError.Set(Status.Range, $"Word {counts.Accesses} names page {page}, beyond the last page of the address space, {entry.Space.Pages - 1}.");
        }
    }

    private static AddressSpace Create(Engine engine, in AddressSpaceOptionsStruct asked, MemoryCgroup memcg)
    {
        try
        {
            return engine.CreateAddressSpace("of C", asked.Pages, memcg, (int)asked.HomeNode);
        }
        catch (EngineException why)
        {
            // All else has been checked, so a reserve is used up: of address spaces, or of leaf tables in a row.
            throw new Refusal(Status.Capacity, why.Message);
        }
    }

    private static void Write(TallyStruct* tally, uint size, in AccessTally counts) => CallerStruct.Write(tally, size, new TallyStruct
    {
        StructSize = size,
        Processed = (ulong)counts.Accesses,
        Hits = (ulong)counts.Hits,
        MinorFaults = (ulong)counts.MinorFaults,
        ColdFaults = (ulong)counts.ColdFaults,
        Refaults = (ulong)counts.Refaults,
        Refused = (ulong)counts.Refused,
    });
}
