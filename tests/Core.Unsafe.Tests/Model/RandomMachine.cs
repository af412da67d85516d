using ReclaimNative.Machine;
using ReclaimNative.Observe;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Tests.Model;

/// <summary>
/// A small machine under a seeded mix of everything that an owner can do: two nodes, nested cgroups, several address
/// spaces that share files, limits and protections that change. Each step says what it did, for the message of a failure.
/// </summary>
internal sealed class RandomMachine : IDisposable
{
    private const ulong SpacePages = 700;
    private const ulong FilePages = 600;

    private readonly Random _random;
    private readonly MemoryCgroup[] _memcgs;
    private readonly AddressSpace?[] _spaces = new AddressSpace?[5];
    private readonly PageFile[] _files;
    private readonly List<string> _policies;
    private readonly List<(AddressSpace Space, ulong Page)> _pins = [];
    private readonly uint[] _batch = new uint[24];
    private readonly Refusing _owner;
    private AccessTally _tally;
    private long _asked;

    /// <summary>A machine in <paramref name="form"/>, of which order, threads and vectors are taken.</summary>
    public RandomMachine(int seed, ulong? swapPages, EngineOptions form)
    {
        _random = new Random(seed);
        _owner = new Refusing(new Random(seed + 1));
        IReadOnlyList<PolicyDefinition> policies = form.Policies;
        Engine = new Engine(form with
        {
            Nodes = form.Identity ? [new NodeOptions(1536), new NodeOptions(1024, 1)] : [new NodeOptions(300), new NodeOptions(260, 1)],
            Memcgs = 6,
            AddressSpaces = 5,
            LeafTables = form.Identity ? null : 20,
            SharedMappings = 60,
            SwapPages = swapPages,
            Backing = _owner,
        });
        _policies = [.. policies.Select(p => p.Name)];
        string Any() => policies[_random.Next(policies.Count)].Name;
        MemoryCgroup a = Engine.CreateMemcg("a", null, Any());
        MemoryCgroup b = Engine.CreateMemcg("b", a, Any());
        MemoryCgroup c = Engine.CreateMemcg("c", a, Any());
        MemoryCgroup d = Engine.CreateMemcg("d", c, Any());
        MemoryCgroup e = Engine.CreateMemcg("e", null, Any());
        _memcgs = [Engine.Root, a, b, c, d, e];
        _files = form.Identity ? [] : [Engine.CreateFile(FilePages), Engine.CreateFile(40)];
    }

    public Engine Engine { get; private set; }

    /// <summary>Pages demoted so far.</summary>
    public long Demoted => Engine.Read(Engine.Root, Counter.pgdemote_kswapd)
        + Engine.Read(Engine.Root, Counter.pgdemote_direct) + Engine.Read(Engine.Root, Counter.pgdemote_proactive);

    /// <summary>What the last step was.</summary>
    public string LastStep { get; private set; } = "";

    /// <summary>Does one thing. Returns what is wrong afterwards, or null.</summary>
    public string? Step()
    {
        ulong[] before = [.. _memcgs.Select(m => m.Usage)];
        ulong[] swapped = [.. _memcgs.Select(m => m.SwapUsage)];
        LastStep = Do(_random.Next(100));
        for (int i = 0; i < _memcgs.Length; i++)
        {
            if (_memcgs[i].Usage > Math.Max(_memcgs[i].Max, before[i]))
                return $"cgroup {_memcgs[i].Path} grew from {before[i]} to {_memcgs[i].Usage} over its limit of {_memcgs[i].Max}";
            if (_memcgs[i].SwapUsage > Math.Max(_memcgs[i].SwapMax, swapped[i]))
                return $"cgroup {_memcgs[i].Path} went from {swapped[i]} to {_memcgs[i].SwapUsage} pages in swap over its limit of {_memcgs[i].SwapMax}";
        }

        if (_tally.Accesses != _asked)
            return $"{_asked} accesses were made and {_tally.Accesses} tallied";
        return Engine.Validate();
    }

