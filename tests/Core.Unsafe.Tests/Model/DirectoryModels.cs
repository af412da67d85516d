namespace ReclaimNative.Tests.Model;

/// <summary>S3-FIFO as its paper's algorithm 1 and the traces' README word it. Lists are oldest first.</summary>
internal sealed class S3FifoModel(int capacity) : ExactModel(capacity)
{
    private readonly int _mainSize = capacity - capacity / 10;
    private readonly int _ghostSize = capacity * 9 / 10;
    private readonly List<uint> _small = [];
    private readonly List<uint> _main = [];
    private readonly List<uint> _ghost = [];
    private readonly Dictionary<uint, int> _hits = [];
    private readonly int _capacity = capacity;

    public override int Count => _small.Count + _main.Count;

    public override bool Contains(uint page) => _small.Contains(page) || _main.Contains(page);

    public override void Discard(uint page)
    {
        _small.Remove(page);
        _main.Remove(page);
        _ghost.Remove(page);
    }

    protected override void OnHit(uint page) => _hits[page]++;

    protected override void OnMiss(uint page)
    {
        List<uint> queue = _ghost.Remove(page) ? _main : _small;
        while (Count == _capacity)
            Evict();
        queue.Add(page);
        _hits[page] = 0;
    }

    protected override void Evict()
    {
        if (_main.Count > _mainSize || _small.Count == 0)
            EvictFromMain();
        else
            EvictFromSmall();
    }

    private void EvictFromSmall()
    {
        while (_small.Count > 0)
        {
            uint page = _small[0];
            _small.RemoveAt(0);
            if (_hits[page] < 2)
            {
                _ghost.Add(page);
                if (_ghost.Count > _ghostSize)
                    _ghost.RemoveAt(0);
                return;
            }

            _main.Add(page);
            _hits[page] = 0;
        }
    }

    private void EvictFromMain()
    {
        while (true)
        {
            uint page = _main[0];
            _main.RemoveAt(0);
            if (_hits[page] == 0)
                return;
            _main.Add(page);
            _hits[page] = Math.Min(_hits[page], 3) - 1;
        }
    }
}

/// <summary>2Q, the full version. Lists are oldest first.</summary>
internal sealed class TwoQueueModel(int capacity) : ExactModel(capacity)
{
    private readonly List<uint> _a1In = [];
    private readonly List<uint> _am = [];
    private readonly List<uint> _a1Out = [];
    private readonly int _capacity = capacity;

    public override int Count => _a1In.Count + _am.Count;

    public override bool Contains(uint page) => _a1In.Contains(page) || _am.Contains(page);

    public override void Discard(uint page)
    {
        _a1In.Remove(page);
        _am.Remove(page);
        _a1Out.Remove(page);
    }

    protected override void OnHit(uint page)
    {
        if (_am.Remove(page))
            _am.Add(page);
    }

    protected override void OnMiss(uint page)
    {
        List<uint> queue = _a1Out.Remove(page) ? _am : _a1In;
        if (Count == _capacity)
            Evict();
        queue.Add(page);
    }

    protected override void Evict()
    {
        if (_a1In.Count <= _capacity / 4 && _am.Count > 0)
        {
            _am.RemoveAt(0);
            return;
        }

        _a1Out.Add(_a1In[0]);
        _a1In.RemoveAt(0);
        if (_a1Out.Count > _capacity / 2)
            _a1Out.RemoveAt(0);
    }
}

/// <summary>ARC as figure 4 of its paper, case by case. Lists are oldest first. Room that a free has made is used before REPLACE.</summary>
internal sealed class ArcModel(int capacity) : ExactModel(capacity)
{
    private readonly int _c = capacity;
    private readonly List<uint> _t1 = [];
    private readonly List<uint> _t2 = [];
    private readonly List<uint> _b1 = [];
    private readonly List<uint> _b2 = [];
    private double _p;

    public override int Count => _t1.Count + _t2.Count;

    public override bool Contains(uint page) => _t1.Contains(page) || _t2.Contains(page);

    public override void Discard(uint page)
    {
        foreach (List<uint> list in (List<uint>[])[_t1, _t2, _b1, _b2])
            list.Remove(page);
    }

    protected override void OnHit(uint page)
    {
        _t1.Remove(page);
        _t2.Remove(page);
        _t2.Add(page);
    }

    protected override void OnMiss(uint page)
    {
        if (_b1.Contains(page))
        {
            double delta = _b1.Count >= _b2.Count ? 1 : (double)_b2.Count / _b1.Count;
            _p = Math.Min(_p + delta, _c);
            Replace(inB2: false);
            _b1.Remove(page);
            _t2.Add(page);
            return;
        }

        if (_b2.Contains(page))
        {
            double delta = _b2.Count >= _b1.Count ? 1 : (double)_b1.Count / _b2.Count;
            _p = Math.Max(_p - delta, 0);
            Replace(inB2: true);
            _b2.Remove(page);
            _t2.Add(page);
            return;
        }

        if (_t1.Count + _b1.Count == _c)
        {
            if (_t1.Count < _c)
            {
                _b1.RemoveAt(0);
                Replace(inB2: false);
            }
            else
            {
                _t1.RemoveAt(0);
            }
        }
        else if (_t1.Count + _t2.Count + _b1.Count + _b2.Count >= _c)
        {
            if (_t1.Count + _t2.Count + _b1.Count + _b2.Count == 2 * _c)
                _b2.RemoveAt(0);
            Replace(inB2: false);
        }

        _t1.Add(page);
    }

    protected override void Evict() => Replace(inB2: false);

    private void Replace(bool inB2)
    {
        if (Count < _c)
            return;
        bool fromT1 = _t1.Count > 0 && (_t1.Count > _p || (inB2 && _t1.Count == _p));
        (List<uint> from, List<uint> to) = fromT1 || _t2.Count == 0 ? (_t1, _b1) : (_t2, _b2);
        to.Add(from[0]);
        from.RemoveAt(0);
    }
}

/// <summary>LFU: every page's count and when it reached it, searched from end to end.</summary>
internal sealed class LfuModel(int capacity) : ExactModel(capacity)
{
    private readonly Dictionary<uint, (int Uses, int Since)> _pages = [];
    private readonly int _capacity = capacity;
    private int _now;

    public override int Count => _pages.Count;

    public override bool Contains(uint page) => _pages.ContainsKey(page);

    public override void Discard(uint page) => _pages.Remove(page);

    protected override void OnHit(uint page) => _pages[page] = (_pages[page].Uses + 1, ++_now);

    protected override void OnMiss(uint page)
    {
        if (Count == _capacity)
            Evict();
        _pages[page] = (1, ++_now);
    }

    protected override void Evict() => _pages.Remove(_pages.MinBy(p => p.Value).Key);
}
