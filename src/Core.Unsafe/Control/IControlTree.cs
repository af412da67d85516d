namespace ReclaimNative.Control;

/// <summary>A file or directory of a control tree.</summary>
/// <param name="Path">Below the tree's root, without a slash at either end: <c>sys/fs/cgroup/db/memory.reclaim</c>; empty for the root.</param>
/// <param name="IsDirectory">It is a directory.</param>
/// <param name="Mode">Permission bits, as 0644 (octal) is for who may write it.</param>
public readonly record struct ControlEntry(string Path, bool IsDirectory, int Mode)
{
    /// <summary>Some permission bit lets it be read.</summary>
    public bool IsReadable => (Mode & 0b100_100_100) != 0;

    /// <summary>Some permission bit lets it be written.</summary>
    public bool IsWritable => (Mode & 0b010_010_010) != 0;
}

/// <summary>
/// The kernel's text files over an engine, by their paths. One thread at a time, as the engine itself, unless the engine is concurrent.
/// </summary>
public interface IControlTree
{
    /// <summary>What is at a path, or null.</summary>
    ControlEntry? Find(string path);

    /// <summary>What lies in a directory, in the order to be shown.</summary>
    /// <exception cref="ControlException">There is no such directory.</exception>
    IReadOnlyList<ControlEntry> List(string directory);

    /// <summary>Opens a file.</summary>
    /// <exception cref="ControlException">There is no such file.</exception>
    ControlFile Open(string path);

    /// <summary>Creates a cgroup by its directory.</summary>
    /// <exception cref="ControlException">Directories can't be created there, or the engine has no room for it.</exception>
    void CreateDirectory(string path);
}

/// <summary>An open control file. Triggers of pressure files belong to whoever opened them, and end with it.</summary>
public abstract class ControlFile : IDisposable
{
    /// <summary>The whole text, as it is now.</summary>
    /// <exception cref="ControlException">It can't be read.</exception>
    public abstract string Read();

    /// <summary>Carries out one write, whole: it is parsed before anything is done.</summary>
    /// <exception cref="ControlException">The text is refused, or less was done than asked.</exception>
    public abstract void Write(ReadOnlySpan<byte> text);

    /// <summary>What is written to it lasts as long as it is open, so that a write by who closes it at once would come to nothing.</summary>
    public virtual bool KeepsWrites => false;

    /// <summary>Whether something has happened that a poll for priority events reports; asking takes it back.</summary>
    public virtual bool TakePriorityEvent() => false;

    /// <summary>Ends what belongs to it.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends what belongs to it.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
