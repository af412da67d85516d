using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>
/// A copy of what the columns of a store hold, to be put back. It costs as much memory as the columns have touched, and as much time as it
/// takes to copy that twice.
/// </summary>
/// <remarks>For a thread that is alone with the columns. What is exempt is neither copied nor put back.</remarks>
internal sealed unsafe class ColumnImage : IDisposable
{
    private readonly struct Run(byte* at, nuint bytes)
    {
        public readonly byte* At = at;
        public readonly nuint Bytes = bytes;
    }

    private readonly List<Run> _runs = [];
    private readonly NativeBlock? _copy;
    private readonly PageMap _pages;
    private readonly NativeBlock[] _blocks;

    /// <summary>Copies every page of <paramref name="blocks"/> that has been touched.</summary>
    /// <exception cref="InsufficientMemoryException">The system has not as much memory to spare.</exception>
    public ColumnImage(IEnumerable<NativeBlock> blocks)
    {
        _blocks = [.. blocks];
        _pages = new PageMap();
        try
        {
            nuint total = 0;
            foreach (NativeBlock block in _blocks)
            {
                foreach ((nuint first, nuint bytes) in _pages.TouchedOf(block))
                {
                    _runs.Add(new Run(block.Pointer + first, bytes));
                    total += bytes;
                }
            }

            PageMap.RequireSpare(total);
            if (total == 0)
                return;
            _copy = new NativeBlock(total);
            byte* to = _copy.Pointer;
            foreach (Run run in _runs)
            {
                NativeMemory.Copy(run.At, to, run.Bytes);
                to += run.Bytes;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Puts every page back as it was; one that had never been touched is zero again.</summary>
    public void Restore()
    {
        int at = 0;
        byte* from = _copy is null ? null : _copy.Pointer;
        foreach (NativeBlock block in _blocks)
        {
            foreach ((nuint first, nuint bytes) in _pages.TouchedOf(block))
            {
                byte* next = block.Pointer + first;
                byte* end = next + bytes;

                // Touched pages are never untouched again, so that each old run lies within one of now.
                for (; at < _runs.Count && _runs[at].At >= next && _runs[at].At < end; at++)
                {
                    Run run = _runs[at];
                    NativeMemory.Clear(next, (nuint)(run.At - next));
                    NativeMemory.Copy(from, run.At, run.Bytes);
                    from += run.Bytes;
                    next = run.At + run.Bytes;
                }

                NativeMemory.Clear(next, (nuint)(end - next));
            }
        }

        if (at != _runs.Count)
            throw new InvalidOperationException("Memory that was copied is backed no longer.");
    }

    /// <summary>Gives the copy back.</summary>
    public void Dispose()
    {
        _copy?.Dispose();
        _pages.Dispose();
    }
}
