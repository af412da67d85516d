namespace ReclaimNative.Observe;

/// <summary>Sizes that statistics texts show, in pages.</summary>
/// <param name="Free">Free frames.</param>
/// <param name="InactiveAnon">Cold anonymous pages.</param>
/// <param name="ActiveAnon">Warm anonymous pages.</param>
/// <param name="InactiveFile">Cold file pages.</param>
/// <param name="ActiveFile">Warm file pages.</param>
/// <param name="FileMapped">File pages that some page table maps.</param>
internal readonly record struct MemorySizes(
    long Free, long InactiveAnon, long ActiveAnon, long InactiveFile, long ActiveFile, long FileMapped)
{
    public long Anon => InactiveAnon + ActiveAnon;

    public long File => InactiveFile + ActiveFile;

    public static MemorySizes operator +(in MemorySizes a, in MemorySizes b) => new(
        a.Free + b.Free,
        a.InactiveAnon + b.InactiveAnon,
        a.ActiveAnon + b.ActiveAnon,
        a.InactiveFile + b.InactiveFile,
        a.ActiveFile + b.ActiveFile,
        a.FileMapped + b.FileMapped);
}
