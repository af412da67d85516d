namespace ReclaimNative.Tests.Model;

/// <summary>A replacement algorithm over at most <c>capacity</c> pages, written for obviousness: everything is a list.</summary>
internal abstract class ExactModel(int capacity)
{
    /// <summary>Oldest first.</summary>
    protected List<uint> Queue { get; } = [];

    public virtual int Count => Queue.Count;

    public static ExactModel Of(string policy, int capacity) => policy switch
    {
        "fifo" => new Fifo(capacity),
        "lru" => new Lru(capacity),
        "clock" => new Clock(capacity),
        "sieve" => new Sieve(capacity),
        "s3fifo" => new S3FifoModel(capacity),
        "arc" => new ArcModel(capacity),
        "2q" => new TwoQueueModel(capacity),
        "lfu" => new LfuModel(capacity),
        "mru" => new Mru(capacity),
        _ => throw new ArgumentException($"No model of {policy}."),
    };

    public virtual bool Contains(uint page) => Queue.Contains(page);

    /// <summary>Accesses a page; true when it was there.</summary>
    public bool Access(uint page)
    {
        if (Contains(page))
        {
            OnHit(page);
            return true;
        }

        OnMiss(page);
        return false;
    }

    /// <summary>Takes a page out that its owner has freed.</summary>
    public virtual void Discard(uint page) => Queue.Remove(page);

    protected abstract void OnHit(uint page);

    protected virtual void OnMiss(uint page)
    {
        if (Queue.Count == capacity)
            Evict();
        Queue.Add(page);
    }

    protected abstract void Evict();

    private sealed class Fifo(int capacity) : ExactModel(capacity)
    {
        protected override void OnHit(uint page)
        {
        }

        protected override void Evict() => Queue.RemoveAt(0);
    }

    private sealed class Lru(int capacity) : ExactModel(capacity)
    {
        protected override void OnHit(uint page)
        {
            Queue.Remove(page);
            Queue.Add(page);
        }

        protected override void Evict() => Queue.RemoveAt(0);
    }

    private sealed class Mru(int capacity) : ExactModel(capacity)
    {
        protected override void OnHit(uint page)
        {
            Queue.Remove(page);
            Queue.Add(page);
        }

        protected override void Evict() => Queue.RemoveAt(Queue.Count - 1);
    }

    private sealed class Clock(int capacity) : ExactModel(capacity)
    {
        private readonly HashSet<uint> _referenced = [];

        public override void Discard(uint page)
        {
            _referenced.Remove(page);
            base.Discard(page);
        }

        protected override void OnHit(uint page) => _referenced.Add(page);

        protected override void Evict()
        {
            while (_referenced.Remove(Queue[0]))
            {
                Queue.Add(Queue[0]);
                Queue.RemoveAt(0);
            }

            Queue.RemoveAt(0);
        }
    }

    private sealed class Sieve(int capacity) : ExactModel(capacity)
    {
        private readonly HashSet<uint> _visited = [];

        /// <summary>Position of the hand; past the newest page it starts again at the oldest.</summary>
        private int _hand;

        public override void Discard(uint page)
        {
            int at = Queue.IndexOf(page);
            if (at >= 0 && at < _hand)
                _hand--;
            _visited.Remove(page);
            base.Discard(page);

            // The engine's hand goes back to the oldest page as soon as the newest page, where it stood, is gone.
            if (_hand >= Queue.Count)
                _hand = 0;
        }

        protected override void OnHit(uint page) => _visited.Add(page);

        protected override void Evict()
        {
            while (_visited.Remove(Queue[_hand]))
                _hand = (_hand + 1) % Queue.Count;
            Queue.RemoveAt(_hand);
            if (_hand == Queue.Count)
                _hand = 0;
        }
    }
}
