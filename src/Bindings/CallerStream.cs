using ReclaimNative.Bindings.Boundary;

namespace ReclaimNative.Bindings;

/// <summary>Bytes that a callback of the caller's takes or supplies.</summary>
internal sealed unsafe class CallerStream : OneWayStream
{
    private readonly delegate* unmanaged[Cdecl]<void*, void*, ulong, int> _move;
    private readonly void* _context;
    private readonly string _name;

    /// <param name="move">reclaim_write_fn or reclaim_read_fn, which differ in who may write to the bytes.</param>
    /// <param name="context">Handed to it.</param>
    /// <param name="name">What it is called in the header.</param>
    public CallerStream(delegate* unmanaged[Cdecl]<void*, void*, ulong, int> move, void* context, string name)
    {
        _move = move;
        _context = context;
        _name = name;
    }

    public override int Read(Span<byte> buffer)
    {
        Move(buffer);
        return buffer.Length;
    }

    public override void Write(ReadOnlySpan<byte> buffer) => Move(buffer);

    private void Move(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            int answer = bytes.IsEmpty ? 0 : _move(_context, first, (ulong)bytes.Length);
            if (answer != 0)
                throw new Refusal(Status.Io, $"'{_name}' answered {answer} for {bytes.Length} bytes; 0 says that they are there.");
        }
    }
}
