using System.Runtime.InteropServices;

namespace ReclaimNative.Memory;

/// <summary>What one column costs: its name, the bytes of one element and how many there are.</summary>
/// <param name="Name">Table and field, such as <c>frame.flags</c>.</param>
/// <param name="ElementBytes">Bytes of one element.</param>
/// <param name="Count">Elements reserved.</param>
internal readonly record struct ColumnCost(string Name, int ElementBytes, ulong Count);

/// <summary>
/// Owns every native block of one engine. All columns are reserved while the engine is being built;
/// <see cref="Seal"/> then makes any later reservation an error, so that "allocates only at creation" is
/// enforced where memory comes from and not by convention.
/// </summary>
/// <remarks>
/// Columns are numbered in the order of reservation, as in <see cref="Costs"/>. Reserved and disposed of by one thread;
/// in between, any thread may populate and ask.
/// </remarks>
internal sealed unsafe class ColumnStore : IDisposable
{
    private readonly List<NativeBlock> _blocks = [];
    private readonly List<ColumnCost> _costs = [];
    private bool _sealed;

    /// <summary>Every column in the order of reservation.</summary>
    public IReadOnlyList<ColumnCost> Costs => _costs;

    /// <summary>Reserves a zero-filled column of <paramref name="count"/> elements; a count of 0 reserves one.</summary>
    /// <exception cref="InvalidOperationException">The store is sealed.</exception>
    /// <exception cref="OutOfMemoryException">The system refused the reservation.</exception>
    public Column<T> Reserve<T>(string name, nuint count) where T : unmanaged
    {
        if (_sealed)
            throw new InvalidOperationException($"Column {name} was asked for after the engine was built.");
        nuint length = count == 0 ? 1 : count;
        var block = new NativeBlock(checked(length * (nuint)sizeof(T)));
        _blocks.Add(block);
        _costs.Add(new ColumnCost(name, sizeof(T), length));
        return new Column<T>((T*)block.Pointer, length);
    }

    /// <summary>Ends the building of the engine: from here on <see cref="Reserve"/> throws.</summary>
    public void Seal() => _sealed = true;

    /// <summary>The bytes of one column.</summary>
    public Column<byte> BytesOf(int column)
    {
        NativeBlock block = _blocks[column];
        return new Column<byte>(block.Pointer, block.Bytes);
    }

    /// <summary>
    /// Has elements [<paramref name="first"/>, first + <paramref name="count"/>) of a column backed by memory, touched by
    /// the calling thread: what the thread that will use them does first, so that they are on its node.
    /// </summary>
    public void Populate(int column, nuint first, nuint count)
    {
        nuint element = (nuint)_costs[column].ElementBytes;
        _blocks[column].Populate(checked(first * element), checked(count * element));
    }

    /// <summary>Bytes of one column that memory backs now, in whole pages.</summary>
    public ulong ResidentBytes(int column) => _blocks[column].ResidentBytes();

    /// <summary>Bytes of all columns that memory backs now, in whole pages.</summary>
    public ulong ResidentBytes()
    {
        ulong resident = 0;
        foreach (NativeBlock block in _blocks)
            resident += block.ResidentBytes();
        return resident;
    }

    /// <summary>
    /// A copy of all columns but those named, to be put back. Only for a sealed store and a thread that is alone with it; a column that
    /// others write meanwhile is to be left out.
    /// </summary>
    /// <exception cref="InsufficientMemoryException">The system has not as much memory to spare.</exception>
    public ColumnImage Copy(params ReadOnlySpan<string> without)
    {
        var blocks = new List<NativeBlock>();
        for (int i = 0; i < _blocks.Count; i++)
        {
            if (!without.Contains(_costs[i].Name))
                blocks.Add(_blocks[i]);
        }

        return new ColumnImage(blocks);
    }

    /// <summary>
    /// Makes all columns but those named what they are in another store of the same columns, from memory to memory. Only for a thread that
    /// is alone with both.
    /// </summary>
    /// <exception cref="InsufficientMemoryException">The system has not as much memory to spare.</exception>
    public void CopyFrom(ColumnStore other, params ReadOnlySpan<string> without)
    {
        PageMap.RequireSpare(other.ResidentBytes());
        using var pages = new PageMap();
        for (int i = 0; i < _blocks.Count; i++)
        {
            if (without.Contains(_costs[i].Name))
                continue;
            Wipe(i, pages);
            foreach ((nuint first, nuint bytes) in pages.UsedOf(other._blocks[i], nuint.MaxValue))
                NativeMemory.Copy(other._blocks[i].Pointer + first, _blocks[i].Pointer + first, bytes);
        }
    }

    /// <summary>Writes what all columns but those named hold, as <see cref="Read"/> takes it.</summary>
    public void Write(SnapshotWriter to, params ReadOnlySpan<string> without)
    {
        using var pages = new PageMap();
        for (int i = 0; i < _blocks.Count; i++)
        {
            if (without.Contains(_costs[i].Name))
                continue;
            var log = new StateLog();
            log.Through(_costs[i].Name);
            log.Through(_costs[i].ElementBytes);
            log.Through((long)_costs[i].Count);
            to.Write(SnapshotPart.Column, log);
            foreach ((nuint first, nuint bytes) in pages.UsedOf(_blocks[i], SnapshotRecord.MostBytes))
                to.WritePages(_blocks[i].Pointer + first, first, bytes);
        }
    }

    /// <summary>Makes all columns but those named what a snapshot says. Only for a thread that is alone with them.</summary>
    /// <exception cref="SnapshotException">It is damaged, or of a build with other columns.</exception>
    public void Read(SnapshotReader from, params ReadOnlySpan<string> without)
    {
        using var pages = new PageMap();
        for (int i = 0; i < _blocks.Count; i++)
        {
            if (without.Contains(_costs[i].Name))
                continue;
            StateLog log = from.ReadLog(SnapshotPart.Column);
            string name = log.Through((string?)null) ?? "";
            ColumnCost cost = new(name, (int)log.Through(0L), (ulong)log.Through(0L));
            if (cost.Name != _costs[i].Name || cost.ElementBytes != _costs[i].ElementBytes || cost.Count != _costs[i].Count)
            {
                throw new SnapshotException(
                    $"The snapshot has a column {Text(cost)} where this build has {Text(_costs[i])}: it is of another build, or of a policy that has changed.");
            }

            Wipe(i, pages);
            ulong end = 0;
            while (from.Part == SnapshotPart.Pages)
                from.ReadPages(_blocks[i].Pointer, (_blocks[i].Bytes + PageMap.Page - 1) / PageMap.Page * PageMap.Page, ref end);
        }
    }

    private static string Text(in ColumnCost column) => $"'{column.Name}' of {column.Count} elements of {column.ElementBytes} bytes";

    /// <summary>Zeroes every page of a column that has been touched.</summary>
    private void Wipe(int column, PageMap pages)
    {
        foreach ((nuint first, nuint bytes) in pages.TouchedOf(_blocks[column]))
            NativeMemory.Clear(_blocks[column].Pointer + first, bytes);
    }

    /// <summary>Frees every block.</summary>
    public void Dispose()
    {
        foreach (NativeBlock block in _blocks)
            block.Dispose();
        _blocks.Clear();
    }
}
