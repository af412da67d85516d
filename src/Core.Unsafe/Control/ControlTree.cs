namespace ReclaimNative.Control;

/// <summary>
/// The kernel's text files over an engine: <c>sys/devices/system/node</c>, <c>sys/fs/cgroup</c>, <c>sys/kernel/mm</c>,
/// <c>sys/kernel/debug</c> and <c>proc</c>, as far as the engine can answer truly. docs/control-files.md has every file with its mode, grammar
/// and errors. Source: kernel-reclaim reference 5.17 to 5.19, 6 and 7.
/// </summary>
/// <remarks>
/// It is a face of the public engine and keeps nothing of its own but what is open. Texts and paths are made anew for each call, so it allocates.
/// One thread at a time, unless the engine is concurrent.
/// </remarks>
public sealed class ControlTree : IControlTree
{
    private const int DirectoryMode = 0b111_101_101;

    private readonly ControlDirectory _root;

    /// <summary>The files of an engine.</summary>
    /// <param name="engine">The engine, which stays its owner's.</param>
    /// <param name="cancellation">
    /// Asked whenever a request is written: what cancels it, as a signal does in the kernel, with EINTR. Null for nothing.
    /// </param>
    public ControlTree(Engine engine, Func<CancellationToken>? cancellation = null)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var requests = new ReclaimRequests(engine, cancellation);
        List<ControlItem> sys =
        [
            ControlDirectory.Of("devices", ControlDirectory.Of("system", NodeFiles.Directory(engine, requests))),
            ControlDirectory.Of("kernel", MemoryFiles.Directory(engine, requests), DebugFiles.Directory(engine, requests)),
        ];
        if (engine.HasMemcgs)
            sys.Insert(1, ControlDirectory.Of("fs", CgroupFiles.Directory(engine, requests, engine.Root, "cgroup")));
        _root = ControlDirectory.Of("", ControlDirectory.Of("proc", [.. ProcFiles.Items(engine)]), ControlDirectory.Of("sys", [.. sys]));
    }

    /// <inheritdoc/>
    public ControlEntry? Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return ItemAt(path, out _) is { } item ? EntryOf(path, item) : null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<ControlEntry> List(string directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ControlDirectory found = DirectoryAt(directory);
        var entries = new List<ControlEntry>();
        foreach (ControlItem item in found.Items())
            entries.Add(EntryOf(directory.Length == 0 ? item.Name : directory + "/" + item.Name, item));
        return entries;
    }

    /// <inheritdoc/>
    public ControlFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return ItemAt(path, out ControlError problem) switch
        {
            ControlFileItem file => file.Open(),
            ControlDirectory => throw new ControlException(ControlError.IsDirectory, $"{path} is a directory; a file is accepted."),
            _ => throw new ControlException(problem, $"There is no file {path}."),
        };
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (ItemAt(path, out _) is not null)
            throw new ControlException(ControlError.Exists, $"There is a {path} already.");
        int slash = path.LastIndexOf('/');
        ControlDirectory parent = DirectoryAt(slash < 0 ? "" : path[..slash]);
        if (parent.Create is null)
            throw new ControlException(ControlError.Access, $"No directory {path} can be created; below sys/fs/cgroup each directory is a cgroup.");
        parent.Create(path[(slash + 1)..]);
    }

    private ControlDirectory DirectoryAt(string path) => ItemAt(path, out ControlError problem) switch
    {
        ControlDirectory directory => directory,
        ControlFileItem => throw new ControlException(ControlError.NotDirectory, $"{path} is a file; a directory is accepted."),
        _ => throw new ControlException(problem, $"There is no directory {path}."),
    };

    /// <summary>What is at a path, or null and why: something on the way is missing, or is a file.</summary>
    private ControlItem? ItemAt(string path, out ControlError problem)
    {
        problem = ControlError.NoEntry;
        ControlItem at = _root;
        if (path.Length == 0)
            return at;
        foreach (string name in path.Split('/'))
        {
            if (at is not ControlDirectory directory)
            {
                problem = ControlError.NotDirectory;
                return null;
            }

            ControlItem? next = ItemOf(directory, name);
            if (next is null)
                return null;
            at = next;
        }

        return at;
    }

    private static ControlItem? ItemOf(ControlDirectory directory, string name)
    {
        foreach (ControlItem item in directory.Items())
        {
            if (item.Name == name)
                return item;
        }

        return null;
    }

    private static ControlEntry EntryOf(string path, ControlItem item) => item switch
    {
        ControlFileItem file => new ControlEntry(path, false, file.Mode),
        _ => new ControlEntry(path, true, DirectoryMode),
    };
}
