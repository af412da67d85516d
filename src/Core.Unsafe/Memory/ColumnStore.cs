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

    /// <summary>Frees every block.</summary>
    public void Dispose()
    {
        foreach (NativeBlock block in _blocks)
            block.Dispose();
        _blocks.Clear();
    }
}
