namespace ReclaimNative.PageTables;

/// <summary>What holds for every page of a <see cref="Vma"/>.</summary>
[Flags]
public enum VmaFlags
{
    /// <summary>Ordinary memory.</summary>
    None = 0,

    /// <summary>Mapped executable: classic keeps its referenced file pages active.</summary>
    Executable = 1,

    /// <summary>Advised sequential, random or no-reuse: references through it say nothing about future use.</summary>
    NoRecency = 2,
}

/// <summary>
/// A run of an address space with one backing: anonymous memory, or a file from an offset on. Pages in
/// [<paramref name="Start"/>, <paramref name="End"/>).
/// </summary>
/// <param name="Start">First virtual page.</param>
/// <param name="End">One past the last virtual page.</param>
/// <param name="File">The file, or null for anonymous memory.</param>
/// <param name="FileOffset">Page of the file that <paramref name="Start"/> maps.</param>
/// <param name="Flags">What holds for its pages.</param>
public sealed record Vma(ulong Start, ulong End, PageFile? File, ulong FileOffset, VmaFlags Flags);
