using ReclaimNative.Control;

namespace ReclaimNative.Cli.Mount;

/// <summary>
/// A control tree with the behaviour that users of sysfs and cgroupfs expect of files: one write is one command, a mode holds
/// for root as well, texts are read whole. Paths have no slash at either end. One thread at a time.
/// </summary>
/// <param name="tree">The files.</param>
/// <param name="refused">Told in a sentence why a write was refused, which the error number alone does not say.</param>
internal sealed class FuseTree(IControlTree tree, Action<string> refused)
{
    /// <summary>Longest write to a control file, in bytes: a page, as in the kernel.</summary>
    public const int LongestWrite = 4096;

    /// <summary>Longest write to a file of debugfs, which takes lists of commands; the kernel hands over twice as much in one piece.</summary>
    public const int LongestDebugWrite = 65536;

    private const string Debug = "sys/kernel/debug/";

    private const int AccessModes = 3;
    private const int WriteOnly = 1;

    private const uint PollIn = 0x001;
    private const uint PollPriority = 0x002;
    private const uint PollOut = 0x004;
    private const uint PollReadNormal = 0x040;
    private const uint PollWriteNormal = 0x100;

    private readonly Dictionary<ulong, OpenControlFile> _open = [];
    private ulong _lastHandle;

    /// <summary>Files open now.</summary>
    public int OpenFiles => _open.Count;

    /// <summary>What is at a path.</summary>
    /// <exception cref="ControlException">Nothing is.</exception>
    public ControlEntry Find(string path) => tree.Find(path) ?? throw new ControlException(ControlError.NoEntry, $"there is no '{path}'");

    /// <summary>What lies in a directory.</summary>
    public IReadOnlyList<ControlEntry> List(string path) => tree.List(path);

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="flags">Those of open(2); O_TRUNC and O_APPEND change nothing.</param>
    /// <returns>What the other operations know it by.</returns>
    /// <exception cref="ControlException">The mode does not allow it, for anyone.</exception>
    public ulong Open(string path, int flags)
    {
        ControlEntry entry = Find(path);
        int access = flags & AccessModes;
        if (access != WriteOnly && !entry.IsReadable)
            throw new ControlException(ControlError.Access, $"'{path}' can't be read");
        if (access != 0 && !entry.IsWritable)
            throw new ControlException(ControlError.Access, $"'{path}' can't be written");
        _open.Add(++_lastHandle, new OpenControlFile(path, tree.Open(path)));
        return _lastHandle;
    }

    /// <summary>Reads from an open file.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    public int Read(ulong handle, Span<byte> into, long offset) => _open[handle].Read(into, offset);

    /// <summary>Carries out one write; where in the file it was aimed at does not matter.</summary>
    public void Write(ulong handle, ReadOnlySpan<byte> text)
    {
        OpenControlFile file = _open[handle];
        int longest = file.Path.StartsWith(Debug, StringComparison.Ordinal) ? LongestDebugWrite : LongestWrite;
        try
        {
            if (text.Length > longest)
                throw new ControlException(ControlError.TooLong, $"a write of more than {longest} bytes");
            if (text.Length > 0)
                file.Write(text);
        }
        catch (ControlException problem)
        {
            // That less was reclaimed than asked is an answer, and for a control loop an everyday one.
            if (problem.Error is not (ControlError.Again or ControlError.Busy or ControlError.Interrupted))
                refused($"{file.Path}: {problem.Message}");
            throw;
        }
    }

    /// <summary>What poll(2) has to report of an open file. A priority event is taken only by who asks for one.</summary>
    /// <param name="handle">The file.</param>
    /// <param name="asked">Events asked for.</param>
    /// <param name="waiter">Who will sleep if there are none; null if nobody will.</param>
    public uint Poll(ulong handle, uint asked, PollWaiter? waiter)
    {
        OpenControlFile file = _open[handle];
        if (waiter is not null)
            file.WaitWith(waiter);
        uint happened = PollIn | PollReadNormal | PollOut | PollWriteNormal;
        return (asked & PollPriority) != 0 && file.TakeEvent() ? happened | PollPriority : happened;
    }

    /// <summary>Wakes all who wait for events that have come; for after each step in time.</summary>
    public void WakeWaiters()
    {
        foreach (OpenControlFile file in _open.Values)
            file.WakeOnEvent();
    }

    /// <summary>Creates a cgroup.</summary>
    public void CreateDirectory(string path) => tree.CreateDirectory(path);

    /// <summary>Lets a file be truncated, which does nothing: a shell does it before it writes.</summary>
    public void Truncate(string path)
    {
        if (!Find(path).IsWritable)
            throw new ControlException(ControlError.Access, $"'{path}' can't be written");
    }

    /// <summary>Closes a file; its triggers end.</summary>
    public void Release(ulong handle)
    {
        if (_open.Remove(handle, out OpenControlFile? file))
            file.Dispose();
    }

    /// <summary>Closes what is still open.</summary>
    public void ReleaseAll()
    {
        foreach (OpenControlFile file in _open.Values)
            file.Dispose();
        _open.Clear();
    }
}
