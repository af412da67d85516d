using ReclaimNative.Concurrency;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;

namespace ReclaimNative;

public sealed unsafe partial class Engine
{
    /// <summary>Creates a cgroup below <paramref name="parent"/>, the root when null.</summary>
    /// <param name="name">One path component: not empty, without a slash, new among its siblings.</param>
    /// <param name="parent">The cgroup above.</param>
    /// <param name="policy">Name of the policy to bind, or null for the parent's.</param>
    public MemoryCgroup CreateMemcg(string name, MemoryCgroup? parent = null, string? policy = null)
    {
        ThrowIfDisposed();
        using QuiesceGate.Closure change = CloseForChange();
        if (!_machine.HasMemcgs)
            throw new EngineException("The engine was built without memory cgroups: there is the root alone, and none can be created.");
        MemoryCgroup above = Own(parent);
        if (string.IsNullOrEmpty(name) || name.Contains('/'))
            throw new EngineException($"'{name}' is no name for a cgroup: one path component without a slash is accepted.");
        string path = above.IsRoot ? "/" + name : above.Path + "/" + name;
        if (above.HasChild(path))
            throw new EngineException($"Cgroup {path} exists already.");
        PolicyDefinition definition = policy is null ? PolicyOf(above) : Definition(policy);
        MemoryCgroup memcg = _machine.TryAddMemcg(path, above)
            ?? throw new EngineException($"The engine was built for {_machine.Memcgs.Count} cgroups and has that many.");
        memcg.Swappiness = above.Swappiness;
        _host.Online(memcg, definition);
        _pressure?.Add(memcg);
        return memcg;
    }

    /// <summary>The cgroup of a path, such as <c>/db/cache</c>, or <c>/</c> for the root; null where there is none.</summary>
    public MemoryCgroup? FindMemcg(ReadOnlySpan<char> path)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        foreach (MemoryCgroup memcg in _machine.Memcgs)
        {
            if (path.SequenceEqual(memcg.Path))
                return memcg;
        }

        return null;
    }

    /// <summary>The cgroup of a number (<see cref="MemoryCgroup.Id"/>); null where there is none. Callable from a callback, too.</summary>
    public MemoryCgroup? FindMemcg(long id) => _machine.HasMemcg(id) ? _machine.MemcgAt((int)id) : null;

    /// <summary>Whether address spaces are charged to a cgroup or to one below it, as its <c>cgroup.events</c> has it.</summary>
    public bool IsPopulated(MemoryCgroup memcg)
    {
        ThrowIfDisposed();
        using QuiesceGate.Passage call = EnterCall();
        return FindSpace(Given(memcg)) is not null;
    }

    /// <summary>
    /// Ends a cgroup, as rmdir does. File pages that are charged to it, on all nodes, are its parent's from now on: its policy gives them up
    /// from the coldest to the hottest, and the parent's takes them as those of another policy are taken (<see cref="SetPolicy"/>).
    /// What it has counted stays in the sums of the cgroups above. Requests for it that are under way end as cancelled.
    /// </summary>
    /// <remarks>
    /// Shadows that name it say nothing from now on, as in the kernel; when its number is given out anew, a page that left before may be judged
    /// by the clock of the new one. Its pressure triggers end. Waits for the calls in flight and keeps others waiting meanwhile, in time
    /// proportional to its resident pages and to the length of all files.
    /// Source: kernel-reclaim reference 4.1 (removed positions), 4.5, 3.1.
    /// </remarks>
    /// <exception cref="EngineException">It is the root, has cgroups below it or address spaces, or is another engine's.</exception>
    /// <exception cref="OutOfMemoryException">There is no memory for the order of its pages; nothing has changed.</exception>
    public void Remove(MemoryCgroup memcg)
    {
        ThrowIfDisposed();
        Given(memcg);
        using QuiesceGate.Closure change = CloseForChange();
        Own(memcg);
        if (memcg.IsRoot)
            throw new EngineException("The root cgroup is the machine; one below it can be removed.");
        if (memcg.Children.Count > 0)
            throw new EngineException($"Cgroup {memcg.Path} has {memcg.Children.Count} cgroups below it, such as {memcg.Children[0].Path}; remove them first.");
        if (FindSpace(memcg) is { } space)
            throw new EngineException($"Address space {space.Name} is charged to cgroup {memcg.Path}; destroy it first.");
        Settle();
        PolicySwitch.Reparent(_host, memcg);
        _host.Offline(memcg);
        _pressure?.Remove(memcg);
        _machine.RemoveMemcg(memcg);
    }

    /// <summary>An address space that is charged to a cgroup or to one below it, or null.</summary>
    private AddressSpace? FindSpace(MemoryCgroup memcg)
    {
        for (int id = 0; id < _machine.SpaceCapacity; id++)
        {
            if (_machine.SpaceAt(id) is { } space && memcg.Contains(_machine.MemcgAt(space.MemcgId)))
                return space;
        }

        return null;
    }

    private MemoryCgroup Own(MemoryCgroup? memcg)
    {
        if (memcg is null)
            return _machine.Root;
        if (!_machine.HasMemcg(memcg.Id) || !ReferenceEquals(_machine.MemcgAt(memcg.Id), memcg))
            throw new EngineException($"Cgroup {memcg.Path} is removed or belongs to another engine.");
        return memcg;
    }
}