    /// <summary>Goes on with a copy of the engine, which is told of its owner.</summary>
    public void MoveTo(Func<Engine, CopyOptions, Engine> copyOf)
    {
        Engine old = Engine;
        Engine = copyOf(old, new CopyOptions { Backing = _owner });
        for (int i = 0; i < _memcgs.Length; i++)
            _memcgs[i] = Engine.Machine.MemcgAt(_memcgs[i].Id);
        for (int i = 0; i < _files.Length; i++)
            _files[i] = Engine.Machine.FileAt(_files[i].Id)!;
        for (int i = 0; i < _pins.Count; i++)
            _pins[i] = (Moved(_pins[i].Space), _pins[i].Page);
        for (int i = 0; i < _spaces.Length; i++)
            _spaces[i] = _spaces[i] is { } space ? Moved(space) : null;
        old.Dispose();

        // One that is pinned in a space that has gone is looked for by nobody.
        AddressSpace Moved(AddressSpace space) => space.Destroyed ? space : Engine.Machine.SpaceAt(space.Id)!;
    }

    /// <summary>Every counter of the machine and of each cgroup, the tally and the usages: the whole visible state in one string.</summary>
    public string Fingerprint()
    {
        var parts = new List<long> { _tally.Hits, _tally.MinorFaults, _tally.ColdFaults, _tally.Refaults, _tally.Refused, _tally.ThrottledMs };
        foreach (Counter counter in Enum.GetValues<Counter>())
        {
            parts.Add(Engine.ReadGlobal(counter));
            parts.AddRange(_memcgs.Select(m => Engine.Read(m, counter)));
        }

        parts.AddRange(_memcgs.Select(m => (long)m.Usage));
        parts.AddRange(_memcgs.Select(m => (long)m.SwapUsage));
        return string.Join(' ', parts);
    }

    public void Dispose() => Engine.Dispose();

    private string Do(int dice)
    {
        int slot = _random.Next(_spaces.Length);
        AddressSpace? space = _spaces[slot];
        MemoryCgroup memcg = _memcgs[_random.Next(_memcgs.Length)];
        if (space is null)
            return Create(slot, memcg);
        return dice switch
        {
            < 46 => Access(space),
            < 49 => AccessBits(space),
            < 51 => Advise(space),
            < 53 => Truncate(),
            < 55 => Renew(),
            < 70 => ReadFile(memcg),
            < 75 => Discard(space),
            < 79 => Pin(space),
            < 82 => Limit(memcg),
            < 85 => Protect(memcg),
            < 88 => Reclaim(memcg),
            < 91 => RunKswapd(),
            < 93 => Age(memcg),
            < 96 => Map(space),
            < 98 => SetSwappiness(memcg),
            _ => Destroy(slot, space),
        };
    }

    private string Access(AddressSpace space)
    {
        // Runs with a start near the low end make pages hot, so that every policy has something to keep.
        uint start = (uint)(_random.NextDouble() * _random.NextDouble() * space.Pages);
        int count = 1 + _random.Next(_batch.Length);
        for (int i = 0; i < count; i++)
        {
            uint page = _random.Next(3) == 0 ? (uint)_random.Next((int)space.Pages) : (uint)((start + i) % (int)space.Pages);
            _batch[i] = page | (_random.Next(4) == 0 ? Engine.WriteBit : 0);
        }

        _asked += Engine.Access(space, _batch.AsSpan(0, count), ref _tally);
        return $"{count} accesses of {space.Name} from {start}";
    }

    private string AccessBits(AddressSpace space)
    {
        ulong first = 64 * (ulong)_random.Next((int)(space.Pages / 64));
        ulong pages = 1 + (ulong)_random.Next((int)(space.Pages - first));
        ulong[] words = [.. Enumerable.Range(0, (int)(pages + 63) / 64).Select(_ => (ulong)(_random.NextInt64() & _random.NextInt64()))];
        long absent = Engine.AccessBitmap(space, first, pages, words, _random.Next(2) == 0 ? words : default);
        Engine.ReadBitmap(space, PageBitmap.Recent, first, pages, words);
        return $"accesses by bits of {space.Name} [{first}, {first + pages}), {absent} absent";
    }

