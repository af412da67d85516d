using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings.Handles;

/// <summary>The handles of the process: what each kind of call does first with the ones that it is given.</summary>
internal static class Living
{
    public static HandleTable Table { get; } = new();

    /// <summary>The living engine behind a handle, not inside a callback.</summary>
    public static EngineEntry Engine(ulong handle)
    {
        HandleEntry? found = Table.Find(handle);
        if (found is not EngineEntry entry)
            throw Bad(handle, found, "an engine");
        ThrowIfBusy(entry);
        return entry;
    }

    /// <summary>The living cgroup behind a handle, its engine not inside a callback.</summary>
    public static MemcgEntry Memcg(ulong handle)
    {
        HandleEntry? found = Table.Find(handle);
        if (found is not MemcgEntry entry)
            throw Bad(handle, found, "a memcg");
        ThrowIfBusy(entry.Owner);
        return entry;
    }

    /// <summary>The cgroup that an option names, the root for none, or a refusal when it is another engine's.</summary>
    public static MemcgEntry MemcgOf(EngineEntry engine, ulong handle)
    {
        if (handle == 0)
            return engine.Root;
        MemcgEntry entry = Memcg(handle);
        return ReferenceEquals(entry.Owner, engine)
            ? entry
            : throw new Refusal(Status.WrongEngine, $"The memcg {entry.Memcg.Path} belongs to another engine than the one that the call is for.");
    }

    /// <summary>The living address space behind a handle, its engine not inside a callback.</summary>
    public static AddressSpaceEntry AddressSpace(ulong handle)
    {
        HandleEntry? found = Table.Find(handle);
        if (found is not AddressSpaceEntry entry)
            throw Bad(handle, found, "an address space");
        ThrowIfBusy(entry.Owner);
        return entry;
    }

    /// <summary>The living operation behind a handle; <paramref name="inCallbacks"/> also while its engine is inside one.</summary>
    public static OperationEntry Operation(ulong handle, bool inCallbacks = false)
    {
        HandleEntry? found = Table.Find(handle);
        if (found is not OperationEntry entry)
            throw Bad(handle, found, "an operation");
        if (!inCallbacks)
            ThrowIfBusy(entry.Owner);
        return entry;
    }

    private static void ThrowIfBusy(EngineEntry entry)
    {
        if (entry.Backing.InCallback)
            throw new Refusal(Status.Busy, "The call comes from inside a callback of the same engine, which has to return first.");
    }

    private static Refusal Bad(ulong handle, HandleEntry? found, string wanted) => new(Status.BadHandle, (handle, found) switch
    {
        (0, _) => $"The handle is NULL; {wanted} is wanted.",
        (_, null) => $"The handle 0x{handle:x} is that of {wanted} no more, or never was one.",
        _ => $"The handle is that of {found!.Kind}; {wanted} is wanted.",
    });
}
