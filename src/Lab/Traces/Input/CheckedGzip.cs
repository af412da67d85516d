using System.IO.Compression;

namespace ReclaimNative.Lab.Traces;

/// <summary>
/// Unpacks gzip, and notices when the file was cut: <see cref="GZipStream"/> checks sums but takes a cut file for a short one. A gzip file
/// may have several members, so one more of known content is put after the file's last byte. When that content comes out at the end, every
/// byte before it was part of a whole member; it never reaches the reader.
/// </summary>
internal sealed class CheckedGzip : ForwardStream
{
    // Repetitive, so that its packed form does not contain it: a cut inside a stored block copies the packed form to the output.
    private static readonly byte[] EndMark = [.. Enumerable.Repeat((byte)0xa5, 64)];
    private static readonly byte[] PackedEndMark = Pack(EndMark);

    private readonly GZipStream _unpacked;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    internal CheckedGzip(ByteSource packed) => _unpacked = new GZipStream(new WithEndMark(packed), CompressionMode.Decompress);

    /// <exception cref="InvalidDataException">The file is corrupt, cut short or followed by something else.</exception>
    public override int Read(Span<byte> buffer)
    {
        // The last bytes are held back: they may be the mark.
        while (_end - _start <= EndMark.Length)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            int read = _unpacked.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            if (read > 0)
                continue;
            if (!_buffer.AsSpan(0, _end).SequenceEqual(EndMark))
                throw new InvalidDataException("the end is missing");
            return 0;
        }
        int count = Math.Min(buffer.Length, _end - _start - EndMark.Length);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _unpacked.Dispose();
        base.Dispose(disposing);
    }

    private static byte[] Pack(byte[] content)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            gzip.Write(content);
        return packed.ToArray();
    }

    private sealed class WithEndMark(ByteSource packed) : ForwardStream
    {
        private readonly RestOfSource _rest = new(packed);
        private readonly MemoryStream _mark = new(PackedEndMark, writable: false);

        public override int Read(Span<byte> buffer)
        {
            int read = _rest.Read(buffer);
            return read > 0 ? read : _mark.Read(buffer);
        }
    }
}