    private string Advise(AddressSpace space)
    {
        ulong start = (ulong)_random.Next((int)space.Pages);
        ulong end = Math.Min(space.Pages, start + 1 + (ulong)_random.Next(90));
        var advice = (PageAdvice)_random.Next(1, 4);
        bool isDone = Engine.Advise(space, start, end, advice, out long affected);
        return $"advice {advice} for {space.Name} [{start}, {end}): {affected}{(isDone ? "" : ", not all")}";
    }

    private string Truncate()
    {
        if (_files.Length == 0)
            return "nothing: there are no files";
        PageFile file = _files[_random.Next(_files.Length)];
        ulong start = (ulong)_random.Next((int)file.Pages);
        ulong end = Math.Min(file.Pages, start + 1 + (ulong)_random.Next(60));
        Engine.Truncate(file, start, end);
        return $"truncation of file {file.Id} [{start}, {end})";
    }

    /// <summary>Ends a cgroup or a file and makes another in its place.</summary>
    private string Renew()
    {
        int i = _random.Next(1, _memcgs.Length);
        if (_files.Length > 0 && _random.Next(4) == 0)
            return RenewFile(i % _files.Length);
        MemoryCgroup old = _memcgs[i];
        if (old.Children.Count > 0 || Engine.IsPopulated(old))
            return $"nothing: {old.Path} is in use";
        Engine.Remove(old);
        _memcgs[i] = Engine.CreateMemcg(old.Path[(old.Path.LastIndexOf('/') + 1)..], old.Parent, _policies[_random.Next(_policies.Count)]);
        return $"removal of {old.Path}, number {old.Id}, and {_memcgs[i].Id} for it";
    }

    private string RenewFile(int i)
    {
        PageFile old = _files[i];
        foreach (AddressSpace space in _spaces.OfType<AddressSpace>())
        {
            foreach (Vma vma in space.Vmas.Where(vma => vma.File == old).ToArray())
                Engine.Map(space, vma.Start, vma.End, null);
        }

        Engine.Destroy(old);
        _files[i] = Engine.CreateFile(old.Pages);
        return $"end of file {old.Id}, and {_files[i].Id} for it";
    }

    private string ReadFile(MemoryCgroup memcg)
    {
        if (_files.Length == 0)
            return "nothing: there are no files";
        PageFile file = _files[_random.Next(_files.Length)];
        ulong page = (ulong)(_random.NextDouble() * _random.NextDouble() * file.Pages);
        bool write = _random.Next(5) == 0;
        int times = 1 + _random.Next(4);
        for (int i = 0; i < times; i++)
        {
            Engine.AccessFile(file, page, write, memcg, _random.Next(2), ref _tally);
            _asked++;
        }

        return $"{times} descriptor accesses of file {file.Id} page {page} by {memcg.Path}";
    }

    private string Discard(AddressSpace space)
    {
        ulong start = (ulong)_random.Next((int)space.Pages);
        ulong end = Math.Min(space.Pages, start + 1 + (ulong)_random.Next(60));
        Engine.Discard(space, start, end);
        return $"discard of {space.Name} [{start}, {end})";
    }

    private string Pin(AddressSpace space)
    {
        if (_pins.Count > 20)
        {
            (AddressSpace old, ulong at) = _pins[0];
            _pins.RemoveAt(0);
            if (Array.IndexOf(_spaces, old) >= 0)
                Engine.SetPinned(old, at, false);
            return $"unpin {old.Name} {at}";
        }

        ulong page = (ulong)_random.Next((int)space.Pages);
        if (Engine.SetPinned(space, page, true))
            _pins.Add((space, page));
        return $"pin {space.Name} {page}";
    }

    private string Limit(MemoryCgroup memcg)
    {
        if (memcg == Engine.Root)
            memcg = _memcgs[1];
        ulong pages = _random.Next(4) == 0 ? MemoryCgroup.Unlimited : (ulong)_random.Next(5, 250);
        switch (_random.Next(4))
        {
            case 0:
                Engine.SetSwapMax(memcg, pages);
                return $"swap limit of {memcg.Path} to {pages}";
            case 1:
                bool below = Engine.SetHigh(memcg, pages);
                return $"high of {memcg.Path} to {pages}{(below ? "" : ", not reached")}";
            default:
                bool reached = Engine.SetMax(memcg, pages);
                return $"limit of {memcg.Path} to {pages}{(reached ? "" : ", not reached")}";
        }
    }

