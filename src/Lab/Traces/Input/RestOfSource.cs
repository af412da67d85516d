namespace ReclaimNative.Lab.Traces;

/// <summary>What is left of a <see cref="ByteSource"/> as a stream, for the decompressors. The source stays its owner's to dispose.</summary>
internal sealed class RestOfSource(ByteSource source) : ForwardStream
{
    public override int Read(Span<byte> buffer)
    {
        if (!source.Fill(1))
            return 0;
        int count = Math.Min(buffer.Length, source.Unread.Length);
        source.Unread[..count].CopyTo(buffer);
        source.Advance(count);
        return count;
    }
}
