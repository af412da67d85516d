using ReclaimNative.Bindings.Boundary;
using ReclaimNative.Bindings.Structs;
using ReclaimNative.Control;
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
    private ControlTree? _control;

    /// <summary>Takes handles for a new engine, which it owns from here on, for its root, and for all that a copy has.</summary>
    public EngineEntry(HandleTable table, Engine engine, CallerBacking backing, CallerWatch? watch)
    {
        _table = table;
        _options = engine.Options;
        Backing = backing;
        Gate = new EngineGate(table, _options.Concurrent);
        Engine = engine;
        try
        {
            Register(this);
            Root = new MemcgEntry(this, Engine.Root);
            Add(Root);
            foreach (MemoryCgroup memcg in engine.Memcgs)
            {
                if (!ReferenceEquals(memcg, engine.Root))
                    Add(new MemcgEntry(this, memcg));
            }

            foreach (AddressSpace space in engine.AddressSpaces)
                Add(new AddressSpaceEntry(this, space));
            foreach (PageFile file in engine.Files)
                Add(new FileEntry(this, file));
            _watchdog = watch?.Over(Engine);
        }
        catch
        {
            EndHandles();
            Destroy();
            throw;
        }
    }

    public override string Kind => "an engine";

    public Engine Engine { get; }

    public CallerBacking Backing { get; }

    /// <summary>Its control files, made when first asked for.</summary>
    public ControlTree Control => _control ??= new ControlTree(Engine);

    public MemcgEntry Root { get; } = null!;

    public int MemcgCapacity => _options.Memcgs;

    /// <summary>Pages have cookies.</summary>
    public bool HasCookies => _options.Cookies;

    /// <summary>Every page is a frame of its own.</summary>
    public bool IsIdentity => _options.Identity;

    /// <summary>Whether a cgroup can be bound to the policy of that name.</summary>
    public bool HasPolicy(string name) => Array.Exists<PolicyDefinition>([.. _options.Policies], p => p.Name == name);

    /// <summary>The engine's policies for messages.</summary>
    public string PolicyNames => string.Join(", ", Array.ConvertAll<PolicyDefinition, string>([.. _options.Policies], p => p.Name));

    public MemcgEntry Add(MemoryCgroup memcg) => AddOrUndo(new MemcgEntry(this, memcg), () => Engine.Remove(memcg));

    public AddressSpaceEntry Add(AddressSpace space) => AddOrUndo(new AddressSpaceEntry(this, space), () => Engine.Destroy(space));

    public FileEntry Add(PageFile file) => AddOrUndo(new FileEntry(this, file), () => Engine.Destroy(file));

    /// <summary>Ends a cgroup and its handle.</summary>
    public void Destroy(MemcgEntry entry) => End(entry, () => Engine.Remove(entry.Memcg));

    /// <summary>Ends a file and its handle.</summary>
    public void Destroy(FileEntry entry) => End(entry, () => Engine.Destroy(entry.File));

    public OperationEntry Add(ReclaimOperation operation, in RequestStruct asked)
    {
        var entry = new OperationEntry(this, operation, asked);
        Add(entry);
        return entry;
    }

    /// <summary>Ends an address space and its handle.</summary>
    public void Destroy(AddressSpaceEntry entry) => End(entry, () => Engine.Destroy(entry.Space));

    /// <summary>Ends an operation's handle.</summary>
    public void Destroy(OperationEntry entry) => End(entry, () => { });

    /// <summary>Every handle into the engine is dead from here on. Nobody is inside.</summary>
    public void EndHandles()
    {
        lock (CallRecords.Rare)
        {
            foreach (HandleEntry part in _parts)
                Gate!.End(part);
            Gate!.End(this);
        }
    }

    /// <summary>Ends the engine, whose handles are dead.</summary>
    public void Destroy()
    {
        _watchdog?.Dispose();
        Engine.Dispose();
    }

    /// <summary>
    /// Ends a part: from here on no call finds it, and <paramref name="act"/> has it to itself. Where that throws, the part lives on.
    /// For a call that came by the part's handle.
    /// </summary>
    /// <exception cref="Refusal">Another call came by the same handle and is inside, or has ended it.</exception>
    private void End(HandleEntry part, Action act)
    {
        Gate!.BeginEnd(part, Handle);
        try
        {
            act();
        }
        catch
        {
            EngineGate.Revive(part);
            throw;
        }

        Gate.End(part);
        lock (CallRecords.Rare)
            _parts.Remove(part);
    }

    /// <summary>Gives a new object its handle; where there is none left, <paramref name="undo"/> takes the object back.</summary>
    private T AddOrUndo<T>(T part, Action undo)
        where T : HandleEntry
    {
        try
        {
            Add(part);
        }
        catch
        {
            undo();
            throw;
        }

        return part;
    }

    private void Add(HandleEntry part)
    {
        Register(part);
        lock (CallRecords.Rare)
            _parts.Add(part);
    }

    private void Register(HandleEntry entry)
    {
        if (!_table.TryAdd(entry))
            throw new Refusal(Status.Capacity, "The process has 16777216 living handles, which is the most.");
    }
}

