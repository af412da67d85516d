namespace ReclaimNative.Lab.Traces;

/// <summary>
/// The bytes of a trace, forward only, through one buffer that readers look into without copying. Every failure to read comes out as a
/// <see cref="TraceException"/> that names the trace and the byte.
/// </summary>
internal sealed class ByteSource : IDisposable
{
    /// <summary>Size of the buffer in bytes: the most that <see cref="Fill"/> can show at once.</summary>
    internal const int Capacity = 1 << 20;

    private readonly Stream _stream;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(Capacity);
    private int _start;
    private int _end;

    /// <summary>Reads <paramref name="stream"/>, which it owns from now on; <paramref name="name"/> is for errors.</summary>
    internal ByteSource(Stream stream, string name)
    {
        _stream = stream;
        Name = name;
    }

    /// <summary>What errors call this trace.</summary>
    internal string Name { get; }

    /// <summary>Count of bytes used up so far.</summary>
    internal long Offset { get; private set; }

    /// <summary>What is in the buffer and not yet used; valid until the next <see cref="Fill"/>.</summary>
    internal ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Reads until at least <paramref name="wanted"/> bytes are unread or the trace ends. False when it ended short of that.</summary>
    internal bool Fill(int wanted)
    {
        while (_end - _start < wanted)
        {
            if (_end == Capacity)
            {
                Unread.CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }
            int read = ReadSome();
            if (read == 0)
                return false;
            _end += read;
        }
        return true;
    }

    /// <summary>Uses up <paramref name="count"/> of the unread bytes.</summary>
    internal void Advance(int count)
    {
        _start += count;
        Offset += count;
        if (_start == _end)
            _start = _end = 0;
    }

    /// <summary>
    /// Takes as many whole records of <paramref name="size"/> bytes as are at hand; empty at the end. The span is valid until the next call.
    /// </summary>
    /// <exception cref="TraceException">The trace ends inside a record.</exception>
    internal ReadOnlySpan<byte> TakeRecords(int size)
    {
        if (!Fill(size))
        {
            if (Unread.IsEmpty)
                return default;
            throw new TraceException($"{Name}: record {(Offset / size) + 1} at byte {Offset} is cut short: {Unread.Length} bytes are left and a "
                + $"record has {size}; is it another format?");
        }
        ReadOnlySpan<byte> records = Unread[..(Unread.Length / size * size)];
        Advance(records.Length);
        return records;
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private int ReadSome()
    {
        long at = Offset + (_end - _start);
        try
        {
            return _stream.Read(_buffer, _end, Capacity - _end);
        }
        catch (InvalidDataException corrupt)
        {
            throw new TraceException($"{Name}: is corrupt, cut short or followed by other bytes: the gzip data ends wrong after {at} unpacked bytes", corrupt);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            throw new TraceException($"{Name}: cannot be read at byte {at}: {e.Message}", e);
        }
    }
}
