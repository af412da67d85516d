using ReclaimNative.Bindings.Boundary;
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

    public int MemcgCapacity => _options.Memcgs;

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
