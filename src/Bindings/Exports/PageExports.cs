using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h on arrays of pages. The contract of each is its comment there.</summary>
internal static unsafe class PageExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_pages_add")]
    public static int Add(ulong engine, PageStruct* pages, uint pageSize, ulong count, ulong* added)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            var array = new CallerPages(entry, pages, pageSize, count);
            array.CheckAdded();
            ulong done = 0;
            while (done < count && Add(entry.Engine, array[done]))
                done++;
            Tell(added, done);
            return done == count
                ? Status.Ok
                : LastError.Set(Status.NoMemory, $"There is no memory for page {array[done].Page}, number {done} of the array: no room could be made for it.");
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_pages_remove")]
    public static int Remove(ulong engine, PageStruct* pages, uint pageSize, ulong count)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            var array = new CallerPages(entry, pages, pageSize, count);
            for (ulong i = 0; i < count; i++)
                entry.Engine.Remove(array[i]);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_pages_move")]
    public static int Move(ulong engine, PageStruct* pages, uint pageSize, ulong count, uint toNode, int* outcomes, ulong* moved)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            var array = new CallerPages(entry, pages, pageSize, count);
            Check.Node(entry.Engine, toNode);
            if (entry.IsIdentity)
                throw new Refusal(Status.Unsupported, "With RECLAIM_ENGINE_IDENTITY every page is where it is, so none can be moved.");
            ulong done = 0;
            for (ulong i = 0; i < count; i++)
                done += Note(outcomes, i, entry.Engine.TryMove(array[i], (int)toNode));
            Tell(moved, done);
            return Share(done, count, "moved");
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_pages_commit")]
    public static int Commit(ulong engine, PageStruct* pages, uint pageSize, ulong count, int* outcomes, ulong* committed)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            var array = new CallerPages(entry, pages, pageSize, count);
            array.CheckTargets();
            ulong done = 0;
            for (ulong i = 0; i < count; i++)
            {
                PageStruct page = array.Read(i);
                int? to = (page.Flags & PageStruct.Demote) != 0 ? (int)page.ToNode : null;
                done += Note(outcomes, i, entry.Engine.Commit(new ProposedPage(array[i], to)));
            }

            Tell(committed, done);
            return Share(done, count, "committed");
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_pages_abort")]
    public static int Abort(ulong engine, PageStruct* pages, uint pageSize, ulong count, int reason, ulong* aborted)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            var array = new CallerPages(entry, pages, pageSize, count);
            if (reason is < (int)PageAnswer.Keep or > (int)PageAnswer.Accessed)
                throw new Refusal(Status.Invalid, $"reason is {reason}; {(int)PageAnswer.Keep} to {(int)PageAnswer.Accessed} (RECLAIM_KEEP to RECLAIM_KEEP_ACCESSED) are accepted.");
            ulong done = 0;
            for (ulong i = 0; i < count; i++)
                done += entry.Engine.Abort(array[i], (PageAnswer)reason) ? 1u : 0u;
            Tell(aborted, done);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    private static bool Add(Engine engine, in BackedPage page) => page.File is { } file
        ? engine.Add(file, page.Page, page.NodeId, page.Cookie, page.Dirty)
        : engine.Add(page.Space!, page.Page, page.NodeId, page.Cookie, page.Dirty);

    /// <summary>Writes what became of a page, if the caller wants to know; 1 when it is done.</summary>
    private static ulong Note(int* outcomes, ulong index, PageOutcome outcome)
    {
        if (outcomes != null)
        {
            outcomes[index] = outcome switch
            {
                PageOutcome.Done => Status.Ok,
                PageOutcome.NotProposed => Status.NotProposed,
                PageOutcome.Accessed => Status.Accessed,
                PageOutcome.Pinned => Status.Pinned,
                PageOutcome.NoMemory => Status.NoMemory,
                PageOutcome.NotResident => Status.NotResident,
                _ => Status.Busy,
            };
        }

        return outcome == PageOutcome.Done ? 1u : 0u;
    }

    private static void Tell(ulong* number, ulong value)
    {
        if (number != null)
            *number = value;
    }

    private static int Share(ulong done, ulong count, string what) => done == count
        ? Status.Ok
        : LastError.Set(Status.Again, $"{done} pages of {count} were {what}; the outcomes say why the others stay.");
}
