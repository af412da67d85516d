using System.Diagnostics;
using ReclaimNative.Frames;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Tests.Model;

/// <summary>
/// A small machine that several threads drive at once: tasks that share address spaces, files and limits, kswapd,
/// requests, aging, and now and then a change of what there is. Each phase ends at a quiet point where everything is
/// compared. What a thread does follows from the seed; how threads interleave does not.
/// </summary>
internal sealed class CrowdedMachine : IDisposable
{
    private const int Shared = 3;
    private const int Transient = 3;
    private const uint SpacePages = 700;

    /// <summary>Pages of a shared space that stay anonymous and are never discarded: those whose writes are tracked.</summary>
    private const uint TrackedPages = 400;

    private const uint FilePages = 500;
    private const ulong FixedLimit = 180;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly int _seed;
    private readonly int _threads;
    private readonly MemoryCgroup[] _memcgs;
    private readonly MemoryCgroup _fixed;
    private readonly AddressSpace[] _spaces;
    private readonly PageFile[] _files;
    private readonly Ledger _ledger;
    private readonly string[] _doing;
    private readonly long[] _steps;
    private readonly long[] _asked;
    private readonly AccessTally[] _tallies;
    private volatile string? _problem;
    private volatile bool _stop;
    private int _phase;

    public CrowdedMachine(EngineOptions form, int seed, ulong? swapPages, int threads)
    {
        _seed = seed;
        _threads = threads;
        _doing = [.. Enumerable.Repeat("nothing yet", threads)];
        _steps = new long[threads];
        _asked = new long[threads];
        _tallies = new AccessTally[threads];
        _ledger = new Ledger();
        IReadOnlyList<PolicyDefinition> policies = form.Policies;
        Engine = new Engine(form with
        {
            // Too small for what is accessed, so that frames run out on the first node and on both.
            Nodes = form.Identity ? [new NodeOptions(4096), new NodeOptions(4096, 1)] : [new NodeOptions(520), new NodeOptions(430, 1)],
            Memcgs = 6,
            AddressSpaces = Shared + Transient + 1,
            LeafTables = form.Identity ? null : 24,
            SharedMappings = 150,
            SwapPages = swapPages,
            Backing = _ledger,
            FirstTouch = true,
        });
        MemoryCgroup a = Engine.CreateMemcg("a", null, policies[seed % policies.Count].Name);
        MemoryCgroup b = Engine.CreateMemcg("b", a, policies[(seed + 1) % policies.Count].Name);
        MemoryCgroup c = Engine.CreateMemcg("c", a, policies[(seed + 2) % policies.Count].Name);
        _fixed = Engine.CreateMemcg("fixed");
        _memcgs = [Engine.Root, a, b, c, _fixed];
        Engine.SetMax(_fixed, FixedLimit);
        Engine.SetMax(a, 400);
        _files = form.Identity ? [] : [Engine.CreateFile(FilePages), Engine.CreateFile(60)];
        _spaces = new AddressSpace[Shared + Transient];
        for (int i = 0; i < Shared; i++)
        {
            AddressSpace space = Engine.CreateAddressSpace($"shared {i}", SpacePages, (MemoryCgroup[])[a, b, _fixed] is var owners ? owners[i] : a, i % 2);
            if (_files.Length > 0)
            {
                Engine.Map(space, TrackedPages, TrackedPages + 100, _files[0], (ulong)(i * 50));
                Engine.Map(space, TrackedPages + 100, TrackedPages + 150, _files[1], 0, i == 1 ? VmaFlags.Executable : VmaFlags.None);
            }

            _spaces[i] = space;
            _ledger.Track(space, TrackedPages);
        }

        foreach (PageFile file in _files)
            _ledger.Track(file);
        for (int i = Shared; i < _spaces.Length; i++)
            _spaces[i] = Create(new Random(seed + i), i);
    }

    public Engine Engine { get; }

    /// <summary>Accesses, evictions and quiet points so far: what a test wants to have happened.</summary>
    public (long Accesses, long Evictions, int Phases) Done => (_tallies.Sum(t => t.Accesses), _ledger.Evictions, _phase);

