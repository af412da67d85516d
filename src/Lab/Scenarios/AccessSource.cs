using ReclaimNative.Lab.Traces;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>Where a running process takes its accesses from: a pattern without end, or a trace that may be repeated.</summary>
/// <remarks>Allocates nothing after construction.</remarks>
internal sealed class AccessSource
{
    private readonly AccessPattern? _pattern;
    private readonly Trace? _trace;
    private readonly bool _repeats;
    private int _position;

    public AccessSource(AccessPattern pattern) => _pattern = pattern;

    public AccessSource(Trace trace, bool repeats)
    {
        _trace = trace;
        _repeats = repeats;
    }

    /// <summary>Fills <paramref name="accesses"/> from the start.</summary>
    /// <returns>How many were filled: fewer than asked at the end of a trace that is not repeated.</returns>
    public int Next(Span<uint> accesses)
    {
        if (_pattern is not null)
        {
            _pattern.Fill(accesses);
            return accesses.Length;
        }

        ReadOnlySpan<uint> trace = _trace!.Accesses.Span;
        int filled = 0;
        while (filled < accesses.Length)
        {
            if (_position == trace.Length)
            {
                if (!_repeats)
                    break;
                _position = 0;
            }

            int count = Math.Min(accesses.Length - filled, trace.Length - _position);
            trace.Slice(_position, count).CopyTo(accesses[filled..]);
            _position += count;
            filled += count;
        }

        return filled;
    }
}
