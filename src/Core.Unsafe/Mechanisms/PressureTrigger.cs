using System.Globalization;

namespace ReclaimNative.Mechanisms;

/// <summary>
/// Waits for pressure: an event comes when the time that a group was stalled has grown by a threshold within a window, at most one
/// in a window. It is looked for 10 times a window, whenever the engine's clock has come so far; one that comes too early after the
/// last is held back. Ends with <see cref="Dispose"/>. Callable from any thread.
/// Source: kernel-reclaim reference 8.4.
/// </summary>
public sealed class PressureTrigger : IDisposable
{
    private readonly PressureMonitor _monitor;
    private readonly PressureGroup _group;
    private PressureWindow _window;
    private long _seenTotalUs;
    private long _heldUntilUs = long.MinValue;
    private bool _reached;
    private bool _event;

    internal PressureTrigger(PressureMonitor monitor, PressureGroup group, in PressureTriggerText text, long nowUs)
    {
        (Stall, ThresholdUs, WindowUs) = (text.Stall, text.ThresholdUs, text.WindowUs);
        _monitor = monitor;
        _group = group;
        _seenTotalUs = group.TotalAt(nowUs, Stall);
        _window = new PressureWindow(WindowUs, nowUs, _seenTotalUs);
    }

    /// <summary>Which stalls count.</summary>
    public PressureStall Stall { get; }

    /// <summary>Microseconds of stalled time, 1 to <see cref="WindowUs"/>.</summary>
    public long ThresholdUs { get; }

    /// <summary>Microseconds within which they are to be lost, 1 to 10,000,000.</summary>
    public long WindowUs { get; }

    /// <summary>Whether an event has come since the last call; asking takes it back.</summary>
    public bool TakeEvent() => _monitor.TakeEvent(this);

    /// <summary>Ends it: no event comes any more, and one that has not been taken is gone.</summary>
    public void Dispose() => _monitor.Remove(this);

    /// <summary>What was asked for, as it would be written.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(Stall == PressureStall.Some ? "some" : "full")} {ThresholdUs} {WindowUs}");

    /// <summary>When to be looked at next.</summary>
    internal long NextCheckUs => _window.NextCheckUs;

    /// <summary>Makes every check that is due. The group has been in one state since the last.</summary>
    internal void CatchUp(long nowUs)
    {
        int same = 0;
        while (nowUs >= _window.NextCheckUs)
        {
            bool ends = _window.EndsAtNextCheck;
            Check(_window.NextCheckUs);

            // From the third window in one state on each is like the one before: however far the clock jumps, it takes as long.
            if (ends && ++same > 2)
            {
                Skip((nowUs - _window.StartUs) / WindowUs);
                same = 0;
            }
        }
    }

    internal bool IsOf(PressureGroup group) => ReferenceEquals(_group, group);

    internal bool Take()
    {
        bool happened = _event;
        _event = false;
        return happened;
    }

    private void Check(long us)
    {
        long total = _group.TotalAt(us, Stall);
        long growth = _window.Check(total);

        // What is left over of the window before is no news without anything new.
        if (total != _seenTotalUs && growth >= ThresholdUs)
            _reached = true;
        _seenTotalUs = total;
        if (!_reached || us < _heldUntilUs)
            return;
        _reached = false;
        _event = true;
        _heldUntilUs = us + WindowUs;
    }

    private void Skip(long windows)
    {
        bool stalled = _group.IsStalled(Stall);
        _window.Skip(windows, stalled);
        if (!stalled)
            return;
        _seenTotalUs += windows * WindowUs;
        _heldUntilUs += windows * WindowUs;
    }
}