    private string Protect(MemoryCgroup memcg)
    {
        if (memcg == Engine.Root)
            memcg = _memcgs[2];
        ulong min = _random.Next(3) == 0 ? 0 : (ulong)_random.Next(100);
        ulong low = min + (ulong)_random.Next(100);
        Engine.SetProtection(memcg, min, low);
        return $"protection of {memcg.Path} {min} {low}";
    }

    private string Reclaim(MemoryCgroup memcg)
    {
        long pages = 1 + _random.Next(80);
        Node? node = _random.Next(2) == 0 ? null : Engine.Nodes[_random.Next(2)];
        int? swappiness = _random.Next(3) switch { 0 => null, 1 => 0, _ => _random.Next(201) };
        long got = Engine.Reclaim(new ReclaimRequest(pages, memcg, node, swappiness)).Reclaimed;
        return $"request for {pages} of {memcg.Path}, got {got}";
    }

    private string RunKswapd()
    {
        Node node = Engine.Nodes[_random.Next(2)];
        Engine.NowMs += 100;
        return $"kswapd of node {node.Id}, {Engine.RunKswapd(node)} pages";
    }

    private string Age(MemoryCgroup memcg)
    {
        Node node = Engine.Nodes[_random.Next(2)];
        return $"aging of {memcg.Path} on node {node.Id}{(Engine.Age(memcg, node) ? "" : ", refused")}";
    }

    private string Map(AddressSpace space)
    {
        PageFile? file = _files.Length == 0 || _random.Next(4) == 0 ? null : _files[_random.Next(_files.Length)];
        ulong length = (ulong)_random.Next(1, 40);
        ulong start = (ulong)_random.Next((int)(space.Pages - length));
        ulong offset = file is null ? 0 : (ulong)_random.Next((int)(file.Pages - length + 1));
        Engine.Map(space, start, start + length, file, offset, (VmaFlags)_random.Next(4));
        return $"map of {space.Name} [{start}, {start + length}) to {(file is null ? "nothing" : $"file {file.Id} from {offset}")}";
    }

    private string SetSwappiness(MemoryCgroup memcg)
    {
        int swappiness = _random.Next(4) * 60;
        Engine.SetSwappiness(memcg, swappiness);
        return $"swappiness of {memcg.Path} to {swappiness}";
    }

    private string Create(int slot, MemoryCgroup memcg)
    {
        ulong pages = SpacePages / (ulong)(1 + _random.Next(3));
        AddressSpace space;
        try
        {
            space = Engine.CreateAddressSpace($"space {slot}", pages, memcg, _random.Next(2));
        }
        catch (EngineException refusal)
        {
            return $"creation of a space of {pages}: {refusal.Message}";
        }

        _spaces[slot] = space;
        if (_files.Length == 0)
            return $"creation of {space.Name} of {pages} in {memcg.Path}";
        Engine.Map(space, 10, 60, _files[0], (ulong)_random.Next(100), slot == 0 ? VmaFlags.Executable : VmaFlags.None);
        Engine.Map(space, 60, 90, _files[1]);
        return $"creation of {space.Name} of {pages} in {memcg.Path}";
    }

    private string Destroy(int slot, AddressSpace space)
    {
        Engine.Destroy(space);
        _spaces[slot] = null;
        return $"destruction of {space.Name}";
    }

    /// <summary>A store that says "not now" to one page in ten.</summary>
    private sealed class Refusing(Random random) : Backing
    {
        public override PageAnswer PageOut(in BackedPage page) => random.Next(10) != 0 ? PageAnswer.Evict : (PageAnswer)random.Next(1, 6);

        public override bool Migrate(in BackedPage page, int toNode) => random.Next(10) != 0;
    }
}
