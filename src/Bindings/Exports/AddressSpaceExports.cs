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
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_create")]
    public static int Create(ulong engine, AddressSpaceOptionsStruct* options, ulong* space)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            AddressSpaceOptionsStruct asked = CallerStruct.Read<AddressSpaceOptionsStruct>(options);
            Check.NotNull(space, "space");
            Check.Length(asked.Pages, "The address space");
            Check.Node(entry.Engine, asked.HomeNode);
            MemoryCgroup memcg = Living.MemcgOf(entry, asked.Memcg).Memcg;
            string name = CallerText.ReadOptional(asked.Name, asked.NameLength, "address space's name");
            *space = entry.Add(Create(entry.Engine, asked, name, memcg)).Handle;
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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_find")]
    public static int Find(ulong engine, byte* name, ulong nameLength, ulong* space)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.NotNull(space, "space");
            ReadOnlySpan<char> wanted = CallerText.Name(name, nameLength, "address space's name", stackalloc char[CallerText.MostBytes]);
            *space = HandleEntry.Of((entry.Engine.FindAddressSpace(wanted)
                ?? throw new Refusal(Status.NotFound, $"There is no address space '{wanted}'.")).Tag);
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
        int hits = 0;
        return IsPlain(words, count, tally) && AreHits(Living.PagesByPass(space, out ulong* at), at, words, (int)count, tally, ref hits)
            ? Status.Ok
            : AccessWithCare(space, words, count, hits, tally);
    }

    /// <summary>Most batches are hits alone, and most tallies of the library's own size; all else takes the way with checks and answers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsPlain(uint* words, ulong count, TallyStruct* tally) =>
        words != null && count <= int.MaxValue && (tally == null || tally->StructSize == sizeof(TallyStruct));

    /// <summary>Accesses pages and leaves their engine, where it has been entered.</summary>
    /// <returns>All are hits, and it is told.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool AreHits(PageBits? pages, ulong* at, uint* words, int count, TallyStruct* tally, ref int hits)
    {
        if (pages is null)
            return false;
        hits = pages.TryHits(words, count);
        EngineGate.Leave(at);
        if (hits != count)
            return false;
        if (tally != null)
            *tally = new TallyStruct { StructSize = (uint)sizeof(TallyStruct), Processed = (uint)count, Hits = (uint)count };
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int AccessWithCare(ulong space, uint* words, ulong count, int hits, TallyStruct* tally)
    {
        if (hits == 0 && IsPlain(words, count, tally) && AreHits(Living.PagesByTable(space, out ulong* at), at, words, (int)count, tally, ref hits))
            return Status.Ok;
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            var batch = new AccessBatch(words, count, tally);
            AccessTally counts = new() { Hits = hits };
            int status = Access(entry, batch.Words, ref counts);
            batch.Write(counts);
            return status;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_access_page")]
    public static int AccessPage(ulong space, ulong page, uint flags) =>
        (flags & ~Engine.WriteBit) == 0 && IsHit(Living.PagesByPass(space, out ulong* at), at, page, flags != 0)
            ? Status.Ok
            : AccessPageWithCare(space, page, flags);

    /// <summary>Accesses a page and leaves its engine, where it has been entered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsHit(PageBits? pages, ulong* at, ulong page, bool write)
    {
        if (pages is null)
            return false;
        bool hit = pages.TryHit(page, write);
        EngineGate.Leave(at);
        return hit;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int AccessPageWithCare(ulong space, ulong page, uint flags)
    {
        if ((flags & ~Engine.WriteBit) == 0 && IsHit(Living.PagesByTable(space, out ulong* at), at, page, flags != 0))
            return Status.Ok;
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
    public static int IsResident(ulong space, ulong page, uint* resident) =>
        resident != null && Knows(Living.PagesByPass(space, out ulong* at), at, page, resident)
            ? Status.Ok
            : IsResidentWithCare(space, page, resident);

    /// <summary>Looks for a page and leaves its engine, where it has been entered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Knows(PageBits? pages, ulong* at, ulong page, uint* resident)
    {
        if (pages is null)
            return false;
        int answer = pages.Look(page);
        EngineGate.Leave(at);
        if (answer < 0)
            return false;
        *resident = (uint)answer;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int IsResidentWithCare(ulong space, ulong page, uint* resident)
    {
        if (resident != null && Knows(Living.PagesByTable(space, out ulong* at), at, page, resident))
            return Status.Ok;
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

    private static int Access(AddressSpaceEntry entry, ReadOnlySpan<uint> words, ref AccessTally counts)
    {
        try
        {
            entry.Owner.Engine.Access(entry.Space, words[(int)counts.Hits..], ref counts);
            return AccessBatch.Outcome(words, counts);
        }
        catch (EngineException)
        {
            return AccessBatch.Beyond(words, counts, "address space", entry.Space.Pages);
        }
    }

    private static AddressSpace Create(Engine engine, in AddressSpaceOptionsStruct asked, string name, MemoryCgroup memcg)
    {
        try
        {
            return engine.CreateAddressSpace(name, asked.Pages, memcg, (int)asked.HomeNode);
        }
        catch (EngineException why)
        {
            // All else has been checked, so a reserve is used up: of address spaces, or of leaf tables in a row.
            throw new Refusal(Status.Capacity, why.Message);
        }
    }
}
