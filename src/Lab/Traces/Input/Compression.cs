namespace ReclaimNative.Lab.Traces;

/// <summary>Unpacks traces: gzip here, zstd and xz through the system's tools. What a file is packed with is found by its first bytes.</summary>
internal static class Compression
{
    private static readonly UnpackTool Zstd = new("zstd", ["-dcq", "--long=31"], "apt install zstd, dnf install zstd");
    private static readonly UnpackTool Xz = new("xz", ["-dcq"], "apt install xz-utils, dnf install xz");

    /// <summary>The unpacked bytes of <paramref name="packed"/>, or the source itself when it is not packed.</summary>
    /// <exception cref="TraceException">The tool is missing, or the name says packed and the content does not.</exception>
    internal static ByteSource Unpack(ByteSource packed)
    {
        packed.Fill(6);
        ReadOnlySpan<byte> start = packed.Unread;
        if (start is [0x1f, 0x8b, ..])
            return new ByteSource(new CheckedGzip(packed), packed.Name);
        // The second form is a skippable frame, with which pzstd starts its files.
        if (start is [0x28, 0xb5, 0x2f, 0xfd, ..] or [>= 0x50 and <= 0x5f, 0x2a, 0x4d, 0x18, ..])
            return new ByteSource(Zstd.Unpack(packed), packed.Name);
        if (start is [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..])
            return new ByteSource(Xz.Unpack(packed), packed.Name);

        string suffix = Suffix(packed.Name);
        if (suffix.Length > 0 && !start.IsEmpty)
            throw new TraceException($"{packed.Name}: is named {suffix} but does not start as such a file does; rename it if it is not packed");
        return packed;
    }

    /// <summary>The suffix that says how the file is packed, with its dot; empty when there is none.</summary>
    internal static string Suffix(string fileName)
    {
        string extension = Path.GetExtension(fileName).ToLowerInvariant();
        return extension is ".gz" or ".zst" or ".xz" ? extension : "";
    }
}