    /// <summary>Pages that moved to a lower tier so far.</summary>
    public long Migrations => _ledger.Migrations;

    /// <summary>Runs one phase and looks at everything at its end.</summary>
    /// <returns>What went wrong, or null.</returns>
    public string? Run(TimeSpan duration)
    {
        _stop = false;
        _phase++;
        using var gate = new Barrier(_threads + 1);
        Thread[] threads = [.. Enumerable.Range(0, _threads).Select(i => new Thread(() => Drive(i, gate)) { IsBackground = true, Name = $"driver {i}" })];
        foreach (Thread thread in threads)
            thread.Start();
        gate.SignalAndWait();
        if (Watch(duration) is { } hang)
            return hang;
        _stop = true;
        var patience = Stopwatch.StartNew();
        foreach (Thread thread in threads)
        {
            TimeSpan left = Patience - patience.Elapsed;
            if (!thread.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero))
                return $"{Where()}: the threads do not come to an end: {State()}";
        }

        return (_problem ?? _ledger.Problem ?? Check()) is { } problem ? $"{Where()}: {problem}" : null;
    }

    public void Dispose() => Engine.Dispose();

    /// <summary>Waits for the end of a phase; every thread has to get on meanwhile.</summary>
    private string? Watch(TimeSpan duration)
    {
        var clock = Stopwatch.StartNew();
        long[] last = new long[_threads];
        var still = new Stopwatch[_threads];
        for (int i = 0; i < _threads; i++)
            still[i] = Stopwatch.StartNew();
        while (clock.Elapsed < duration && _problem is null && _ledger.Problem is null)
        {
            Thread.Sleep((int)Math.Clamp((duration - clock.Elapsed).TotalMilliseconds, 1, 50));
            for (int i = 0; i < _threads; i++)
            {
                long now = Volatile.Read(ref _steps[i]);
                if (now != last[i])
                    still[i].Restart();
                last[i] = now;
                if (still[i].Elapsed > Patience)
                    return $"{Where()}: thread {i} has not got on for {Patience}: {State()}";
            }
        }

        return null;
    }

    private string Where() => $"seed {_seed}, phase {_phase}";

    private string State()
    {
        var text = new List<string>();
        for (int i = 0; i < _threads; i++)
            text.Add($"thread {i} at step {_steps[i]}: {_doing[i]}");
        foreach (MemoryCgroup memcg in _memcgs)
            text.Add($"{memcg.Path} {memcg.Usage} of {memcg.Max}");
        foreach (Node node in Engine.Nodes)
            text.Add($"node {node.Id} {node.Free} free of {node.Pages}, wanted {node.KswapdWanted}");
        if (Engine.Machine.Lists.Ordered is { } lists)
            text.Add($"{lists.PositionsInUse} of {Engine.Machine.Frames.Positions} positions");
        return string.Join("; ", text);
    }

    private string? Check()
    {
        if (_fixed.Usage > FixedLimit)
            return $"cgroup {_fixed.Path} holds {_fixed.Usage} pages, its limit never being more than {FixedLimit}";
        for (int i = 0; i < _threads; i++)
        {
            if (_tallies[i].Accesses != _asked[i])
                return $"thread {i} made {_asked[i]} accesses and {_tallies[i].Accesses} are tallied";
        }

        return Engine.Validate() ?? _ledger.Compare(Engine);
    }

    private void Drive(int thread, Barrier gate)
    {
        var random = new Random(HashCode.Combine(_seed, _phase, thread));
        uint[] batch = new uint[48];
        gate.SignalAndWait();
        try
        {
            while (!_stop && _problem is null)
            {
                Do(thread, random, batch);
                Volatile.Write(ref _steps[thread], _steps[thread] + 1);
            }
        }
        catch (Exception exception)
        {
            _problem = $"thread {thread} ({_doing[thread]}): {exception}";
        }
    }

    private void Do(int thread, Random random, uint[] batch)
    {
        int index = random.Next(4) == 0 ? Shared + random.Next(Transient) : random.Next(Shared);
        AddressSpace space = Volatile.Read(ref _spaces[index]);
        MemoryCgroup memcg = _memcgs[random.Next(_memcgs.Length)];
        Node node = Engine.Nodes[random.Next(2)];
        switch (random.Next(1000))
        {
            case < 560:
                Access(thread, random, space, batch);
                break;
            case < 660:
                Write(thread, random, _spaces[random.Next(Shared)]);
                break;
            case < 800:
                ReadFile(thread, random, memcg);
                break;
            case < 860:
                _doing[thread] = "kswapd";
                if (node.KswapdWanted || random.Next(4) == 0)
                    Engine.RunKswapd(node);
                break;
            case < 890:
                _doing[thread] = "aging";
                Engine.Age(memcg, node);
                break;
            case < 910:
                _doing[thread] = "a request";
                Engine.Reclaim(new ReclaimRequest(1 + random.Next(60), memcg, random.Next(2) == 0 ? node : null, random.Next(3) == 0 ? random.Next(201) : null));
                break;
            case < 930:
                _doing[thread] = "a limit";
                MemoryCgroup limited = _memcgs[1 + random.Next(3)];
                ulong limit = random.Next(4) == 0 ? MemoryCgroup.Unlimited : (ulong)random.Next(60, 500);
                if (random.Next(2) == 0)
                    Engine.SetMax(limited, limit);
                else if (random.Next(3) > 0)
                    Engine.SetHigh(limited, limit);
                else
                    Engine.SetSwapMax(limited, limit);
                break;
            case < 940:
                _doing[thread] = "protection and swappiness";
                if (!memcg.Equals(Engine.Root))
                    Engine.SetProtection(memcg, (ulong)random.Next(60), (ulong)random.Next(120));
                Engine.SetSwappiness(memcg, random.Next(201));
                break;
            case < 975:
                Pin(thread, random, space);
                break;
            case < 985:
                _doing[thread] = "a discard";
                Tolerate(index, () =>
                {
                    uint from = TrackedPages < space.Pages ? TrackedPages : 0;
                    ulong start = from + (ulong)random.Next((int)(space.Pages - from));
                    Engine.Discard(space, start, Math.Min(space.Pages, start + 1 + (ulong)random.Next(40)));
                });
                break;
            case < 992:
                _doing[thread] = "a map";
                Tolerate(index, () =>
                {
                    ulong length = (ulong)random.Next(1, 40);
                    uint from = TrackedPages < space.Pages ? TrackedPages : 0;
                    ulong start = from + (ulong)random.Next((int)(space.Pages - from - length));
                    PageFile? file = _files.Length == 0 || random.Next(3) == 0 ? null : _files[random.Next(2)];
                    Engine.Map(space, start, start + length, file, file is null ? 0 : (ulong)random.Next((int)(file.Pages - length)), (VmaFlags)random.Next(4));
                });
                break;
            case < 997:
                Replace(thread, random, Shared + random.Next(Transient));
                break;
            case < 998:
                _doing[thread] = "an audit";
                if (random.Next(3) == 0 && Engine.Validate() is { } problem)
                    _problem = $"thread {thread}, step {_steps[thread]}: {problem}";
                break;
            default:
                _doing[thread] = "a look at counters";
                Engine.Read(memcg, ReclaimNative.Observe.Counter.pgfault);
                Engine.SizesOf(memcg, node);
                break;
        }
    }

    private void Access(int thread, Random random, AddressSpace space, uint[] batch)
    {
        _doing[thread] = $"accesses of {space.Name}";
        uint start = (uint)(random.NextDouble() * random.NextDouble() * space.Pages);
        int count = 1 + random.Next(batch.Length);
        for (int i = 0; i < count; i++)
        {
            uint page = random.Next(3) == 0 ? (uint)random.Next((int)space.Pages) : (start + (uint)i) % (uint)space.Pages;
            batch[i] = page | (random.Next(4) == 0 ? Engine.WriteBit : 0);
        }

        Tolerate(Array.IndexOf(_spaces, space), () => _asked[thread] += Engine.Access(space, batch.AsSpan(0, count), ref _tallies[thread]));
    }

    /// <summary>Writes to one page and takes down that it was written to while it was resident for the n-th time.</summary>
    private void Write(int thread, Random random, AddressSpace space)
    {
        _doing[thread] = $"a write to {space.Name}";
        uint page = (uint)(random.NextDouble() * random.NextDouble() * TrackedPages);
        long before = _ledger.StayOf(space, page);
        long refused = _tallies[thread].Refused;
        _asked[thread] += Engine.Access(space, [page | Engine.WriteBit], ref _tallies[thread]);
        if (_tallies[thread].Refused == refused)
            _ledger.NoteWrite(space, page, before);
    }

    private void ReadFile(int thread, Random random, MemoryCgroup memcg)
    {
        if (_files.Length == 0)
            return;
        PageFile file = _files[random.Next(4) == 0 ? 1 : 0];
        _doing[thread] = $"a descriptor access of file {file.Id} by {memcg.Path}";
        Engine.AccessFile(file, (ulong)(random.NextDouble() * random.NextDouble() * file.Pages), random.Next(4) == 0, memcg, random.Next(2), ref _tallies[thread]);
        _asked[thread]++;
    }

    private void Pin(int thread, Random random, AddressSpace space)
    {
        // Few at a time: the same pages are pinned and let go by all threads.
        _doing[thread] = $"a pin of {space.Name}";
        ulong page = (ulong)random.Next(8) * (space.Pages / 9);
        Tolerate(Array.IndexOf(_spaces, space), () => Engine.SetPinned(space, page, random.Next(3) == 0));
    }

    /// <summary>Ends a space that others may be using and begins another in its place.</summary>
    private void Replace(int thread, Random random, int index)
    {
        _doing[thread] = $"the end of space {index}";
        AddressSpace old = Volatile.Read(ref _spaces[index]);
        try
        {
            Engine.Destroy(old);
        }
        catch (EngineException)
        {
            return; // Another thread was faster, and puts the next one there.
        }

        Volatile.Write(ref _spaces[index], Create(random, index));
    }

    private AddressSpace Create(Random random, int index)
    {
        AddressSpace space = Engine.CreateAddressSpace($"transient {index}", 300, _memcgs[random.Next(_memcgs.Length)], random.Next(2));
        if (_files.Length > 0)
            Engine.Map(space, 50, 120, _files[0], (ulong)random.Next(100));
        return space;
    }

    /// <summary>A space that comes and goes may be gone by now: that is an exception of the engine's, and nothing has happened.</summary>
    private static void Tolerate(int index, Action call)
    {
        try
        {
            call();
        }
        catch (EngineException exception) when (index is < 0 or >= Shared && exception.Message.Contains("destroyed", StringComparison.Ordinal))
        {
        }
    }

    /// <summary>
    /// The store behind the machine, which keeps book of every page: a page goes out and comes in by turns, and what was
    /// written to goes out dirty. It says "not now" to one page in ten.
    /// </summary>
    private sealed class Ledger : Backing
    {
        private readonly Dictionary<AddressSpace, Page[]> _anon = [];
        private readonly Dictionary<PageFile, Page[]> _file = [];
        private long _asked;
        private long _evictions;
        private long _migrations;
        private volatile string? _problem;

        public string? Problem => _problem;

        public long Evictions => Volatile.Read(ref _evictions);

        public long Migrations => Volatile.Read(ref _migrations);

        public void Track(AddressSpace space, uint pages) => _anon[space] = new Page[pages];

        public void Track(PageFile file) => _file[file] = new Page[file.Pages];

        /// <summary>Which stay of a page in memory this is; odd while it is out.</summary>
        public long StayOf(AddressSpace space, uint page) => Volatile.Read(ref _anon[space][page].Stay);

        /// <summary>A write was made; it was during the stay given if that is still the one.</summary>
        public void NoteWrite(AddressSpace space, uint page, long stay)
        {
            ref Page at = ref _anon[space][page];
            if (stay % 2 == 0 && Volatile.Read(ref at.Stay) == stay)
                Volatile.Write(ref at.WrittenIn, stay + 1);
        }

        public override PageAnswer PageOut(in BackedPage page)
        {
            if (Interlocked.Increment(ref _asked) % 10 == 0)
                return PageAnswer.Keep;
            Interlocked.Increment(ref _evictions);
            if (!Find(page, out Page[] pages))
                return PageAnswer.Evict;
            ref Page at = ref pages[page.Page];
            long stay = Volatile.Read(ref at.Stay);
            if (page.Space is not null && !page.Dirty && Volatile.Read(ref at.WrittenIn) == stay + 1)
                _problem ??= $"page {page.Page} of {page.Space.Name} was written to and goes out clean";
            if (page.File is not null ? stay % 2 == 0 : stay % 2 != 0)
                _problem ??= $"page {page.Page} of {Name(page)} goes out and is out";
            if (Interlocked.CompareExchange(ref at.Stay, stay + 1, stay) != stay)
                _problem ??= $"page {page.Page} of {Name(page)} goes out twice at once";
            return PageAnswer.Evict;
        }

        public override bool PageIn(in BackedPage page)
        {
            // Pages of a space are in the book as there from the start.
            if ((page.Space is not null && page.First) || !Find(page, out Page[] pages))
                return true;
            ref Page at = ref pages[page.Page];
            long stay = Volatile.Read(ref at.Stay);
            if (page.File is not null ? stay % 2 != 0 : stay % 2 == 0)
                _problem ??= $"page {page.Page} of {Name(page)} comes in and is there";
            if (Interlocked.CompareExchange(ref at.Stay, stay + 1, stay) != stay)
                _problem ??= $"page {page.Page} of {Name(page)} comes in twice at once";
            return true;
        }

        /// <summary>A page that moves is there, and what was written to it is told of; its stay goes on.</summary>
        public override bool Migrate(in BackedPage page, int toNode)
        {
            if (Interlocked.Increment(ref _asked) % 10 == 0)
                return false;
            Interlocked.Increment(ref _migrations);
            if (page.NodeId == toNode)
                _problem ??= $"page {page.Page} of {Name(page)} moves from node {toNode} to the same";
            if (!Find(page, out Page[] pages))
                return true;
            ref Page at = ref pages[page.Page];
            long stay = Volatile.Read(ref at.Stay);
            if (page.File is not null ? stay % 2 == 0 : stay % 2 != 0)
                _problem ??= $"page {page.Page} of {Name(page)} moves and is out";
            if (page.Space is not null && !page.Dirty && Volatile.Read(ref at.WrittenIn) == stay + 1)
                _problem ??= $"page {page.Page} of {page.Space.Name} was written to and moves clean";
            return true;
        }

        /// <summary>At a quiet point: what is out by the book is not resident.</summary>
        public string? Compare(Engine engine)
        {
            foreach ((AddressSpace space, Page[] pages) in _anon)
            {
                for (uint page = 0; page < pages.Length; page++)
                {
                    if (pages[page].Stay % 2 != 0 && engine.IsResident(space, page))
                        return $"page {page} of {space.Name} is resident, and is out by the book";
                }
            }

            foreach ((PageFile file, Page[] pages) in _file)
            {
                for (uint page = 0; page < pages.Length; page++)
                {
                    bool resident = engine.Machine.Tables.FrameAt(file.SlotOf(page)) != FrameTable.NoFrame;
                    if (resident != (pages[page].Stay % 2 != 0))
                        return $"page {page} of file {file.Id} is {(resident ? "" : "not ")}resident, and by the book it is otherwise";
                }
            }

            return null;
        }

        private static string Name(in BackedPage page) => page.Space?.Name ?? $"file {page.File!.Id}";

        private bool Find(in BackedPage page, out Page[] pages)
        {
            pages = [];
            return (page.Space is not null ? _anon.TryGetValue(page.Space, out pages!) : _file.TryGetValue(page.File!, out pages!))
                && page.Page < (ulong)pages.Length;
        }

        /// <summary>An anonymous page begins inside, a file page outside.</summary>
        private struct Page
        {
            public long Stay;
            public long WrittenIn;
        }
    }
}
