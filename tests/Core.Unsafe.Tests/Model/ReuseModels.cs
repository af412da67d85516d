namespace ReclaimNative.Tests.Model;

/// <summary>
/// A replacement algorithm that remembers pages beyond their eviction, over at most <c>capacity</c> pages, written from its paper for
/// obviousness: everything is a list that is searched from end to end.
/// </summary>
internal abstract class ReuseModel(int capacity)
{
    protected int Capacity => capacity;

    protected HashSet<uint> Resident { get; } = [];

    public int Count => Resident.Count;

    public static ReuseModel Of(string policy, int capacity) => policy switch
    {
        "lirs" => new Lirs(capacity),
        "clockpro" => new ClockPro(capacity),
        "lruk" => new Lru2(capacity),
        "wtinylfu" => new WTinyLfu(capacity),
        "sieve+walk" => new WalkingSieve(capacity),
        _ => throw new ArgumentException($"No model of {policy}."),
    };

    public bool Contains(uint page) => Resident.Contains(page);

    /// <summary>Accesses a page; true when it was there. Room is made before it is loaded.</summary>
    public bool Access(uint page)
    {
        if (Contains(page))
        {
            Hit(page);
            return true;
        }

        if (Resident.Count == capacity)
            Resident.Remove(Evict());
        Load(page);
        Resident.Add(page);
        return false;
    }

    /// <summary>The page's owner has freed it, resident or not: nothing is known of it any more.</summary>
    public void Discard(uint page)
    {
        Forget(page);
        Resident.Remove(page);
    }

    protected abstract void Hit(uint page);

    protected abstract uint Evict();

    protected abstract void Load(uint page);

    protected abstract void Forget(uint page);

    /// <summary>LIRS, with at most 2C non-resident pages in S.</summary>
    private sealed class Lirs(int capacity) : ReuseModel(capacity)
    {
        /// <summary>Bottom first.</summary>
        private readonly List<uint> _s = [];

        /// <summary>Front first.</summary>
        private readonly List<uint> _q = [];
        private readonly HashSet<uint> _lir = [];

        private int LirSize => Math.Max(1, Capacity - Math.Max(2, Capacity / 100));

        protected override void Hit(uint page)
        {
            if (_lir.Contains(page))
            {
                ToTop(page);
                Prune();
                return;
            }

            _q.Remove(page);
            Take(page);
        }

        protected override void Load(uint page) => Take(page);

        protected override uint Evict()
        {
            if (_q.Count == 0)
                Demote();
            uint victim = _q[0];
            _q.RemoveAt(0);
            if (_s.Contains(victim))
            {
                List<uint> gone = [.. _s.Where(p => !Resident.Contains(p))];
                if (gone.Count == 2 * Capacity)
                    _s.Remove(gone[0]);
            }

            return victim;
        }

        protected override void Forget(uint page)
        {
            _s.Remove(page);
            _q.Remove(page);
            _lir.Remove(page);
            Prune();
        }

        /// <summary>A HIR page, resident or not, is used.</summary>
        private void Take(uint page)
        {
            bool wasInS = _s.Contains(page);
            ToTop(page);
            if (!wasInS && _lir.Count >= LirSize)
            {
                _q.Add(page);
                return;
            }

            _lir.Add(page);
            if (_lir.Count > LirSize)
                Demote();
        }

        private void ToTop(uint page)
        {
            _s.Remove(page);
            _s.Add(page);
        }

        private void Demote()
        {
            _lir.Remove(_s[0]);
            _q.Add(_s[0]);
            Prune();
        }

        private void Prune()
        {
            while (_s.Count > 0 && !_lir.Contains(_s[0]))
                _s.RemoveAt(0);
        }
    }

    /// <summary>CLOCK-Pro with three hands on one circle, which turns toward higher indexes; the list head is right behind HAND_hot.</summary>
    private sealed class ClockPro(int capacity) : ReuseModel(capacity)
    {
        private readonly List<Node> _circle = [];
        private Node? _hot;
        private Node? _cold;
        private Node? _test;
        private int _coldTarget = 1;

        /// <summary>Nothing has been evicted yet: hot pages are not held to a share of memory.</summary>
        private bool _isFilling = true;

