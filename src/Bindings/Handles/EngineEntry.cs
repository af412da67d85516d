using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative.Bindings.Handles;

/// <summary>An engine and the handles of all that belongs to it.</summary>
internal sealed class EngineEntry : HandleEntry
{
    private readonly HandleTable _table;
    private readonly HashSet<HandleEntry> _parts = [];
    private readonly EngineOptions _options;
    private readonly PolicyWatchdog? _watchdog;

    /// <summary>Builds the engine and takes handles for it and for its root.</summary>
    public EngineEntry(HandleTable table, EngineOptions options, CallerBacking backing, CallerWatch? watch)
    {
        _table = table;
        _options = options;
        Backing = backing;
        Engine = new Engine(options);
        try
        {
            Register(this);
            Root = new MemcgEntry(this, Engine.Root);
            Add(Root);
            _watchdog = watch?.Over(Engine);
        }
        catch
        {
            Destroy();
            throw;
        }
    }

    public override string Kind => "an engine";

    public Engine Engine { get; }

    public CallerBacking Backing { get; }

    public MemcgEntry Root { get; } = null!;

    /// <summary>Calls that are inside the engine.</summary>
    public int CallsInside { get; set; }

    public int MemcgCapacity => _options.Memcgs;

    /// <summary>Pages have cookies.</summary>
    public bool HasCookies => _options.Cookies;

    /// <summary>Every page is a frame of its own.</summary>
    public bool IsIdentity => _options.Identity;

    /// <summary>Whether a cgroup can be bound to the policy of that name.</summary>
    public bool HasPolicy(string name) => _options.Policies.Any(p => p.Name == name);

    /// <summary>The engine's policies for messages.</summary>
    public string PolicyNames => string.Join(", ", _options.Policies.Select(p => p.Name));

    public MemcgEntry Add(MemoryCgroup memcg)
    {
        var entry = new MemcgEntry(this, memcg);
        Add(entry);
        return entry;
    }

    public AddressSpaceEntry Add(AddressSpace space)
    {
        var entry = new AddressSpaceEntry(this, space);
        try
        {
            Add(entry);
        }
        catch
        {
            Engine.Destroy(space);
            throw;
        }

        Backing.Announce(space, entry.Handle);
        return entry;
    }

    /// <summary>Ends an address space and its handle.</summary>
    public void Destroy(AddressSpaceEntry entry)
    {
        _table.Remove(entry);
        _parts.Remove(entry);
        Engine.Destroy(entry.Space);
    }

    public OperationEntry Add(ReclaimOperation operation, in RequestStruct asked)
    {
        var entry = new OperationEntry(this, operation, asked);
        Add(entry);
        return entry;
    }

    /// <summary>Ends an operation's handle.</summary>
    public void Destroy(OperationEntry entry)
    {
        _table.Remove(entry);
        _parts.Remove(entry);
    }

    /// <summary>Ends the engine and every handle into it.</summary>
    public void Destroy()
    {
        foreach (HandleEntry part in _parts)
            _table.Remove(part);
        _table.Remove(this);
        _watchdog?.Dispose();
        Engine.Dispose();
    }

    private void Add(HandleEntry part)
    {
        Register(part);
        _parts.Add(part);
    }

    private void Register(HandleEntry entry)
    {
        if (!_table.TryAdd(entry))
            throw new Refusal(Status.Capacity, "The process has 16777216 living handles, which is the most.");
    }
}

/// <summary>A cgroup of an engine.</summary>
internal sealed class MemcgEntry(EngineEntry owner, MemoryCgroup memcg) : HandleEntry
{
    public override string Kind => "a memcg";

    public EngineEntry Owner { get; } = owner;

    public MemoryCgroup Memcg { get; } = memcg;
}

/// <summary>An address space of an engine.</summary>
internal sealed class AddressSpaceEntry(EngineEntry owner, AddressSpace space) : HandleEntry
{
    public override string Kind => "an address space";

    public EngineEntry Owner { get; } = owner;

    public AddressSpace Space { get; } = space;
}

/// <summary>A request that is carried out step by step.</summary>
internal sealed class OperationEntry(EngineEntry owner, ReclaimOperation operation, RequestStruct asked) : HandleEntry
{
    public override string Kind => "an operation";

    public EngineEntry Owner { get; } = owner;

    public ReclaimOperation Operation { get; } = operation;

    /// <summary>The request as C made it, with its arrays.</summary>
    public RequestStruct Asked => asked;

    /// <summary>Elements of the victim array that are filled.</summary>
    public ulong Victims { get; set; }

    /// <summary>Times that a page was kept.</summary>
    public ulong Refused { get; set; }

    /// <summary>It ended because the victim array was full.</summary>
    public bool IsFull { get; set; }

    /// <summary>The caller was told that it has ended.</summary>
    public bool IsTold { get; set; }
}
