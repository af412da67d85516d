using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h on a file. The contract of each is its comment there.</summary>
internal static unsafe class FileExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_file_create")]
    public static int Create(ulong engine, FileOptionsStruct* options, ulong* file)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            FileOptionsStruct asked = CallerStruct.Read<FileOptionsStruct>(options);
            Check.NotNull(file, "file");
            Check.Flags(asked.Flags, 0);
            Check.Length(asked.Pages, "The file");
            string name = CallerText.ReadOptional(asked.Name, asked.NameLength, "file's name");
            if (!entry.Engine.HasFiles)
                throw new Refusal(Status.Unsupported, "In an engine with RECLAIM_ENGINE_IDENTITY every page is a frame of its own, so there are no files.");
            *file = entry.Add(Create(entry.Engine, asked.Pages, name)).Handle;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_file_destroy")]
    public static int Destroy(ulong file)
    {
        try
        {
            if (file == 0)
                return Status.Ok;
            using EngineCall call = Living.File(file, out FileEntry entry);
            if (entry.Owner.Engine.IsMapped(entry.File))
                throw new Refusal(Status.Busy, "The file is mapped by an address space; map something else there first, or nothing.");
            entry.Owner.Destroy(entry);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_file_find")]
    public static int Find(ulong engine, byte* name, ulong nameLength, ulong* file)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.NotNull(file, "file");
            ReadOnlySpan<char> wanted = CallerText.Name(name, nameLength, "file's name", stackalloc char[CallerText.MostBytes]);
            *file = HandleEntry.Of((entry.Engine.FindFile(wanted)
                ?? throw new Refusal(Status.NotFound, $"There is no file '{wanted}'.")).Tag);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_file_access")]
    public static int Access(ulong file, ulong memcg, uint homeNode, uint* words, ulong count, TallyStruct* tally)
    {
        try
        {
            using EngineCall call = Living.File(file, out FileEntry entry);
            MemoryCgroup charged = Living.MemcgOf(entry.Owner, memcg).Memcg;
            Check.Node(entry.Owner.Engine, homeNode);
            var batch = new AccessBatch(words, count, tally);
            AccessTally counts = default;
            int status = Access(entry, batch.Words, charged, homeNode, ref counts);
            batch.Write(counts);
            return status;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_file_truncate")]
    public static int Truncate(ulong file, ulong first, ulong pages)
    {
        try
        {
            using EngineCall call = Living.File(file, out FileEntry entry);
            Check.Run(first, pages, entry.File.Pages, "file");
            if (pages != 0)
                entry.Owner.Engine.Truncate(entry.File, first, first + pages);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    private static int Access(FileEntry entry, ReadOnlySpan<uint> words, MemoryCgroup charged, uint homeNode, ref AccessTally counts)
    {
        try
        {
            entry.Owner.Engine.AccessFile(entry.File, words, charged, (int)homeNode, ref counts);
            return AccessBatch.Outcome(words, counts);
        }
        catch (EngineException)
        {
            return AccessBatch.Beyond(words, counts, "file", entry.File.Pages);
        }
    }

    private static PageFile Create(Engine engine, ulong pages, string name)
    {
        try
        {
            return engine.CreateFile(pages, name);
        }
        catch (EngineException why)
        {
            // All else has been checked, so a reserve is used up: of files, or of leaf tables in a row.
            throw new Refusal(Status.Capacity, why.Message);
        }
    }
}
