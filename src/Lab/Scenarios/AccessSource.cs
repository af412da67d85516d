using ReclaimNative.Lab.Traces;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>Where a running process takes its accesses from: a pattern without end, or a trace that may be repeated.</summary>
/// <remarks>Allocates nothing after construction.</remarks>
internal sealed class AccessSource
{
    private readonly AccessPattern? _pattern;
    private readonly Trace? _trace;
    private readonly bool _repeats;
    private readonly uint _populates;
    private readonly uint _writes;
    private uint _populated;
    private int _position;

    /// <param name="pattern">Where accesses come from.</param>
    /// <param name="populates">Before that, pages [0, populates) are touched once, in order.</param>
    /// <param name="writes">Of those, pages [0, writes) are written and the others read.</param>
    public AccessSource(AccessPattern pattern, uint populates = 0, uint writes = 0)
    {
        _pattern = pattern;
        _writes = writes;
        _populates = populates;
    }

    public AccessSource(Trace trace, bool repeats)
    {
        _trace = trace;
        _repeats = repeats;
    }

    /// <summary>Pages are still touched for the first time.</summary>
    public bool IsPopulating => _populated < _populates;

    /// <summary>Fills <paramref name="accesses"/> from the start.</summary>
    /// <returns>How many were filled: fewer than asked at the end of a trace that is not repeated.</returns>
    public int Next(Span<uint> accesses)
    {
        if (_pattern is not null)
        {
            int first = 0;
            for (; first < accesses.Length && IsPopulating; _populated++)
                accesses[first++] = _populated < _writes ? _populated | AccessPattern.WriteBit : _populated;
            _pattern.Fill(accesses[first..]);
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
