using System.Diagnostics;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// How much stalled time was added within the last so many microseconds, about: windows lie end to end, and of the one before
/// as much is counted as a window that ends now would still cover of it, as if it had been spread evenly. It is looked at 10
/// times a window. Source: kernel-reclaim reference 8.4.
/// </summary>
internal struct PressureWindow(long sizeUs, long nowUs, long totalUs)
{
    private const int Checks = 10;

    private long _startUs = nowUs;
    private long _startTotalUs = totalUs;
    private long _before;
    private int _check = 1;

    /// <summary>When to look next.</summary>
    public readonly long NextCheckUs => _startUs + sizeUs * _check / Checks;

    /// <summary>The check that comes next is the last of its window.</summary>
    public readonly bool EndsAtNextCheck => _check == Checks;

    /// <summary>When the window began.</summary>
    public readonly long StartUs => _startUs;

    /// <summary>Looks at <see cref="NextCheckUs"/>, when so much has been stalled in all.</summary>
    /// <returns>Microseconds by which it has grown within a window.</returns>
    public long Check(long stalledUs)
    {
        long growth = stalledUs - _startTotalUs;
        if (_check == Checks)
        {
            _before = growth;
            _startUs += sizeUs;
            _startTotalUs = stalledUs;
            _check = 1;
            return growth;
        }

        long left = sizeUs - sizeUs * _check / Checks;
        _check++;
        return growth + _before * left / sizeUs;
    }

    /// <summary>Passes over whole windows, each like the one before: nothing or all of it stalled.</summary>
    public void Skip(long windows, bool stalled)
    {
        Debug.Assert(_check == 1, "in the middle of a window");
        _startUs += windows * sizeUs;
        if (stalled)
            _startTotalUs += windows * sizeUs;
    }
}