        private int HotPages => _circle.Count(n => n.IsHot);

        protected override void Hit(uint page) => Find(page)!.Bit = true;

        protected override void Load(uint page)
        {
            if (Find(page) is not { } node)
            {
                Insert(new Node { Page = page, IsInTest = true });
                return;
            }

            Remove(node);
            Insert(node);
            (node.IsHot, node.IsInTest, node.Bit) = (true, false, false);
            Resident.Add(page);
            Retarget(+1);
            Balance();
        }

        protected override uint Evict()
        {
            _isFilling = false;
            while (true)
            {
                if (_circle.All(n => n.IsHot || !Resident.Contains(n.Page)))
                    RunHot();
                Node at = _cold!;
                _cold = After(at);
                if (at.IsHot || !Resident.Contains(at.Page))
                    continue;
                if (!at.Bit)
                    return Leave(at);
                at.Bit = false;
                Remove(at);
                Insert(at);
                at.IsHot = at.IsInTest;
                at.IsInTest = !at.IsInTest;
                if (at.IsHot)
                {
                    Retarget(+1);
                    Balance();
                }
            }
        }

        protected override void Forget(uint page)
        {
            if (Find(page) is { } node)
                Remove(node);
        }

        private uint Leave(Node victim)
        {
            if (!victim.IsInTest)
            {
                Remove(victim);
                return victim.Page;
            }

            Resident.Remove(victim.Page);
            while (_circle.Count(n => !Resident.Contains(n.Page)) > Capacity)
                RunTest();
            return victim.Page;
        }

        private void RunTest()
        {
            while (_test!.IsHot)
                _test = After(_test);
            Node at = _test;
            _test = After(at);
            EndTest(at);
        }

        private void Balance()
        {
            while (!_isFilling && HotPages > Capacity - _coldTarget)
                RunHot();
        }

        private void RunHot()
        {
            bool found = false;
            while (HotPages > 0)
            {
                Node at = _hot!;
                if (at.IsHot && found)
                    return;
                _hot = After(at);
                if (!at.IsHot)
                {
                    EndTest(at);
                }
                else if (at.Bit)
                {
                    at.Bit = false;
                }
                else
                {
                    at.IsHot = false;
                    found = true;
                }
            }
        }

        private void EndTest(Node node)
        {
            if (node.IsInTest)
                Retarget(-1);
            node.IsInTest = false;
            if (!Resident.Contains(node.Page))
                Remove(node);
        }

        private void Retarget(int by) => _coldTarget = Math.Max(1, _isFilling ? 1 : Math.Min(Capacity, _coldTarget + by));

        private Node? Find(uint page) => _circle.Find(n => n.Page == page);

        private Node After(Node node) => _circle[(_circle.IndexOf(node) + 1) % _circle.Count];

        private void Insert(Node node)
        {
            _circle.Insert(_hot is null ? 0 : _circle.IndexOf(_hot), node);
            _hot ??= node;
            _cold ??= node;
            _test ??= node;
        }

        private void Remove(Node node)
        {
            Node? next = _circle.Count == 1 ? null : After(node);
            _hot = _hot == node ? next : _hot;
            _cold = _cold == node ? next : _cold;
            _test = _test == node ? next : _test;
            _circle.Remove(node);
        }

        private sealed class Node
        {
            public uint Page;
            public bool IsHot;
            public bool IsInTest;
            public bool Bit;
        }
    }

    /// <summary>LRU-2 that retains histories for 16C references.</summary>
    private sealed class Lru2(int capacity) : ReuseModel(capacity)
    {
        private readonly Dictionary<uint, List<int>> _times = [];
        private int _now;

        protected override void Hit(uint page) => Times(page).Insert(0, ++_now);

        protected override void Load(uint page)
        {
            if (Times(page).Count > 0 && _now + 1 - Times(page)[0] > 16 * Capacity)
                Times(page).Clear();
            Hit(page);
        }

        protected override uint Evict() =>
            Resident.OrderBy(p => Times(p).Count >= 2).ThenBy(p => Times(p).Count >= 2 ? Times(p)[1] : Times(p)[0]).First();

