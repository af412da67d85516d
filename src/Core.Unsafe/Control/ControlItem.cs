namespace ReclaimNative.Control;

/// <summary>What a write to a control file does.</summary>
internal delegate void ControlWriter(ReadOnlySpan<byte> text);

/// <summary>Something in a control tree, by its name in the directory that it lies in.</summary>
internal abstract record ControlItem(string Name);

/// <summary>A directory. What is in it is asked for each time: cgroups come into being while a tree is in use.</summary>
internal sealed record ControlDirectory(string Name, Func<IEnumerable<ControlItem>> Items) : ControlItem(Name)
{
    /// <summary>Creates a directory in it; null where none can be created.</summary>
    public Action<string>? Create { get; init; }

    /// <summary>A directory whose contents are always the same.</summary>
    public static ControlDirectory Of(string name, params ControlItem[] items) => new(name, () => items);
}

/// <summary>A file, opened as often as asked for.</summary>
internal sealed record ControlFileItem(string Name, int Mode, Func<ControlFile> Open) : ControlItem(Name)
{
    private const int ReadByAll = 0b100_100_100;
    private const int WrittenByOwner = 0b010_000_000;

    /// <summary>A file to be read alone: 0444.</summary>
    public static ControlFileItem Reads(string name, Func<string> read) => new(name, ReadByAll, () => new TextFile(name, read, null));

    /// <summary>A file to be written alone: 0200.</summary>
    public static ControlFileItem Writes(string name, ControlWriter write) => new(name, WrittenByOwner, () => new TextFile(name, null, write));

    /// <summary>A write of nothing does not reach the code of a file in sysfs (KR 6.2).</summary>
    public static ControlWriter UnlessEmpty(ControlWriter write) => text =>
    {
        if (!text.IsEmpty)
            write(text);
    };

    /// <summary>A file to be read and, by its owner, written: 0644.</summary>
    public static ControlFileItem Both(string name, Func<string> read, ControlWriter write) =>
        new(name, ReadByAll | WrittenByOwner, () => new TextFile(name, read, write));

    /// <summary>As <see cref="Both"/>, with an object of its own for each time that it is opened.</summary>
    public static ControlFileItem Opens(string name, Func<ControlFile> open) => new(name, ReadByAll | WrittenByOwner, open);
}
