using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Mechanisms;
using ReclaimNative.PageTables;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h on ranges of an address space: bitmaps, ages, advice, mappings; and its task. The contract of each is its comment there.</summary>
internal static unsafe class AddressSpaceMapExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_access_bitmap")]
    public static int AccessBitmap(ulong space, ulong first, ulong pages, ulong* accessed, ulong* written, ulong* absent)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            int words = Words(entry.Space, first, pages);
            if (words != 0)
                Check.NotNull(accessed, "accessed");
            long missing = entry.Owner.Engine.AccessBitmap(
                entry.Space,
                first,
                pages,
                new ReadOnlySpan<ulong>(accessed, words),
                written == null ? default : new ReadOnlySpan<ulong>(written, words));
            if (absent != null)
                *absent = (ulong)missing;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_read_bitmap")]
    public static int ReadBitmap(ulong space, uint what, ulong first, ulong pages, ulong* words)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            if (what > (uint)PageBitmap.Recent)
                throw new Refusal(Status.Invalid, $"what is {what}; 0 to {(uint)PageBitmap.Recent}, RECLAIM_BITMAP_..., are accepted.");
            int count = Words(entry.Space, first, pages);
            if (count == 0)
                return Status.Ok;
            Check.NotNull(words, "words");
            entry.Owner.Engine.ReadBitmap(entry.Space, (PageBitmap)what, first, pages, new Span<ulong>(words, count));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_read_ages")]
    public static int ReadAges(ulong space, ulong first, ulong pages, byte* ages)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            Check.Run(first, pages, entry.Space.Pages, "address space");
            if (!entry.Owner.Engine.KeepsIdleAges)
                throw new Refusal(Status.Unsupported, "The engine keeps no idle ages; one that was created with RECLAIM_ENGINE_IDLE_AGE does.");
            if (pages == 0)
                return Status.Ok;
            Check.NotNull(ages, "ages");

            // A span is no longer than 2^31 - 1 bytes, an address space may be.
            const ulong Piece = 1 << 30;
            for (ulong at = 0; at < pages; at += Piece)
                entry.Owner.Engine.ReadAges(entry.Space, first + at, new Span<byte>(ages + at, (int)Math.Min(Piece, pages - at)));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_advise")]
    public static int Advise(ulong space, ulong first, ulong pages, uint advice, ulong* affected)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            if (advice is < (uint)PageAdvice.Cold or > (uint)PageAdvice.WillNeed)
                throw new Refusal(Status.Invalid, $"advice is {advice}; 1 to 3, RECLAIM_ADVICE_..., are accepted.");
            Check.Run(first, pages, entry.Space.Pages, "address space");
            long made = 0;
            bool isDone = pages == 0 || entry.Owner.Engine.Advise(entry.Space, first, first + pages, (PageAdvice)advice, out made);
            if (affected != null)
                *affected = (ulong)made;
            return isDone
                ? Status.Ok
                : LastError.Set(Status.Again, $"There is no memory for more than {made} pages of those that were asked for: nothing that may be reclaimed is left.");
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_map")]
    public static int Map(ulong space, ulong first, ulong pages, ulong file, ulong filePage, uint flags)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            Check.Flags(flags, (uint)(VmaFlags.Executable | VmaFlags.NoRecency));
            Check.Run(first, pages, entry.Space.Pages, "address space");
            PageFile? mapped = null;
            if (file != 0)
            {
                mapped = Living.FileOf(entry.Owner, file).File;
                Check.Run(filePage, pages, mapped.Pages, "file");
            }

            if (!entry.Owner.Engine.HasFiles)
                throw new Refusal(Status.Unsupported, "In an engine with RECLAIM_ENGINE_IDENTITY all pages are anonymous, and none can be mapped.");
            if (pages != 0)
                entry.Owner.Engine.Map(entry.Space, first, first + pages, mapped, mapped is null ? 0 : filePage, (VmaFlags)flags);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_discard")]
    public static int Discard(ulong space, ulong first, ulong pages)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            Check.Run(first, pages, entry.Space.Pages, "address space");
            if (pages != 0)
                entry.Owner.Engine.Discard(entry.Space, first, first + pages);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_address_space_set_task_state")]
    public static int SetTaskState(ulong space, uint state)
    {
        try
        {
            using EngineCall call = Living.AddressSpace(space, out AddressSpaceEntry entry);
            if (state > (uint)TaskState.Stalled)
                throw new Refusal(Status.Invalid, $"state is {state}; 0 to 2, RECLAIM_TASK_..., are accepted.");
            if (!entry.Owner.Engine.KeepsPressure)
                throw new Refusal(Status.Unsupported, "The engine keeps no pressure stall information; one that was created with RECLAIM_ENGINE_PRESSURE does.");
            entry.Owner.Engine.SetTaskState(entry.Space, (TaskState)state);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    /// <summary>Words of a bitmap of a run of pages, which begins with a word and lies in an address space.</summary>
    private static int Words(AddressSpace space, ulong first, ulong pages)
    {
        Check.Run(first, pages, space.Pages, "address space");
        return first % 64 == 0
            ? (int)((pages + 63) / 64)
            : throw new Refusal(Status.Invalid, $"first is {first}, a page between two words of a bitmap; a multiple of 64 is accepted.");
    }
}