        protected override void Forget(uint page) => _times.Remove(page);

        private List<int> Times(uint page) => _times.TryGetValue(page, out List<int>? times) ? times : _times[page] = [];
    }

    /// <summary>W-TinyLFU with an exact counter for each page, halved all at once.</summary>
    private sealed class WTinyLfu(int capacity) : ReuseModel(capacity)
    {
        /// <summary>Least recent first, all three.</summary>
        private readonly List<uint> _window = [];
        private readonly List<uint> _probation = [];
        private readonly List<uint> _protected = [];
        private readonly Dictionary<uint, int> _counts = [];
        private int _sampled;

        private int WindowSize => Math.Max(1, Capacity / 100);

        private int ProtectedSize => (Capacity - WindowSize) * 8 / 10;

        protected override void Hit(uint page)
        {
            CountUse(page);
            if (_window.Remove(page))
            {
                _window.Add(page);
                return;
            }

            _probation.Remove(page);
            _protected.Remove(page);
            _protected.Add(page);
            if (_protected.Count > ProtectedSize)
                First(_protected, _probation);
        }

        protected override void Load(uint page)
        {
            CountUse(page);
            _window.Add(page);
            if (_window.Count > WindowSize)
                First(_window, _probation);
        }

        protected override uint Evict()
        {
            List<uint> main = _probation.Count > 0 ? _probation : _protected;
            List<uint> loser = main.Count == 0 || (_window.Count >= WindowSize && Uses(_window[0]) <= Uses(main[0])) ? _window : main;
            uint victim = loser[0];
            loser.RemoveAt(0);
            return victim;
        }

        protected override void Forget(uint page)
        {
            _counts.Remove(page);
            _ = _window.Remove(page) || _probation.Remove(page) || _protected.Remove(page);
        }

        private static void First(List<uint> from, List<uint> to)
        {
            to.Add(from[0]);
            from.RemoveAt(0);
        }

        private int Uses(uint page) => _counts.GetValueOrDefault(page);

        private void CountUse(uint page)
        {
            _counts[page] = Math.Min(15, Uses(page) + 1);
            if (++_sampled < 10 * Capacity)
                return;
            _sampled /= 2;
            foreach (uint each in _counts.Keys)
                _counts[each] /= 2;
        }
    }

    /// <summary>SIEVE whose hand knows what the last look at all pages at once saw, and goes no further than that saw.</summary>
    private sealed class WalkingSieve(int capacity) : ReuseModel(capacity)
    {
        /// <summary>Oldest first.</summary>
        private readonly List<uint> _queue = [];
        private readonly HashSet<uint> _used = [];
        private readonly HashSet<uint> _marked = [];
        private readonly HashSet<uint> _seen = [];
        private int _hand = int.MaxValue;
        private int _evicted;

        protected override void Hit(uint page) => _used.Add(page);

        protected override void Load(uint page) => _queue.Add(page);

        protected override uint Evict()
        {
            while (true)
            {
                bool isRoundOver = _hand >= _queue.Count || !_seen.Contains(_queue[_hand]);
                if (isRoundOver || _evicted >= Capacity / 4)
                    Walk();
                if (isRoundOver)
                    _hand = 0;
                if (_marked.Remove(_queue[_hand]))
                {
                    _hand++;
                    continue;
                }

                _evicted++;
                uint victim = _queue[_hand];
                Drop(victim);
                return victim;
            }
        }

        protected override void Forget(uint page)
        {
            int at = _queue.IndexOf(page);
            if (at >= 0 && at < _hand && _hand != int.MaxValue)
                _hand--;
            Drop(page);

            // A hand with nothing before it but what no walk has seen has finished its round.
            if (_hand < _queue.Count && !_seen.Contains(_queue[_hand]))
                _hand = int.MaxValue;
        }

        private void Walk()
        {
            _evicted = 0;
            _marked.UnionWith(_used);
            _used.Clear();
            _seen.UnionWith(_queue);
        }

        private void Drop(uint page)
        {
            _queue.Remove(page);
            _used.Remove(page);
            _marked.Remove(page);
            _seen.Remove(page);
        }
    }
}
