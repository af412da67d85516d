using System.Runtime.CompilerServices;
using ReclaimNative.Bindings.Boundary;
using ReclaimNative.PageTables;

namespace ReclaimNative.Bindings.Handles;

/// <summary>A call that is inside an engine; it has left when this is disposed.</summary>
internal readonly unsafe ref struct EngineCall
{
    private readonly ulong* _at;
    private readonly EngineGate? _shared;

    /// <summary>A call that is noted at <paramref name="at"/>; <paramref name="shared"/> is the gate that it holds, if any.</summary>
    public EngineCall(ulong* at, EngineGate? shared = null)
    {
        _at = at;
        _shared = shared;
    }

    /// <summary>Leaves the engine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        if (_shared is null)
            EngineGate.Leave(_at);
        else
            _shared.LeaveShared(_at);
    }
}

/// <summary>The handles of the process: what each kind of call does first with the ones that it is given.</summary>
internal static unsafe class Living
{
    /// <summary>
    /// The table, made by the first call that asks: a field with an initialiser would have each call ask whether that has run.
    /// </summary>
    public static HandleTable Table => _table ?? MakeTable();

    private static HandleTable? _table;

    /// <summary>Enters the living engine behind a handle, not inside a callback.</summary>
    public static EngineCall Engine(ulong handle, out EngineEntry entry)
    {
        entry = Table.Find(handle) as EngineEntry ?? throw Bad(handle, "an engine");
        return Enter(entry);
    }

    /// <summary>Enters the engine of the living cgroup behind a handle.</summary>
    public static EngineCall Memcg(ulong handle, out MemcgEntry entry)
    {
        entry = Table.Find(handle) as MemcgEntry ?? throw Bad(handle, "a memcg");
        return Enter(entry);
    }

    /// <summary>Enters the engine of the living address space behind a handle.</summary>
    public static EngineCall AddressSpace(ulong handle, out AddressSpaceEntry entry)
    {
        entry = Table.Find(handle) as AddressSpaceEntry ?? throw Bad(handle, "an address space");
        return Enter(entry);
    }

    /// <summary>
    /// The same for a call that can't wait for <see cref="AddressSpace"/>: the pages of the space that the thread's last quick call was for, if
    /// nothing has changed since that one was let in; else null. The call leaves by <see cref="EngineGate.Leave"/>, and throws nothing in between.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PageBits? PagesByPass(ulong handle, out ulong* at)
    {
        CallRecord* mine = CallRecord.Mine;
        at = (ulong*)mine;
        if (mine == null || mine->PassHandle != handle || *at != 0)
            return null;
        Volatile.Write(ref *at, handle);
        if (mine->PassChanges == EngineGate.Changes)
            return CallRecord.PassPages;
        EngineGate.Leave(at);
        return null;
    }

    /// <summary>The same by the table, for a space that it finds where nothing is in the way; the thread's next call has a pass.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static PageBits? PagesByTable(ulong handle, out ulong* at)
    {
        ulong changes = EngineGate.Changes; // acquire: what is looked at from here on is as new at least
        at = null;
        if (Table.Find(handle) is not AddressSpaceEntry entry || !entry.Gate!.TryEnter(entry, out at))
            return null;
        var mine = (CallRecord*)at; // the first place of the record, as for all calls that are not within another
        mine->PassHandle = handle;
        mine->PassChanges = changes;
        CallRecord.PassPages = entry.Bits;
        return entry.Bits;
    }

    /// <summary>Enters the engine of the living file behind a handle.</summary>
    public static EngineCall File(ulong handle, out FileEntry entry)
    {
        entry = Table.Find(handle) as FileEntry ?? throw Bad(handle, "a file");
        return Enter(entry);
    }

    /// <summary>Enters the engine of the living operation behind a handle.</summary>
    public static EngineCall Operation(ulong handle, out OperationEntry entry)
    {
        entry = OperationToCancel(handle);
        return Enter(entry);
    }

    /// <summary>The cgroup that an option names, the root for none, or a refusal when it is another engine's; for a call that has entered that engine.</summary>
    public static MemcgEntry MemcgOf(EngineEntry engine, ulong handle)
    {
        if (handle == 0)
            return engine.Root;
        MemcgEntry entry = Table.Find(handle) as MemcgEntry ?? throw Bad(handle, "a memcg");
        return ReferenceEquals(entry.Owner, engine)
            ? entry
            : throw new Refusal(Status.WrongEngine, $"The memcg {entry.Memcg.Path} belongs to another engine than the one that the call is for.");
    }

    /// <summary>The file behind a handle, or a refusal when it is another engine's; for a call that has entered that engine.</summary>
    public static FileEntry FileOf(EngineEntry engine, ulong handle)
    {
        FileEntry entry = Table.Find(handle) as FileEntry ?? throw Bad(handle, "a file");
        return ReferenceEquals(entry.Owner, engine)
            ? entry
            : throw new Refusal(Status.WrongEngine, "The file belongs to another engine than the one that the call is for.");
    }

    /// <summary>An address space of an engine, or a refusal when it is another's; for a call that has entered that engine.</summary>
    public static AddressSpaceEntry AddressSpaceOf(EngineEntry engine, ulong handle)
    {
        AddressSpaceEntry entry = Table.Find(handle) as AddressSpaceEntry ?? throw Bad(handle, "an address space");
        return ReferenceEquals(entry.Owner, engine)
            ? entry
            : throw new Refusal(Status.WrongEngine, "The address space belongs to another engine than the one that the call is for.");
    }

    /// <summary>The living operation behind a handle, without entering its engine: it may be inside a callback, or in use by another thread.</summary>
    public static OperationEntry OperationToCancel(ulong handle) => Table.Find(handle) as OperationEntry ?? throw Bad(handle, "an operation");

    /// <summary>The engine behind a handle, which nobody is inside and nobody can enter any more, for its handles are dead.</summary>
    public static EngineEntry EngineToDestroy(ulong handle)
    {
        _ = CallRecords.Register(); // refuses the child of a fork before it waits for a lock
        lock (CallRecords.Rare)
        {
            EngineEntry entry = Table.Find(handle) as EngineEntry ?? throw Bad(handle, "an engine");
            entry.Gate!.Close();
            entry.EndHandles();
            return entry;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static EngineCall Enter(HandleEntry entry) =>
        entry.Gate!.TryEnter(entry, out ulong* at) ? new EngineCall(at) : EnterWithCare(entry);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static EngineCall EnterWithCare(HandleEntry entry)
    {
        ulong* at = entry.Gate!.Enter(entry, out bool shared);
        return at != null ? new EngineCall(at, shared ? entry.Gate : null) : throw Bad(entry.Handle, entry.Kind);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static HandleTable MakeTable()
    {
        Interlocked.CompareExchange(ref _table, new HandleTable(), null);
        return _table;
    }

    private static Refusal Bad(ulong handle, string wanted) => new(Status.BadHandle, (handle, Table.Find(handle)) switch
    {
        (0, _) => $"The handle is NULL; {wanted} is wanted.",
        (_, null) => $"The handle 0x{handle:x} is that of {wanted} no more, or never was one.",
        (_, { } found) => $"The handle is that of {found.Kind}; {wanted} is wanted.",
    });
}