/// <summary>What belongs to an engine.</summary>
internal abstract class EnginePart : HandleEntry
{
    protected EnginePart(EngineEntry owner)
    {
        Owner = owner;
        Gate = owner.Gate;
    }

    /// <summary>The engine.</summary>
    public EngineEntry Owner { get; }
}

/// <summary>A cgroup of an engine.</summary>
internal sealed class MemcgEntry : EnginePart
{
    public MemcgEntry(EngineEntry owner, MemoryCgroup memcg)
        : base(owner)
    {
        Memcg = memcg;
        memcg.Tag = this;
    }

    public override string Kind => "a memcg";

    public MemoryCgroup Memcg { get; }
}

/// <summary>An address space of an engine.</summary>
internal sealed class AddressSpaceEntry : EnginePart
{
    public AddressSpaceEntry(EngineEntry owner, AddressSpace space)
        : base(owner)
    {
        Space = space;
        Bits = owner.Engine.BitsOf(space);
        space.Tag = this;
    }

    public override string Kind => "an address space";

    public AddressSpace Space { get; }

    /// <summary>Its pages, for the calls that look at bits alone.</summary>
    public PageBits Bits { get; }
}

/// <summary>A file of an engine.</summary>
internal sealed class FileEntry : EnginePart
{
    public FileEntry(EngineEntry owner, PageFile file)
        : base(owner)
    {
        File = file;
        file.Tag = this;
    }

    public override string Kind => "a file";

    public PageFile File { get; }
}

/// <summary>A request that is carried out step by step, by one thread at a time.</summary>
internal sealed unsafe class OperationEntry : EnginePart
{
    private readonly RequestStruct _asked;
    private int _isStepping;

    public OperationEntry(EngineEntry owner, ReclaimOperation operation, in RequestStruct asked)
        : base(owner)
    {
        Operation = operation;
        _asked = asked;
    }

    public override string Kind => "an operation";

    public ReclaimOperation Operation { get; }

    /// <summary>The request as C made it, with its arrays.</summary>
    public ref readonly RequestStruct Asked => ref _asked;

    /// <summary>Elements of the victim array that are filled.</summary>
    public ulong Victims { get; private set; }

    /// <summary>Times that a page was kept.</summary>
    public ulong Refused { get; private set; }

    /// <summary>There is a victim array, and no room in it.</summary>
    public bool IsFull => _asked.Victims != null && Victims == _asked.VictimCapacity;

    /// <summary>A page was kept because the victim array was full.</summary>
    public bool HasOverflowed { get; private set; }

    /// <summary>The caller was told that it has ended.</summary>
    public bool IsTold { get; set; }

    /// <summary>A step begins.</summary>
    /// <exception cref="Refusal">Another thread is at one, in an engine for many threads.</exception>
    public void BeginStep()
    {
        if (Interlocked.Exchange(ref _isStepping, 1) != 0)
            throw new Refusal(Status.Busy, "Another thread is at a step of this operation; the steps of one operation come one after the other.");
    }

    /// <summary>A step has ended.</summary>
    public void EndStep() => Volatile.Write(ref _isStepping, 0);

    /// <summary>Notes an evicted page.</summary>
    public void Add(in PageStruct page)
    {
        if (_asked.Victims != null)
            CallerStruct.Write((byte*)_asked.Victims + Victims++ * _asked.VictimSize, _asked.VictimSize, page);
    }

    /// <summary>Notes a page that is kept.</summary>
    public void Keep(bool overflow)
    {
        Refused++;
        HasOverflowed |= overflow;
    }

    /// <summary>Tells the caller how it has ended, once.</summary>
    public void Tell(ResultStruct result)
    {
        if (IsTold || _asked.Completed == null)
            return;
        IsTold = true;
        result.StructSize = (uint)sizeof(ResultStruct);
        _asked.Completed(_asked.CompletedContext, &result);
    }
}
