using ReclaimNative.Mechanisms;

namespace ReclaimNative.Tests.Model;

/// <summary>
/// Pressure of one group, the obvious way: time goes on microsecond by microsecond (a unit of a test's own length), and everything
/// is looked at in each. Averages by the formula of kernel-reclaim 8.2, triggers by 8.4.
/// </summary>
/// <param name="unitUs">Length of a step; periods, tenths of windows and all changes fall on multiples of it.</param>
internal sealed class PressureModel(long unitUs)
{
    private static readonly long[] Left = [1677, 1981, 2034];

    private readonly long[] _total = new long[2];
    private readonly long[] _sampled = new long[2];
    private readonly long[,] _averages = new long[2, 3];
    private readonly List<ModelTrigger> _triggers = [];
    private long _nowUs;

    /// <summary>The states of the tasks of the group.</summary>
    public List<TaskState> Tasks { get; } = [];

    public ModelTrigger AddTrigger(PressureStall stall, long thresholdUs, long windowUs)
    {
        var trigger = new ModelTrigger((int)stall, thresholdUs, windowUs, _nowUs, _total[(int)stall]);
        _triggers.Add(trigger);
        return trigger;
    }

    public void AdvanceTo(long us)
    {
        while (_nowUs < us)
        {
            bool some = Tasks.Contains(TaskState.Stalled);
            _total[0] += some ? unitUs : 0;
            _total[1] += some && !Tasks.Contains(TaskState.Running) ? unitUs : 0;
            _nowUs += unitUs;
            if (_nowUs % 2_000_000 == 0)
                Sample();
            foreach (ModelTrigger trigger in _triggers)
                trigger.Look(_nowUs, _total);
        }
    }

    public string Text() => $"some {Line(0)}\nfull {Line(1)}\n";

    private void Sample()
    {
        for (int stall = 0; stall < 2; stall++)
        {
            long percent = (_total[stall] - _sampled[stall]) * 100 / 2_000_000;
            _sampled[stall] = _total[stall];
            for (int i = 0; i < 3; i++)
            {
                long average = _averages[stall, i];
                long load = average * Left[i] + percent * 2048 * (2048 - Left[i]);
                if (percent * 2048 >= average)
                    load += 2047;
                _averages[stall, i] = load / 2048;
            }
        }
    }

    private string Line(int stall) =>
        $"avg10={Printed(stall, 0)} avg60={Printed(stall, 1)} avg300={Printed(stall, 2)} total={_total[stall]}";

    private string Printed(int stall, int over)
    {
        long average = _averages[stall, over];
        return $"{average / 2048}.{average % 2048 * 100 / 2048 / 10}{average % 2048 * 100 / 2048 % 10}";
    }

    /// <summary>A trigger that keeps what the total was at each of its checks, and looks back into that list.</summary>
    internal sealed class ModelTrigger(int stall, long thresholdUs, long windowUs, long createdUs, long totalUs)
    {
        private readonly List<long> _totals = [totalUs];
        private long _lastUs = -1;
        private bool _waiting;
        private bool _event;

        public void Look(long nowUs, long[] totals)
        {
            if ((nowUs - createdUs) % (windowUs / 10) != 0)
                return;
            _totals.Add(totals[stall]);
            int check = _totals.Count - 1;
            int start = (check - 1) / 10 * 10;
            long part = check - start;
            long before = start == 0 ? 0 : _totals[start] - _totals[start - 10];
            long growth = _totals[check] - _totals[start] + before * (10 - part) / 10;
            _waiting |= growth >= thresholdUs && _totals[check] > _totals[check - 1];
            if (!_waiting || (_lastUs >= 0 && nowUs - _lastUs < windowUs))
                return;
            (_waiting, _event, _lastUs) = (false, true, nowUs);
        }

        public bool TakeEvent()
        {
            bool happened = _event;
            _event = false;
            return happened;
        }
    }
}
