using System.Runtime.CompilerServices;

namespace ReclaimNative.Bindings.Handles;

/// <summary>Whether a handle's object can be used.</summary>
internal enum Life
{
    /// <summary>It can.</summary>
    Lives,

    /// <summary>A thread is ending it.</summary>
    Ends,

    /// <summary>It is gone.</summary>
    Ended,
}

/// <summary>Something that C holds a handle to.</summary>
internal abstract class HandleEntry
{
    private int _life;

    /// <summary>The one handle that finds this entry; 0 before it is in a table.</summary>
    public ulong Handle { get; internal set; }

    /// <summary>Who may be inside the engine that it is or belongs to.</summary>
    public EngineGate? Gate { get; protected init; }

    /// <summary>Whether it can be used. Read by calls on their way in, written under the lock of <see cref="EngineGate"/>.</summary>
    public Life Life
    {
        get => (Life)Volatile.Read(ref _life);
        set => Volatile.Write(ref _life, (int)value);
    }

    /// <summary>The kind in messages, such as "engine".</summary>
    public abstract string Kind { get; }

    /// <summary>The handle of what the core keeps with a cgroup, an address space or a file, which is its entry; 0 for none.</summary>
    public static ulong Of(object? tag) => tag is HandleEntry entry ? entry.Handle : 0;
}

/// <summary>
/// Entries by handle. A handle is no address but <c>| 63..56 tag | 55..24 generation | 23..0 index |</c>: the
/// generation counts how often the index was given out, so a handle of a destroyed entry finds nothing, ever. The tag
/// makes it an address that the CPU faults on, should somebody read through it.
/// </summary>
/// <remarks>
/// Find takes no lock and runs beside Add and Remove: an entry knows its own handle and never changes it, so that one
/// comparison tells whether it is still the one asked for. Add and Remove serialise themselves.
/// </remarks>
internal sealed class HandleTable
{
    private const int IndexBits = 24;
    private const int GenerationBits = 32;
    private const ulong Tag = 0x5EUL << (IndexBits + GenerationBits);
    private const int MostEntries = 1 << IndexBits;

    private readonly object _gate = new();
    private readonly Stack<int> _free = new();
    private HandleEntry?[] _entries = new HandleEntry?[16];
    private uint[] _generations = new uint[16];
    private int _used;

    /// <summary>The living entry that <paramref name="handle"/> was given out for, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public HandleEntry? Find(ulong handle)
    {
        HandleEntry?[] entries = Volatile.Read(ref _entries);
        uint index = (uint)handle & (MostEntries - 1);
        if (index >= (uint)entries.Length)
            return null;
        HandleEntry? entry = entries[index];
        return entry is not null && entry.Handle == handle ? entry : null;
    }

    /// <summary>Gives an entry its handle. False when 2^24 are alive.</summary>
    public bool TryAdd(HandleEntry entry)
    {
        lock (_gate)
        {
            if (!_free.TryPop(out int index))
            {
                if (_used == MostEntries)
                    return false;
                if (_used == _entries.Length)
                    Grow();
                index = _used++;
            }

            entry.Handle = Tag | (ulong)++_generations[index] << IndexBits | (uint)index;
            Volatile.Write(ref _entries[index], entry);
            return true;
        }
    }

    /// <summary>The entry's handle finds nothing from here on.</summary>
    public void Remove(HandleEntry entry)
    {
        lock (_gate)
        {
            int index = (int)(entry.Handle & (MostEntries - 1));
            if (!ReferenceEquals(_entries[index], entry))
                return;
            _entries[index] = null;

            // An index that has used up its generations is retired: the next one would repeat an old handle.
            if (_generations[index] != uint.MaxValue)
                _free.Push(index);
        }
    }

    /// <summary>For the test that does not want to wait for 2^32 of them.</summary>
    internal void SkipGenerations(int index, uint to) => _generations[index] = to;

    private void Grow()
    {
        Array.Resize(ref _generations, 2 * _entries.Length);
        var larger = new HandleEntry?[2 * _entries.Length];
        _entries.CopyTo(larger, 0);
        Volatile.Write(ref _entries, larger);
    }
}
