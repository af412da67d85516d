namespace ReclaimNative.Lab.Comparison;

/// <summary>How a trace's file pages are accessed.</summary>
public enum FileAccessMode
{
    /// <summary>Through a mapping: by page faults and accessed bits.</summary>
    Mmap,

    /// <summary>Through a descriptor, as read(2) does.</summary>
    Read,
}

/// <summary>Which of a trace's pages are anonymous, and how the others are accessed.</summary>
public sealed record ReplayOptions
{
    /// <summary>Pages whose own number is below this are anonymous, the others belong to one file. All by default.</summary>
    public ulong AnonPages { get; init; } = ulong.MaxValue;

    /// <summary>How the pages of the file are accessed.</summary>
    public FileAccessMode FileAccess { get; init; }

    /// <summary>0 to 200.</summary>
    public int Swappiness { get; init; } = 60;
}
