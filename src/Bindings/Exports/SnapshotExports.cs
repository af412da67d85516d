using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Handles;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings.Exports;

/// <summary>Calls of reclaim.h that save and copy engines. The contract of each is its comment there.</summary>
internal static unsafe class SnapshotExports
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_save")]
    public static int Save(ulong engine, delegate* unmanaged[Cdecl]<void*, void*, ulong, int> write, void* context)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            Check.NotNull(write, "write");
            entry.Engine.Save(new CallerStream(write, context, "write"));
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_restore")]
    public static int Restore(CopyOptionsStruct* options, delegate* unmanaged[Cdecl]<void*, void*, ulong, int> read, void* context, ulong* engine)
    {
        try
        {
            CopyOptions asked = Translate(options, out CallerBacking backing);
            Check.NotNull(read, "read");
            Check.NotNull(engine, "engine");
            *engine = Restored(new CallerStream(read, context, "read"), asked, backing);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_save_file")]
    public static int SaveFile(ulong engine, byte* path, ulong pathLength)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            using SnapshotFile file = SnapshotFile.ToWrite(CallerText.Path(path, pathLength));
            entry.Engine.Save(file);
            file.Complete();
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_restore_file")]
    public static int RestoreFile(CopyOptionsStruct* options, byte* path, ulong pathLength, ulong* engine)
    {
        try
        {
            CopyOptions asked = Translate(options, out CallerBacking backing);
            string at = CallerText.Path(path, pathLength);
            Check.NotNull(engine, "engine");
            using SnapshotFile file = SnapshotFile.ToRead(at);
            *engine = Restored(file, asked, backing);
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)], EntryPoint = "reclaim_engine_fork")]
    public static int Fork(ulong engine, CopyOptionsStruct* options, ulong* copy)
    {
        try
        {
            using EngineCall call = Living.Engine(engine, out EngineEntry entry);
            CopyOptions asked = Translate(options, out CallerBacking backing);
            Check.NotNull(copy, "copy");
            *copy = new EngineEntry(Living.Table, Bound(() => entry.Engine.Fork(asked)), backing, null).Handle;
            return Status.Ok;
        }
        catch (Exception why)
        {
            return LastError.Set(why);
        }
    }

    /// <summary>The handle of the engine that a stream has, which ends where the snapshot does if it is a file.</summary>
    private static ulong Restored(OneWayStream from, CopyOptions options, CallerBacking backing)
    {
        Engine restored = Bound(() => Engine.Restore(from, options));
        if (from is SnapshotFile && from.ReadByte() >= 0)
        {
            restored.Dispose();
            throw new Refusal(Status.Format, "The file goes on where the snapshot in it ends.");
        }

        return new EngineEntry(Living.Table, restored, backing, null).Handle;
    }

    /// <summary>A copy, or a refusal that names the policy that it can't be bound to.</summary>
    private static Engine Bound(Func<Engine> make)
    {
        try
        {
            return make();
        }
        catch (PolicyException missing)
        {
            throw PolicyNames.Refused(missing, Status.NotFound);
        }
    }

    private static CopyOptions Translate(CopyOptionsStruct* options, out CallerBacking backing)
    {
        CopyOptionsStruct asked = CallerStruct.Read<CopyOptionsStruct>(options);
        Check.Flags(asked.Flags, 0);
        backing = new CallerBacking(new EngineOptionsStruct { PageOut = asked.PageOut, PageIn = asked.PageIn, PageMigrate = asked.PageMigrate, Context = asked.Context });
        PolicyShelf shelf = EngineOptionsTranslation.Shelf(asked.Tables, asked.TableCount);
        return new CopyOptions
        {
            Backing = backing,
            Policies = PolicyNames.TablesOf(shelf),
            VectorBits = EngineOptionsTranslation.VectorBits(asked.VectorBits),
        };
    }
}
