using System.Text;
using ReclaimNative.Control;

namespace ReclaimNative.Cli.Mount;

/// <summary>A control file that somebody has open: the text that he is reading, and whether he waits for an event.</summary>
internal sealed class OpenControlFile(string path, ControlFile file) : IDisposable
{
    private byte[]? _text;
    private PollWaiter? _waiter;
    private bool _hasEvent;

    public string Path { get; } = path;

    /// <summary>
    /// Copies from the text. It is made anew for every read from its start, and kept for those that go on from there: who reads in
    /// pieces gets one consistent text, who seeks back to the start a fresh one.
    /// </summary>
    public int Read(Span<byte> into, long offset)
    {
        if (offset == 0 || _text is null)
            _text = Encoding.UTF8.GetBytes(file.Read());
        if (offset >= _text.Length)
            return 0;
        ReadOnlySpan<byte> rest = _text.AsSpan((int)offset);
        ReadOnlySpan<byte> piece = rest[..Math.Min(rest.Length, into.Length)];
        piece.CopyTo(into);
        return piece.Length;
    }

    public void Write(ReadOnlySpan<byte> text) => file.Write(text);

    /// <summary>Takes the event, if there is one.</summary>
    public bool TakeEvent()
    {
        bool happened = _hasEvent || file.TakePriorityEvent();
        _hasEvent = false;
        return happened;
    }

    /// <summary>Whom to wake when an event comes; the one before him is forgotten, as the kernel keeps one for an open file.</summary>
    public void WaitWith(PollWaiter waiter)
    {
        _waiter?.Forget();
        _waiter = waiter;
    }

    /// <summary>Wakes who waits if there is an event, which then is his to take.</summary>
    public void WakeOnEvent()
    {
        if (_waiter is null || !(_hasEvent = _hasEvent || file.TakePriorityEvent()))
            return;
        _waiter.Wake();
        _waiter = null;
    }

    public void Dispose()
    {
        _waiter?.Forget();
        _waiter = null;
        file.Dispose();
    }
}
